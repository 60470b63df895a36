"""What a business says about itself, and the rules it sets for its people (Account & Profile).

Every act first takes the lock of the business and asks again what the actor may do: it raises rights.NotAllowed.
"""

import io
import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.models import Business, SecondPersonRule
from accounts.permissions import Permission
from accounts.rights import lock_business
from flipdash import clock, events
from flipdash.scope import Scope

LOGO_BYTES = 1 << 20
LOGO_PIXELS = 4_096
"""The widest and highest picture that is decoded: what claims to be larger is a bomb or a mistake."""
LOGO_KEPT = 512
LOOSENING_WAITS = timedelta(hours=24)


class BadLogo(ValueError):
    """The file can't become a logo; the words say why."""


@transaction.atomic
def change(scope: Scope, kind: str, **values: Any) -> list[str]:
    """Save fields of the business that differ, told as one event with old and new; return their names."""
    business = lock_business(scope, Permission.MANAGE_ACCOUNT)
    changes = {}
    for name, value in values.items():
        if (old := getattr(business, name)) != value:
            changes[name] = {"old": old, "new": value}
            setattr(business, name, value)
    if changes:
        business.save(update_fields=list(changes))
        events.record(scope, kind, business, changes=changes)
    return list(changes)


# --- The logo ------------------------------------------------------------------------------------------------


def set_logo(scope: Scope, data: bytes) -> None:
    """Keep a PNG or JPEG as the logo, drawn anew so that nothing but the picture is kept. Raises BadLogo."""
    picture = _drawn_anew(data)
    name = default_storage.save(f"logos/{secrets.token_hex(16)}.png", ContentFile(picture))
    try:
        _put_logo(scope, name)
    except BaseException:
        default_storage.delete(name)
        raise


def remove_logo(scope: Scope) -> None:
    """Show the name alone again."""
    _put_logo(scope, "")


@transaction.atomic
def _put_logo(scope: Scope, name: str) -> None:
    business = lock_business(scope, Permission.MANAGE_ACCOUNT)
    old, business.logo = business.logo, name
    business.save(update_fields=["logo"])
    if old != name:
        facts = {"old": bool(old), "new": bool(name)}
        events.record(scope, "account.changed", business, changes={"logo": facts})
    if old and old != name:
        transaction.on_commit(partial(default_storage.delete, old))


def _drawn_anew(data: bytes) -> bytes:
    if len(data) > LOGO_BYTES:
        raise BadLogo(_("The file is larger than 1 MB."))
    try:
        picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))  # reads the head only
        if max(picture.size) > LOGO_PIXELS:
            raise BadLogo(_too_many_pixels())
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError as error:
        raise BadLogo(_too_many_pixels()) from error
    except UnidentifiedImageError as error:
        raise BadLogo(_("Choose a picture in PNG or JPEG.")) from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError) as error:
        if isinstance(error, BadLogo):
            raise
        raise BadLogo(_("This picture is damaged.")) from error
    upright.thumbnail((LOGO_KEPT, LOGO_KEPT))
    upright.info.clear()
    drawn = io.BytesIO()
    upright.save(drawn, "PNG")
    return drawn.getvalue()


def _too_many_pixels() -> str:
    return _("The picture is larger than %(most)d × %(most)d pixels.") % {"most": LOGO_PIXELS}


# --- The second person ---------------------------------------------------------------------------------------


@transaction.atomic
def ask_second_person_rule(scope: Scope, asked: SecondPersonRule) -> bool:
    """Set the rule: a stricter one at once, a looser one in 24 hours, told to all Admins; return whether at once.

    A looser rule that was waiting is replaced. The time is the database's.
    """
    business = lock_business(scope, Permission.MANAGE_ACCOUNT)
    now = clock.now()
    held = business.second_person_rule(now)
    if asked == held and not _is_waiting(business, now):
        return True
    at_once = not asked.is_looser_than(held)
    _hold(business, asked if at_once else held)
    if not at_once:
        business.next_second_person_required = asked.required
        business.next_second_person_from = asked.rupiah
        business.next_second_person_at = now + LOOSENING_WAITS
    business.save(update_fields=RULE_FIELDS)
    kind = "second-person.changed" if at_once else "second-person.asked"
    at = business.next_second_person_at
    holds_from = at.isoformat() if at else None
    events.record(scope, kind, business, old=_facts(held), new=_facts(asked), holds_from=holds_from)
    return at_once


@transaction.atomic
def cancel_second_person_rule(scope: Scope) -> bool:
    """Drop the looser rule that waits; return whether there was one."""
    business = lock_business(scope, Permission.MANAGE_ACCOUNT)
    now = clock.now()
    held, dropped = business.second_person_rule(now), business.coming_second_person_rule
    waited = _is_waiting(business, now)
    if waited and dropped:
        _hold(business, held)
        business.save(update_fields=RULE_FIELDS)
        events.record(scope, "second-person.cancelled", business, held=_facts(held), dropped=_facts(dropped))
    return waited


RULE_FIELDS = [
    "second_person_required",
    "second_person_from",
    "next_second_person_required",
    "next_second_person_from",
    "next_second_person_at",
]


def _hold(business: Business, rule: SecondPersonRule) -> None:
    business.second_person_required, business.second_person_from = rule.required, rule.rupiah
    business.next_second_person_required = business.next_second_person_from = business.next_second_person_at = None


def _is_waiting(business: Business, now: Any) -> bool:
    return business.next_second_person_at is not None and business.next_second_person_at > now


def _facts(rule: SecondPersonRule) -> dict[str, Any]:
    return {"required": rule.required, "from_rupiah": rule.rupiah}
