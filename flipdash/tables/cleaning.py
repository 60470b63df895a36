"""Cleaners: from the text of a cell to a value, or a ValueError that says what is wrong."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from flipdash.lines import JOINERS, unseen
from flipdash.money import parse_rupiah
from flipdash.tables.faults import Doubt
from flipdash.tables.reader.tables import Number

Cleaner = Callable[[str], Any]

LINE_BREAKS = "\n\u2028\u2029"
SHORTENED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
WITH_DECIMALS = re.compile(r"[0-9]+[.,][0-9]+")
KEPT_AS_TEXT = re.compile(r"=\"([^\"]*)\"|'(.*)")
GROUPS = re.compile(r"\+?[0-9]+(?:[ \xa0-][0-9]+)+|\+?[0-9]+(?:\.[0-9]+){2,}")
"""Digits in groups; a single dot could be a decimal point."""


def text(most: int, *, lines: bool = False) -> Cleaner:
    """Return a cleaner for what people wrote, kept as typed; `lines` allows line breaks and tabs in it.

    More lenient than flipdash.lines.clean_line: this is what another system holds, so spaces stay, and joiners wherever
    they stand; whoever imports it can't type it again.
    """
    allowed = f"{LINE_BREAKS}\t{JOINERS}" if lines else JOINERS

    def clean(cell: str) -> str:
        if isinstance(cell, Number) and SHORTENED.fullmatch(cell.removeprefix("-")):
            raise ValueError(_shortened())
        value = unicodedata.normalize("NFC", cell.replace("\r\n", "\n").replace("\r", "\n"))
        if character := unseen(value, allowed=allowed):
            raise ValueError(_("holds the control character %(name)s") % {"name": f"U+{ord(character):04X}"})
        if len(value) > most:
            raise ValueError(_too_long(value, most))
        return value

    return clean


def _too_long(value: str, most: int) -> str:
    return _("has %(count)d characters, at most %(most)d fit") % {"count": len(value), "most": most}


def identifier(most: int) -> Cleaner:
    """Return a cleaner for another system's id: any text of one line, unless a spreadsheet has damaged it."""
    clean_text = text(most)

    def clean(cell: str) -> str:
        value = cell.strip()
        if re.fullmatch(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+", value):
            raise ValueError(_shortened())
        if isinstance(cell, Number) and not value.isdigit():
            raise ValueError(_decimals())
        if re.fullmatch(r"[0-9]+[.,]0+", value):
            raise ValueError(_decimals())
        return clean_text(value)

    return clean


def digits(most: int, *, plus: bool = False) -> Cleaner:
    """Return a cleaner for a number that is text, as an account's: leading zeros stay, `plus` allows +62…

    It may stand in groups, and as ="0012…" or '0012…, by which spreadsheets are kept from dropping zeros.
    """
    pattern = re.compile(r"\+?[0-9]+" if plus else r"[0-9]+")

    def clean(cell: str) -> str:
        value = cell.strip()
        if kept := KEPT_AS_TEXT.fullmatch(value):
            value = kept[1] or kept[2]
        if GROUPS.fullmatch(value):
            value = re.sub("[ \xa0.-]", "", value)
        if SHORTENED.fullmatch(value):
            raise ValueError(_shortened())
        if WITH_DECIMALS.fullmatch(value):
            raise ValueError(_decimals())
        if isinstance(cell, Number):
            raise ValueError(_zeros_may_be_lost())
        if not pattern.fullmatch(value):
            raise ValueError(only_digits())
        if len(value) > most:
            raise ValueError(_too_long(value, most))
        return value

    return clean


def account(most: int) -> Cleaner:
    """Return a cleaner for an account abroad: letters and digits, in groups or not; leading zeros stay."""

    def clean(cell: str) -> str:
        value = re.sub(r"[ -]", "", cell.strip()).upper()
        if SHORTENED.fullmatch(cell.strip()):
            raise ValueError(_shortened())
        if isinstance(cell, Number):
            raise ValueError(_zeros_may_be_lost())
        if not re.fullmatch(r"[0-9A-Z]+", value):
            raise ValueError(_("may hold only letters and digits"))
        if len(value) > most:
            raise ValueError(_too_long(value, most))
        return value

    return clean


GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*([.,][0-9]+)?")
UNGROUPED = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
MOST_WHOLE_DIGITS = 15


def decimal(places: int) -> Cleaner:
    """Return a cleaner for a positive figure with at most so many decimals, with one kind of separator or both.

    "1.250" is 1.25 to some and 1,250 to others, so it is a fault as a text; as a spreadsheet's number it is
    certain, and so it is where there are no decimals.
    """

    def clean(cell: str) -> Decimal:
        written = cell.strip()
        if SHORTENED.fullmatch(written):
            raise ValueError(_shortened())
        if isinstance(cell, Number):
            value = Decimal(written)
        elif places and re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", written):
            raise ValueError(_("can be read in two ways; write it without thousands and with decimals, as 1250.00"))
        else:
            value = _decimal_of(written)
        if value <= 0:
            raise ValueError(_("must be more than zero"))
        if value >= 10**MOST_WHOLE_DIGITS or value != round(value, places):  # of too many, none can be rounded
            raise ValueError(_("has more than %(places)d decimals or too many digits") % {"places": places})
        return value

    return clean


def _decimal_of(written: str) -> Decimal:
    grouped = GROUPED.fullmatch(written)
    if grouped and (grouped[2] or "")[:1] != grouped[1]:
        whole, fraction = written.removesuffix(grouped[2] or ""), (grouped[2] or "")[1:]
        return Decimal(f"{whole.replace(grouped[1], '')}.{fraction or 0}")
    if UNGROUPED.fullmatch(written):
        return Decimal(written.replace(",", "."))
    raise ValueError(_("is not a figure; write it as 1250.50"))


def only_digits() -> str:
    """Return the reason for a number with anything but digits in it."""
    return _("may hold only the digits 0 to 9")


def _shortened() -> str:
    return _("a spreadsheet has shortened this number; export the column as text")


def _decimals() -> str:
    return _("a spreadsheet has made a number with decimals of this; export the column as text")


def _zeros_may_be_lost() -> str:
    return _("is a number in this spreadsheet, which drops zeros in front; export the column as text")


def rupiah(cell: str) -> int:
    """Return an amount as people write it. A spreadsheet's number with decimals is not one with thousands."""
    if isinstance(cell, Number) and "." in cell and "E" not in cell:
        raise ValueError(_("rupiah have no decimals"))
    return parse_rupiah(cell)


def choice(words: Mapping[Any, Sequence[str]]) -> Cleaner:
    """Return a cleaner for one of a few values, each written as one of its words in any case."""
    values = {word.casefold(): value for value, said in words.items() for word in said}
    known = ", ".join(said[0] for said in words.values())

    def clean(cell: str) -> Any:
        try:
            return values[" ".join(cell.split()).casefold()]
        except KeyError:
            raise ValueError(_("is not known; known are %(known)s") % {"known": known}) from None

    return clean


TIME = (
    r"(?:[ T](?P<hour>[0-9]{1,2})(?P<between>[:.])(?P<minute>[0-9]{2})"
    r"(?:(?P=between)(?P<second>[0-9]{2})(?:\.[0-9]{1,6})?)?)?"
)
"""With dots where Indonesian spreadsheets write them; a day without a time begins at midnight."""
OFFSET = r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
"""The zone that programs write behind a time; without it the time is the business's."""


class Dates:
    """The cleaner for all dates of one file, in the business's zone.

    The first date that can be read fixes the file's style. A date in another style means that a spreadsheet
    has changed some, and may have swapped days and months even in those that look right: a Doubt.

    Whether the day or the month comes first isn't guessed. Until somebody says so (`order`), days come first, and
    `asks` tells after the last record whether the file left it open.
    """

    styles = {
        "YYYY-MM-DD": re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})" + TIME + OFFSET),
        "DD/MM/YYYY": re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})" + TIME),
        "DD-MM-YYYY": re.compile(r"(?P<day>[0-9]{1,2})-(?P<month>[0-9]{1,2})-(?P<year>[0-9]{4})" + TIME),
    }
    earliest = datetime(2010, 1, 1, tzinfo=UTC)
    """A transaction's id begins with the two digits of its year, and has 19 digits from then on."""

    def __init__(self, zone: ZoneInfo, now: datetime, order: str = "") -> None:
        self.zone, self.now = zone, now
        self.style, self.order = "", order
        self.only: dict[str, str] = {}
        """The first date of the file that has a day only if the day, or only if the month, comes first."""
        self.either = ""
        """The first date that has one both ways."""
        self.is_mixed = False

    def __call__(self, cell: str) -> datetime:
        """Return the moment that a cell names."""
        written = cell.strip()
        style, parts = self._parts(written)
        if style != "YYYY-MM-DD":
            self._weigh(written, int(parts["day"] or 0), int(parts["month"] or 0))
            if self.order == "month":
                parts["day"], parts["month"] = parts["month"], parts["day"]
        moment = self._moment(style, parts)
        self.style = self.style or style
        if style != self.style:
            self.is_mixed = True
            reason = _("is written as %(style)s, while the dates above are %(other)s: a spreadsheet has changed some")
            raise Doubt(reason % {"style": self._named(style), "other": self._named(self.style)})
        if moment > self.now:
            raise ValueError(_("is in the future"))
        if moment < self.earliest:
            raise ValueError(_("is before the year %(year)d") % {"year": self.earliest.year})
        return moment

    @property
    def asks(self) -> bool:
        """Whether somebody has to say if the day or the month comes first: nothing in the file says so, or not what
        was said. A file that says both, or mixes styles, is damaged, and no answer would mend it."""
        if self.is_mixed:
            return False
        if not self.order:
            return "day" not in self.only and bool(self.either or self.only)
        return self.order not in self.only and bool(self.only)

    def _weigh(self, written: str, first: int, second: int) -> None:
        """Note what a date says about its order."""
        if first <= 12 and second <= 12:
            self.either = self.either or (written if first != second else "")
        elif second <= 12 < first:
            self.only.setdefault("day", written)
        elif first <= 12 < second:
            self.only.setdefault("month", written)

    def _named(self, style: str) -> str:
        return style.replace("DD", "?").replace("MM", "DD").replace("?", "MM") if self._is_swapped(style) else style

    def _is_swapped(self, style: str) -> bool:
        return self.order == "month" and style != "YYYY-MM-DD"

    def _parts(self, written: str) -> tuple[str, dict[str, str | None]]:
        for style, pattern in self.styles.items():
            if found := pattern.fullmatch(written):
                return style, found.groupdict()
        if re.fullmatch(r"[0-9]+([.,][0-9]+)?", written):
            raise ValueError(_("a spreadsheet has made a number of this date; export the column as text"))
        raise ValueError(_("is not a date and time; write it as 2026-02-28 14:05 or 28/02/2026 14:05"))

    def _moment(self, style: str, said: dict[str, str | None]) -> datetime:
        parts = {name: int(said[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
        try:
            if offset := said.get("offset"):
                return datetime(**parts, tzinfo=datetime.strptime(offset, "%z").tzinfo)
            return datetime(**parts, tzinfo=self.zone)
        except ValueError:
            pass
        if style != "YYYY-MM-DD" and parts["month"] > 12 >= parts["day"]:
            other = _("day/month/year") if self.order == "month" else _("month/day/year")
            raise Doubt(_("has no such month; the file’s dates may be %(other)s") % {"other": other})
        raise ValueError(_("there is no such day or time"))
