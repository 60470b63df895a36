"""The timeline of a transaction: lines are added, never changed.

A line is written by an event about its transaction, never by hand: the model says which events write which line.

    class TopUp(TenantModel):
        timeline = {"top-up.requested": "created", "top-up.looked-at": NO_LINE}
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from flipdash import events
from flipdash.actors import ActorKind, actor_fields, actor_known, in_words
from flipdash.scope import TenantModel, mode_known
from flipdash.words import Words

NO_LINE = ""
"""For an event that is told of a transaction and is no step of its life."""

LONGEST_NOTE = 200
"""Characters of what somebody wrote about it: the fact `note` of its event."""

EVENT_LOOKS = {
    "created": "green",
    "approved": "green",
    "sent": "green",
    "successful": "green",
    "settled": "green",
    "failed": "red",
    "rejected": "red",
    "returned": "amber",
}
"""The colour of what happened, by its kind; anything else is grey."""


class Event(TenantModel):
    """One line of a timeline: what happened, when, and who did it. Lines are added, never changed."""

    kind = models.CharField(max_length=16)
    at = models.DateTimeField(db_default=Now())
    by_kind, by_id, by_name = actor_fields()
    note = models.CharField(max_length=LONGEST_NOTE, blank=True)

    looks: ClassVar[Mapping[str, str]] = EVENT_LOOKS

    class Meta:
        abstract = True
        constraints = [mode_known("%(class)s"), actor_known("%(class)s", "by")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"

    @property
    def what(self) -> str:
        """What happened, in words."""
        return str(_words_of(type(self)).get(self.kind, self.kind))

    @property
    def look(self) -> str:
        """The colour by meaning of the timeline's dot."""
        return self.looks.get(self.kind, "grey")

    @property
    def who(self) -> str:
        """Who did it, as people read it; nobody where it happened by itself."""
        return "" if self.by_kind == ActorKind.SYSTEM else in_words(self.by_kind, self.by_name)

    @property
    def why(self) -> str:
        """Why it happened, where its row knows that by a code; the note is what somebody wrote."""
        return ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the line; an existing one can't be saved again."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)


@cache
def _words_of(model: type[Event]) -> dict[str, Words]:
    """Return the words for the kinds of a model's lines. Django's get_kind_display collects them anew for each line."""
    return dict(model._meta.get_field("kind").flatchoices)


def write_line(told: events.Event) -> None:
    """Write the line of an event about a transaction; KeyError if its model doesn't say which.

    What another app tells of it, such as that its receipt was sent, is in another area, and no step of its life.
    """
    if (line := _line_of(told)) is not None:
        line.save()


def write_lines(told: Sequence[events.Event]) -> None:
    """Write the lines of many events, as `write_line` of each, in one statement for each kind of transaction."""
    by_model: dict[type[Event], list[Event]] = {}
    for line in map(_line_of, told):
        if line is not None:
            by_model.setdefault(type(line), []).append(line)
    for model, lines in by_model.items():
        model.objects.bulk_create(lines)


def _line_of(told: events.Event) -> Event | None:
    row: Any = told.subject
    lines = getattr(row, "timeline", None)
    if lines is None or events.area_of(told.kind) not in map(events.area_of, lines):
        return None
    kind = lines[told.kind]
    if not kind:
        return None
    of_row = row._meta.get_field("events")
    moment = {"at": told.at} if told.at else {}
    note = str(told.facts.get("note", ""))[:LONGEST_NOTE]
    owner = {"business_id": row.business_id, "mode": row.mode, of_row.field.name: row}
    line: Event = of_row.related_model(**owner, kind=kind, note=note, **moment, **told.actor.columns("by"))
    return line
