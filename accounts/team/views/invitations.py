"""Accepting an invitation: the link of the mail, outside both modes."""

from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from accounts.models import Invitation
from accounts.permission_table import allowed_to
from accounts.sign_in import notices
from accounts.team import services as team
from accounts.team.forms import AcceptForm
from flipdash import rls
from flipdash.gate import public
from flipdash.http import require_form


@public
@require_form
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an open invitation; a name and a password make the account, and sign in.

    Only POST uses it up, for mail scanners open links. Every other link gets one and the same page (trust.md I1).
    """
    try:
        with rls.outside():  # another's may be signed in here
            found = team.find(token)
            own = translation.get_language() if request.user.is_authenticated else found.business.language
            with translation.override(own):
                return _answer(request, token, found)
    except team.Unusable:
        return render(request, "accounts/invitation_unusable.html", status=404)


def _answer(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    form = AcceptForm(request.POST if request.method == "POST" else None, invitation=found)
    if form.is_bound and form.is_valid():
        address, agent = notices.client_of(request)
        given = form.cleaned_data
        user = team.accept(token, name=given["name"], password=given["password"], address=address, agent=agent)
        if request.user.is_authenticated:
            logout(request)  # somebody else was signed in here
        return perform_login(request, user, redirect_url="/")
    context = {"invitation": found, "form": form, "allowed": allowed_to(found.role)}
    return render(request, "accounts/invitation.html", context)
