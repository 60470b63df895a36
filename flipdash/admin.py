"""The ground floor in the back office: how FlipDash does, and the mails that it sends."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from flipdash import mail
from flipdash.backoffice import ReadOnlyAdmin
from flipdash.models import Heartbeat, Message
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


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """The mails of all businesses, without their text: its links open what they are for."""

    list_display = ("created_at", "to", "subject", "status", "attempt", "finished_at")
    list_filter = ("status",)
    search_fields = ("=to",)
    ordering = ("-id",)
    fields = ("created_at", "to", "subject", "language", "status", "attempt", "started_at", "finished_at")
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Leave out what goes to phones."""
        return super().get_queryset(request).filter(channel=Message.Channel.MAIL)

    @admin.action(description=_("Send again what failed"))
    def send_again(self, request: HttpRequest, rows: QuerySet[Message]) -> None:
        """Queue those that failed."""
        count = mail.send_again(rows)
        messages.info(request, ngettext("%d mail is sent again.", "%d mails are sent again.", count) % count)
