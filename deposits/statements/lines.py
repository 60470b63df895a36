"""What a statement comes to: its lines, what it says of itself, and what doesn't add up."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _

from deposits.statements.cells import folded, without_year
from flipdash import money
from flipdash.tables import Fault

MOST_FAULTS = 50
MOST_LINES = 200_000
MOST_DOUBTS = 5
MOST_DESCRIPTION = 500
"""Characters of a description, of several columns together."""


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line of a statement, read from its file."""

    line: int
    """Where it stands, as an editor counts."""
    booked_on: date
    booked_at: time | None
    amount: Decimal
    """Rupiah with sen: positive came in, negative went out."""
    description: str
    balance: Decimal | None
    """After it."""
    reference: str = ""
    sender: str = ""
    sender_bank: str = ""
    paid_on: date | None = None
    """The day of the payment, where the text or a value date says another or the same one."""

    @property
    def identity(self) -> str:
        """What names the line within its account: the balance after it, else everything that is printed.

        A bank rewrites texts overnight, and another channel prints another one and no time; the balance is the same.
        """
        if self.balance is not None:
            return f"{self.booked_on.isoformat()}\x1f{self.amount:.2f}\x1f{self.balance:.2f}"
        parts = (self.booked_on.isoformat(), self.booked_at, f"{self.amount:.2f}", _normal(self.description))
        return "\x1f".join(map(str, (*parts, self.reference)))

    def fingerprint(self, account: str, ordinal: int) -> str:
        """Return the line's own name: its account, its identity, and which of several such lines of the file it is."""
        return hashlib.sha256(f"{account}\x1e{self.identity}\x1e{ordinal}".encode()).hexdigest()


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Refused(Exception):
    """The file can't be imported; `faults` says why. Nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(in_words, faults)))
        self.faults = faults


def in_words(fault: Fault) -> str:
    """Return what is wrong, by the line as an editor counts it; what the cell holds stays in the file."""
    words = _("Line %(line)d, column %(column)s: %(reason)s.") if fault.column else _("Line %(line)d: %(reason)s.")
    return words % {"line": fault.line, "column": fault.column, "reason": fault.reason}


@dataclass
class Said:
    """What a file says of itself, and what was found in it."""

    opening: Decimal | None = None
    closing: Decimal | None = None
    total_in: Decimal | None = None
    total_out: Decimal | None = None
    count_in: int | None = None
    count_out: int | None = None
    pending: int = 0
    """Lines that the bank hasn't booked yet; they come again with a day."""
    skipped: int = 0
    """Lines without a date or without a sum."""
    doubts: list[str] = field(default_factory=list)
    """What doesn't add up, in words: a person has to say whether to import it."""


class Reader(Protocol):
    """Reads one file: its lines, one by one, and what it says, which is whole when they were all taken."""

    said: Said
    faults: list[Fault]

    def lines(self) -> Iterator[ParsedLine]:
        """Yield the lines, as long as there is no fault."""
        ...


class Chain:
    """Follows the balances from line to line, and says where one doesn't follow."""

    def __init__(self, said: Said) -> None:
        self.said = said
        self._last: Decimal | None = None
        self._since = Decimal(0)
        self._pending = Decimal(0)
        self._in = self._out = self._pending_in = self._pending_out = Decimal(0)
        self._counts = [0, 0]

    def opened(self, balance: Decimal) -> None:
        """Begin with what was there before the first line."""
        if self._last is None:
            self._last = balance

    def add(self, amount: Decimal, balance: Decimal | None, line: int, *, is_pending: bool = False) -> None:
        """Go on with a line."""
        if is_pending:
            self._pending += amount
            self._pending_in += max(amount, Decimal(0))
            self._pending_out += max(-amount, Decimal(0))
            return
        self._in += max(amount, Decimal(0))
        self._out += max(-amount, Decimal(0))
        self._counts[amount < 0] += 1
        self._since += amount
        if balance is None:
            return
        if self._last is None:
            self.said.opening = balance - self._since if self.said.opening is None else self.said.opening
        elif balance not in (self._last + self._since, self._last + self._since + self._pending):
            words = _("Line %(line)d: the balance is %(found)s and should be %(right)s; lines may be missing.")
            right = money.with_sen(self._last + self._since)
            self.doubt(words % {"line": line, "found": money.with_sen(balance), "right": right})
        self._last, self._since = balance, Decimal(0)

    def end(self) -> None:
        """Compare what the file says in total."""
        said = self.said
        if self._last is None and said.opening is not None:
            self._last = said.opening
        end = None if self._last is None else self._last + self._since
        for label, printed, found, pending in (
            (_("closing balance"), said.closing, end, self._pending),
            (_("total of money in"), said.total_in, self._in, self._pending_in),
            (_("total of money out"), said.total_out, self._out, self._pending_out),
        ):
            if printed is not None and found is not None and printed not in (found, found + pending):
                words = _("The %(label)s is %(printed)s, and the lines come to %(found)s.")
                figures = {"printed": money.with_sen(printed), "found": money.with_sen(found)}
                self.doubt(words % {"label": label, **figures})
        for count, found_count in zip((said.count_in, said.count_out), self._counts, strict=True):
            if count is not None and count != found_count and not said.pending:
                words = _("The file says it has %(printed)d such lines, and there are %(found)d.")
                self.doubt(words % {"printed": count, "found": found_count})
        said.closing = end

    def doubt(self, words: str) -> None:
        """Note what doesn't add up."""
        if len(self.said.doubts) < MOST_DOUBTS:
            self.said.doubts.append(words)


@dataclass(frozen=True)
class Sender:
    """What the text of a payment says of who made it, and when."""

    name: str = ""
    bank: str = ""
    reference: str = ""
    paid_on: date | None = None


def sender_of(text: str, patterns: list[re.Pattern[str]], booked_on: date) -> Sender:
    """Return what a text says by the first pattern that it fits."""
    for pattern in patterns:
        if found := pattern.fullmatch(text):
            said = found.groupdict()
            paid_on = None
            if said.get("dd") and said.get("mm"):
                try:
                    paid_on = without_year(int(said["dd"]), int(said["mm"]), today=booked_on)
                except ValueError:
                    paid_on = None
            return Sender(
                folded(said.get("name") or "", 100),
                folded(said.get("bank") or "", 40),
                folded(said.get("ref") or "", 64),
                paid_on,
            )
    return Sender()
