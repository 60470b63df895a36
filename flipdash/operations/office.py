"""What the back office's page of Operations shows: the same as /health/deep and /metrics say, in words."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from flipdash.models import RequestCount
from flipdash.money import number
from flipdash.operations import heartbeats
from flipdash.operations.measures import OPERATOR, Reading, Unit
from flipdash.operations.state import State, is_silent
from flipdash.words import Words


@dataclass(frozen=True)
class Line:
    """One line of the page."""

    words: Words
    says: str
    is_wrong: bool


def lines(state: State) -> list[Line]:
    """Write what was found: what everything needs, then who takes from which queue, then what waits."""
    there, away = _("There"), _("Can’t be reached")
    found = [
        Line("Postgres", there if state.has_database else away, not state.has_database),
        Line(_("Files"), there if state.has_files else away, not state.has_files),
        Line("Valkey", there if state.has_valkey else away, not state.has_valkey),
    ]
    if state.has_database:
        clock = _("Goes") if state.has_beat else _("No sign of life for more than a minute")
        found.append(Line(_("Clock (beat)"), clock, not state.has_beat))
        found += [Line(_("Queue “%s”") % name, _("No worker takes from it"), True) for name in state.deserted]
    return found + [Line(one.words, in_words(one), one.is_wrong) for one in (state.room, *state.readings)]


def alive(state: State) -> list[Line]:
    """Write who was heard of when."""
    return [_alive(one) for one in state.alive]


def _alive(one: Any) -> Line:
    name = _("Clock (beat)") if one.name == heartbeats.BEAT else one.name
    heard = _("%(time)s ago") % {"time": duration(one.age.total_seconds())}
    takes = f"{one.queues.replace(',', ', ')} · " if one.queues else ""
    return Line(name, takes + heard, is_silent(one))


def duration(seconds: float) -> str:
    """Write for how long something has been, as roughly as one says it: 12 seconds, 3 minutes, 5 hours."""
    whole = int(seconds)
    if whole < 120:
        return ngettext("%d second", "%d seconds", whole) % whole
    if whole < 2 * 3600:
        return ngettext("%d minute", "%d minutes", whole // 60) % (whole // 60)
    return ngettext("%d hour", "%d hours", whole // 3600) % (whole // 3600)


def in_words(reading: Reading) -> str:
    """Write what was read."""
    if reading.value is None:
        return _("Can’t be read")
    if reading.waiting is not None:
        if not reading.waiting:
            return _("None waits")
        waiting = ngettext("%(n)s waits", "%(n)s wait", reading.waiting) % {"n": number(reading.waiting)}
        return _("%(waiting)s, the oldest for %(time)s") % {"waiting": waiting, "time": duration(reading.value)}
    if reading.unit is Unit.BYTES:
        return filesizeformat(reading.value)
    return duration(reading.value) if reading.unit is Unit.SECONDS else number(int(reading.value))


def slowest(most: int = 10) -> list[dict[str, Any]]:
    """Return the pages that took most of the time, since counting began."""
    failed = Sum("requests", filter=Q(status__gte=500), default=0)
    rows = RequestCount.objects.using(OPERATOR).values("route")
    rows = rows.annotate(n=Sum("requests"), took=Sum("milliseconds"), failed=failed).order_by("-took")[:most]
    return [{**row, "mean": round(row["took"] / row["n"])} for row in rows]
