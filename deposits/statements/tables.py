"""Statements that are tables, read by their declaration."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from deposits.statements import cells
from deposits.statements.accounts import check_account
from deposits.statements.declaration import Declaration
from deposits.statements.lines import MOST_DESCRIPTION, MOST_FAULTS, MOST_LINES, Chain, ParsedLine, Said, sender_of
from flipdash import money
from flipdash.tables import Fault, Number, Row
from flipdash.tables.reader.tables import plain

FACTS = {
    "account": "No. Rekening|Nomor Rekening|Account No|Account Number|Acc No|Acct No|NOREK|AccountNo",
    "currency": "Currency|Mata Uang|Kode Mata Uang",
    "period": "Periode|Period",
    "opening": "Starting Balance|Saldo Awal|Opening Balance|Beginning Balance",
    "total_in": "Credit|Kredit|Mutasi Kredit|Total Credit|Total Kredit",
    "total_out": "Debet|Debit|Mutasi Debet|Mutasi Debit|Total Debit|Total Debet",
    "closing": "Ending Balance|Saldo Akhir|Closing Balance",
}
"""What banks write above and below their tables, by our word for it."""
LABELS = {plain(label): word for word, labels in FACTS.items() for label in labels.split("|")}
RUPIAH = ("IDR", "RP")
TOTAL = re.compile(r"\b(?:total|jumlah|saldo|balance|subtotal)\b", re.IGNORECASE)
"""What stands in a row of sums below a table, which has no date."""
UNCLEAR = re.compile(r"(?<![\d.,])\d{1,3}[.,]\d{3}(?![\d.,])")
"""1.234 alone: a thousand to some, a little more than one to others."""
MOST_SKIPPED = 1_000
"""So many lines without a date or a sum may stand in a file besides as many as have both."""
PERIOD = re.compile(r"(\d{2}/\d{2}/\d{4})\s*(?:-|s/d|to)\s*(\d{2}/\d{2}/\d{4})")


class TableStatement:
    """Reads the lines of one file."""

    def __init__(
        self,
        declaration: Declaration,
        above: list[Row],
        header: Row,
        rows: Iterable[Row],
        *,
        separator: str,
        decimal: str,
        own_account: str,
        today: date,
    ) -> None:
        self.said, self.faults = Said(), list[Fault]()
        self.declaration, self.places = declaration, declaration.places_in(header.cells) or {}
        self.names_account = bool(declaration.account)
        self._header, self._above, self._rows, self._separator = header, above, rows, separator
        self._title = [plain(cell) for cell in header.cells]
        self._width = max(self.places.values(), default=0) + 1
        self._least = max((self.places[name] for name in self._needed()), default=0) + 1
        self._decimal, self._own, self._today = decimal, own_account, today
        self._period: cells.Period | None = None
        self._senders = [re.compile(pattern) for pattern in declaration.senders]
        self._chain = Chain(self.said)
        self._has_closing = False

    def _needed(self) -> Iterator[str]:
        declaration = self.declaration
        for name in (declaration.date, declaration.credit, declaration.debit, declaration.amount):
            if name in self.places:
                yield name

    # --- Rows --------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[ParsedLine]:
        """Yield the lines, as long as there is no fault."""
        for row in self._above:
            self._fact(row)
        if self.said.opening is not None:
            self._chain.opened(self.said.opening)
        count, row = 0, self._header
        for row in self._rows:
            if len(self.faults) >= MOST_FAULTS:
                return
            parsed = self._line(row)
            if self.said.skipped > MOST_SKIPPED + count:
                self._fault(row, "", _("most lines have neither a date nor a sum; this is no statement"))
                return
            if parsed is None:
                continue
            count += 1
            if count > MOST_LINES:
                reason = _("the file has more than %(most)d records; split it into several")
                self._fault(row, "", reason % {"most": MOST_LINES})
                return
            if not self.faults:
                yield parsed
        if self.declaration.ends_with_balance and not self._has_closing:
            self._fault(row, "", _("the file breaks off: the line with the closing balance is missing"))
        self._chain.end()

    def _line(self, row: Row) -> ParsedLine | None:
        """Return the line of a row, or None for one that is none, or has faults."""
        filled = [cell for cell in row.cells if cell.strip()]
        if not filled or self._is_header(row):
            return None
        if self._fact(row):
            return None
        row = self._shaped(row, filled)
        if self._is_none(row):
            self.said.skipped += 1
            return None
        before = len(self.faults)
        if len(row.cells) < self._least:
            reason = _("has %(count)d cells, while the header has %(columns)d")
            self._fault(row, "", reason % {"count": len(row.cells), "columns": len(self._header.cells)})
            return None
        amount, balance = self._amount(row), self._balance(row)
        if self._cell(row, self.declaration.date).strip("'` ").upper() in self.declaration.pending:
            self.said.pending += 1
            self._chain.add(amount or Decimal(0), balance, row.line, is_pending=True)
            return None
        parsed = self._parsed(row, amount, balance)
        return parsed if len(self.faults) == before else None

    def _is_header(self, row: Row) -> bool:
        """Whether the head of a page stands there again."""
        return [plain(cell) for cell in row.cells[: len(self._title)]] == self._title

    def _shaped(self, row: Row, filled: list[str]) -> Row:
        """Return a row whose cells stand under their names."""
        if self.declaration.compact and len(filled) == len(self.places):
            by_place = dict(zip(sorted(self.places.values()), filled, strict=True))
            return Row(row.number, row.line, [by_place.get(place, "") for place in range(self._width)])
        extra = len(row.cells) - len(self._header.cells)
        while extra > 0 and not row.cells[len(self._header.cells) + extra - 1].strip():
            extra -= 1
        if extra > 0 and self.declaration.unquoted:
            place = self.places[self.declaration.unquoted]
            cells_of = row.cells[: len(self._header.cells) + extra]
            joined = self._separator.join(cells_of[place : place + extra + 1])
            return Row(row.number, row.line, [*cells_of[:place], joined, *cells_of[place + extra + 1 :]])
        if extra > 0:
            self._fault(row, "", _("has more cells than the header: a separator may stand in a text"))
        return row

    def _is_none(self, row: Row) -> bool:
        """Whether a row is no line of the account: it has no date, or a sum neither in nor out."""
        has_date = bool(self._cell(row, self.declaration.date).strip())
        sums = [self._cell(row, name) for name in (self.declaration.credit, self.declaration.debit) if name]
        sums = sums or [self._cell(row, self.declaration.amount)]
        if not has_date:
            return not any(cell.strip() for cell in sums) or any(TOTAL.search(cell) for cell in row.cells)
        if not any(cell.strip() for cell in sums):
            return len(row.cells) >= self._least
        with suppress(ValueError):
            return not any(cells.money(cell, self._decimal).value for cell in sums)
        return False

    def _parsed(self, row: Row, amount: Decimal | None, balance: Decimal | None) -> ParsedLine | None:
        declaration = self.declaration
        text, found_reference = "", ""
        booked_on, booked_at = None, None
        try:
            booked_on, booked_at = cells.day(
                self._cell(row, declaration.date), declaration.styles, today=self._today, period=self._year_from
            )
        except ValueError as problem:
            self._fault(row, declaration.date, str(problem))
        try:
            if declaration.account:
                check_account(self._cell(row, declaration.account), self._own)
        except ValueError as problem:
            self._fault(row, declaration.account, str(problem))
        for name in declaration.text:
            try:
                part = cells.words(self._cell(row, name))
                text = part if not text else text if part in ("", text) else f"{text}  {part}"
            except ValueError as problem:
                self._fault(row, name, str(problem))
        try:
            found_reference = cells.reference(self._cell(row, declaration.reference), 64)
        except ValueError as problem:
            self._fault(row, declaration.reference, str(problem))
        paid_on = self._value_day(row, booked_on)
        if booked_on is None or amount is None:
            return None
        self._chain.add(amount, balance, row.line)
        sender = sender_of(text, self._senders if amount > 0 else [], booked_on)
        return ParsedLine(
            line=row.line,
            booked_on=booked_on,
            booked_at=booked_at,
            amount=amount,
            description=cells.folded(text, MOST_DESCRIPTION),
            balance=balance,
            reference=found_reference or sender.reference,
            sender=sender.name,
            sender_bank=sender.bank,
            paid_on=sender.paid_on or paid_on,
        )

    @property
    def _year_from(self) -> cells.Period | None:
        return self._period if self.declaration.period_year else None

    def _value_day(self, row: Row, booked_on: date | None) -> date | None:
        """Return the day of value where it is before the booked one."""
        cell = self._cell(row, self.declaration.value_date)
        if not cell.strip() or booked_on is None:
            return None
        try:
            value, _time = cells.day(cell, self.declaration.styles, today=self._today, period=self._year_from)
        except ValueError as problem:
            self._fault(row, self.declaration.value_date, str(problem))
            return None
        return value if value < booked_on else None

    # --- Sums --------------------------------------------------------------------------------------------------

    def _amount(self, row: Row) -> Decimal | None:
        """Return what came in, or went out as less than zero; None after a fault."""
        declaration = self.declaration
        if declaration.amount:
            return self._one_column(row)
        found = {}
        for name in (declaration.credit, declaration.debit):
            try:
                found[name] = cells.money(self._cell(row, name), self._decimal)
            except ValueError as problem:
                self._fault(row, name, str(problem))
        if len(found) < 2:
            return None
        came, went = found[declaration.credit], found[declaration.debit]
        if came.is_minus and came.value:
            self._fault(row, declaration.credit, _("this has a minus, in the column of what came in"))
            return None
        if bool(came.value) == bool(went.value):
            self._fault(row, declaration.credit, _("this line has to say one sum, in or out"))
            return None
        return came.value - went.value

    def _one_column(self, row: Row) -> Decimal | None:
        declaration = self.declaration
        name = declaration.amount
        try:
            found = cells.money(self._cell(row, name), self._decimal)
            if not found.value:
                raise ValueError(_("this line has to say one sum, in or out"))
            sign = found.sign
            written = self._cell(row, declaration.sign) if declaration.sign else self._nameless(row)
            if sign is None and not written.strip() and (declaration.signed or found.is_minus):
                return found.value * (-1 if found.is_minus else 1)
            if sign is None:
                name = declaration.sign or name
                sign = cells.direction(written)
        except ValueError as problem:
            self._fault(row, name, str(problem))
            return None
        if found.is_minus and sign > 0:
            self._fault(row, name, _("this has a minus, and is said to have come in"))
            return None
        return found.value * sign

    def _nameless(self, row: Row) -> str:
        """Return the cell of the column without a name, in which some banks put the sign."""
        place = self.places.get("")
        return row.cells[place] if place is not None and place < len(row.cells) else ""

    def _balance(self, row: Row) -> Decimal | None:
        cell = self._cell(row, self.declaration.balance)
        if not cell.strip():
            return None
        try:
            found = cells.money(cell, self._decimal)
        except ValueError as problem:
            self._fault(row, self.declaration.balance, str(problem))
            return None
        return found.value * (-1 if found.is_minus or found.sign == -1 else 1)

    # --- What stands around the table --------------------------------------------------------------------------

    def _fact(self, row: Row) -> bool:
        """Read what a row says of the statement; returns whether it is such a row."""
        parts = [cell.strip() for cell in row.cells if cell.strip() and cell.strip() not in ("=", ":")]
        if not parts:
            return False
        label, _colon, value = parts[0].partition(":")
        word = LABELS.get(plain(label))
        if word is None:
            return False
        values = [value.strip()] if value.strip() else []
        values += [part.lstrip("'`") for part in parts[1:]]
        try:
            self._note(word, values)
        except ValueError as problem:
            self._fault(row, "", str(problem))
        return True

    def _note(self, word: str, values: list[str]) -> None:
        if word == "closing":
            self._has_closing = True
        if not values:
            return
        if word == "account":
            check_account(values[0], self._own)
            self.names_account = True
        elif word == "currency":
            if values[0].upper().rstrip(".") not in RUPIAH:
                raise ValueError(_("this statement is in %s, not in rupiah") % values[0][:20])
        elif word == "period":
            if found := PERIOD.search(values[0]):
                first, last = (cells.day(part, ("DD/MM/YYYY",), today=date(2998, 1, 1))[0] for part in found.groups())
                self._period = cells.Period(first, last)
        else:
            found_sum = cells.money(values[0], self._decimal)
            value = -found_sum.value if found_sum.is_minus else found_sum.value
            if word == "opening" and self.said.opening is not None and self.said.opening != value:
                words = _("The opening balance is %(printed)s, and the first line says %(found)s.")
                figures = {"printed": money.with_sen(value), "found": money.with_sen(self.said.opening)}
                self._chain.doubt(words % figures)
            setattr(self.said, word, value)
            if word.startswith("total") and len(values) > 1 and values[1].isdigit():
                setattr(self.said, word.replace("total", "count"), int(values[1]))

    # --- Help --------------------------------------------------------------------------------------------------

    def _cell(self, row: Row, name: str) -> str:
        place = self.places.get(name) if name else None
        return row.cells[place] if place is not None and place < len(row.cells) else ""

    def _fault(self, row: Row, name: str, reason: str) -> None:
        place = self.places.get(name) if name else None
        column = self._header.cells[place].strip() if place is not None else ""
        self.faults.append(Fault(row.number, row.line, column, reason))


def decimal_of(declaration: Declaration, header: Row, rows: Iterable[Row]) -> str:
    """Return the decimal sign by which every sum of a file can be read; raises ValueError where none or both do."""
    places = declaration.places_in(header.cells) or {}
    columns = (declaration.credit, declaration.debit, declaration.amount, declaration.balance)
    wanted = [places[name] for name in columns if name in places]
    left = set(cells.DECIMALS)
    is_unclear = False
    for row in rows:
        date_cell = row.cells[places[declaration.date]] if places[declaration.date] < len(row.cells) else ""
        if not any(character.isdigit() for character in date_cell):
            continue
        for cell in (row.cells[place] for place in wanted if place < len(row.cells)):
            if not isinstance(cell, Number) and UNCLEAR.search(cell):
                is_unclear = True
                continue
            left &= _readings(cell) or left
    if not left or (is_unclear and len(left) > 1):
        raise ValueError(_("its sums can be read in two ways: save it with two decimals, such as 5,000,417.00"))
    return min(left, key=cells.DECIMALS.index)


def _readings(cell: str) -> set[str]:
    """Return the decimal signs with which a cell is a sum; none for what is no sum at all, which is named later."""
    found = set()
    for decimal in cells.DECIMALS:
        with suppress(ValueError):
            cells.money(cell, decimal)
            found.add(decimal)
    return found
