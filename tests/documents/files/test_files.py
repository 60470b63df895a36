"""Document → Files: every kind in one list, newest first, paged, filtered, and only what one may download."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.permissions import Role
from documents.files import kinds
from documents.files.kinds import Item, Kind
from documents.models import ReceiptFile, Report
from flipdash import rls
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "operator"])
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
FILES = "/documents/files/"


def ready(member, **fields) -> Report:
    """Make a report that can be downloaded."""
    made = fields.pop("at", NOON)
    stored = {"status": "ready", "stored_as": "x", "size": 12_345, "expires_at": timezone.now() + timedelta(days=1)}
    report = factories.make_report(member, **{**stored, **fields})
    Report.objects.filter(pk=report.pk).update(created_at=made)
    return report


def titles(web, query="") -> list[str]:
    return [row["file"].reference for row in web.get(f"{FILES}{query}").context["rows"]]


def test_all_kinds_stand_in_one_list_newest_first_and_each_is_filtered(web, admin, kopi_kita):
    asked = {"en": "Money Transfer · Failed · 1 – 30 Nov 2026"}
    report = ready(admin, asked=asked)
    receipts = ready(admin, format="zip", at=NOON + timedelta(hours=1))
    scheduled = ready(admin, schedule_name="Every <b>morning 🎉", format="xlsx", at=NOON + timedelta(hours=2))
    invoice = factories.make_invoice(kopi_kita, number="INV/2026/11/000047", issued_at=NOON + timedelta(hours=3))
    page = web.get(FILES)
    order = [str(invoice), *(f"{one.reference} · .{one.format}" for one in (scheduled, receipts, report))]
    assert titles(web) == order
    content = page.content.decode()
    assert "Every &lt;b&gt;morning 🎉" in content
    shown = page.context["rows"][-1]["file"]
    assert (shown.title, shown.period, shown.who, shown.size) == (
        *("Money Transfer · Failed", "1 – 30 Nov 2026"),
        *(admin.name, 12_345),
    )
    for number, kind in enumerate(("invoices", "scheduled", "receipts", "reports")):
        assert titles(web, f"?kind={kind}") == [order[number]]
    assert titles(web, "?q=morning") == [order[1]]
    assert titles(web, "?q=failed+transfer") == [order[3]]
    assert titles(web, f"?q={report.reference.lower()}") == [order[3]]
    assert titles(web, "?q=000047") == [order[0]]
    assert "No file is found" in web.get(f"{FILES}?q=nothing").content.decode()


def test_statements_stand_there_too(web, admin):
    stored = {"status": "ready", "stored_as": "x", "size": 9, "expires_at": timezone.now() + timedelta(days=1)}
    stored |= {"sha256": "0" * 64, "opening": 0, "closing": 0}
    there = factories.make_statement(admin, file_name="statement-2026-03.csv", **stored)
    made = factories.make_statement(admin, format="xml")
    factories.make_statement(admin, mode="test", **stored)
    names = [f"{made.reference} · CAMT.053", f"{there.reference} · .csv"]
    assert sorted(titles(web, "?kind=statements")) == sorted(names)
    for words, expected in ((there.reference.lower(), names[1]), ("xml", names[0]), ("statement-2026", names[1])):
        assert titles(web, f"?kind=statements&q={words}") == [expected]
    content = web.get(f"{FILES}?kind=statements").content.decode()
    assert f"/documents/statements/{there.number}/file/" in content
    assert f"/documents/statements/{made.number}/file/" not in content


def test_pages_miss_and_repeat_nothing_where_times_are_the_same(web, admin, kopi_kita, monkeypatch):
    monkeypatch.setattr(kinds, "PAGE_SIZE", 2)
    for number in range(3):
        ready(admin, format="xls")
        ready(admin, format="pdf")
        factories.make_invoice(
            kopi_kita, number=f"INV/{number}", issued_at=NOON, period=NOON.date().replace(month=number + 1, day=1)
        )
    seen, address = [], FILES
    while address:
        page = web.get(address)
        seen += [row["file"].reference for row in page.context["rows"]]
        address = f"{FILES}{page.context['older_url']}" if page.context["older_url"] else ""
    assert (len(seen), len(set(seen))) == (9, 9)


@pytest.mark.parametrize("after", ["x", "1.reports", f"{'9' * 18}.reports.1", "1.reports.0", "-1.a.1"])
def test_a_place_that_is_none_is_no_page(web, after):
    assert web.get(f"{FILES}?after={after}").status_code == 404


def test_a_wrong_kind_shows_nothing_and_says_why(web, admin):
    ready(admin)
    page = web.get(f"{FILES}?kind=secrets")
    assert page.context["rows"] == []
    assert "valid choice" in page.content.decode()


def test_only_what_one_may_see_is_listed(client_of, admin, people, stranger):
    ready(admin, history="activity")
    ready(stranger)
    ready(admin, mode="test")
    mine = ready(admin)
    assert titles(client_of(people[Role.REVIEWER])) == [f"{mine.reference} · .xls"]
    assert client_of(people[Role.CUSTOMER_SERVICE]).get(FILES).status_code == 403


def test_what_has_expired_has_no_download(web, admin):
    ready(admin, expires_at=timezone.now() - timedelta(hours=1))
    (row,) = web.get(FILES).context["rows"]
    assert row["file"].file_url == ""


def test_a_receipt_whose_transaction_is_gone_leads_nowhere(web, admin, kopi_kita):
    """An import was undone: the address would answer that there is nothing."""
    there, gone = factories.make_transfer(kopi_kita), 1
    made = {"status": "ready", "stored_as": "x", "file_name": "x", "size": 9, "sha256": "0" * 64}
    made |= {"business": kopi_kita, "mode": "live", "history": "money-transfers", "language": "en", "with_fee": True}
    with rls.inside_of(kopi_kita.pk, "live"):
        for pk in (there.pk, gone):
            ReceiptFile.objects.create(row_id=pk, returned=False, **factories.RATNA.columns("by"), **made)
    shown = {row["file"].reference: row["file"] for row in web.get(f"{FILES}?kind=single").context["rows"]}
    assert (shown["1 · .pdf"].page_url, shown["1 · .pdf"].file_url) == ("", "")
    kept = shown[f"{there.pk} · .pdf"]
    assert web.get(kept.page_url).status_code == 200
    assert kept.file_url.startswith(f"/documents/receipts/money-transfers/{there.pk}/?")


def test_a_further_kind_joins_with_one_line(web, admin, monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    item = Item(at=NOON, pk=1, title="Statement of November", status=Report.Status.READY, reference="S000001")
    kinds.register(Kind("statements", "Statements", lambda scope, asked: [item]))
    assert titles(web, "?kind=statements") == ["S000001"]


def test_a_page_asks_each_kind_once(web, admin, kopi_kita, django_assert_max_num_queries):
    for number in range(6):
        ready(admin, at=NOON + timedelta(minutes=number))
    web.get(FILES)
    with django_assert_max_num_queries(15):
        web.get(FILES)
