"""Who belongs to a business: invited, joined, given another role, deactivated (product.md §3).

Everything that changes the team first takes the lock of the business, then asks again what the actor may do and
decides: two Admins at the same moment can't add a 21st sub-account, nor remove each other.
"""

import secrets
from datetime import date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.addresses import canonical
from accounts.models import Activity, Business, Invitation, Member, PhoneDevice, User
from accounts.models.invitations import LIFE
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role, grants_admin
from accounts.rights import lock_business
from accounts.sign_in import sessions
from accounts.sign_in.services import confirm_email, free_unconfirmed, owner_of
from flipdash import clock, events, mail
from flipdash.mode import Mode, mode_url
from flipdash.scope import Scope
from flipdash.sealing import hash_of

MOST_SUB_ACCOUNTS = 20
RESEND_AFTER = timedelta(minutes=1)
MOST_MAILS_TO_ONE, MOST_MAILS = 5, 60
"""How many invitations a business may mail within 24 hours: to one address, and in all. Whoever may invite decides to
whom we write, so it has a limit (trust.md A6)."""


class Refused(Exception):
    """The team stays as it is; the words say why. `field` is what was wrong in the form."""

    def __init__(self, words: str, field: str | None = None) -> None:
        super().__init__(words)
        self.field = field


class GrantsTooMuch(Refused):
    """The role may do more than whoever would give it."""


class Full(Refused):
    """All sub-accounts are taken."""


class AlreadyHere(Refused):
    """The address belongs to somebody of this business, or is invited."""


class LastAdmin(Refused):
    """Nobody would be left who can manage the business."""


class TooSoon(Refused):
    """The last mail has only just left, or too many have today."""


class Unusable(Exception):
    """The invitation is unknown, used, withdrawn or too old: nobody is told which."""


def main_member_of(business: Business) -> Member | None:
    """Return the person who signed the business up: the main account, which isn't counted."""
    return business.members.order_by("pk").first()


def taken(business: Business) -> int:
    """Return how many sub-accounts are taken: active people and open invitations, without the main account."""
    main = main_member_of(business)
    people = business.members.active()
    counted = people.exclude(pk=main.pk) if main else people
    return counted.count() + business.invitations.open().count()


# --- Adding --------------------------------------------------------------------------------------------------


@transaction.atomic
def check_new(scope: Scope, *, email: str, role: str) -> None:
    """Raise the Refused that `invite` would raise now, without inviting."""
    business, email = lock_business(scope, Permission.MANAGE_MEMBERS), canonical(email)
    _check_grant(scope, role)
    _check_unknown(business, email)
    _check_room(business)
    _check_mails(business, email, clock.now())


@transaction.atomic
def invite(scope: Scope, *, email: str, phone: str, role: str) -> Invitation:
    """Invite somebody by mail; `phone` is E.164.

    An address that is known elsewhere in FlipDash gets a mail that explains, and nobody here sees a difference.
    Raises NotAllowed, GrantsTooMuch, AlreadyHere, Full, TooSoon.
    """
    business, email = lock_business(scope, Permission.MANAGE_MEMBERS), canonical(email)
    _check_grant(scope, role)
    _check_unknown(business, email)
    _check_room(business)
    now = clock.now()
    _check_mails(business, email, now)
    business.invitations.waiting().filter(email__iexact=email).update(revoked_at=now)  # an expired one gives way
    invitation = Invitation(
        business=business, email=email, phone=phone, role=role, invited_by_id=scope.member.pk, created_at=now
    )
    _send(invitation, scope, now)
    events.record(scope, "member.invited", invitation, email=email, role=role)
    return invitation


@transaction.atomic
def resend(scope: Scope, pk: int) -> Invitation:
    """Send a new link for 72 more hours; the old one is dead. Raises NotAllowed, GrantsTooMuch, Full, TooSoon,
    Unusable."""
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    invitation = _waiting(business, pk)
    now = clock.now()
    _check_grant(scope, invitation.role)
    _check_mails(business, invitation.email, now)
    if not invitation.is_open_at(now):
        _check_room(business)
    invitation.invited_by_id = scope.member.pk  # answers for it from now on
    _send(invitation, scope, now)
    events.record(scope, "invitation.resent", invitation, email=invitation.email, role=invitation.role)
    return invitation


@transaction.atomic
def revoke(scope: Scope, pk: int) -> Invitation:
    """Withdraw an invitation: its link is dead. Raises NotAllowed, Unusable."""
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    invitation = _waiting(business, pk)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    events.record(scope, "invitation.revoked", invitation, email=invitation.email, role=invitation.role)
    return invitation


def find(token: str) -> Invitation:
    """Return the open invitation that a link names; Unusable for every other.

    It falls with its inviter's right: whoever invited must still be here, and may still give that role.
    """
    rows = Invitation.objects.open().select_related("business", "invited_by__user")
    invitation = rows.filter(token_hash=hash_of(token)).first()
    if invitation is None or not invitation.is_backed or owner_of(invitation.email):
        raise Unusable
    return invitation


def accept(token: str, *, name: str, password: str, address: str = "", agent: str = "") -> User:
    """Make the invited person and their membership; the link is used up. Raises Unusable.

    `address` and `agent` say where from, for the Activity Log.
    """
    find(token)
    hashed = make_password(password)  # slow on purpose, so before the lock
    try:
        with transaction.atomic():
            return _join(token, name=name, hashed=hashed, address=address, agent=agent)
    except IntegrityError as error:  # the address was taken elsewhere in this moment
        raise Unusable from error


def _join(token: str, *, name: str, hashed: str, address: str, agent: str) -> User:
    business = Business.objects.select_for_update(no_key=True).get(pk=find(token).business_id)
    invitation = find(token)  # again, now that nobody else can use or withdraw it
    free_unconfirmed(invitation.email)
    user = User.objects.create(email=invitation.email, name=name, password=hashed, language=business.language)
    confirm_email(user)  # the link came by mail
    PhoneDevice.objects.create(user=user, name="phone", number=invitation.phone, confirmed=False)
    member = Member.objects.create(business=business, user=user, role=invitation.role)
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    scope = member.scope(Mode.LIVE, address=address, agent=agent)
    events.record(scope, "member.joined", member, email=user.email, role=member.role)
    return user


# --- Changing ------------------------------------------------------------------------------------------------


@transaction.atomic
def change_role(scope: Scope, pk: int, role: str) -> Member:
    """Give a member another role, from their next request on.

    Raises NotAllowed, GrantsTooMuch, LastAdmin; DoesNotExist.
    """
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    member = _member(business, pk)
    before = member.role
    if role == before:
        return member
    _check_grant(scope, role)
    if member.is_admin and not grants_admin(role):
        _check_not_last(business, member)
    member.role = role
    member.save(update_fields=["role"])
    events.record(scope, "member.role-changed", member, name=member.name, old=before, new=role)
    return member


def check_leaving(member: Member) -> None:
    """Refuse with LastAdmin what `deactivate` would refuse now, before anybody is asked."""
    if member.is_admin:
        _check_not_last(member.business, member)


@transaction.atomic
def deactivate(scope: Scope, pk: int) -> Member:
    """Take a member's access: every session ends with its next request. Raises NotAllowed, LastAdmin; DoesNotExist."""
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    member = _member(business, pk)
    if not member.is_active:
        return member
    if member.is_admin:
        _check_not_last(business, member)
    member.is_active = False
    member.save(update_fields=["is_active"])
    sessions.end_all(member.user)
    events.record(scope, "member.deactivated", member, name=member.name, role=member.role)
    return member


@transaction.atomic
def reactivate(scope: Scope, pk: int) -> Member:
    """Give a member access again; an end in the past is taken off. Raises NotAllowed, GrantsTooMuch, Full;
    DoesNotExist."""
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    member = _member(business, pk)
    _check_grant(scope, member.role)
    if Member.objects.active().filter(pk=member.pk).exists():
        return member
    _check_room_for(business, member)
    member.is_active = True
    if member.ends_at and member.ends_at <= clock.now():
        member.ends_at = None
    member.save(update_fields=["is_active", "ends_at"])
    events.record(scope, "member.reactivated", member, name=member.name, role=member.role)
    return member


@transaction.atomic
def set_end(scope: Scope, pk: int, last_day: date | None) -> Member:
    """Let a membership end with a day in the zone, or never. Raises NotAllowed, Refused, LastAdmin, Full;
    DoesNotExist."""
    business = lock_business(scope, Permission.MANAGE_MEMBERS)
    member = _member(business, pk)
    now, before = clock.now(), member.ends_at
    ends_at = last_day and datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=scope.zone)
    if ends_at and ends_at <= now:
        raise Refused(_("Choose today or a later day. To end it now, deactivate the account."), "last_day")
    if ends_at == before:
        return member
    if ends_at and member.is_admin:
        _check_not_last(business, member)
    if before and before <= now and member.is_active:
        _check_room_for(business, member)
    member.ends_at = ends_at
    member.save(update_fields=["ends_at"])
    old, new = (moment.isoformat() if moment else None for moment in (before, ends_at))
    events.record(scope, "member.end-changed", member, name=member.name, old=old, new=new)
    return member


# --- Under the lock ------------------------------------------------------------------------------------------


def _member(business: Business, pk: int) -> Member:
    return business.members.select_related("user", "business").get(pk=pk)


def _waiting(business: Business, pk: int) -> Invitation:
    invitation = business.invitations.waiting().filter(pk=pk).first()
    if invitation is None:
        raise Unusable
    return invitation


def _check_grant(scope: Scope, role: str) -> None:
    if not all(scope.can(permission) for permission in ROLE_PERMISSIONS[Role(role)]):
        raise GrantsTooMuch(_("You can’t give a role that may do more than you may."), "role")


def _check_unknown(business: Business, email: str) -> None:
    member = business.members.select_related("user").filter(user__email__iexact=email).first()
    if member and not member.is_active:
        words = _("%(name)s has this address and is deactivated. Reactivate that account instead.")
        raise AlreadyHere(words % {"name": member.name}, "email")
    if member:
        raise AlreadyHere(_("%(name)s has this address here already.") % {"name": member.name}, "email")
    if business.invitations.open().filter(email__iexact=email).exists():
        raise AlreadyHere(_("This address is invited already. Resend that invitation instead."), "email")


def _check_room(business: Business) -> None:
    if taken(business) >= MOST_SUB_ACCOUNTS:
        words = _(
            "All %(most)d sub-accounts are taken, open invitations included. "
            "Deactivate an account or revoke an invitation first."
        )
        raise Full(words % {"most": MOST_SUB_ACCOUNTS})


def _check_room_for(business: Business, member: Member) -> None:
    if member != main_member_of(business):
        _check_room(business)


def _check_not_last(business: Business, leaving: Member) -> None:
    """Refuse unless another Admin stays, without an end in sight."""
    admins = business.members.admins()
    if admins.filter(pk=leaving.pk).exists() and not admins.filter(ends_at=None).exclude(pk=leaving.pk).exists():
        words = _("%(name)s is the only Admin who stays. Make somebody else Admin first.")
        raise LastAdmin(words % {"name": leaving.name})


def _check_mails(business: Business, email: str, now: datetime) -> None:
    """Raise TooSoon when too many invitations were mailed, those that were withdrawn since included."""
    if business.invitations.filter(email__iexact=email, sent_at__gt=now - RESEND_AFTER).exists():
        raise TooSoon(_("An email was sent less than a minute ago. Try again in a minute."))
    kinds, since = ["member.invited", "invitation.resent"], now - timedelta(days=1)
    mailed = Activity.objects.filter(business=business, mode=Mode.LIVE, kind__in=kinds, created_at__gt=since)
    if mailed.filter(facts__email=email).count() >= MOST_MAILS_TO_ONE:
        raise TooSoon(_("This address got %d invitations within a day. Try again tomorrow.") % MOST_MAILS_TO_ONE)
    if mailed.count() >= MOST_MAILS:
        raise TooSoon(_("Your business has sent %d invitations within a day. Try again tomorrow.") % MOST_MAILS)


def _send(invitation: Invitation, scope: Scope, now: datetime) -> None:
    """Give the invitation a new link and mail it; who has an account elsewhere gets an explanation instead."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.sent_at, invitation.expires_at = hash_of(token), now, now + LIFE
    invitation.save()
    context = {"business": invitation.business.name, "by": scope.member.name, "role": Role(invitation.role)}
    user = owner_of(invitation.email)
    if user:
        mail.send("invitation_elsewhere", to=user.email, language=user.language, **context)
        return
    context["url"] = mode_url(Mode.LIVE, "invitation", token, absolute=True)
    mail.send("invitation", to=invitation.email, language=invitation.business.language, **context)
