"""The ground floor in the back office: how FlipDash does."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from flipdash.backoffice import ReadOnlyAdmin
from flipdash.models import Heartbeat
from flipdash.operations import office, state


@admin.register(Heartbeat)
class OperationsAdmin(ReadOnlyAdmin):
    """One page, which stands where the list of signs of life would."""

    def get_urls(self) -> list[URLPattern]:
        """Return its one address."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say who lives, what waits, and how requests are answered."""
        found = state.look()
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "wrong": len(found.wrong),
            "lines": office.lines(found),
            "alive": office.alive(found),
            "slowest": office.slowest() if found.has_database else [],
        }
        return render(request, "backoffice/operations.html", context)
