"""What people's pages do beyond one row."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, Member, User
from accounts.permissions import Permission, Role
from accounts.rights import lock_business
from accounts.sign_in import second_factor, sessions
from flipdash import events
from flipdash.scope import Scope

READABLE_SLUGS = 20
"""How many businesses of one name get a number behind it, before it becomes something random."""


class EmailTaken(Exception):
    """Somebody has this address already."""


class NotPossible(Exception):
    """The act makes no sense here; the text says why."""


@transaction.atomic
def sign_up(*, business_name: str, name: str, email: str, password: str, language: str) -> Member:
    """Make a business with its first Admin, whose address is still to be confirmed. EmailTaken if it is somebody's."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name, language=language)
    except IntegrityError as problem:
        raise EmailTaken from problem
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return Member.objects.create(business=_make_business(business_name, language), user=user, role=Role.ADMIN)


def _make_business(name: str, language: str) -> Business:
    base = slugify(name)[:80] or "business"
    for number in range(1, READABLE_SLUGS):
        slug = base if number == 1 else f"{base}-{number}"
        try:
            with transaction.atomic():
                return Business.objects.create(name=name, legal_name=name, slug=slug, language=language)
        except IntegrityError:
            continue
    slug = f"{base}-{get_random_string(12).lower()}"
    return Business.objects.create(name=name, legal_name=name, slug=slug, language=language)


def known_of(user: User) -> list[str]:
    """Return what others know of a person, of which no password is made: name, address, the business's name."""
    member = getattr(user, "member", None)
    return [user.name, user.email, *([member.business.name, member.business.legal_name] if member else [])]


def confirm_email(user: User, *, using: str = "default") -> None:
    """Note that the person has shown that the address is theirs, for instance by the link of an invitation."""
    EmailAddress.objects.using(using).update_or_create(
        user=user, email=user.email.lower(), defaults={"primary": True, "verified": True}
    )


def owner_of(email: str) -> User | None:
    """Return who has shown that the address is theirs; a sign-up that was never confirmed makes nobody its owner."""
    return User.objects.filter(email__iexact=email, emailaddress__verified=True).first()


def free_unconfirmed(email: str) -> None:
    """Take the address from a sign-up that never confirmed it, for somebody who has shown that it is theirs.

    Nobody has ever signed in there, so nobody is told; the row stays, without a way in. Call it in a transaction.
    """
    for squatter in User.objects.select_for_update().filter(email__iexact=email):
        if owner_of(email) is None:
            EmailAddress.objects.filter(user=squatter).delete()
            squatter.email, squatter.is_active = f"unconfirmed-{squatter.pk}@flipdash.invalid", False
            squatter.save(update_fields=["email", "is_active"])
            sessions.end_all(squatter)


@transaction.atomic
def reset_second_factor(scope: Scope, member: Member) -> None:
    """Take two-step verification off a colleague who is locked out, end their sessions, and tell all Admins and them.

    Raises NotAllowed, and NotPossible for oneself and for whoever has none.
    """
    lock_business(scope, Permission.MANAGE_MEMBERS)
    if member.pk == scope.member.pk:
        raise NotPossible(_("You can’t reset your own two-step verification here. Change it under My Profile."))
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    if not second_factor.has_factor(user):
        raise NotPossible(_("This person has no two-step verification."))
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all(user)
    events.record(scope, "second-factor.reset", member, name=member.name)
