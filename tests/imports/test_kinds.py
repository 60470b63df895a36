"""International transfers and payments of another system: what is read, what is a fault, what is stored."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from flipdash.actors import SYSTEM
from flipdash.tables import Import, Number, account, decimal, kinds
from tests.workbooks import make_xls, make_xlsx
from transactions.models import InternationalEvent, InternationalTransfer, Payment, PaymentEvent

pytestmark = pytest.mark.django_db

SENT = {
    "Transaction ID": "I-1",
    "Status": "Successful",
    "Beneficiary Country": "Singapore",
    "Beneficiary Bank": "DBS",
    "Beneficiary Name": "Tan Wei Ling",
    "Account Number": "0012345678",
    "Amount Sent": "Rp1.250.000",
    "Fee": "50000",
    "Currency": "SGD",
    "Amount Received": "104.50",
    "Rate": "11961.7225",
    "Purpose": "Salary",
    "Maker Name": "Ratna Sari",
    "Created From": "API",
    "Created Date": "2025-10-01 10:00:00",
    "Completed Date": "2025-10-02 10:00:00",
    "Failure Reason": "",
}
PAID = {
    "Transaction ID": "P-1",
    "Status": "Berhasil",
    "Payment": "Kelas barista",
    "Sender Name": "Dewi Lestari",
    "Sender Email": "dewi@example.test",
    "Channel": "BCA Virtual Account",
    "Channel Type": "VA",
    "Amount": "350000",
    "Fee": "4000",
    "Settlement Status": "Settled",
    "Settled Amount": "346000",
    "Transaction Reference No": "VA0001",
    "Created Date": "2025-10-01 10:00:00",
    "Paid Date": "2025-10-01 10:05:00",
    "Settled Date": "2025-10-02 09:00:00",
    "Failure Reason": "",
}
UNPAID = {"Settlement Status": "", "Settled Amount": "", "Settled Date": "", "Paid Date": ""}
KINDS = {
    "international-transfer": (SENT, InternationalTransfer, InternationalEvent),
    "payment": (PAID, Payment, PaymentEvent),
}


@pytest.fixture
def bring_in(kopi_kita, tmp_path):
    """Run the command on rows that differ from a kind's first as said; return what it printed."""

    def run(kind: str, *rows: dict[str, str], make=None, **options) -> str:
        lines = [{**KINDS[kind][0], "Transaction ID": f"X-{n}", **row} for n, row in enumerate(rows, 1)]
        table = [list(lines[0]), *(list(line.values()) for line in lines)]
        path, out = Path(tmp_path) / "past", io.StringIO()
        if make:
            path.write_bytes(make(table))
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(table)
        try:
            call_command("import_history", kind, str(path), business="kopi-kita", stdout=out, **options)
        except CommandError:
            assert not KINDS[kind][1].objects.exists()
        return out.getvalue()

    return run


@pytest.mark.parametrize("make", [None, make_xlsx, make_xls])
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_imported_from_each_format_and_twice_changes_nothing(bring_in, kind, make):
    model = KINDS[kind][1]
    assert "2 records read, 2 imported, 0 already there" in bring_in(kind, {}, {}, make=make)
    before = list(model.objects.order_by("id").values())
    assert "2 records read, 0 imported, 2 already there" in bring_in(kind, {}, {}, make=make)
    assert list(model.objects.order_by("id").values()) == before


def test_every_cell_of_an_international_transfer_is_stored(bring_in):
    bring_in("international-transfer", {})
    sent = InternationalTransfer.objects.get()
    assert (sent.country, sent.beneficiary_bank, sent.beneficiary_name) == ("SG", "DBS", "Tan Wei Ling")
    assert (sent.account_number, sent.currency, sent.purpose) == ("0012345678", "SGD", "salary")
    assert (sent.amount, sent.fee, sent.via, sent.maker_name) == (1_250_000, 50_000, "api", "Ratna Sari")
    assert (sent.amount_received, sent.rate) == (Decimal("104.50"), Decimal("11961.7225"))
    assert sent.completed_at == datetime(2025, 10, 2, 3, 0, tzinfo=UTC)
    events = sent.events.order_by("at", "id").values_list("kind", "by_name", "note")
    assert [kind for kind, *_ in events] == ["created", "successful", "imported"]
    assert events[0][1] == "Ratna Sari"
    assert events[2][2] == "past"


def test_every_cell_of_a_payment_is_stored(bring_in):
    bring_in("payment", {})
    paid = Payment.objects.get()
    assert (paid.status, paid.title, paid.sender_name) == ("successful", "Kelas barista", "Dewi Lestari")
    assert (paid.channel_kind, paid.channel, paid.reference) == ("va", "bca", "VA0001")
    assert (paid.amount, paid.fee, paid.settlement_status, paid.settled_amount) == (350_000, 4_000, "settled", 346_000)
    assert paid.settled_at == datetime(2025, 10, 2, 2, 0, tzinfo=UTC)
    events = list(paid.events.order_by("at", "id").values_list("kind", "at"))
    assert [kind for kind, _ in events] == ["created", "successful", "settled", "imported"]
    assert [at for _, at in events[:3]] == [paid.created_at, paid.paid_at, paid.settled_at]


def test_a_payment_that_was_never_paid_has_no_settlement_in_its_timeline(bring_in):
    bring_in("payment", {"Status": "Dibatalkan", **UNPAID})
    assert list(PaymentEvent.objects.order_by("id").values_list("kind", flat=True)) == [
        "created",
        "cancelled",
        "imported",
    ]


@pytest.mark.parametrize(
    ("kind", "change", "stored"),
    [
        ("international-transfer", {"Beneficiary Country": "sg"}, {"country": "SG"}),
        ("international-transfer", {"Beneficiary Country": "Jepang", "Currency": "jpy", "Amount Received": "98000"},
         {"country": "JP", "currency": "JPY", "amount_received": Decimal("98000")}),
        ("international-transfer", {"Amount Received": "1,250.50"}, {"amount_received": Decimal("1250.50")}),
        ("international-transfer", {"Amount Received": "1.250,50"}, {"amount_received": Decimal("1250.50")}),
        ("international-transfer", {"Amount Received": "1,250,000"}, {"amount_received": Decimal("1250000")}),
        ("international-transfer", {"Account Number": "DE89 3704 0044 0532 0130 00"},
         {"account_number": "DE89370400440532013000"}),
        ("international-transfer", {"Purpose": "", "Rate": ""}, {"purpose": "other", "rate": None}),
        ("international-transfer", {"Status": "Gagal", "Completed Date": ""}, {"status": "failed"}),
        ("international-transfer", {"Status": "Failed", "Failure Reason": "rekening  DITUTUP"},
         {"reason": "account_closed"}),
        ("international-transfer", {"Status": "Failed", "Failure Reason": ""}, {"reason": ""}),
        ("payment", {**UNPAID, "Status": "Failed", "Failure Reason": "card_declined"}, {"reason": "card_declined"}),
        ("payment", {"Channel": "dana", "Channel Type": ""}, {"channel_kind": "ewallet", "channel": "dana"}),
        ("payment", {"Channel": "QRIS", "Channel Type": "QRIS"}, {"channel_kind": "qris"}),
        ("payment", {"Channel": "Visa Card", "Channel Type": "Card"}, {"channel": "visa"}),
        ("payment", {**UNPAID, "Paid Date": "2025-10-01 10:05:00"}, {"settlement_status": "", "settled_amount": None}),
        ("payment", {"Sender Email": "", "Transaction Reference No": ""}, {"sender_email": "", "reference": ""}),
    ],
)  # fmt: skip
def test_cells_are_read(bring_in, kind, change, stored):
    bring_in(kind, change)
    assert KINDS[kind][1].objects.values(*stored).get() == stored


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("international-transfer", {"Beneficiary Country": "Wakanda"}, "is not known as a country"),
        ("international-transfer", {"Currency": "XX"}, "is not known as a currency"),
        ("international-transfer", {"Amount Received": "1.250"}, "can be read in two ways"),
        ("international-transfer", {"Amount Received": "-5"}, "is not a figure"),
        ("international-transfer", {"Amount Received": "0"}, "must be more than zero"),
        ("international-transfer", {"Amount Received": "1E+5"}, "shortened"),
        ("international-transfer", {"Amount Received": "98.5", "Currency": "JPY"}, "more decimals than JPY has (0)"),
        ("international-transfer", {"Amount Received": "1098.501"}, "more decimals than SGD has (2)"),
        ("international-transfer", {"Account Number": "12_34"}, "may hold only letters and digits"),
        ("international-transfer", {"Account Number": "1" * 35}, "has 35 characters, at most 34 fit"),
        ("international-transfer", {"Status": "Processing"}, "is not a final state"),
        ("international-transfer", {"Completed Date": ""}, "is empty, while the status is Successful"),
        ("international-transfer", {"Purpose": "Fun"}, "is not known; known are Purchase of goods"),
        ("international-transfer", {"Failure Reason": "Account closed"}, "is given, while the status is Successful"),
        ("international-transfer", {"Status": "Failed", "Failure Reason": "Bad luck"}, "known are Account not found"),
        ("payment", {**UNPAID, "Status": "Failed", "Failure Reason": "Account closed"}, "known are Card declined"),
        ("payment", {"Status": "Pending"}, "is not a final state"),
        ("payment", {"Settlement Status": "Pending"}, "import the payment once it is settled"),
        ("payment", {"Channel": "Bitcoin"}, "is not known; known are bca"),
        ("payment", {"Channel": "dana", "Channel Type": "VA"}, "is not the type of this channel"),
        ("payment", {"Paid Date": ""}, "is empty, while the status is Successful"),
        ("payment", {"Paid Date": "2025-09-01 10:00"}, "is before the Created Date"),
        ("payment", {"Settled Date": "2025-10-01 10:01"}, "is before the Paid Date"),
        ("payment", {"Settled Amount": "350001"}, "is more than the amount"),
        ("payment", {"Settled Amount": ""}, "Settled Amount: is empty, while the payment is settled"),
        ("payment", {"Settlement Status": "", "Settled Date": ""}, "is given, while the payment is not settled"),
        ("payment", {**UNPAID, "Status": "Failed", "Paid Date": "2025-10-01 10:05"}, "while nothing was paid"),
        ("payment", {"Sender Email": "dewi"}, "is not an email address"),
    ],
)
def test_faulty_cells_are_named_and_nothing_is_imported(bring_in, kind, change, reason):
    out = bring_in(kind, {}, change)
    faults = [line for line in out.splitlines() if line.startswith("record ")]
    assert len(faults) == 1
    assert faults[0].startswith("record 3, line 3, ")
    assert reason in faults[0]


def test_a_fault_in_a_column_that_the_file_lacks_has_our_name_for_it(kopi_kita, tmp_path):
    row = {name: cell for name, cell in PAID.items() if name != "Settled Date"}
    path, out = tmp_path / "past.csv", io.StringIO()
    path.write_text("\n".join((",".join(row), ",".join(row.values()))))
    with pytest.raises(CommandError):
        call_command("import_history", "payment", str(path), business="kopi-kita", stdout=out)
    assert "record 2, line 2, Settled Date: is empty, while the payment is settled" in out.getvalue()


def test_what_a_spreadsheet_holds_as_a_number_is_certain_or_a_fault():
    assert decimal(3)(Number("1.25")) == Decimal("1.25")
    assert decimal(3)(Number("1250")) == Decimal("1250")
    assert decimal(0)("98.000") == decimal(0)("98,000") == 98_000, "without decimals it can be read in one way"
    with pytest.raises(ValueError, match="too many digits"):
        decimal(2)("9" * 30)
    assert decimal(4)("11961.7225") == Decimal("11961.7225")
    for cell in (Number("0.12345"), "0.00001", "1" * 16, "1.2.3", "12,34,567", "", "abc", "+5"):
        with pytest.raises(ValueError):  # noqa: PT011  (each has a reason of its own)
            decimal(4)(cell)
    with pytest.raises(ValueError, match="drops zeros"):
        account(34)(Number("12345678"))


def test_each_kind_is_a_small_declaration_and_no_machinery_knows_them():
    """Issue 3: what differs between products stands in declarations."""
    assert list(kinds()) == ["money-transfer", "international-transfer", "payment"]
    root = Path(__file__).parent.parent.parent
    machinery = [
        *root.glob("flipdash/tables/**/*.py"),
        *root.glob("imports/**/*.py"),
        *root.glob("templates/imports/*"),
    ]
    for path in machinery:
        text = path.read_text()
        assert "transactions.importing" not in text
        for name in ("international-transfer", "MoneyTransfer", "Payment"):
            assert name not in text, path


@pytest.mark.parametrize("kind", ["money-transfer", "international-transfer", "payment"])
def test_no_two_columns_of_a_kind_share_a_name(kind):
    from flipdash.tables.reader.tables import plain

    business = SimpleNamespace(pk=1, name="x", time_zone="Asia/Jakarta")
    declared: Import = kinds()[kind](business=business, mode="live", by=SYSTEM, source="", now=datetime.now(UTC))
    names = [plain(name) for name in declared.header_names]
    assert len(names) == len(set(names))
