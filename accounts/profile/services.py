"""What people change about themselves: name, language, phone."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Member, OtpChallenge, PhoneDevice, User
from accounts.phones import numbers as phones
from flipdash import clock, events
from flipdash.scope import Scope

VERIFY_PHONE = "phone.verify"
"""The act of a code that proves that a number is one's own; its digest is that of the number."""


@transaction.atomic
def change(scope: Scope, user: User, **values: Any) -> None:
    """Save what differs of name and language, told with old and new."""
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    changes = {}
    for name, value in values.items():
        if (old := getattr(person, name)) != value:
            changes[name] = {"old": old, "new": value}
            setattr(person, name, value)
    if changes:
        person.save(update_fields=list(changes))
        events.record(scope, "profile.changed", person, changes=changes)


@transaction.atomic
def note_code_sent(scope: Scope, made: OtpChallenge) -> None:
    """Tell that a code has left for a number."""
    events.record(scope, "phone.code-sent", made.user, to=phones.masked(made.to), channel=made.channel)


@transaction.atomic
def set_phone(scope: Scope, user: User, number: str) -> None:
    """Make a number, whose code came back, the person's verified one; the person and all Admins get a mail."""
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    device = PhoneDevice.objects.filter(user=person).first() or PhoneDevice(user=person, name="phone")
    old = device.number if device.confirmed and device.pk else ""
    device.number, device.confirmed, device.confirmed_at = number, True, clock.now()
    device.save()
    events.record(scope, "phone.verified", person, old=old and phones.masked(old), new=phones.masked(number))


@transaction.atomic
def set_notices(scope: Scope, *, muted: Collection[str], away_until: datetime | None) -> None:
    """Save which notices a member doesn't want, and until when they are away."""
    member = Member.objects.select_for_update(no_key=True).get(pk=scope.member.pk)
    member.muted, member.away_until = sorted(muted), away_until
    member.save(update_fields=["muted", "away_until"])
    events.record(scope, "profile.notices", member.user)
