"""API keys and the Validation Token: made, shown, changed, ended (product.md §7, trust.md K1-K3).

Each act asks once more whether who acts may, under the lock of the business, and is told as an event, of which all
Admins are mailed (developer/mails.py).
"""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.phones import otp
from accounts.rights import lock_business
from developer import wording
from developer.models import ApiKey, ValidationToken
from flipdash import clock, events, sealing
from flipdash.scope import Scope

MOST_KEYS = 20
"""How many keys of one business may work at a time in one mode."""
MAC, SEAL, TOKEN = "developer.apikey.mac", "developer.apikey.sealed", "developer.validationtoken.sealed"
GRACES = {0: timedelta(0), 1: timedelta(hours=1), 24: timedelta(hours=24), 168: timedelta(days=7)}
"""How long a changed key may work on, by hours."""


class TooManyKeys(Exception):
    """The business has as many keys as it may; the words say what to do."""

    def __init__(self) -> None:
        super().__init__(
            _("You have %(most)s keys, the most there can be. End one that nobody uses first.") % {"most": MOST_KEYS}
        )


@dataclass(frozen=True)
class KeyRequest:
    """What somebody asked for: the API Secret Key anew, or a key beside it."""

    name: str
    is_main: bool = True
    grace_hours: int = 0
    """How long the API Secret Key that there is works on: a key of GRACES."""
    access: str = ApiKey.Access.FULL
    allowed_addresses: tuple[str, ...] = ()
    ends_at: str = ""
    """When it ends, in ISO format; empty for never."""

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "KeyRequest":
        """Return what `as_json` kept in a session."""
        return cls(**{**kept, "allowed_addresses": tuple(kept["allowed_addresses"])})

    def as_json(self) -> dict[str, Any]:
        """Return it fit for a session."""
        return asdict(self)

    def digest(self, scope: Scope) -> str:
        """Return what a one-time code for it is bound to: a code for one key makes no other (trust.md O2)."""
        return otp.digest_of("api-key", scope.business.pk, scope.mode, json.dumps(self.as_json(), sort_keys=True))


# --- Keys ----------------------------------------------------------------------------------------------------


@transaction.atomic
def make_key(scope: Scope, asked: KeyRequest) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which nobody can read again of a live one.

    An API Secret Key takes the place of the one before in the same transaction, so that whatever happens midway one
    of the two works. Raises NotAllowed and TooManyKeys.
    """
    lock_business(scope, Permission.MANAGE_API)
    rows = ApiKey.objects.visible_to(scope)
    before = rows.filter(is_main=True).first() if asked.is_main else None
    if before:
        before.is_main = False
        before.ends_at = clock.now() + GRACES[asked.grace_hours]
        before.save(update_fields=["is_main", "ends_at"])
    if rows.good().count() >= MOST_KEYS:
        raise TooManyKeys
    text = wording.new_key(scope.mode)
    made = ApiKey.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        name=asked.name,
        public=wording.public_part(text),
        mac=sealing.mac(text, MAC),
        sealed=sealing.seal(text, SEAL) if scope.is_test else "",
        is_main=asked.is_main,
        access=asked.access,
        allowed_addresses=list(asked.allowed_addresses),
        ends_at=datetime.fromisoformat(asked.ends_at) if asked.ends_at else None,
        **scope.actor.columns("maker"),
    )
    more: dict[str, Any] = {"works_on_hours": asked.grace_hours, "replaced": before.shown} if before else {}
    events.record(scope, "api-key.changed" if before else "api-key.made", made, name=made.name, key=made.shown, **more)
    return made, text


@transaction.atomic
def end_key(scope: Scope, pk: int) -> ApiKey:
    """End a key at once. Ending it twice changes nothing. Raises NotAllowed and ApiKey.DoesNotExist."""
    lock_business(scope, Permission.MANAGE_API)
    key = ApiKey.objects.visible_to(scope).get(pk=pk)
    now = clock.now()
    if key.ends_at is None or key.ends_at > now:
        key.ends_at, key.is_main = now, False
        key.save(update_fields=["ends_at", "is_main"])
        events.record(scope, "api-key.ended", key, name=key.name, key=key.shown)
    return key


@transaction.atomic
def show_key(scope: Scope, pk: int) -> str:
    """Return the text of a test key, and note who saw it. Raises NotAllowed, and ApiKey.DoesNotExist for a live one."""
    lock_business(scope, Permission.MANAGE_API)
    key = ApiKey.objects.visible_to(scope).good().exclude(sealed="").get(pk=pk)
    events.record(scope, "api-key.shown", key, name=key.name, key=key.shown)
    return sealing.unseal(key.sealed, SEAL)


# --- The Validation Token ------------------------------------------------------------------------------------


def token(scope: Scope) -> str:
    """Return the token that callbacks carry. It is made when it is first needed."""
    rows = ValidationToken.objects.visible_to(scope)
    kept = rows.first()
    if kept is None:
        ValidationToken.objects.bulk_create([_new_token(scope)], ignore_conflicts=True)
        kept = rows.get()
    return sealing.unseal(kept.sealed, TOKEN)


@transaction.atomic
def show_token(scope: Scope) -> str:
    """Return the token, and note who saw it. Raises NotAllowed."""
    lock_business(scope, Permission.MANAGE_API)
    events.record(scope, "validation-token.shown")
    return token(scope)


@transaction.atomic
def change_token(scope: Scope) -> str:
    """Put a new token in place of the old one, from this moment on, and return it. Raises NotAllowed."""
    lock_business(scope, Permission.MANAGE_API)
    new = _new_token(scope)
    ValidationToken.objects.update_or_create(
        business_id=scope.business.pk,
        mode=scope.mode,
        defaults={"sealed": new.sealed, "changed_at": clock.now(), **scope.actor.columns("changer")},
    )
    events.record(scope, "validation-token.changed")
    return token(scope)


def _new_token(scope: Scope) -> ValidationToken:
    sealed = sealing.seal(secrets.token_urlsafe(32), TOKEN)
    business = scope.business.pk
    return ValidationToken(business_id=business, mode=scope.mode, sealed=sealed, **scope.actor.columns("changer"))
