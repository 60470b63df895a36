"""SWIFT's statements, MT940 and MT942: one reader for all banks."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from deposits.statements import cells
from deposits.statements.accounts import check_account
from deposits.statements.lines import MOST_DESCRIPTION, MOST_FAULTS, Chain, ParsedLine, Said, sender_of
from flipdash.tables import Fault, Row, Unreadable

BEGINS = re.compile(r"\{1:F01|\{4:|:20:")
TAG = re.compile(r":(\d{2}[A-Z]?):(.*)")
BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})([\d,]{1,18})", re.ASCII)
ENTRY = re.compile(
    r"(?P<day>\d{6})(?P<entry>\d{4})?(?P<sign>R?[CD])[A-Z]?(?P<sum>\d{1,15},\d{0,2})"
    r"(?P<kind>[A-Z][A-Z0-9]{3})(?P<reference>[^/]*)(?://.*)?",
    re.ASCII,
)
SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1}
"""RC takes a credit back, RD a debit."""
MOST_INFORMATION = 20
"""Lines of one :86:; the standard has six."""


class Mt940:
    """Reads the lines of one file, which may hold statements of several days."""

    def __init__(self, rows: Iterable[Row], *, own_account: str, senders: tuple[str, ...], today: date) -> None:
        self.said, self.faults = Said(), list[Fault]()
        self._rows, self._own, self._today = rows, own_account, today
        self._senders = [re.compile(pattern) for pattern in senders]
        self._chain = Chain(self.said)
        self._balance: Decimal | None = None
        self._is_open = False
        self._has_account = False

    def lines(self) -> Iterator[ParsedLine]:
        """Yield the lines, as long as there is no fault."""
        line = 1
        for line, tag, value in self._fields():
            try:
                if tag == "61":
                    parsed = self._entry(line, value)
                    if not self.faults:
                        yield parsed
                else:
                    self._read(tag, value)
            except ValueError as problem:
                self.faults.append(Fault(line, line, f":{tag}:", str(problem)))
                if len(self.faults) >= MOST_FAULTS:
                    return
        if self._is_open:
            self.faults.append(Fault(line, line, "", _("the file breaks off: the closing balance (:62F:) is missing")))
        self._chain.end()

    def _fields(self) -> Iterator[tuple[int, str, str]]:
        """Yield line, tag and value of each field; a :61: comes with the text of its :86: behind a tab."""
        held: tuple[int, str, list[str]] | None = None
        for row in self._rows:
            text = row.cells[0]
            if found := TAG.match(text):
                if held and found[1] == "86" and held[1] == "61":
                    held[2].append("\t" + found[2])
                    continue
                if held:
                    yield held[0], held[1], "\n".join(held[2])
                held = (row.line, found[1], [found[2]])
            elif text.startswith(("-}", "{")) or text.strip() in ("", "-"):
                continue
            elif held:
                if len(held[2]) > MOST_INFORMATION:
                    raise Unreadable(Fault(row.number, row.line, f":{held[1]}:", _("this text is too long")))
                held[2].append(text)
        if held:
            yield held[0], held[1], "\n".join(held[2])

    def _read(self, tag: str, value: str) -> None:
        if tag == "25":
            check_account(value.rpartition("/")[2].removesuffix("IDR"), self._own)
            self._has_account = True
        elif tag in ("60F", "60M"):
            opening = _balance(value)
            if self._balance is not None and opening != self._balance:
                self._chain.doubt(_("A statement in the file doesn’t begin with what the one before it ended with."))
            if self.said.opening is None:
                self.said.opening = opening
            self._chain.opened(opening)
            self._balance, self._is_open = opening, True
        elif tag in ("62F", "62M"):
            self._is_open = False
            self.said.closing = closing = _balance(value)
            if self._balance is not None and closing != self._balance:
                self._chain.doubt(_("A closing balance in the file isn’t what its lines come to."))
            self._balance = closing

    def _entry(self, line: int, value: str) -> ParsedLine:
        if not self._has_account:
            raise ValueError(_("the account (:25:) isn’t named before the first line"))
        entry, _tab, information = value.partition("\t")
        found = ENTRY.fullmatch(entry.split("\n")[0].strip())
        if found is None:
            raise ValueError(_("this is no line as the standard has it"))
        value_day = _day(found["day"])
        booked_on = _entry_day(found["entry"], value_day) if found["entry"] else value_day
        if not cells.FIRST_DAY <= booked_on <= self._today + timedelta(days=cells.DAYS_AHEAD):
            raise ValueError(_("this date is in the future, or long past"))
        amount = SIGNS[found["sign"]] * _sum(found["sum"])
        if not amount:
            raise ValueError(_("this line has to say one sum, in or out"))
        if self._balance is not None:
            self._balance += amount
        text = cells.words("  ".join(part.strip() for part in information.split("\n")))
        sender = sender_of(text, self._senders, booked_on) if amount > 0 else sender_of("", [], booked_on)
        self._chain.add(amount, self._balance, line)
        return ParsedLine(
            line=line,
            booked_on=booked_on,
            booked_at=None,
            amount=amount,
            description=cells.folded(text, MOST_DESCRIPTION),
            balance=self._balance,
            reference=cells.reference(found["reference"], 64),
            sender=sender.name,
            sender_bank=sender.bank,
            paid_on=sender.paid_on or (value_day if value_day < booked_on else None),
        )


def _balance(value: str) -> Decimal:
    found = BALANCE.fullmatch(value.strip())
    if found is None:
        raise ValueError(_("this is no balance as the standard has it"))
    if found[3] != "IDR":
        raise ValueError(_("this statement is in %s, not in rupiah") % found[3])
    return _sum(found[4]) * (1 if found[1] == "C" else -1)


def _sum(written: str) -> Decimal:
    whole, _comma, part = written.partition(",")
    if not whole.isdigit() or len(part) > 2:
        raise ValueError(_("this is no sum as the standard has it"))
    return Decimal(f"{whole}.{part or 0}")


def _day(written: str) -> date:
    try:
        return date(2000 + int(written[:2]), int(written[2:4]), int(written[4:]))
    except ValueError:
        raise ValueError(_("there is no such day or time")) from None


def _entry_day(written: str, value_day: date) -> date:
    """Return the day of booking, whose year isn't written: the one nearest to the day of value."""
    days = []
    for year in (value_day.year - 1, value_day.year, value_day.year + 1):
        try:
            days.append(date(year, int(written[:2]), int(written[2:])))
        except ValueError:
            continue
    if not days:
        raise ValueError(_("there is no such day or time"))
    return min(days, key=lambda day: abs(day - value_day))
