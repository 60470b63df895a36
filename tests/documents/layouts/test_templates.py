"""Report templates: columns that somebody chose and named, in a file exactly as they were, and what is refused."""

import pytest
import python_calamine
from django.core.files.storage import default_storage

from accounts.permissions import Role
from documents.layouts import services, starts
from documents.layouts.forms import TemplateForm
from documents.models import Report, ReportTemplate
from documents.models.templates import HEADING_LENGTH
from documents.reports import services as reports
from flipdash import histories, rls
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot", "operator"])
KIND = histories.get("money-transfers")
NEW = "/documents/templates/new/"
FIELDS = {"history": "money-transfers", "query": "status=failed", "name": "For Jurnal"}


@pytest.fixture(autouse=True)
def no_worker(files, asleep) -> None:
    """The test is the worker."""


def rows():
    return ReportTemplate.objects.using("operator")


def posted(name="For Jurnal", **headings):
    """What the form sends for columns in the order of these headings."""
    places = {f"place_{column}": place for place, column in enumerate(headings, 1)}
    return {**FIELDS, "name": name, "chosen": list(headings), **places} | {
        f"heading_{column}": heading for column, heading in headings.items()
    }


def data_of(report: Report, sheet: str = "Data 1") -> list[list]:
    """Return a sheet of a report's book."""
    with default_storage.open(report.stored_as) as file:
        return python_calamine.load_workbook(file).get_sheet_by_name(sheet).to_python()


def made(scope, template, **options) -> Report:
    report = reports.request_report(scope, history="money-transfers", query="", template=template, **options)
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    return report


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_a_report_has_exactly_the_chosen_columns_under_their_headings(scope, admin, kopi_kita, format):
    factories.make_transfer(kopi_kita, amount=85_000, beneficiary_name="Sri", remark="Gaji")
    columns = [
        ["remark", "Keterangan 🎉"],
        ["amount", "Nilai <b>"],
        ["created_at", "Tanggal"],
        ["beneficiary_name", ""],
    ]
    report = made(scope, factories.make_template(admin, columns=columns), format=format)
    assert report.status == "ready"
    if format == "csv":
        with default_storage.open(report.stored_as) as file:
            head, row = file.read().decode("utf-8-sig").splitlines()
        assert head == "Keterangan 🎉,Nilai <b>,Tanggal,Beneficiary Name"
        assert row.startswith("Gaji,85000,")
        return
    head, row = data_of(report)
    assert head == ["Keterangan 🎉", "Nilai <b>", "Tanggal", "Beneficiary Name"]
    assert (row[0], row[1], row[3]) == ("Gaji", 85_000, "Sri")
    assert ["Template", "For accounting"] in [line[:2] for line in data_of(report, "Summary")]


def test_a_template_that_changes_or_goes_leaves_what_was_asked_for_as_it_was(scope, admin, kopi_kita):
    factories.make_transfer(kopi_kita)
    template = factories.make_template(admin)
    report = reports.request_report(scope, history="money-transfers", query="", format="xlsx", template=template)
    with rls.inside(scope):
        services.change(scope, template, name="Other", columns=[["fee", "Biaya"]])
        services.delete(scope, template)
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert data_of(report)[0] == ["Nilai", "Transaction ID"]


def test_what_is_chosen_on_the_page_is_kept_offered_used_and_deleted(web, admin, kopi_kita, told):
    factories.make_transfer(kopi_kita)
    answer = web.post(NEW, posted(amount="Nilai", id="No."), follow=True)
    kept = rows().get()
    assert (kept.name, kept.columns) == ("For Jurnal", [["amount", "Nilai"], ["id", "No."]])
    assert f'<option value="{kept.pk}" selected' in " ".join(answer.content.decode().split())
    assert "For Jurnal" in web.get("/money-transfers/").content.decode(), "the dialog offers it"
    web.post("/documents/reports/", {"history": "money-transfers", "query": "", "format": "xlsx", "template": kept.pk})
    report = Report.objects.get()
    assert (report.columns, report.template_name) == (kept.columns, "For Jurnal")
    web.post(f"/documents/templates/{kept.pk}/", posted("Renamed", fee="Biaya"))
    kept = rows().get()
    assert (kept.name, kept.columns) == ("Renamed", [["fee", "Biaya"]])
    assert "Renamed" in web.get(f"/documents/templates/{kept.pk}/deletion/").content.decode()
    assert rows().exists(), "looking at the question deletes nothing"
    web.post(f"/documents/templates/{kept.pk}/deletion/")
    assert not rows().exists()
    kinds = [event.kind for event in told if event.kind.startswith("report_template")]
    assert kinds == ["report_template.kept", "report_template.changed", "report_template.deleted"]


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        (posted(amount="=1+1"), "heading_amount", "formula"),
        (posted(amount=" ＋62"), "heading_amount", "formula"),
        (posted(amount="@kasir"), "heading_amount", "formula"),
        (posted(amount="x" * 300), "heading_amount", f"at most {HEADING_LENGTH}"),
        (posted(amount="abc\u202edef"), "heading_amount", "turns the direction"),
        (posted(amount="Nilai", fee="nilai"), "heading_fee", "Another column has this heading"),
        (posted(amount="Fee", fee=""), "heading_fee", "Another column has this heading"),
        (posted(), "chosen", "Choose at least one column"),
        ({**posted(amount=""), "chosen": ["amount", "secret"]}, "chosen", "doesn't exist any more"),
        ({**posted(amount=""), "place_amount": "first"}, "place_amount", "whole number"),
        (posted("", amount=""), "name", "required"),
        (posted("x" * 300, amount=""), "name", "at most 60"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_stays(web, sent, field, said):
    answer = web.post(NEW, sent)
    form = answer.context["form"]
    assert said in " ".join(form.errors[field])
    assert list(form.errors) == [field]
    assert not rows().exists()
    if field == "heading_amount":
        assert [row.heading for row in form.rows if row.name == "amount"] == [sent["heading_amount"]]
        assert said in answer.content.decode()


def test_a_name_is_taken_once_a_history_whatever_its_case(web, admin):
    factories.make_template(admin, "For Jurnal")
    assert "already a template" in web.post(NEW, posted("for jurnal", amount="")).content.decode()
    other = factories.make_template(admin, "Other")
    answer = web.post(f"/documents/templates/{other.pk}/", posted("FOR JURNAL", amount=""))
    assert "already a template" in answer.content.decode()


def test_names_with_markup_and_emoji_are_only_text(web, admin):
    factories.make_template(admin, "<script>alert(1)</script> 🎉 عبد")
    for address in ("/documents/templates/", "/money-transfers/"):
        content = web.get(address).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; 🎉 عبد" in content
        assert "<script>alert(1)" not in content


def test_a_business_keeps_so_many(web, admin, monkeypatch):
    monkeypatch.setattr(services, "MOST", 1)
    factories.make_template(admin)
    assert "keeps 1 templates already" in web.post(NEW, posted("One more", amount="")).content.decode()


@pytest.mark.parametrize("chosen", ["999999", "x", "1" * 30])
def test_a_template_that_is_gone_makes_no_report(web, chosen):
    sent = {"history": "money-transfers", "query": "", "format": "xlsx", "template": chosen}
    assert "its template was deleted" in web.post("/documents/reports/", sent, follow=True).content.decode()
    assert not Report.objects.exists()


def test_a_template_of_another_history_or_with_unknown_columns_makes_no_report(web, scope, admin):
    for template in (
        factories.make_template(admin, "Payments", history="payments"),
        factories.make_template(admin, "Old", columns=[["gone", "Gone"]]),
    ):
        with pytest.raises(reports.BadTemplate):
            reports.request_report(scope, history="money-transfers", query="", template=template)
    assert "These columns no longer exist: Gone." in web.get("/documents/templates/").content.decode()


def test_templates_are_a_businesss_and_a_modes_own(web, admin, stranger):
    mine = factories.make_template(admin)
    others = [factories.make_template(stranger), factories.make_template(admin, mode="test")]
    assert web.get(f"/documents/templates/{mine.pk}/").status_code == 200
    for other in others:
        assert web.get(f"/documents/templates/{other.pk}/").status_code == 404
        sent = {"history": "money-transfers", "query": "", "template": other.pk}
        assert "its template was deleted" in web.post("/documents/reports/", sent, follow=True).content.decode()


def test_a_history_that_one_may_not_see_has_no_templates_for_one(client_of, people, admin):
    template = factories.make_template(admin, "Who did what", history="activity", columns=[["kind", "Apa"]])
    reviewer = client_of(people[Role.REVIEWER])
    assert "Who did what" not in reviewer.get("/documents/templates/").content.decode()
    for address in (f"/documents/templates/{template.pk}/", f"{NEW}?history=activity"):
        assert reviewer.get(address).status_code == 403


def test_ready_made_columns_are_columns_that_exist_and_make_a_valid_form():
    for name, columns in starts.JOURNAL.items():
        kind = histories.get(name)
        assert starts.journal(kind) == columns, "every column exists"
        form = TemplateForm(kind, posted(**dict(columns)))
        assert form.is_valid(), form.errors
        assert form.as_chosen() == columns


def test_the_form_can_begin_with_them(web):
    rows = web.get(f"{NEW}?history=money-transfers&start=journal").context["form"].rows
    assert [row.heading for row in rows if row.is_chosen][:2] == ["Tanggal", "No. Referensi"]
    assert all(row.is_chosen for row in web.get(f"{NEW}?history=money-transfers").context["form"].rows)
    assert web.get(f"{NEW}?history=nothing").status_code == 404
