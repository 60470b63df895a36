"""Businesses and people in the back office."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import operators
from accounts.models import Activity, Business, Member, User
from flipdash.backoffice import ReadOnlyAdmin


@admin.register(Business)
class BusinessAdmin(ReadOnlyAdmin):
    """The merchants."""

    list_display = ("name", "legal_name", "npwp", "time_zone", "created_at")
    search_fields = ("name", "legal_name", "npwp", "slug")
    ordering = ("-id",)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Everybody who signs in. Their passwords' hashes are no field."""

    list_display = ("email", "name", "language", "is_active", "is_staff", "last_login")
    fields = ("email", "name", "language", "is_active", "is_staff", "last_login", "date_joined")
    search_fields = ("email", "name")
    ordering = ("-id",)
    actions = ("suspend", "restore")

    @admin.action(description=_("Suspend sign-in"))
    def suspend(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """End the chosen people's access."""
        self._set_access(request, users, allowed=False)

    @admin.action(description=_("Let sign in again"))
    def restore(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Give the chosen people their access back."""
        self._set_access(request, users, allowed=True)

    def _set_access(self, request: HttpRequest, users: QuerySet[User], *, allowed: bool) -> None:
        who: dict[str, Any] = {
            "by": request.user,
            "address": get_adapter(request).get_client_ip(request),
            "agent": request.headers.get("User-Agent", "")[:200],
        }
        changed = sum(operators.set_access(user, allowed=allowed, **who) for user in users)
        text = ngettext("%d person was changed.", "%d people were changed.", changed)
        messages.info(request, text % changed)


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Who belongs to which business, in which role."""

    list_display = ("user", "business", "role", "is_active", "ends_at", "created_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "business")
    search_fields = ("user__email", "user__name", "business__name")
    ordering = ("-id",)


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """The Activity Logs of all businesses."""

    list_display = ("created_at", "business", "mode", "kind", "by_name", "subject_label", "address")
    list_filter = ("mode",)
    list_select_related = ("business",)
    search_fields = ("=by_email", "=address")
    ordering = ("-id",)
