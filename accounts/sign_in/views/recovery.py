"""An Admin lets a colleague back in who lost their second factor."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.permissions import Permission, requires
from accounts.sign_in import second_factor, services
from accounts.sign_in.reauthentication import reauthenticated
from flipdash.http import Request, require_form


@require_form
@requires(Permission.MANAGE_MEMBERS)
@reauthenticated
def second_factor_reset(request: Request, member_id: int) -> HttpResponse:
    """Say what resetting does, and do it."""
    found = get_object_or_404(request.scope.business.members.select_related("business", "user"), pk=member_id)
    if request.method == "POST":
        try:
            services.reset_second_factor(request.scope, found)
        except services.NotPossible as problem:
            messages.error(request, str(problem))
        else:
            done = _("Two-step verification of %(name)s is reset. All Admins were told.") % {"name": found.name}
            messages.success(request, done)
        return redirect("member", found.pk)
    context = {
        "member": found,
        "is_oneself": found.pk == request.scope.member.pk,
        "has_factor": second_factor.has_factor(found.user),
        "crumbs": [
            {"label": _("Manage Multi Account"), "url": reverse("members")},
            {"label": found.name, "url": reverse("member", args=[found.pk])},
        ],
    }
    return render(request, "accounts/second_factor_reset.html", context)
