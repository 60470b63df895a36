"""Our own reports go back in: without a fault, and with nothing that differs."""

import csv
import io
import tempfile
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage

from documents.reports import services as reports
from flipdash import rls
from flipdash.actors import SYSTEM
from flipdash.tables import kinds, read_file, run
from flipdash.tables.guard import guarded, unguarded
from tests.imports.test_tried_files import FILES, HEADER, ROW, check
from transactions.models import MoneyTransfer

HOSTILE = (
    *("=1+1", "+62812", "=HYPERLINK(1)", "-5000", "@kita", "a;=2+2", "a\t=4+4", "1e5", "0012", "#N/A"),
    *("O'Neil", "'", "'abc", "'=1+1", "''=1+1", "a;'=2+2", "'a;=2", "' =1", " '=1", "'\t=1", "\n'=1", "a;=1;'=2"),
)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_kept_from_waking_is_what_it_was(text, separator):
    """Also what looks like a guarded one: typed '=1+1 is written ''=1+1, and typed =1+1 is written '=1+1."""
    assert unguarded(guarded(text, separator), separator) == text
    assert unguarded("'=1+1", separator) == "=1+1"


def test_the_headers_of_our_reports_are_known():
    records, outcome, _rows = check((FILES / "own-report.csv").read_bytes())
    assert outcome.faults == []
    assert len(records) > 3
    remarks = {record["remark"] for record in records}
    assert any(remark.startswith("=HYPERLINK") for remark in remarks)
    assert "“External ID”" in outcome.ignored_columns
    assert records[0]["created_at"] == datetime(2025, 10, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "hour"), [("WIB", 3), ("WITA", 2), ("WIT", 1)])
def test_a_zone_in_the_header_is_the_zone_of_the_times(zone, hour):
    header = HEADER.replace("Created Date", f"Created Date ({zone})").replace(
        "Completed Date", f"Completed Date ({zone})"
    )
    records, outcome, _rows = check(f"{header}\n{ROW}\n")
    assert outcome.faults == []
    assert records[0]["created_at"] == datetime(2025, 10, 1, hour, tzinfo=UTC)


def test_two_zones_in_a_header_are_a_fault():
    header = HEADER.replace("Created Date", "Created Date (WIB)").replace("Completed Date", "Completed Date (WIT)")
    _records, outcome, _rows = check(f"{header}\n{ROW}\n")
    assert [fault.column for fault in outcome.faults] == ["Completed Date (WIT)"]


def test_an_external_id_names_the_record_where_nothing_better_stands():
    records, outcome, _rows = check(f"{HEADER.replace('Transaction ID', 'External ID')}\n{ROW}\n")
    assert outcome.faults == []
    assert records[0]["external_id"] == "BUG-1"


COMPARED = (
    *("status", "destination_kind", "bank", "account_number", "beneficiary_name", "amount", "fee", "remark"),
    *(
        "maker_name",
        "via",
        "created_at",
        "completed_at",
        "internal_reference",
        "approver_name",
        "bank_reference",
        "reason",
    ),
)


def rows_of(business: Any) -> list[tuple[Any, ...]]:
    return sorted(map(str, MoneyTransfer.objects.filter(business=business, mode="live").values_list(*COMPARED)))


def past(number: int) -> bytes:
    """Transfers of another system, with texts that are hard on purpose."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*HEADER.split(","), "Internal Reference"])
    for n in range(number):
        cells = ROW.split(",")
        cells[0], cells[6], cells[8] = f"T-{n}", str(10_000 + n), HOSTILE[n % 10] if n % 3 else "baris\ndua"
        cells[11], cells[12] = (
            f"2025-10-{1 + n % 28:02} 23:{n % 60:02}:01",
            f"2025-10-{1 + n % 28:02} 23:{n % 60:02}:59",
        )
        writer.writerow([*cells, f"PO-{n}"])
    return file.getvalue().encode()


def bring_in(business: Any, content: bytes, name: str = "money-transfer") -> Any:
    kind = kinds()[name](business=business, mode="live", by=SYSTEM, source="x", now=datetime.now(UTC))
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        return run(kind, read_file(stream, kind.header_names))


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
@pytest.mark.usefixtures("files", "asleep")
@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("format", ["csv", "xlsx", "xls"])
def test_a_report_goes_back_in_with_nothing_that_differs(scope, toko_sebelah, format, language):
    """The report is written in WIB or the zone of its business, and imported into a business in another one."""
    type(toko_sebelah).objects.filter(pk=toko_sebelah.pk).update(time_zone="Asia/Makassar")
    toko_sebelah.refresh_from_db()
    scope.member.user.language = language
    scope.member.user.save()
    with rls.inside(scope):
        assert not bring_in(scope.business, past(200)).faults
        before = rows_of(scope.business)
    report = reports.request_report(scope, history="money-transfers", query="", format=format)
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    content = default_storage.open(report.stored_as).read()
    with rls.inside_of(toko_sebelah.pk, "live"):
        outcome = bring_in(toko_sebelah, content)
        assert outcome.faults == []
        assert (outcome.added, rows_of(toko_sebelah)) == (200, before)
