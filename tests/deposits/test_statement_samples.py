"""The samples in the layouts that banks really have (tests/data/bank-samples), read as their expected.json says."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from deposits.admin import LayoutForm
from deposits.statements.declaration import Declaration
from deposits.statements.files import Refused, open_statement
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


BY_HAND: dict[str, dict[str, str]] = {
    "low-confidence/permata-permatanet.csv": {
        "bank": "permata", "channel": "PermataNet", "style": "DD/MM/YYYY",
        "header": "Posting Date,Eff Date,Transaction Desc,Debit,Credit,Balance",
        "date": "Posting Date", "text": "Transaction Desc", "debit": "Debit", "credit": "Credit", "balance": "Balance",
        "decimal": ".",
    },
    "low-confidence/cimb-bizchannel.csv": {
        "bank": "cimb", "channel": "BizChannel", "style": "MM/DD/YY",
        "header": "No,Post Date,Eff Date,Cheque No,Description,Debit,Credit,Balance,Transaction Ref No",
        "date": "Post Date", "text": "Description", "debit": "Debit", "credit": "Credit", "balance": "Balance",
        "decimal": ".", "reference": "Transaction Ref No",
    },
}  # fmt: skip
"""What an operator types for a bank of which nobody has seen a real file."""
BSI = {
    "bank": "bri", "channel": "BSI Net", "style": "DD/MM/YYYY",
    "header": "TrxId,Tanggal,Trx Time,D/K,Mutasi,Saldo,Keterangan",
    "date": "Tanggal", "text": "Keterangan", "amount": "Mutasi", "sign": "D/K", "balance": "Saldo", "decimal": ".",
}  # fmt: skip


def by_hand(typed: dict[str, str]) -> Declaration:
    form = LayoutForm(typed)
    assert form.is_valid(), form.errors
    return Declaration.from_data(json.loads(json.dumps(form.cleaned_data["declaration"].as_data())))


def read_by_hand(content: bytes, typed: dict[str, str], bank: str) -> tuple[list[ParsedLine], Said]:
    accounts = ACCOUNTS | {"permata": "0410000789", "cimb": "860001234500"}
    with TemporaryFile() as stream:
        stream.write(content)
        stored = [by_hand(typed)]
        with open_statement(stream, bank, today=date(2026, 12, 1), accounts=accounts, stored=stored) as statement:
            return list(statement.lines()), statement.said


@pytest.mark.django_db(databases=["operator"])
@pytest.mark.parametrize("name", BY_HAND)
def test_a_bank_that_nobody_has_seen_is_read_through_columns_chosen_by_hand(name):
    content, expected = (SAMPLES / name).read_bytes(), EXPECTED[name]
    lines, said = read_by_hand(content, BY_HAND[name], BY_HAND[name]["bank"])
    rows = expected["rows"]
    assert [line.line for line in lines] == [row["line"] for row in rows]
    assert [line.booked_on.isoformat() for line in lines] == [row["booked_on"] for row in rows]
    assert [line.booked_at and f"{line.booked_at:%H:%M}" for line in lines] == [row["time"] for row in rows]
    assert [int(line.amount * 100) for line in lines] == [row["amount"] for row in rows]
    assert [line.balance and int(line.balance * 100) for line in lines] == [row["balance"] for row in rows]
    assert (said.opening, said.closing) == (Decimal(expected["opening"]) / 100, Decimal(expected["closing"]) / 100)
    assert said.doubts == []


@pytest.mark.django_db(databases=["operator"])
def test_month_first_is_as_declared_and_never_told_from_a_row():
    """Declared with the day first, the same file is refused at the row that can't be, and nothing is taken."""
    name = "low-confidence/cimb-bizchannel.csv"
    content = (SAMPLES / name).read_bytes()
    with pytest.raises(Refused) as refused:
        read_by_hand(content, BY_HAND[name] | {"style": "DD/MM/YY"}, "cimb")
    assert (refused.value.faults[-1].line, refused.value.faults[-1].column) == (4, "Post Date")


@pytest.mark.django_db(databases=["operator"])
def test_a_minus_with_its_sign_is_money_out_as_bsi_prints_it():
    row = "T{n},20/11/2026,10:00:00,{way},{sum},{balance},BAYAR {n}\n"
    rows = (("K", '"1,500,417.00"', '"2,500,417.00"'), ("D", '"- 1,000.00"', '"2,499,417.00"'))
    table = [row.format(n=n, way=way, sum=sum, balance=balance) for n, (way, sum, balance) in enumerate(rows)]
    lines, said = read_by_hand((BSI["header"] + "\n" + "".join(table)).encode(), BSI, "bri")
    assert [line.amount for line in lines] == [Decimal("1500417"), Decimal("-1000")]
    assert (said.opening, said.doubts) == (Decimal("1000000"), [])
