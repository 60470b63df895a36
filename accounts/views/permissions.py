"""The permission table as a page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import permission_table
from accounts.permissions import Role, everybody
from flipdash.http import Request


@require_safe
@everybody
def permissions(request: Request) -> HttpResponse:
    """Say what one may do, then what every role may do."""
    role = request.scope.member.role
    context = {
        "allowed": permission_table.allowed_to(role),
        "not_allowed": permission_table.not_allowed_to(role),
        "roles": [{"label": one.label, "is_own": one == role} for one in Role],
        "lines": permission_table.lines(role),
        "admins": request.scope.business.members.admins().select_related("user"),
    }
    return render(request, "accounts/permissions.html", context)
