import csv
import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from accounts.models import Business
from tests.workbooks import make_xls, make_xlsx
from transactions import importing as base
from transactions.models import MoneyTransfer, TransferEvent
from transactions.transfers import importing as money_transfer

DATA = Path(__file__).parent.parent / "data"
GOOD, BAD = DATA / "money-transfers.csv", DATA / "money-transfers-bad.csv"

FAULTS = [
    (5, 5, "Amount", "a spreadsheet has shortened this number"),
    (12, 12, "Created Date", "there is no such day"),
    (20, 20, "Status", "is not known"),
    (33, 33, "Account Number", "is empty"),
    (47, 47, "Bank", "is not known"),
    (60, 60, "Transaction ID", "stands in record 22 already"),
    (75, 75, "Amount", "has no sign"),
    (88, 88, "Account Number", "only the digits"),
    (101, 101, "Completed Date", "is before the Created Date"),
    (120, 120, "Created Date", "is empty"),
    (150, 150, "Beneficiary Name", "has 300 characters"),
    (180, 180, "Destination Type", "is not known"),
]

ROW = {
    "Transaction ID": "T-1",
    "Status": "Successful",
    "Destination Type": "Bank",
    "Bank": "bca",
    "Account Number": "0012345678",
    "Beneficiary Name": "Siti Rahmawati",
    "Amount": "Rp1.250.000",
    "Fee": "2500",
    "Remark": "Biji kopi",
    "Maker Name": "Ratna Sari",
    "Created From": "DASHBOARD",
    "Created Date": "2025-10-01 10:00:00",
    "Completed Date": "2025-10-01 10:03:00",
}


def run(path, slug="kopi-kita", **options) -> str:
    """Run the command and return what it printed."""
    out = io.StringIO()
    try:
        call_command("import_history", "money-transfer", str(path), business=slug, stdout=out, **options)
    except CommandError as problem:
        problem.out = out.getvalue()
        raise
    return out.getvalue()


def refused(path, **options) -> tuple[str, str]:
    """Return what the command printed and its last words, when it imports nothing."""
    before = MoneyTransfer.objects.count()
    with pytest.raises(CommandError) as problem:
        run(path, **options)
    assert problem.value.returncode == 1
    assert MoneyTransfer.objects.count() == before
    return problem.value.out, str(problem.value)


@pytest.fixture
def write(tmp_path):
    """Write a .csv whose rows differ from ROW as said."""

    def make(*rows: dict[str, str], name: str = "past.csv") -> Path:
        path = tmp_path / name
        header = list(dict.fromkeys([*ROW, *(column for row in rows for column in row)]))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows({**ROW, "Transaction ID": f"T-{n}", **row} for n, row in enumerate(rows, 1))
        return path

    return make


def test_the_sample_is_imported_whole_and_running_twice_changes_nothing(kopi_kita):
    said = run(GOOD)
    assert "5000 records read, 5000 imported, 0 already there" in said
    assert "Undo import doesn’t take these back" in said
    transfers = MoneyTransfer.objects.filter(business=kopi_kita, mode="live")
    assert Counter(transfers.values_list("status", flat=True)) == {"successful": 4558, "failed": 284, "cancelled": 158}
    assert transfers.filter(status="successful").aggregate(sum=Sum("amount"))["sum"] == 6_620_593_588
    before = list(transfers.order_by("id").values())
    events = TransferEvent.objects.count()
    again = run(GOOD)
    assert "5000 records read, 0 imported, 5000 already there" in again
    assert "Undo import" not in again, "nothing came in"
    assert list(transfers.order_by("id").values()) == before
    assert TransferEvent.objects.count() == events == 15_000


def test_every_cell_of_the_sample_is_stored_as_it_was(kopi_kita):
    run(GOOD)
    with GOOD.open(encoding="utf-8", newline="") as file:
        wanted = {
            row["Transaction ID"]: (row["Account Number"], row["Beneficiary Name"], row["Remark"], row["Bank"])
            for row in csv.DictReader(file)
        }
    stored = MoneyTransfer.objects.values_list("external_id", "account_number", "beneficiary_name", "remark", "bank")
    assert {id: rest for id, *rest in stored} == {id: list(rest) for id, rest in wanted.items()}


def test_the_bad_sample_has_exactly_its_faults_and_nothing_is_imported(kopi_kita):
    out, last = refused(BAD)
    faults = [line for line in out.splitlines() if line.startswith("record ")]
    assert len(faults) == len(FAULTS) == 12
    for line, (record, start, column, reason) in zip(faults, FAULTS, strict=True):
        assert line.startswith(f"record {record}, line {start}, {column}: ")
        assert reason in line
    assert "because of 12 faults" in last


def test_skip_bad_imports_the_others(kopi_kita):
    out = run(BAD, skip_bad=True)
    assert MoneyTransfer.objects.count() == 188
    assert "200 records read, 188 imported, 0 already there" in out
    assert "12 bad records skipped" in out
    assert len([line for line in out.splitlines() if line.startswith("record ")]) == 12


def test_a_transfer_is_stored_in_the_zone_of_its_business_with_its_timeline(write, toko_sebelah):
    run(write({}, name="lama.csv"), slug="toko-sebelah", mode="test")
    transfer = MoneyTransfer.objects.get()
    assert (transfer.business, transfer.mode, transfer.external_id) == (toko_sebelah, "test", "T-1")
    assert transfer.created_at == datetime(2025, 10, 1, 2, 0, tzinfo=UTC)  # 10:00 WITA
    assert str(transfer.id).startswith("251001020000")
    assert len(str(transfer.id)) == 19
    assert (transfer.amount, transfer.fee, transfer.via) == (1_250_000, 2_500, "dashboard")
    events = list(transfer.events.order_by("at", "id").values_list("kind", "at", "by_name", "note"))
    assert [kind for kind, *_ in events] == ["created", "successful", "imported"]
    assert events[0][1:3] == (transfer.created_at, "Ratna Sari")
    assert events[1][1] == transfer.completed_at
    assert events[2][3] == "lama.csv"
    assert "import_history" in events[2][2]


def test_an_unfinished_end_takes_the_time_of_the_beginning(write, kopi_kita):
    run(write({"Status": "Gagal", "Completed Date": ""}))
    transfer = MoneyTransfer.objects.get()
    assert (transfer.status, transfer.completed_at) == ("failed", None)
    assert transfer.events.get(kind="failed").at == transfer.created_at


def test_businesses_and_modes_are_apart(write, kopi_kita, toko_sebelah):
    path = write({})
    run(path)
    run(path, mode="test")
    assert "1 imported" in run(path, slug="toko-sebelah")
    assert MoneyTransfer.objects.count() == 3


def test_columns_of_our_own_may_be_there(write, kopi_kita):
    out = run(write({"Internal Reference": "PO-1", "Disetujui Oleh": "Dewi", "Bank Reference": "B9", "Saldo": "5"}))
    transfer = MoneyTransfer.objects.get()
    assert (transfer.internal_reference, transfer.approver_name, transfer.bank_reference) == ("PO-1", "Dewi", "B9")
    assert "Column “Saldo” is not known and was ignored." in out


@pytest.mark.parametrize(
    ("change", "stored"),
    [
        ({"Status": "Berhasil"}, {"status": "successful"}),
        ({"Status": "DIBATALKAN", "Completed Date": ""}, {"status": "cancelled"}),
        ({"Bank": "Bank Central Asia"}, {"bank": "bca"}),
        ({"Destination Type": "virtual account", "Bank": "BNI"}, {"destination_kind": "va", "bank": "bni"}),
        (
            {"Destination Type": "E-Wallet", "Bank": "GoPay", "Account Number": "+6281234567"},
            {"destination_kind": "ewallet", "bank": "gopay", "account_number": "081234567"},
        ),
        (
            {"Destination Type": "E-Wallet", "Bank": "ovo", "Account Number": "6281234567"},
            {"account_number": "081234567"},
        ),
        ({"Account Number": "6281234567"}, {"account_number": "6281234567"}),
        ({"Fee": ""}, {"fee": 0}),
        ({"Fee": "0"}, {"fee": 0}),
        ({"Created From": "Api"}, {"via": "api"}),
        ({"Remark": "\tbaris satu\nbaris dua 😀"}, {"remark": "\tbaris satu\nbaris dua 😀"}),
        ({"Beneficiary Name": "=1+1"}, {"beneficiary_name": "=1+1"}),
    ],
)
def test_cells_are_read(write, kopi_kita, change, stored):
    run(write(change))
    assert MoneyTransfer.objects.values(*stored).get() == stored


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Status": "Processing"}, "Status: “Processing”: is not a final state"),
        ({"Status": "Menunggu"}, "is not a final state"),
        ({"Completed Date": ""}, "Completed Date: is empty, while the status is Successful"),
        ({"Completed Date": "2025-10-01 09:59"}, "Completed Date: “2025-10-01 09:59”: is before the Created Date"),
        ({"Created Date": "2999-01-01 10:00"}, "Created Date: “2999-01-01 10:00”: is in the future"),
        ({"Amount": "0"}, "Amount: “0”: the amount must be more than zero"),
        ({"Amount": "1.250.000,50"}, "Amount: “1.250.000,50”: rupiah have no decimals"),
        ({"Fee": "-1"}, "Fee: “-1”: an amount has no sign"),
        ({"Account Number": "1.23457E+12"}, "shortened this number"),
        ({"Account Number": "+6281234567"}, "only the digits"),
        ({"Account Number": "1" * 33}, "has 33 characters, at most 32 fit"),
        (
            {"Destination Type": "E-Wallet", "Bank": "bca", "Account Number": "081234567890"},
            "Bank: “bca”: is not known as a destination of the type E-Wallet",
        ),
        ({"Destination Type": "VA", "Bank": "bca"}, "Bank: “bca”: is not known"),
        ({"Destination Type": "E-Wallet", "Bank": "ovo", "Account Number": "81234567"}, "has removed the first 0"),
        ({"Destination Type": "E-Wallet", "Bank": "ovo", "Account Number": "62"}, "is not a phone number"),
        ({"Destination Type": "E-Wallet", "Bank": "ovo", "Account Number": "99"}, "is not a phone number"),
        ({"Transaction ID": ""}, "Transaction ID: is empty"),
        ({"Transaction ID": "5.8E+07"}, "shortened this number"),
        ({"Maker Name": "a\u202eb"}, "U+202E"),
        ({"Beneficiary Name": "Siti\nAminah"}, "U+000A"),
        ({"Remark": "x" * 101}, "at most 100 fit"),
        ({"Created From": "Mobile"}, "known are Dashboard, API"),
    ],
)
def test_faulty_cells_are_named_and_nothing_is_imported(write, kopi_kita, change, reason):
    out, _ = refused(write({}, change))
    faults = [line for line in out.splitlines() if line.startswith("record ")]
    assert len(faults) == 1
    assert faults[0].startswith("record 3, line 3, ")
    assert reason in faults[0]


def without_type(tmp_path, destination: str) -> Path:
    """A file with the column of the history's own table, which says bank and kind in one."""
    row = {"Transfer Destination" if name == "Bank" else name: cell for name, cell in ROW.items()}
    del row["Destination Type"]
    row |= {"Transfer Destination": destination, "Account Number": "081234567890"}
    path = tmp_path / "history.csv"
    path.write_text("\n".join(",".join(cells) for cells in (row, row.values())))
    return path


@pytest.mark.parametrize(
    ("destination", "kind", "bank"),
    [
        ("BCA (Bank)", "bank", "bca"),
        ("BNI (VA)", "va", "bni"),
        ("BNI (Bank)", "bank", "bni"),
        ("GoPay (E-Wallet)", "ewallet", "gopay"),
        ("GoPay", "ewallet", "gopay"),
        ("BCA", "bank", "bca"),
        ("Bank Central Asia", "bank", "bca"),
        ("BSI (Bank Syariah Indonesia)", "bank", "bsm"),
    ],
)
def test_transfer_destination_is_read_as_the_table_writes_it(tmp_path, kopi_kita, destination, kind, bank):
    run(without_type(tmp_path, destination))
    transfer = MoneyTransfer.objects.get()
    assert (transfer.destination_kind, transfer.bank) == (kind, bank)


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        ("BNI", "doesn’t say what the account is; write BNI (Bank) or BNI (VA)"),
        ("BCA (VA)", "is not known as a destination of the type VA"),
        ("Bank Antah", "is not known as a destination of the type Bank"),
    ],
)
def test_a_destination_that_could_be_two_is_not_guessed(tmp_path, kopi_kita, destination, reason):
    out, _ = refused(without_type(tmp_path, destination))
    assert reason in out


def test_dates_in_three_styles_are_named_and_not_even_skipped(write, kopi_kita):
    path = write({}, {"Created Date": "01/10/2025 10:00"}, {"Created Date": "10/1/25 10:00"})
    out, last = refused(path, skip_bad=True)
    assert "record 3, line 3, Created Date: “01/10/2025 10:00”: is written as DD/MM/YYYY, while the dates above" in out
    assert "record 4, line 4, Created Date: “10/1/25 10:00”: is not a date" in out
    assert "in doubt" in last


def test_a_file_of_the_wrong_encoding_is_not_imported_in_part(write, kopi_kita):
    path = write(*[{}] * 50)
    path.write_bytes(path.read_bytes() + b"T-51,Successful,Bank,bca,1,M\xfcller\n")
    out, _ = refused(path, skip_bad=True)
    assert "record 52, line 52: holds characters that are not UTF-8; save the file as “CSV UTF-8”" in out


def test_only_the_first_hundred_faults_are_listed(write, kopi_kita):
    out, last = refused(write(*[{"Amount": "x"}] * 130))
    assert len([line for line in out.splitlines() if line.startswith("record ")]) == 100
    assert "… and 30 more faults" in out
    assert "130 faults" in last


def test_an_id_that_is_taken_is_replaced_by_another(write, kopi_kita, monkeypatch):
    run(write({}, {}))
    taken = MoneyTransfer.objects.values_list("id", flat=True)[0]
    first_add, calls = money_transfer.MoneyTransferImport._add, []

    def add_with_a_taken_id(self):
        calls.append(1)
        if len(calls) == 1:
            monkeypatch.setattr(base, "ADD", ADD.replace("next_transaction_id(created_at)", str(taken)))
        else:
            monkeypatch.setattr(base, "ADD", ADD)
        return first_add(self)

    ADD = base.ADD
    monkeypatch.setattr(money_transfer.MoneyTransferImport, "_add", add_with_a_taken_id)
    assert "1 imported" in run(write({"Transaction ID": "T-9"}))
    assert len(calls) == 2


def test_what_does_not_exist_is_answered_with_what_does(kopi_kita, toko_sebelah, tmp_path):
    (tmp_path / "there.csv").touch()
    with pytest.raises(CommandError, match=r"no business “nobody”\. There is: kopi-kita, toko-sebelah"):
        run(GOOD, slug="nobody")
    with pytest.raises(CommandError, match=r"no kind of history “x”\. There is: money-transfer"):
        call_command("import_history", "x", str(GOOD), business="kopi-kita")
    with pytest.raises(CommandError, match=r"No such file.*“there.csv”"):
        run(tmp_path / "absent.csv")
    with pytest.raises(CommandError, match="Is a directory"):
        run(tmp_path)


@pytest.mark.parametrize("make", [make_xlsx, make_xls])
def test_a_workbook_is_imported_as_its_csv_is(kopi_kita, tmp_path, make):
    with GOOD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[:101]
    book, table = tmp_path / "past.bin", tmp_path / "past.csv"
    book.write_bytes(make(rows, Notes=[["x"]]))
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    out = run(book)
    assert "Sheet “Notes” was not read." in out
    assert "100 records read, 100 imported" in out
    assert "0 imported, 100 already there" in run(table)


def test_an_account_that_a_workbook_holds_as_a_number_is_a_fault(kopi_kita, tmp_path):
    """trust: U2."""
    with GOOD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[:2]
    rows[1][4] = 8932879217
    path = tmp_path / "past.xlsx"
    path.write_bytes(make_xlsx(rows))
    out, _ = refused(path)
    assert "record 2, line 2, Account Number: “8932879217”: is a number in this spreadsheet, which drops zeros" in out


def test_there_may_be_no_business_yet(db):
    assert not Business.objects.exists()
    with pytest.raises(CommandError, match="none yet"):
        run(GOOD)
