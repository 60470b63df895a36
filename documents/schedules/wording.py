"""Schedules in words: when they run, which days they mean, why they pause."""

from datetime import date

from django.utils.translation import gettext as _

from documents.models.schedules import Every, PausedWhy, ScheduledReport, Weekday
from flipdash.histories import History


def paused_why(name: str) -> str:
    """Return why a schedule pauses."""
    return str(PausedWhy(name).label) if name in PausedWhy.values else name


def when(schedule: ScheduledReport) -> str:
    """Return when it runs: every Monday at 08:00."""
    at = {"hour": f"{schedule.hour:02}:00", "day": schedule.monthday}
    if schedule.every == Every.DAY:
        return _("every day at %(hour)s") % at
    if schedule.every == Every.WEEK:
        return _("every %(weekday)s at %(hour)s") % {**at, "weekday": Weekday(schedule.weekday).label}
    if schedule.monthday > LONGEST_EVERYWHERE:
        return _("on day %(day)s of each month, or its last day, at %(hour)s") % at
    return _("on day %(day)s of each month at %(hour)s") % at


LONGEST_EVERYWHERE = 28


def day_choices(history: History) -> list[tuple[str, str]]:
    """Return the relative days that a history's date filter offers, those of a time that is over first."""
    presets = (
        {preset.name: preset.words for preset in history.date_filter.presets(date(2026, 1, 1))}
        if history.date_filter
        else {}
    )
    first = [name for name in ("yesterday", "last-week", "last-month") if name in presets]
    return [(name, presets[name]) for name in (*first, *(name for name in presets if name not in first))]
