"""Document → Invoices: found, opened, downloaded as issued; what stands beside; who may, and who is mailed."""

import io
import re
import zipfile
from datetime import date
from hashlib import sha256

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from accounts import rights
from accounts.permissions import Role
from documents.invoices import papers, services, views
from documents.models import Invoice, InvoicePaper
from flipdash import rls
from flipdash.models import Message
from tests import factories
from tests.documents.invoices.conftest import issue_all, live, pay_fee

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
LIST = "/documents/invoices/"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def content_of(answer) -> bytes:
    return b"".join(answer)


@pytest.fixture
def issued(billed) -> list[Invoice]:
    issue_all()
    return live(billed)


def numbers_on(answer) -> list[str]:
    return re.findall(r"<a[^>]*>(INV/[0-9/]+)</a>", answer.content.decode())


def test_the_list_is_newest_first_and_a_period_or_a_part_of_a_number_narrows_it(web, issued):
    assert numbers_on(web.get(LIST)) == ["INV/2026/10/000002", "INV/2026/09/000001"]
    assert numbers_on(web.get(f"{LIST}?first=2026-10")) == ["INV/2026/10/000002"]
    assert numbers_on(web.get(f"{LIST}?first=2026-09&last=2026-09")) == ["INV/2026/09/000001"]
    assert numbers_on(web.get(f"{LIST}?q=000002")) == ["INV/2026/10/000002"]
    assert numbers_on(web.get(f"{LIST}?q=2026/09+1")) == ["INV/2026/09/000001"]
    assert "No invoice is found" in web.get(f"{LIST}?q=999").content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("first=2026-10&last=2026-09", "The period ends before it begins."),
        ("first=2099-01", "No invoice can be of this month."),
        ("first=2020-01", "No invoice can be of this month."),
        ("last=yesterday", "No invoice can be of this month."),
    ],
)
def test_a_wrong_period_shows_nothing_and_says_why(web, issued, query, words):
    answer = web.get(f"{LIST}?{query}")
    assert words in answer.content.decode()
    assert numbers_on(answer) == []


def test_the_download_is_what_was_issued_byte_for_byte_each_time(web, issued):
    for invoice in issued:
        for _again in range(2):
            answer = web.get(f"{LIST}{invoice.pk}/file/")
            content = content_of(answer)
            assert sha256(content).hexdigest() == invoice.sha256
            assert answer["Content-Disposition"].endswith(f'filename="{invoice.number.replace("/", "-")}.pdf"')
            assert "sandbox" in answer["Content-Security-Policy"]


def test_several_come_as_one_zip_of_the_same_files(web, issued, monkeypatch):
    answer = web.get(f"{LIST}zip/?first=2026-09&last=2026-10")
    assert answer["Content-Disposition"].endswith('filename="Invoices_2026-09_2026-10.zip"')
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as archive:
        found = {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert found == {invoice.file_name: invoice.sha256 for invoice in issued}
    monkeypatch.setattr(views, "ZIP_MOST", 1)
    assert "more than 1 invoices" in web.get(f"{LIST}zip/", follow=True).content.decode()
    assert "no issued invoice" in web.get(f"{LIST}zip/?q=nothing", follow=True).content.decode()


def test_the_page_leads_to_the_transactions_behind_the_total(web, issued, billed, django_assert_max_num_queries):
    invoice = issued[1]
    with django_assert_max_num_queries(25):
        page = web.get(f"{LIST}{invoice.pk}/").content.decode()
    assert "Rp9,500" in page
    assert "0.7% of Rp500,000" in page
    behind = re.findall(r'href="(/[a-z-]+/[a-z-]*/?[0-9]{19}/)"', page)
    assert len(set(behind)) == 4
    assert all(web.get(address).status_code == 200 for address in set(behind))


def test_the_transactions_behind_come_in_pages(web, billed, monkeypatch):
    for minute in range(5):
        pay_fee(billed, f"2026-10-31T11:0{minute}+07:00", 3_000 + minute)
    issue_all()
    monkeypatch.setattr(views, "BEHIND", 3)
    address, seen = f"{LIST}{live(billed)[1].pk}/", []
    while address:
        page = web.get(address).content.decode()
        seen += re.findall(r'cell--fee"[^>]*>(Rp[0-9,]+)<', page)
        found = re.search(r'href="(\?after=[^"#]+)[^"]*"\s*>Older', page)
        address = f"{LIST}{live(billed)[1].pk}/{found[1]}" if found else ""
    assert len(seen) == 9
    assert sum(int(fee[2:].replace(",", "")) for fee in seen) == live(billed)[1].total
    for wrong in ("x", "2026-10-31T11:00:00+00:00.0", "2026-99-31T11:00:00+00:00.1"):
        assert web.get(f"{LIST}{live(billed)[1].pk}/?after={wrong}").status_code == 404


def test_the_sheet_adds_up_to_the_total(web, issued):
    for invoice in issued:
        book = load_workbook(io.BytesIO(content_of(web.get(f"{LIST}{invoice.pk}/sheet/"))))
        rows = list(book["Data 1"].values)[1:]
        assert sum(row[4] for row in rows) == invoice.total
        assert all(isinstance(row[0], str) and len(row[0]) == 19 for row in rows)


def test_only_who_downloads_reports_sees_invoices_and_only_the_businesss_own(issued, client_of, people, stranger):
    for address in (LIST, f"{LIST}zip/", *(f"{LIST}{issued[0].pk}/{part}" for part in ("", "file/", "sheet/"))):
        assert client_of(people[Role.CUSTOMER_SERVICE]).get(address).status_code == 403
        assert client_of(people[Role.REVIEWER]).get(address).status_code == 200
    for part in ("", "file/", "sheet/"):
        assert client_of(stranger).get(f"{LIST}{issued[0].pk}/{part}").status_code == 404
        assert client_of(people[Role.ADMIN]).get(f"/test{LIST}{issued[0].pk}/{part}").status_code == 404


def test_what_is_not_issued_can_not_be_downloaded(web, kopi_kita):
    for status in ("queued", "failed", "none", "stamping"):
        row = factories.make_invoice(kopi_kita, status=status)
        assert web.get(f"{LIST}{row.pk}/").status_code == 200
        assert web.get(f"{LIST}{row.pk}/file/").status_code == 404


def test_a_bukti_potong_stands_beside_the_invoice_once(web, issued):
    address = f"{LIST}{issued[0].pk}/"
    for _twice in range(2):
        given = {"number": "BP-77", "dated": "2026-11-03", "file": SimpleUploadedFile("../x.pdf", PDF)}
        assert web.post(address, given).status_code == 302
    [kept] = InvoicePaper.objects.using("operator").all()
    assert content_of(web.get(f"{address}papers/{kept.pk}/")) == PDF
    assert "Bukti Potong" in web.get(address).content.decode()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.DEPOSIT_ADMIN, Role.DEVELOPER])
def test_who_may_not_manage_the_account_attaches_nothing_and_sees_no_form(issued, client_of, people, role):
    web, address = client_of(people[role]), f"{LIST}{issued[0].pk}/"
    given = {"number": "BP-77", "dated": "2026-11-03", "file": SimpleUploadedFile("x.pdf", PDF)}
    assert web.post(address, given).status_code == 403
    assert not InvoicePaper.objects.using("operator").exists()
    page = web.get(address).content.decode()
    assert "Tax papers" in page
    assert "Attach Bukti Potong" not in page


def test_who_lost_the_right_on_the_way_attaches_nothing(issued, people):
    admin = people[Role.ADMIN]
    scope = admin.scope("live")
    type(admin).objects.filter(pk=admin.pk).update(role=Role.REVIEWER)
    with rls.inside(scope), pytest.raises(rights.NotAllowed):
        papers.attach_ours(scope, issued[0], number="BP-77", dated=date(2026, 11, 3), content=PDF)
    assert not InvoicePaper.objects.using("operator").exists()


def test_bukti_potong_use_up_no_place_of_the_faktur_pajak(issued, people):
    admin = people[Role.ADMIN]
    for number in range(papers.MOST):
        factories.make_paper(admin, issued[0], number=f"BP-{number}")
    scope = admin.scope("live")
    given = {"dated": date(2026, 11, 3), "content": PDF}
    with rls.inside(scope):
        with pytest.raises(papers.BadPaper, match="20 papers"):
            papers.attach_ours(scope, issued[0], number="BP-77", **given)
        kept = papers.attach(scope, issued[0], kind="faktur", number="04002600012345678", **given)
    assert kept.kind == "faktur"


def test_the_invoice_is_locked_before_its_papers_are_counted(issued, people):
    scope = people[Role.ADMIN].scope("live")
    given = {"number": "04002600012345678", "dated": date(2026, 11, 3), "content": PDF}
    with rls.inside(scope), CaptureQueriesContext(connection) as sent:
        papers.attach(scope, issued[0], kind="faktur", **given)
    asked = [query["sql"] for query in sent if "documents_invoice" in query["sql"]]
    assert "FOR NO KEY UPDATE" in asked[0]
    assert "documents_invoicepaper" in asked[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file": SimpleUploadedFile("x.pdf", b"<script>")}, "Choose a PDF."),
        ({"file": SimpleUploadedFile("x.pdf", b"%PDF-" + b" " * papers.MOST_BYTES + b"%%EOF")}, "larger than 5 MB"),
        ({"file": ""}, "Choose a file first."),
        ({"number": ""}, "required"),
        ({"dated": "2099-01-01"}, "hasn’t come yet"),
        ({"dated": "30 Feb"}, "valid date"),
    ],
)
def test_a_wrong_paper_is_refused_beside_its_field(web, issued, change, words):
    given = {"number": "BP-77", "dated": "2026-11-03", "file": SimpleUploadedFile("x.pdf", PDF), **change}
    answer = web.post(f"{LIST}{issued[0].pk}/", given)
    assert words in answer.content.decode()
    assert not InvoicePaper.objects.using("operator").exists()


def test_chosen_members_are_mailed_a_link_and_no_file_as_long_as_they_may(web, billed, people):
    reviewer, gone = people[Role.REVIEWER], people[Role.MAKER]
    service = people[Role.CUSTOMER_SERVICE]
    web.post(f"{LIST}readers/", {"members": [reviewer.pk, gone.pk]})
    assert "Nothing was changed" in web.post(f"{LIST}readers/", {"members": [service.pk]}, follow=True).content.decode()
    gone.role = Role.CUSTOMER_SERVICE
    gone.save()
    services.queue_due()
    old = Invoice.objects.using("operator").filter(mode="live", period=date(2026, 10, 1))
    Invoice.objects.using("operator").exclude(pk__in=old.values("pk"))
    while services.INVOICES.work():
        pass
    mails = Message.objects.filter(subject__startswith="Invoice INV/")
    assert {mail.to for mail in mails} == {reviewer.user.email}
    assert sorted(mail.subject for mail in mails) == [
        "Invoice INV/2026/09/000001 for September 2026",
        "Invoice INV/2026/10/000002 for October 2026",
    ]
    for mail in mails:
        assert re.search(r"/documents/invoices/[0-9]+/", mail.text)


def test_who_may_not_manage_the_account_chooses_nobody(client_of, people, billed):
    web = client_of(people[Role.REVIEWER])
    assert web.post(f"{LIST}readers/", {"members": []}).status_code == 403
    assert "Mail new invoices to" not in web.get(LIST).content.decode()


def test_a_file_that_is_gone_is_missing_not_an_error(web, issued):
    default_storage.delete(issued[0].stored_as)
    assert web.get(f"{LIST}{issued[0].pk}/file/").status_code == 404
