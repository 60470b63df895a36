"""The second step: authenticator app, recovery codes and passkeys, kept by django-allauth's models.

Every code works once, also when it comes twice at the same moment, or after the cache was emptied (trust.md A4):
what was used is noted in the row of the factor, under its lock.
"""

import secrets

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.models import User, VerificationAttempt
from flipdash import clock

Kind = Authenticator.Type
FACTORS = (Kind.TOTP, Kind.WEBAUTHN)
"""What counts as a second factor. Recovery codes only stand in for one."""


class TooManyAttempts(Exception):
    """Five wrong ones within five minutes: the next is not even compared."""


def has_factor(user: User) -> bool:
    """Return whether the person has set up two-step verification."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def has_passkey(user: User) -> bool:
    """Return whether one of the factors is a passkey."""
    return Authenticator.objects.filter(user=user, type=Kind.WEBAUTHN).exists()


def has_app(user: User) -> bool:
    """Return whether one of the factors is an authenticator app, and so there are codes to type."""
    return Authenticator.objects.filter(user=user, type=Kind.TOTP).exists()


def new_secret() -> str:
    """Return a new secret for an authenticator app, in base32."""
    return generate_totp_secret()


def use_code(user: User, code: str) -> Authenticator | None:
    """Return the factor that the code belongs to, having used the code up; None when it is wrong or was used.

    Raises TooManyAttempts. The attempt is counted before anything is compared.
    """
    attempt = VerificationAttempt.take(user, "code")
    if attempt is None:
        raise TooManyAttempts
    factor = _use(user, code)
    if factor:
        attempt.delete()
    return factor


@transaction.atomic
def _use(user: User, code: str) -> Authenticator | None:
    code = normalize_user_code(code)
    factors = Authenticator.objects.select_for_update().filter(user=user, type__in=(Kind.TOTP, Kind.RECOVERY_CODES))
    for factor in factors.order_by("pk"):
        if factor.type == Kind.TOTP and _use_step(factor, code):
            return factor
        if factor.type == Kind.RECOVERY_CODES and RecoveryCodes(factor).validate_code(code):
            return factor
    return None


def _use_step(factor: Authenticator, code: str) -> bool:
    step = matching_step(decrypt(factor.data["secret"]), code)
    if step is None or step <= factor.data.get("last_step", -1):
        return False
    factor.data["last_step"] = step
    factor.save(update_fields=["data"])
    return True


def matching_step(secret: str, code: str) -> int | None:
    """Return the 30-second step whose code this is, if it is the present one by the database's clock."""
    now = int(clock.now().timestamp()) // app_settings.TOTP_PERIOD
    tolerance = app_settings.TOTP_TOLERANCE
    for step in range(now - tolerance, now + tolerance + 1):
        if constant_time_compare(format_hotp_value(hotp_value(secret, step)), normalize_user_code(code)):
            return step
    return None


def add_app(user: User, secret: str, step: int) -> Authenticator:
    """Keep the secret of an authenticator app, sealed; `step` is that of the code which proved it, used by that."""
    data = {"secret": encrypt(secret), "last_step": step}
    return Authenticator.objects.create(user=user, type=Kind.TOTP, data=data)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the person's recovery codes and return the new ones, to be shown once."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    Authenticator.objects.filter(user=user, type=Kind.RECOVERY_CODES).delete()
    data = {"seed": encrypt(secrets.token_hex(40)), "used_mask": 0}
    factor = Authenticator.objects.create(user=user, type=Kind.RECOVERY_CODES, data=data)
    return RecoveryCodes(factor).generate_codes()


def codes_left(user: User) -> int | None:
    """Return how many recovery codes are unused; None when there were never any."""
    factor = Authenticator.objects.filter(user=user, type=Kind.RECOVERY_CODES).first()
    return factor and len(RecoveryCodes(factor).get_unused_codes())


@transaction.atomic
def remove(factor: Authenticator) -> None:
    """Remove a factor, and with the last one the recovery codes."""
    user = User.objects.select_for_update(no_key=True).get(pk=factor.user_id)
    factor.delete()
    if not has_factor(user):
        Authenticator.objects.filter(user=user).delete()
