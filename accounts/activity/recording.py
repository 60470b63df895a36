"""The Activity Log: what happened is kept as it happens, and chained afterwards (docs/activity.md).

Recording adds one row and waits for nobody. One sealer gives the committed rows their places in the chain of their
business and mode: each row's hash holds the one before, so that no later change stays unseen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import translation

from accounts.activity.kinds import OF_ACCOUNT
from accounts.activity.words import kind_words, visible
from accounts.models import Activity
from flipdash import events
from flipdash.mode import Mode

SEALED_AT_ONCE = 1_000  # rows
LONGEST_FACT = 500  # characters


# --- Recording ---------------------------------------------------------------------------------------------


def keep(event: events.Event) -> None:
    """Add an event to the log, in the transaction of the act: one INSERT, and no shared row to wait for."""
    _row_of(event).save(force_insert=True)


def keep_many(told: Sequence[events.Event]) -> None:
    """Add many events to the log, as `keep` of each."""
    Activity.objects.bulk_create(map(_row_of, told))


def _row_of(event: events.Event) -> Activity:
    """Return the row of an event; of what the seed says happened earlier, dated so."""
    scope, subject = event.scope, event.subject
    user = getattr(scope.member, "user", None)
    activity = Activity(
        business_id=scope.business.pk,
        mode=Mode.LIVE if event.kind in OF_ACCOUNT else scope.mode,
        kind=event.kind,
        area=events.area_of(event.kind),
        **replace(event.actor, name=visible(event.actor.name)).columns("by"),
        by_email=visible(getattr(user, "email", ""))[:254],
        role=scope.member.role,
        via=scope.via,
        address=visible(scope.address)[:45],
        agent=visible(scope.agent)[:200],
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk)[:40] if subject is not None else "",
        subject_label=visible(str(subject))[:200] if subject is not None else "",
        facts={name: _plain(value) for name, value in event.facts.items()},
        **({"created_at": event.at} if event.at else {}),
    )
    activity.search = " ".join(_searched(activity))
    return activity


def _plain(value: Any) -> Any:
    """Return a fact as JSON can hold it; (old, new) stays a pair, and text is cut and has nothing invisible."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value[:50]]
    if isinstance(value, Mapping):
        return {visible(str(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return visible(str(value))[:LONGEST_FACT]


def _searched(activity: Activity) -> Iterator[str]:
    """Yield the words by which an event is found."""
    yield from (activity.by_name, activity.by_email, activity.subject_label, activity.address)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            yield kind_words(activity.kind)


# --- Sealing -----------------------------------------------------------------------------------------------


def seal() -> int:
    """Chain what was committed since; returns how many rows. A second sealer at the same time does nothing."""
    sealed = 0
    with connections["default"].cursor() as cursor:
        while True:
            cursor.execute("SELECT seal_activity(%s)", [SEALED_AT_ONCE])
            (count,) = cursor.fetchone()
            sealed += count
            if count < SEALED_AT_ONCE:
                return sealed
