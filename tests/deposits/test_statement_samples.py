"""The samples in the layouts that banks really have (tests/data/bank-samples), read as their expected.json says."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deposits.statements.files import open_statement
from deposits.statements.lines import ParsedLine, Said

SAMPLES = Path(__file__).parent.parent / "data" / "bank-samples"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text())
ACCOUNTS = {"bca": "0650000123", "mandiri": "1370000001234", "bri": "001200000345301", "bni": "0259000111"}
DAYS = {"bca-klikbca-bisnis-no-year.csv": date(2027, 1, 5)}
SHIPPED = [name for name in EXPECTED if "low" not in name]


def read(path: Path, bank: str = "", accounts: dict[str, str] = ACCOUNTS) -> tuple[list[ParsedLine], Said, str]:
    today = DAYS.get(path.name, date(2026, 12, 1))
    with path.open("rb") as stream, open_statement(stream, bank, today=today, accounts=accounts) as statement:
        return list(statement.lines()), statement.said, statement.bank


@pytest.mark.parametrize("name", SHIPPED)
def test_a_sample_is_read_as_it_is_described(name):
    lines, said, bank = read(SAMPLES / name)
    expected = EXPECTED[name]
    wanted = [row for row in expected["rows"] if not row["pending"]]
    assert name.startswith(bank)
    assert said.pending == len(expected["rows"]) - len(wanted)
    assert (said.skipped, said.doubts) == (0, [])
    assert [line.line for line in lines] == [row["line"] for row in wanted]
    assert [line.booked_on.isoformat() for line in lines] == [row["booked_on"] for row in wanted]
    assert [line.booked_at and line.booked_at.isoformat() for line in lines] == [row["time"] for row in wanted]
    assert [int(line.amount * 100) for line in lines] == [row["amount"] for row in wanted]
    assert [line.sender for line in lines] == [row["sender"] for row in wanted]
    assert [line.sender_bank for line in lines] == [row["sender_bank"] for row in wanted]
    assert [line.paid_on and line.paid_on.isoformat() for line in lines] == [row["paid_on"] for row in wanted]
    if not name.endswith(".sta"):  # whose balances are computed
        balances = [line.balance and int(line.balance * 100) for line in lines]
        assert balances == [row["balance"] for row in wanted]
        assert [line.reference for line in lines] == [row["reference"] for row in wanted]


@pytest.mark.parametrize("name", SHIPPED)
def test_opening_and_closing_are_known(name):
    lines, said, _bank = read(SAMPLES / name)
    expected = EXPECTED[name]
    pending = sum(row["amount"] for row in expected["rows"] if row["pending"])
    opening = None if expected["opening"] is None else Decimal(expected["opening"]) / 100
    closing = None if expected["closing"] is None else Decimal(expected["closing"] - pending) / 100
    assert (said.opening, said.closing) == (opening, closing)
    if opening is not None and closing is not None:
        assert opening + sum(line.amount for line in lines) == closing
