"""Many receipts at once: asked for and made like a report."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from pypdf import PdfReader

from accounts.permissions import Role
from documents.models import Report
from documents.receipts import bundles
from documents.reports import services
from flipdash.leases import Stopped
from tests import factories
from tests.documents.test_receipts import receipt_of

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]),
    pytest.mark.usefixtures("files"),
]
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
NAMES = ["Sri Wahyuni", "Dewi Lestari", "Budi Santoso"]


@pytest.fixture
def transfers(kopi_kita):
    """Three that arrived, one that failed, one of Test Mode."""
    for number, name in enumerate(NAMES):
        factories.make_transfer(kopi_kita, beneficiary_name=name, fee=4_321, created_at=NOON + timedelta(days=number))
    factories.make_transfer(kopi_kita, beneficiary_name="Failed Person", status="failed")
    factories.make_transfer(kopi_kita, beneficiary_name="Test Person", mode="test")


def build(scope, query="", history="money-transfers", **options) -> Report:
    report = services.request_report(scope, history=history, query=query, format="pdf", **options)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    return report


def pages_of(report) -> list[str]:
    with default_storage.open(report.stored_as) as file:
        return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(file.read())).pages]


def test_each_successful_transaction_has_its_page_newest_first(scope, transfers, kopi_kita):
    report = build(scope)
    pages = pages_of(report)
    assert (report.status, report.rows_done, report.rows_total) == ("ready", 3, 3)
    assert [name for page in pages for name in NAMES if name in page] == list(reversed(NAMES))
    assert len(pages) == 3
    assert all("Rp4,321" in page and "PT Kopi Kita Nusantara" in page for page in pages)
    assert report.file_name.startswith("Kopi-Kita_Receipts_Money-Transfer_")
    assert report.file_name.endswith(f"_{report.reference}.pdf")
    assert report.title == "Receipts · Money Transfer · all dates"


def test_it_holds_what_the_filter_shows_without_the_fee(scope, transfers):
    report = build(scope, "q=sri", with_fee=False)
    [page] = pages_of(report)
    assert "Sri Wahyuni" in page
    assert "Rp4,321" not in page


def test_more_than_a_few_are_laid_out_in_parts_and_told(scope, transfers, monkeypatch):
    monkeypatch.setattr(bundles, "AT_A_TIME", 2)
    told = []
    note = services.REPORTS.note
    monkeypatch.setattr(services.REPORTS, "note", lambda row, **values: (told.append(values), note(row, **values)))
    assert len(pages_of(build(scope))) == 3
    assert [values["rows_done"] for values in told if "rows_done" in values] == [0, 2, 3]


def test_whoever_stops_it_stops_it_between_the_parts(scope, transfers, monkeypatch):
    monkeypatch.setattr(bundles, "AT_A_TIME", 1)
    report = services.request_report(scope, history="money-transfers", query="", format="pdf")
    drawn = []

    def printed(papers, *about, **also):
        drawn.append(papers)
        services.REPORTS.cancel(report)
        return original(papers, *about, **also)

    original = bundles.printed
    monkeypatch.setattr(bundles, "printed", printed)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, len(drawn), report.stored_as) == ("cancelled", 1, "")


def test_too_many_and_none_are_said_at_once_and_by_the_worker(web, scope, transfers, kopi_kita, monkeypatch):
    monkeypatch.setattr(bundles, "MOST", 2)
    asked = {"history": "money-transfers", "query": "", "format": "pdf", "with_fee": "on"}
    content = web.post("/documents/reports/", asked, follow=True).content.decode()
    assert "it would hold more than 2 receipts" in content
    assert re.search(r'value="pdf"\s+checked', content)  # the form again, as it was
    assert re.search(r'name="with_fee"\s+checked', content)
    without = {name: value for name, value in asked.items() if name != "with_fee"}
    content = web.post("/documents/reports/", without, follow=True).content.decode()
    assert not re.search(r'name="with_fee"\s+checked', content)
    none = web.post("/documents/reports/", {**asked, "query": "status=failed"}, follow=True).content.decode()
    assert "none of these transactions is successful" in none
    assert not Report.objects.exists()
    with pytest.MonkeyPatch.context() as patch:  # more came, or a count took too long
        patch.setattr(bundles, "check", lambda history: None)
        for query, problem in (("", "too many"), ("status=failed", "none")):
            report = build(scope, query)
            assert (report.status, report.problem) == ("failed", problem)


def test_only_histories_with_receipts_offer_them(web, scope):
    for name, is_offered in (("money-transfers", True), ("deposit", False), ("activity", False)):
        content = web.get(f"/documents/reports/new/?history={name}").content.decode()
        assert ('value="pdf"' in content) == is_offered
        assert ('name="with_fee"' in content) == is_offered
    with pytest.raises(services.BadFormat):
        services.request_report(scope, history="deposit", query="", format="pdf")


@pytest.mark.parametrize("ticked", [True, False])
def test_the_box_says_whether_the_fee_is_shown(web, transfers, ticked):
    also = {"with_fee": "on"} if ticked else {}
    web.post("/documents/reports/", {"history": "money-transfers", "query": "", "format": "pdf", **also})
    assert Report.objects.get().with_fee == ticked
    web.post("/documents/reports/", {"history": "money-transfers", "query": "", "format": "xls"})
    assert Report.objects.latest("pk").with_fee


def test_the_file_is_a_pdf_for_those_who_may_download(web, client_of, people, stranger, scope, transfers):
    report = build(scope)
    address = f"/documents/reports/{report.number}/file/"
    answer = web.get(address)
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer).startswith(b"%PDF")
    assert "3 receipts · " in web.get("/documents/reports/").content.decode()
    assert client_of(people[Role.CUSTOMER_SERVICE]).get(address).status_code == 403
    assert client_of(stranger).get(address).status_code == 404
    assert web.get(f"/test{address}").status_code == 404


def test_test_mode_has_its_own(scope, transfers, admin):
    report = build(admin.scope("test"))
    [page] = pages_of(report)
    assert "Test Person" in page
    assert "no real money moved" in page
    assert report.file_name.startswith("TEST_")


def test_a_worker_that_is_not_the_holder_any_more_publishes_nothing(scope, transfers, monkeypatch):
    report = services.request_report(scope, history="money-transfers", query="", format="pdf")

    def stopped(*about, **also):
        raise Stopped

    monkeypatch.setattr(bundles, "write", stopped)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.stored_as == ""


def test_a_zip_holds_each_receipt_as_it_is_downloaded_alone(scope, kopi_kita, files, asleep):
    """The very file of the single receipt, which is of both standards; the joined PDF isn't."""
    first = factories.make_transfer(kopi_kita, status="successful", beneficiary_name="Sri / Wahyuni 🎉")
    factories.make_transfer(kopi_kita, status="failed")
    report = services.request_report(scope, history="money-transfers", query="", format="zip", with_fee=False)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, report.rows_done) == ("ready", 1)
    assert report.file_name.endswith(".zip")
    with default_storage.open(report.stored_as) as file, zipfile.ZipFile(file) as archive:
        ((name, content),) = [(name, archive.read(name)) for name in archive.namelist()]
    assert name.startswith("Receipt_Sri-Wahyuni_")
    assert name.endswith(f"_{first.pk}.pdf")
    assert (name, content) == receipt_of(first, with_fee=False)
    assert "/StructTreeRoot" in PdfReader(io.BytesIO(content)).trailer["/Root"]
