"""When a schedule runs: days of the business, at an hour of its zone."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from documents.models.schedules import Every

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """How often, on which day, at which hour."""

    every: str
    weekday: int
    monthday: int
    hour: int

    def day_after(self, day: date) -> date:
        """Return its first day after one."""
        if self.every == Every.DAY:
            return day + DAY
        if self.every == Every.WEEK:
            return day + DAY * ((self.weekday - day.weekday() - 1) % 7 + 1)
        this = self._in_month(day.year, day.month)
        return this if this > day else self._in_month(day.year + day.month // 12, day.month % 12 + 1)

    def _in_month(self, year: int, month: int) -> date:
        return date(year, month, min(self.monthday, monthrange(year, month)[1]))

    def moment(self, day: date, zone: str) -> datetime:
        """Return when it runs on a day."""
        return datetime.combine(day, time(self.hour), tzinfo=ZoneInfo(zone))

    def first_after(self, now: datetime, zone: str) -> date:
        """Return its first day whose hour is still to come."""
        today = now.astimezone(ZoneInfo(zone)).date()
        day = self.day_after(today - DAY)
        return day if self.moment(day, zone) > now else self.day_after(day)

    def caught_up(self, day: date, now: datetime, zone: str) -> tuple[date, int, date]:
        """Return the last of its days from one that has come, how many came before it, and what follows."""
        missed = 0
        while self.moment(following := self.day_after(day), zone) <= now:
            day, missed = following, missed + 1
        return day, missed, following
