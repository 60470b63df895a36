"""Imports that learn: unknown headers are mapped by a person, the order of days and months is asked, never guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Activity
from flipdash import rls
from flipdash.tables import Dates
from imports import columns
from imports.models import ColumnMapping, ImportJob
from imports.services import IMPORTS
from tests.factories import make_member
from tests.imports.test_import_page import URL, checked, confirm, files, page  # noqa: F401  (a fixture)
from tests.twins import at_once
from tests.workbooks import make_xlsx
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.django_db

STRANGE = (
    "Nomor Urut;Keadaan;Tujuan Transfer;No Rek Penerima;Nama Si Penerima;Besarnya;Ongkos;Yang Buat;Lewat;Waktu;Beres"
)
COLUMNS = {
    "external_id": "nomorurut",
    "status": "keadaan",
    "bank": "tujuantransfer",
    "account_number": "norekpenerima",
    "beneficiary_name": "namasipenerima",
    "amount": "besarnya",
    "fee": "ongkos",
    "maker_name": "yangbuat",
    "via": "lewat",
    "created_at": "waktu",
    "completed_at": "beres",
}


def strange(*, when: str = "2025-10-13 10:00", number: str = "A-1", header: str = STRANGE) -> bytes:
    """Return a file whose header nobody knows, with one transfer."""
    cells = (number, "Berhasil", "BCA (Bank)", "0012345678", "Siti", "125000", "2500", "Ratna", "Dashboard", when, when)
    return f"Riwayat transfer kami\n{header}\n{';'.join(cells)}\n".encode()


def known(*dates: str) -> bytes:
    """Return a file in our own columns, with a transfer of each date."""
    header = "Transaction ID,Status,Bank,Destination Type,Account Number,Beneficiary Name,Amount,Fee,Remark,Maker Name,"
    rows = (f"D-{n},Berhasil,bca,Bank,0012345678,Siti,1000,0,,Ratna,API,{at},{at}" for n, at in enumerate(dates))
    return "\n".join((f"{header}Created From,Created Date,Completed Date", *rows, "")).encode()


def choose(browser, job: ImportJob, columns: dict[str, str] = COLUMNS, **more: str) -> Any:
    data = {"seen": job.preview["header"]["key"], **more}
    data |= {f"column_{name}": label for name, label in columns.items()}
    return browser.post(f"{URL}{job.number}/columns/", data, follow=True)


def again(job: ImportJob) -> ImportJob:
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    return job


def kept_for(job: ImportJob) -> list[ColumnMapping]:
    """Return what is remembered for the business."""
    with rls.inside_of(job.business_id, job.mode):
        return list(ColumnMapping.objects.all())


# --- Columns ---------------------------------------------------------------------------------------------------------


def test_an_unknown_header_is_mapped_by_hand_and_remembered(web, admin):
    job = checked(web, strange())
    assert job.status == "columns"
    text = page(web, job)
    for word in ("header isn’t known", "Nama Si Penerima", "0012345678", "First rows of the file"):
        assert word in text
    assert "Import 1 transaction" not in text
    assert [row[0] for row in job.preview["header"]["sample"]] == ["A-1"]
    choose(web, job)
    assert again(job).status == "preview", job.preview
    assert job.preview["recalled"] == {}
    confirm(web, job)
    assert again(job).status == "done"
    transfer = MoneyTransfer.objects.get()
    assert (transfer.bank, transfer.amount, transfer.fee, transfer.external_id) == ("bca", 125_000, 2_500, "A-1")
    assert Activity.objects.filter(kind="import.columns").count() == 1
    # The next file with such a header is read so by itself, whatever the order of its columns.
    header, cells = STRANGE.split(";"), strange(number="A-2").decode().split("\n")[2].split(";")
    turned = ";".join(header[::-1]) + "\n" + ";".join(cells[::-1]) + "\n"
    second = checked(web, turned.encode())
    assert (second.status, second.to_import) == ("preview", 1)
    assert "The columns are read as Rina Admin said" in page(web, second)
    confirm(web, second)
    assert again(second).added == 1
    assert MoneyTransfer.objects.filter(external_id="A-2", amount=125_000, beneficiary_name="Siti").count() == 1


def test_an_unknown_header_of_a_workbook_is_found_below_a_title(web):
    rows = [["Laporan"], [], STRANGE.split(";"), strange().decode().split("\n")[2].split(";")]
    job = checked(web, make_xlsx(rows), "lama.xlsx")
    assert (job.status, job.preview["header"]["names"]) == ("columns", STRANGE.split(";"))
    choose(web, job)
    assert (again(job).status, job.to_import) == ("preview", 1)


def test_what_is_near_is_suggested(web):
    header = "ID Trx;Status Kita;Bank Tujuan;Nomor Rekening Tujuan;Nama Penerima Transfer;Jumlah Transfer;Biaya;A;B;C;D"
    job = checked(web, strange(header=header))
    suggested = job.preview["header"]["suggested"]
    assert suggested["account_number"] == "nomorrekeningtujuan"
    assert suggested["beneficiary_name"] == "namapenerimatransfer"
    assert (suggested["bank"], suggested["fee"]) == ("banktujuan", "biaya")
    assert '<option value="namapenerimatransfer" selected>' in page(web, job)


def test_names_that_stand_twice_and_columns_without_one_can_be_told_apart(web):
    header = "Waktu;Keadaan;Nama;Nama;;Besarnya;Ongkos;Yang Buat;Lewat;Waktu;Beres"
    job = checked(web, strange(header=header))
    assert job.preview["header"]["labels"][2:5] == ["nama", "nama#2", "#5"]
    text = page(web, job)
    assert "Nama (2)" in text
    assert "Column 5, without a name" in text
    mapped = COLUMNS | {
        "external_id": "waktu",
        "bank": "nama",
        "account_number": "nama#2",
        "beneficiary_name": "#5",
        "created_at": "waktu#2",
    }
    choose(web, job, mapped)
    assert (again(job).status, job.to_import) == ("preview", 1)


def test_a_choice_that_makes_no_sense_is_refused_beside_its_field(web):
    job = checked(web, strange())
    twice = choose(web, job, COLUMNS | {"fee": "besarnya"}).content.decode()
    assert "This column is chosen for Amount already" in twice
    none = choose(web, job, {name: label for name, label in COLUMNS.items() if name != "amount"}).content.decode()
    assert "No file may lack this column" in none
    assert "not one of the available choices" in choose(web, job, COLUMNS | {"fee": "'; drop"}).content.decode()
    job.refresh_from_db()
    assert (job.status, kept_for(job)) == ("columns", [])


def test_the_columns_of_a_preview_can_be_changed(web):
    job = checked(web, strange())
    choose(web, job, COLUMNS | {"fee": "besarnya", "amount": "ongkos"})
    assert again(job).preview["sums"][0]["figures"] == ["2,500", "125,000"]
    assert "Change columns" in page(web, job)
    assert "besarnya" in web.get(f"{URL}{job.number}/columns/").content.decode()
    choose(web, job)
    assert again(job).preview["sums"][0]["figures"] == ["125,000", "2,500"]
    assert [mapping.columns["fee"] for mapping in kept_for(job)] == ["ongkos"]


def test_only_the_last_list_of_faults_is_kept(web, files):  # noqa: F811
    bad = "\n" + ";".join(("B-2", "entah", *["x"] * 9)) + "\n"
    job = checked(web, strange() + bad.encode())
    for fee in ("ongkos", ""):
        choose(web, job, COLUMNS | {"fee": fee})
        assert (again(job).status, job.bad) == ("preview", 1)
        assert len([path for path in files.rglob("*") if path.is_file()]) == 2  # and the upload
        assert web.get(f"{URL}{job.number}/faults/").status_code == 200


def test_a_file_with_too_few_columns_is_no_question(web):
    assert checked(web, b"Besarnya;Waktu\n1;2\n").status == "failed"


def test_nobody_else_s_header_is_remembered(web, admin, client_of, stranger):
    job = checked(web, strange())
    choose(web, job)
    other = client_of(stranger)
    theirs = checked(other, strange())
    assert theirs.business_id != job.business_id
    assert (theirs.status, theirs.preview["header"]["problems"] != []) == ("columns", True)
    with rls.inside(stranger.scope("live")):
        assert not ColumnMapping.objects.exists()  # not even without a filter
    # Another business's import isn't there for them.
    assert other.post(f"{URL}{job.number + 900}/columns/", {"seen": "x"}).status_code == 404
    # And in Test Mode nothing of Live Mode is.
    with rls.inside(admin.scope("test")):
        assert not ColumnMapping.objects.exists()


def test_columns_that_were_not_looked_at_are_not_taken(web):
    job = checked(web, strange())
    answer = web.post(
        f"{URL}{job.number}/columns/",
        {"seen": "0" * 64} | {f"column_{name}": label for name, label in COLUMNS.items()},
        follow=True,
    )
    assert "this import has changed" in answer.content.decode()
    job.refresh_from_db()
    assert job.status == "columns"


@pytest.mark.django_db(transaction=True)
def test_two_who_choose_at_once_are_one(web, admin):
    job = checked(web, strange())
    second = make_member(admin.business, "admin", name="Dua")
    asked = {"seen": job.preview["header"]["key"], "columns": COLUMNS, "order": ""}

    def one(number: int) -> bool:
        scope = (admin, second)[number].scope("live")
        with rls.inside(scope):
            return columns.choose(job, by=scope, **asked)

    assert sorted(at_once(2, one)) == [False, True]
    assert len(kept_for(job)) == 1


def test_a_file_that_waits_for_its_columns_is_thrown_away_in_time(web, files):  # noqa: F811
    job = checked(web, strange())
    ImportJob.objects.filter(pk=job.pk).update(keep_until=datetime(2020, 1, 1, tzinfo=UTC))
    IMPORTS.sweep()
    job.refresh_from_db()
    assert (job.status, job.problem) == ("cancelled", "forgotten")
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_flips_own_table_is_known_and_what_it_lacks_is_said_once(web):
    """It has neither names nor where a transfer was created from; our own words for its other columns are the same."""
    header = (
        "Transaction ID,Status,Transfer Destination,Account Number,Amount,Remark,Maker Name,Created Date,Completed Date"
    )
    row = "F-1,Successful,BNI (VA),8801234567890,125000,Nota,Ratna,2025-10-01 10:00,2025-10-01 10:03"
    job = checked(web, f"{header}\n{row}\n".encode())
    assert job.status == "columns"
    known = job.preview["header"]["suggested"]
    assert len(known) == 9
    assert "All rows: Dashboard" in page(web, job)
    answer = choose(web, job, known | {"beneficiary_name": "=-", "via": "=fax"}).content.decode()
    assert "not one of the available choices" in answer
    choose(web, job, known | {"beneficiary_name": "=-", "via": "=Dashboard"})
    assert again(job).status == "preview", job.preview["faults"]
    confirm(web, job)
    again(job)
    transfer = MoneyTransfer.objects.get()
    assert (transfer.beneficiary_name, transfer.via, transfer.fee, transfer.destination_kind) == (
        "-",
        "dashboard",
        0,
        "va",
    )
    assert checked(web, f"{header}\n{row.replace('F-1', 'F-2')}\n".encode()).status == "preview"


# --- Days and months -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "asks"),
    [
        (["03/04/2025 10:00"], True),
        (["10/11/2025", "11/12/2025"], True),
        (["03/13/2025 10:00"], True),
        (["03/04/2025", "03/25/2025"], True),
        (["13/03/2025 10:00"], False),
        (["03/04/2025", "25/03/2025"], False),
        (["05/05/2025"], False),  # is the same both ways
        (["2025-03-04"], False),
    ],
)
def test_it_is_asked_whether_days_or_months_come_first_unless_the_file_says_so(web, dates, asks):
    job = checked(web, known(*dates))
    assert job.status == ("columns" if asks else "preview"), job.preview["faults"]
    if asks:
        assert "What comes first in its dates?" in page(web, job)
        assert MoneyTransfer.objects.count() == 0


@pytest.mark.parametrize(("order", "month"), [("day", 4), ("month", 3)])
def test_dates_are_read_as_somebody_said_and_remembered(web, order, month):
    job = checked(web, known("03/04/2025 10:00"))
    own = job.preview["header"]["suggested"]
    choose(web, job, own, order=order)
    assert again(job).status == "preview", job.preview["faults"]
    confirm(web, job)
    assert again(job).status == "done"
    assert MoneyTransfer.objects.get().created_at.month == month
    assert checked(web, known("03/04/2025 10:00", "05/06/2025 10:00")).status == "preview"


def test_an_order_that_a_date_speaks_against_is_refused_and_asked_again(web):
    job = checked(web, known("03/04/2025", "03/25/2025"))
    assert "“03/25/2025” has the month first" in page(web, job)
    own = job.preview["header"]["suggested"]
    assert "“03/25/2025” is no date then" in choose(web, job, own, order="day").content.decode()
    choose(web, job, own, order="month")
    assert again(job).status == "preview"
    # What is remembered is no proof: a file of such a header with days first is asked about.
    assert checked(web, known("25/03/2025")).status == "columns"


def test_a_file_that_says_both_is_damaged_and_no_answer_mends_it(web):
    job = checked(web, known("13/03/2025", "03/25/2025"))
    assert job.status == "failed"
    assert "may be month/day/year" in page(web, job)


def test_months_first_name_themselves_in_what_is_said():
    from zoneinfo import ZoneInfo

    dates = Dates(ZoneInfo("Asia/Jakarta"), datetime(2026, 11, 29, tzinfo=UTC), "month")
    assert dates("3/25/2026 9:05").day == 25
    with pytest.raises(ValueError, match="written as YYYY-MM-DD, while the dates above are MM/DD/YYYY"):
        dates("2026-03-25")
    with pytest.raises(ValueError, match="day/month/year"):
        dates("25/03/2026")


def test_the_command_is_told_how_dates_are_written(admin, tmp_path, capsys):
    file = tmp_path / "old.csv"
    file.write_bytes(known("03/04/2025 10:00"))
    with pytest.raises(CommandError, match="--dates"):
        call_command("import_history", "money-transfer", str(file), business=admin.business.slug)
    assert MoneyTransfer.objects.count() == 0
    call_command("import_history", "money-transfer", str(file), business=admin.business.slug, dates="month-first")
    assert MoneyTransfer.objects.get().created_at.month == 3
