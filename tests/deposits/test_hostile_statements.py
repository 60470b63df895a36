"""Hostile statements: each is named or refused in two seconds of work, and nothing of it becomes a line."""

import resource
from datetime import date
from tempfile import TemporaryFile

import pytest
from django.utils import translation

from deposits.demo import ACCOUNTS
from deposits.statements.files import Refused, in_words, open_statement
from tests.deposits.banking import HEAD, quoted
from tests.workbooks import make_xlsx

TODAY = date(2026, 11, 25)
KOPRA = "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance\n"
OWN = ACCOUNTS["mandiri"]
GOOD = f"{OWN};IDR;25 November 2026 09:34:53;X;;5.00;0.00;5.00\n"
BISNIS = quoted([[f"No. rekening : {ACCOUNTS['bca']}"], list(HEAD)]).decode()


def bisnis(day: str, amount: str) -> str:
    return BISNIS + f'"{day}","X","0000","{amount}"\r\n"Saldo Akhir : 1.00"\r\n'


def swift(*lines: str) -> str:
    return "\n".join([":20:X", f":25:{OWN}", ":60F:C261124IDR100,00", *lines, ""])


HOSTILE = {
    "a million lines": KOPRA + GOOD * 1_000_000,
    "lines of nothing": KOPRA + "x\n" * 150_000,
    "10 MB in a cell": KOPRA + GOOD.replace(";X;", f";{'x' * (10 << 20)};"),
    "10 MB in a quoted cell of many lines": KOPRA + GOOD.replace(";X;", ';"' + "x\n" * (5 << 20) + '";'),
    "nested quotes": KOPRA + GOOD.replace(";X;", ';"""a"b""";'),
    "a quote that never ends": KOPRA + GOOD.replace(";X;", ';"X;') + GOOD * 100,
    "two accounts mixed": KOPRA + GOOD + GOOD.replace(OWN, "9990001112"),
    "a dollar account": quoted([["Kode Mata Uang : USD"]]).decode() + bisnis("25/11/2026", "5.00 CR"),
    "the sign columns swapped with texts": KOPRA + GOOD.replace(";5.00;0.00;", ";CR;5.00;"),
    "sums in both columns": KOPRA + GOOD.replace(";5.00;0.00;", ";5.00;5.00;"),
    "a day of 1900": KOPRA + GOOD.replace("2026", "1900"),
    "a day of 2999": KOPRA + GOOD.replace("2026", "2999"),
    "a day that isn't": bisnis("31/02/2026", "5.00 CR"),
    "an amount beyond all": bisnis("25/11/2026", "9" * 16 + " CR"),
    "an amount of a million digits": bisnis("25/11/2026", "9" * 1_000_000 + " CR"),
    "digits of another script": bisnis("25/11/2026", "٥٠٠٠ CR"),
    "a sign that nobody knows": bisnis("25/11/2026", "5.00 CRDB"),
    "a negative credit": bisnis("25/11/2026", "-5.00 CR"),
    "a file cut in the middle": KOPRA + GOOD[:40],
    "a bomb of header rows": KOPRA * 40 + "x;" * 250 + "\n" + GOOD.replace("25 N", "99 N"),
    "a name of the header ten thousand times": "AccountNo;" * 10_000 + "\n" + GOOD,
    "SWIFT without its account": ":20:X\n:60F:C261124IDR1,00\n:61:261125C5,00NTRFX\n:62F:C261125IDR6,00\n",
    "SWIFT that breaks off": swift(":61:261125C5,00NTRFNONREF"),
    "SWIFT with an endless text": swift(":61:261125C5,00NTRFNONREF", ":86:x", *["x" * 60] * 100_000),
    "control characters": KOPRA + GOOD.replace(";X;", ";a\x1b[31mb;"),
    "a workbook of formulas": make_xlsx([["=1+1"] * 9, ["x"] * 9]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_statement_is_named_or_refused_in_two_seconds(name):
    content = HOSTILE[name]
    with TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        before = _seconds()
        with pytest.raises(Refused) as refused, open_statement(file, "", today=TODAY, accounts=ACCOUNTS) as statement:
            list(statement.lines())
        took = _seconds() - before
    assert all(fault.reason and fault.line for fault in refused.value.faults)
    assert took < 2


def _seconds() -> float:
    """Return the work done so far, by us and by the processes that read; not how long a busy machine took."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


@pytest.mark.parametrize(("language", "line"), [("en", "Line 3"), ("id", "Baris 3")])
def test_what_is_wrong_is_said_with_line_and_column_in_both_languages(language, line):
    said = {}
    for spoken in ("en", "id"):
        with TemporaryFile() as file, translation.override(spoken):
            file.write(bisnis("31/02/2026", "5.00 CR").encode())
            with pytest.raises(Refused) as refused, open_statement(file, "", today=TODAY, accounts=ACCOUNTS) as found:
                list(found.lines())
            said[spoken] = in_words(refused.value.faults[0])
    assert line in said[language]
    assert "Tanggal Transaksi" in said[language]
    assert said["en"] != said["id"]
