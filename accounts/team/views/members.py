"""Manage Multi Account: the list, adding, and one member (product.md §3)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Business, Invitation, Member, PhoneDevice
from accounts.permission_table import allowed_to, not_allowed_to
from accounts.permissions import Permission, grants_admin, requires
from accounts.phones import numbers as phones
from accounts.sign_in import second_factor
from accounts.sign_in.reauthentication import reauthenticated
from accounts.team import leaving
from accounts.team import services as team
from accounts.team.forms import AddForm, EndForm, RoleForm
from flipdash.http import Request, require_form


def members_of(request: Request) -> Any:
    """Return the members of the scope's business."""
    return Member.objects.filter(business_id=request.scope.business.pk).select_related("user", "business")


def member_or_404(request: Request, pk: int) -> Member:
    """Return a member of the scope's business; another's is missing."""
    return get_object_or_404(members_of(request), pk=pk)


def numbers_of(members: list[Member]) -> dict[int, PhoneDevice]:
    """Return the phone of each member, by user id."""
    devices = PhoneDevice.objects.filter(user__in=[member.user_id for member in members])
    return {device.user_id: device for device in devices}


def _crumbs(member: Member | None = None) -> list[dict[str, str]]:
    crumbs = [{"label": _("Manage Multi Account"), "url": reverse("members")}]
    if member:
        crumbs.append({"label": member.name, "url": reverse("member", args=[member.pk])})
    return crumbs


# --- The list ------------------------------------------------------------------------------------------------


@require_safe
@requires(Permission.MANAGE_MEMBERS)
def members(request: Request) -> HttpResponse:
    """List who belongs to the business, and who is invited."""
    people = list(members_of(request).order_by("user__name", "pk"))
    business = Business.objects.get(pk=request.scope.business.pk)
    invitations = business.invitations.waiting().select_related("invited_by__user").order_by("-created_at", "-pk")
    context = {
        "people": list(_shown(people, team.main_member_of(business))),
        "invitations": [{"row": row, "phone": phones.shown(row.phone)} for row in invitations],
        "taken": team.taken(business),
        "most": team.MOST_SUB_ACCOUNTS,
        "crumbs": [{"label": _("Manage Multi Account")}],
    }
    return render(request, "accounts/members.html", context)


def _shown(people: list[Member], main: Member | None) -> Iterator[dict[str, Any]]:
    numbers = numbers_of(people)
    for member in people:
        device = numbers.get(member.user_id)
        yield {
            "row": member,
            "phone": phones.shown(device.number) if device else "",
            "is_verified": bool(device and device.confirmed),
            "is_main": member == main,
        }


# --- Adding --------------------------------------------------------------------------------------------------


@require_form
@requires(Permission.MANAGE_MEMBERS)
def member_new(request: Request) -> HttpResponse:
    """Ask whom to add; a right form is shown once more, under the question whether to add."""
    form = AddForm(request.POST if request.method == "POST" else None)
    asks = form.is_bound and form.is_valid() and _may_be_added(request, form)
    return _add_page(request, form, asks=asks)


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def invitations(request: Request) -> HttpResponse:
    """Add an account: send its invitation. Another Admin needs re-authentication."""
    return _for_admins(_invite, request.POST.get("role", ""))(request)


def _invite(request: Request) -> HttpResponse:
    form = AddForm(request.POST)
    if not form.is_valid():
        return _add_page(request, form)
    try:
        team.invite(request.scope, **form.cleaned_data)
    except team.Refused as problem:
        form.add_error(problem.field, str(problem))
        return _add_page(request, form)
    words = _("The invitation is on its way to %(email)s. It’s valid for 72 hours.")
    messages.success(request, words % {"email": form.cleaned_data["email"]})
    return redirect("members")


def _may_be_added(request: Request, form: AddForm) -> bool:
    said = form.cleaned_data
    try:
        team.check_new(request.scope, email=said["email"], role=said["role"])
    except team.Refused as problem:
        form.add_error(problem.field, str(problem))
        return False
    return True


def _add_page(request: Request, form: AddForm, *, asks: bool = False) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "asks": asks, "crumbs": _crumbs()}
    if asks:
        role = form.cleaned_data["role"]
        context |= {"said": form.cleaned_data, "phone": phones.shown(form.cleaned_data["phone"])}
        context |= {"role": form.role_label(), "allowed": allowed_to(role), "is_admin": grants_admin(role)}
    return render(request, "accounts/member_new.html", context)


def _for_admins(view: Callable[..., HttpResponse], role: str) -> Callable[..., Any]:
    """Ask for re-authentication before a view that changes who is Admin (trust.md §1.7)."""
    try:
        return reauthenticated(view) if grants_admin(role) else view
    except ValueError:  # no such role: the form will say so
        return view


# --- Invitations ---------------------------------------------------------------------------------------------


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def invitation_resending(request: Request, invitation_id: int) -> HttpResponse:
    """Send a new link; the old one is dead."""
    return _on_invitation(
        request, invitation_id, team.resend, _("A new link is on its way to %(email)s. The old one no longer works.")
    )


@require_form
@requires(Permission.MANAGE_MEMBERS)
def invitation_revocation(request: Request, invitation_id: int) -> HttpResponse:
    """Ask, and withdraw an invitation."""
    if request.method != "POST":
        waiting = Invitation.objects.waiting().filter(business_id=request.scope.business.pk)
        context = {"invitation": get_object_or_404(waiting, pk=invitation_id), "crumbs": _crumbs()}
        return render(request, "accounts/invitation_revocation.html", context)
    return _on_invitation(
        request, invitation_id, team.revoke, _("The invitation of %(email)s is revoked. The link no longer works.")
    )


def _on_invitation(request: Request, pk: int, act: Callable[..., Invitation], words: str) -> HttpResponse:
    try:
        invitation = act(request.scope, pk)
    except team.Unusable as missing:
        raise Http404 from missing
    except team.Refused as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, words % {"email": invitation.email})
    return redirect("members")


# --- One member ----------------------------------------------------------------------------------------------


@require_safe
@requires(Permission.MANAGE_MEMBERS)
def member(request: Request, member_id: int) -> HttpResponse:
    """Show a member, what their role allows, and what may be done."""
    return _member_page(request, member_or_404(request, member_id))


def _member_page(request: Request, shown: Member, end_form: EndForm | None = None) -> HttpResponse:
    device = numbers_of([shown]).get(shown.user_id)
    context = {
        "member": shown,
        "first_name": shown.name.partition(" ")[0],
        "phone": phones.shown(device.number) if device else "",
        "is_verified": bool(device and device.confirmed),
        "is_main": shown == team.main_member_of(shown.business),
        "has_factor": second_factor.has_factor(shown.user),
        "allowed": allowed_to(shown.role),
        "not_allowed": not_allowed_to(shown.role),
        "end_form": end_form or EndForm(initial={"last_day": _last_day(request, shown)}),
        "last_day": _last_day(request, shown),
        "crumbs": _crumbs(),
    }
    return render(request, "accounts/member.html", context)


def _last_day(request: Request, shown: Member) -> Any:
    return shown.ends_at and (shown.ends_at - timedelta(microseconds=1)).astimezone(request.scope.zone).date()


@require_form
@requires(Permission.MANAGE_MEMBERS)
def member_role(request: Request, member_id: int) -> HttpResponse:
    """Choose another role; becoming Admin, or no longer, needs re-authentication."""
    shown = member_or_404(request, member_id)
    if request.method != "POST":
        return _role_page(request, shown, RoleForm(initial={"role": shown.role}))
    role = request.POST.get("role", "")
    return _for_admins(_change_role, shown.role if shown.is_admin else role)(request, shown)


def _change_role(request: Request, shown: Member) -> HttpResponse:
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            team.change_role(request.scope, shown.pk, form.cleaned_data["role"])
        except team.Refused as problem:
            form.add_error("role", str(problem))
        else:
            words = _("%(name)s is %(role)s from their next click on.")
            messages.success(request, words % {"name": shown.name, "role": form.role_label()})
            return redirect("member", shown.pk)
    return _role_page(request, shown, form)


def _role_page(request: Request, shown: Member, form: RoleForm) -> HttpResponse:
    return render(request, "accounts/member_role.html", {"member": shown, "form": form, "crumbs": _crumbs(shown)})


@require_form
@requires(Permission.MANAGE_MEMBERS)
def member_deactivation(request: Request, member_id: int) -> HttpResponse:
    """Say what a member leaves waiting, and take their access."""
    shown = member_or_404(request, member_id)
    if request.method == "POST":
        return _for_admins(_deactivate, shown.role)(request, shown)
    try:
        team.check_leaving(shown)
    except team.Refused as problem:
        messages.error(request, str(problem))
        return redirect("member", shown.pk)
    context = {"member": shown, "left": leaving.left_by(request.scope, shown), "crumbs": _crumbs(shown)}
    return render(request, "accounts/member_deactivation.html", context)


def _deactivate(request: Request, shown: Member) -> HttpResponse:
    words = _("%(name)s is deactivated and signed out everywhere.")
    return _on_member(request, shown, team.deactivate, words)


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def member_reactivation(request: Request, member_id: int) -> HttpResponse:
    """Give a member access again."""
    shown = member_or_404(request, member_id)
    return _for_admins(_reactivate, shown.role)(request, shown)


def _reactivate(request: Request, shown: Member) -> HttpResponse:
    return _on_member(request, shown, team.reactivate, _("%(name)s can sign in again."))


def _on_member(request: Request, shown: Member, act: Callable[..., Member], words: str) -> HttpResponse:
    try:
        act(request.scope, shown.pk)
    except team.Refused as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, words % {"name": shown.name})
    return redirect("member", shown.pk)


@require_POST
@requires(Permission.MANAGE_MEMBERS)
def member_end(request: Request, member_id: int) -> HttpResponse:
    """Set the last day of a membership."""
    shown = member_or_404(request, member_id)
    return _for_admins(_set_end, shown.role)(request, shown)


def _set_end(request: Request, shown: Member) -> HttpResponse:
    form = EndForm(request.POST)
    if form.is_valid():
        try:
            team.set_end(request.scope, shown.pk, form.cleaned_data["last_day"])
        except team.Refused as problem:
            form.add_error("last_day", str(problem))
        else:
            messages.success(request, _("The end of the membership is saved."))
            return redirect("member", shown.pk)
    return _member_page(request, shown, form)
