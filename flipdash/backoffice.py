"""The operator's back office: Django's admin behind our own sign-in, its limits and a second factor (trust: A6).

Who isn't the operator's is told that there is no such page. All of it is read-only, for money above all; what the
operator may do are actions, each one a service that tells an event (decision 0022).
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

MARK = "operator"
"""What its views carry instead of a permission of the table."""
DROPPED = {"login", "logout", "password_change", "password_change_done", "view_on_site"}
"""What people do at our own pages, and a redirect that goes by any model's id."""

AUTHENTICATOR: str = ".".join(("mfa", "Authenticator"))

View = Callable[..., HttpResponseBase]


def has_second_factor(user: Any) -> bool:
    """Return whether the person has an authenticator app or a passkey; recovery codes alone are none."""
    if not apps.is_installed("allauth.mfa"):
        return False
    factors = apps.get_model(AUTHENTICATOR).objects.filter(user=user)
    return factors.exclude(type="recovery_codes").exists()


def operator_only(view: View) -> View:
    """Let in the operator's people with a second factor; anybody else finds nothing here."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            raise Http404
        if not has_second_factor(user):
            return render(request, "backoffice/second_factor.html", status=403)
        return view(request, *args, **kwargs)

    guarded.permission = MARK  # type: ignore[attr-defined]  # the mark that the access walk reads
    guarded.login_required = True  # type: ignore[attr-defined]  # a mark on the view
    guarded.login_url = None  # type: ignore[attr-defined]  # ours, not the admin's own
    return guarded


class BackOffice(admin.AdminSite):
    """The site: every view of it stands behind `operator_only`."""

    site_header = site_title = _("FlipDash back office")
    index_title = _("Businesses, people and money")
    site_url = None
    final_catch_all_view = False
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in what is read-only; what libraries register for themselves could be changed, and stays out."""
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask what the door asked, for the admin's own pages ask too."""
        user = request.user
        return bool(user.is_active and getattr(user, "is_staff", False) and has_second_factor(user))

    def get_urls(self) -> list[Any]:
        """Return the admin's addresses without its own ways in and out, all guarded."""
        kept = [url for url in super().get_urls() if getattr(url, "name", None) not in DROPPED]
        _guard(kept)
        return kept


def _guard(urls: Iterable[URLPattern | URLResolver]) -> None:
    for url in urls:
        if isinstance(url, URLResolver):
            _guard(url.url_patterns)
        else:
            url.callback = operator_only(url.callback)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at: nothing is added, changed or deleted here, and no list counts a whole table."""

    show_full_result_count = False
    list_per_page = 50
    actions: Any = ()
    using = "operator" if "operator" in settings.DATABASES else "default"
    """The connection that sees all businesses."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Read by the connection that sees all businesses."""
        return super().get_queryset(request).using(self.using)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show nothing: what happened to a row stands in its business's Activity Log."""
        raise Http404
