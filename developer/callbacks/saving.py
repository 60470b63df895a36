"""Callback URLs: saved, taken away, and the secrets that sign what goes there (product.md §7, trust.md C5).

Each act asks once more whether who acts may, under the lock of the business, and is told as an event, of which all
Admins are mailed (developer/mails.py).
"""

from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction

from accounts.permissions import Permission
from accounts.rights import lock_business
from developer.callbacks import signing
from developer.models import CallbackEvent, CallbackUrl
from flipdash import clock, events, sealing
from flipdash.addresses import Target
from flipdash.scope import Scope

BOTH_SIGN = timedelta(hours=24)
"""How long the secret before signs too, once it was changed."""


def told(url: str) -> str:
    """Return an address as logs and mails tell it: what people put behind the ? may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?…' if parts.query else ''}" if url else ""


@transaction.atomic
def save(scope: Scope, event: CallbackEvent, target: Target) -> CallbackUrl:
    """Send the callbacks of an event to an address that was judged. Saving it twice changes nothing.

    What is paused stays so until a test call succeeds. Raises NotAllowed.
    """
    lock_business(scope, Permission.MANAGE_API)
    row = CallbackUrl.objects.visible_to(scope).select_for_update().filter(event=event).first()
    if row is None:
        secret = sealing.seal(signing.new_secret(), CallbackUrl.SECRET_SEAL)
        owner = {"business_id": scope.business.pk, "mode": scope.mode, "event": event}
        row = CallbackUrl(**owner, sealed_secret=secret)
    old = row.url
    if old != target.url:
        _put(scope, row, target.url, target.host)
        events.record(scope, "callback-url.saved", row, callback_event=event, old=told(old), new=told(row.url))
    return row


@transaction.atomic
def remove(scope: Scope, event: CallbackEvent) -> None:
    """Make no callbacks of an event any more. Its secret stays. Raises NotAllowed and CallbackUrl.DoesNotExist."""
    row = _locked(scope, event)
    if row.url:
        old = row.url
        _put(scope, row, "", "")
        events.record(scope, "callback-url.removed", row, callback_event=event, old=told(old), new="")


def _put(scope: Scope, row: CallbackUrl, url: str, host: str) -> None:
    """Save an address; how the one before it went is no matter any more."""
    values = {"url": url, "host": host, "changed_at": clock.now(), "failing_since": None, "warned_at": None}
    values |= scope.actor.columns("changer")
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=None if row.pk is None else list(values))


@transaction.atomic
def show_secret(scope: Scope, event: CallbackEvent) -> str:
    """Return the secret, and note who saw it. Raises NotAllowed and CallbackUrl.DoesNotExist."""
    row = _locked(scope, event)
    events.record(scope, "callback-url.secret-shown", row, callback_event=event)
    return sealing.unseal(row.sealed_secret, CallbackUrl.SECRET_SEAL)


@transaction.atomic
def change_secret(scope: Scope, event: CallbackEvent) -> str:
    """Sign with a new secret, which is returned, and for a day with the one before, too.

    Raises NotAllowed and CallbackUrl.DoesNotExist.
    """
    row = _locked(scope, event)
    secret = signing.new_secret()
    row.sealed_old_secret, row.old_secret_until = row.sealed_secret, clock.now() + BOTH_SIGN
    row.sealed_secret = sealing.seal(secret, CallbackUrl.SECRET_SEAL)
    row.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
    events.record(scope, "callback-url.secret-changed", row, callback_event=event)
    return secret


def _locked(scope: Scope, event: CallbackEvent) -> CallbackUrl:
    lock_business(scope, Permission.MANAGE_API)
    return CallbackUrl.objects.visible_to(scope).select_for_update().get(event=event)
