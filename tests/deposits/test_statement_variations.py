"""Files of the same layouts with other data: written by their declarations, read back, equal."""

import csv
import io
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deposits.statements import cells
from deposits.statements.declaration import Declaration
from deposits.statements.files import open_statement
from deposits.statements.lines import Said
from deposits.statements.shipped import DECLARATIONS
from tests.workbooks import make_xls, make_xlsx

ACCOUNTS = {"bca": "0650000123", "mandiri": "1370000001234", "bri": "001200000345301", "bni": "0259000111"}
MONTHS = (
    ("January", "Januari"), ("February", "Februari"), ("March", "Maret"), ("April", "April"), ("May", "Mei"),
    ("June", "Juni"), ("July", "Juli"), ("August", "Agustus"), ("September", "September"), ("October", "Oktober"),
    ("November", "Nopember"), ("December", "Desember"),
)  # fmt: skip
Line = tuple[date, time | None, Decimal, str]


class Written:
    """Writes a statement as a declaration says, in one of several ways."""

    def __init__(self, declaration: Declaration, lines: list[Line], opening: Decimal, variation: int) -> None:
        self.declaration, self.lines, self.opening = declaration, lines, opening
        self.variation = variation
        self.decimal = declaration.decimal or (".", ",")[variation % 2]
        self.style = declaration.styles[variation % len(declaration.styles)]
        self.is_workbook = (
            declaration.files == "workbook"
            or declaration.compact
            or (not declaration.files and not declaration.unquoted and variation % 5 == 4)
        )
        self.names = [name for name in declaration.columns if not self._is_left_out(name)]

    def _is_left_out(self, name: str) -> bool:
        place = self.declaration.columns.index(name)
        needed = {self.declaration.balance} if self.declaration.balance else set()
        return self.declaration.header[place].startswith("?") and name not in needed and self.variation % 2 == 1

    @property
    def header(self) -> list[str]:
        spellings = dict(zip(self.declaration.columns, self.declaration.header, strict=True))
        return [self._spelling(spellings[name].removeprefix("?").split("|")) for name in self.names]

    def _spelling(self, spellings: list[str]) -> str:
        return spellings[self.variation % len(spellings)]

    def day(self, on: date, at: time | None) -> str:
        month = MONTHS[on.month - 1][self.variation % 2]
        text = {
            "YYYY-MM-DD": f"{on:%Y-%m-%d}", "DD/MM/YYYY": f"{on:%d/%m/%Y}", "DD/MM/YY": f"{on:%d/%m/%y}",
            "DD/MM": f"{on:%d/%m}", "D MONTH YYYY": f"{on.day} {month} {on.year}", "D-MON": f"{on:%d-%b-%y}",
            "MM/DD/YYYY": f"{on:%m/%d/%Y}", "MM/DD/YY": f"{on:%m/%d/%y}",
        }[self.style]  # fmt: skip
        mark = ".:"[self.variation % 2]
        clock = f" {at:%H}{mark}{at:%M}{mark}{at:%S}" if at else ""
        front = "'" if self.declaration.unquoted else ""
        return front + text + clock

    def sum(self, value: Decimal) -> str:
        written = f"{abs(value):,.2f}" if self.variation % 3 and not self.declaration.unquoted else f"{abs(value):.2f}"
        if self.decimal == ",":
            written = written.translate(str.maketrans(",.", ".,"))
        return f"-{written}" if value < 0 else written

    def cells_of(self, line: Line, balance: Decimal) -> list[str]:
        declaration = self.declaration
        on, at, amount, text = line
        values: dict[str, str] = {
            declaration.date: self.day(on, at), declaration.text[0]: text,
            declaration.account: ACCOUNTS.get(declaration.bank, ""), declaration.balance: self.sum(balance),
            declaration.credit: self.sum(max(amount, Decimal(0))),
            declaration.debit: self.sum(max(-amount, Decimal(0))),
        }  # fmt: skip
        way = "CR" if amount > 0 else "DB"
        if declaration.amount:
            has_own = declaration.sign or "" in self.names
            values[declaration.amount] = self.sum(abs(amount)) + ("" if has_own else f" {way}")
            values[declaration.sign or ""] = way
        if declaration.value_date:
            values[declaration.value_date] = values[declaration.date]
        if declaration.credit:
            values.pop("", None)
        return [values.get(name, "x" if declaration.compact else "") for name in self.names]

    def rows(self) -> list[list[str]]:
        balance, rows = self.opening, []
        for line in self.lines:
            balance += line[2]
            rows.append(self.cells_of(line, balance))
        above = []
        if self.declaration.period_year:
            days = [line[0] for line in self.lines] or [date(2026, 1, 1)]
            above = [[f"Periode : {min(days):%d/%m/%Y} - {max(days):%d/%m/%Y}"]]
        if not self.declaration.account and self.declaration.bank:
            above.append([f"No. rekening : {ACCOUNTS[self.declaration.bank]}"])
        below = [[f"Saldo Akhir : {self.sum(balance)}"]] if self.declaration.ends_with_balance else []
        return [*above, self.header, *rows, *below]

    def content(self) -> bytes:
        rows = self.rows()
        if self.is_workbook:
            return (make_xls if self.variation % 2 else make_xlsx)(rows)
        file = io.StringIO()
        separator = "," if self.declaration.unquoted else ",;\t"[self.variation % 3]
        if self.declaration.unquoted:
            end = ("\n", "\r\n")[self.variation % 2]
            file.write("".join(separator.join(row) + end for row in rows))
        else:
            quoting = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)[self.variation % 2]
            end = ("\n", "\r\n", "\r")[self.variation % 3]
            csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)
        return file.getvalue().encode(("utf-8", "utf-8-sig", "utf-16")[self.variation % 3])


def read_back(content: bytes, today: date, bank: str) -> tuple[list[Line], list[Decimal | None], Said]:
    with TemporaryFile() as file:
        file.write(content)
        accounts = {**ACCOUNTS, "permata": "0410000789"}
        with open_statement(file, bank, today=today, accounts=accounts) as statement:
            found = list(statement.lines())
            lines = [(line.booked_on, line.booked_at, line.amount, line.description) for line in found]
            return lines, [line.balance for line in found], statement.said


def made_up(variation: int, number: int = 12) -> list[Line]:
    """Lines over a border of months, or New Year."""
    author = random.Random(variation)
    start = (date(2026, 12, 28), date(2026, 2, 25), date(2026, 10, 30))[variation % 3]
    lines: list[Line] = []
    for n in range(number):
        on = start + timedelta(days=n * 9 // number)
        sen = Decimal(author.randrange(1, 10**11)) / 100
        lines.append((on, None, sen * author.choice((1, -1)), f"BAYAR {n} {author.choice(('KOPI', 'BUNGA', 'PT A'))}"))
    return lines


@pytest.mark.parametrize("variation", range(10))
@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda declaration: declaration.key)
def test_ten_variations_of_each_layout(declaration, variation):
    lines = made_up(variation)
    if (
        declaration.styles[variation % len(declaration.styles)].startswith(("D MONTH", "YYYY-MM-DD"))
        or variation % 4 == 3
    ):
        lines = [(on, time(9, 5, variation), amount, text) for on, _at, amount, text in lines]
    written = Written(declaration, lines, Decimal("1000.46"), variation)
    if written.style == "D-MON" or written.declaration.bank == "bca":
        written.lines = lines = [(on, None, amount, text) for on, _at, amount, text in lines]
    today = max(line[0] for line in lines)
    found, balances, said = read_back(written.content(), today, declaration.bank or "permata")
    assert found == lines
    assert said.doubts == []
    assert said.skipped == said.pending == 0
    if declaration.balance:
        assert balances[-1] == Decimal("1000.46") + sum(line[2] for line in lines)


def swift(lines: list[Line], opening: Decimal, variation: int) -> bytes:
    """Write lines as MT940, a statement of each day, in one of several ways."""
    end = ("\n", "\r\n", "\n", "\r\n", "\n")[variation % 5]
    bic = ("", "BMRIIDJA/", "BMRIIDJAXXX/")[variation % 3]
    fields: list[str] = []
    balance = opening

    def amount(value: Decimal) -> str:
        return f"{abs(value):.2f}".replace(".", ",").removesuffix("00" if variation % 2 else "-")

    def stood(tag: str, on: date) -> str:
        return f":{tag}:{'C' if balance >= 0 else 'D'}{on:%y%m%d}IDR{amount(balance)}"

    for number, on in enumerate(sorted({line[0] for line in lines}), 1):
        fields += [f":20:REP{number}", f":25:{bic}{ACCOUNTS['mandiri']}", f":28C:{number}/1", stood("60F", on)]
        for _on, _at, value, text in (line for line in lines if line[0] == on):
            balance += value
            way = ("C" if value > 0 else "D") if variation % 4 else ("RD" if value > 0 else "RC")
            fields += [f":61:{on:%y%m%d}{f'{on:%m%d}' * (variation % 2)}{way}{amount(value)}NTRFNONREF"]
            fields += [f":86:{text[:10]}", *([text[10:]] if text[10:] else [])]
        fields.append(stood("62F", on))
        fields += ["-"] * (variation % 3 == 2)
    block = "{1:F01BMRIIDJAAXXX0000000000}{2:O940}{4:" + end if variation % 4 == 2 else ""
    return (block + end.join(fields) + end + ("-}" + end if block else "")).encode(
        ("utf-8", "utf-8-sig")[variation % 2]
    )


@pytest.mark.parametrize("variation", range(10))
def test_ten_variations_of_swift(variation):
    lines = made_up(variation)
    found, _balances, said = read_back(swift(lines, Decimal("1000.46"), variation), max(x[0] for x in lines), "")
    assert [(on, value) for on, _at, value, _text in found] == [(on, value) for on, _at, value, _text in lines]
    assert [text.replace(" ", "") for *_line, text in found] == [text.replace(" ", "") for *_line, text in lines]
    assert said.doubts == []


AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**12), places=2)
TEXTS = st.text(st.sampled_from("ABCDEFG abc 0123456789/-.:&()'"), min_size=1, max_size=40).map(
    lambda t: f"X{t.strip()}X"
)
LINES = st.lists(
    st.tuples(
        st.dates(date(2026, 1, 2), date(2026, 12, 30)),
        st.just(None),
        st.builds(lambda amount, sign: amount * sign, AMOUNTS, st.sampled_from((1, -1))),
        TEXTS.map(lambda text: cells.folded(text, 500)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(DECLARATIONS), LINES, st.integers(0, 29), AMOUNTS)
def test_what_is_written_by_a_declaration_is_read_back_equal(declaration, lines, variation, opening):
    lines = sorted(lines, key=lambda line: line[0])
    written = Written(declaration, lines, opening, variation)
    found, balances, said = read_back(written.content(), date(2026, 12, 31), declaration.bank or "permata")
    assert found == lines
    assert said.doubts == []
    if declaration.balance:
        assert [said.opening, *balances] == list(accumulate((line[2] for line in lines), initial=opening))


def test_days_as_a_spreadsheet_holds_them():
    header: list[Any] = ["Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo"]
    table = [header, [datetime(2026, 12, 31), "X", 0, "5.00 CR", "", 5], ["01/01/2027", "Y", 0, "7.00 DB", "", -2]]
    found, balances, _said = read_back(make_xlsx(table), date(2027, 1, 5), "bca")
    assert [line[0] for line in found] == [date(2026, 12, 31), date(2027, 1, 1)]
    assert balances == [5, -2]
