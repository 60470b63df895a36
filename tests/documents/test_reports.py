"""Reports: what is asked for, who may, what is in the file, and what happens when the worker is killed."""

import io
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import python_calamine
import xlrd
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Activity
from accounts.permissions import Role
from documents.models import Report
from documents.reports import services
from documents.reports.writers import sheets
from documents.reports.writers.biff import ole
from flipdash import clock, histories
from flipdash.celery import app
from flipdash.leases import Stopped
from tests.factories import history, make_batch, make_member, make_report, make_transfer
from tests.leased import let_time_pass
from tests.twins import at_once
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
HOSTILE = [
    "=1+1",
    "+62812",
    "-1",
    "@kasir",
    "\tTab",
    " =1",
    "=cmd|' /C calc'!A0",
    "<b>x</b>",
    "🎉 gajian",
    "عبد الرحمن",
    "00123",
]


@pytest.fixture(autouse=True)
def no_worker(settings, tmp_path, asleep):
    """The tests call the service as the worker does; files go to a folder of their own."""
    settings.REPORT_WORKPLACE = tmp_path / "workplace"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    return tmp_path


def build(scope, query="", **options) -> Report:
    report = services.request_report(scope, history="money-transfers", query=query, **options)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    return report


def content_of(report) -> bytes:
    with default_storage.open(report.stored_as) as file:
        return file.read()


def sheet_rows(content: bytes) -> list[list]:
    """Return the rows of all Data sheets as xlrd types them."""
    book = xlrd.open_workbook(file_contents=content)
    return [
        [xlrd.xldate_as_datetime(c.value, 0) if c.ctype == xlrd.XL_CELL_DATE else c.value for c in sheet.row(n)]
        for sheet in book.sheets()[1:]
        for n in range(1, sheet.nrows)
    ]


def summary_of(content: bytes) -> dict:
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_name("Summary")
    return {sheet.cell_value(n, 0): [c.value for c in sheet.row(n)[1:]] for n in range(sheet.nrows)}


@pytest.fixture
def transfers(kopi_kita):
    batch = make_batch(kopi_kita)
    for number, text in enumerate(HOSTILE):
        make_transfer(
            kopi_kita,
            beneficiary_name=text,
            remark=text,
            account_number=f"00{number}12345",
            external_id=f"000{number}",
            batch=batch if number % 2 else None,
            status=["successful", "failed", "cancelled"][number % 3],
            amount=1_000_000 + number,
        )
    return MoneyTransfer.objects.filter(business=kopi_kita)


def test_the_file_holds_exactly_what_the_history_shows_type_by_type(scope, transfers):
    report = build(scope, "status=successful&status=failed")
    assert (report.status, report.rows_done, report.rows_total) == ("ready", 8, 8)
    declared = histories.get("money-transfers")
    shown = list(history(scope, "status=successful&status=failed").rows().values(*history(scope).value_fields))
    with timezone.override(scope.zone):
        expected = [[column.value(row) for column in declared.columns] for row in shown]
    got = sheet_rows(content_of(report))
    assert [[value or "" for value in row] for row in expected] == got
    assert isinstance(got[0][0], str)
    assert len(got[0][0]) == 19
    assert got[0][3].startswith("00")
    assert isinstance(got[0][5], float)
    assert isinstance(got[0][9], datetime)


def test_two_other_readers_see_the_same_and_no_formula(scope, transfers):
    content = content_of(build(scope))
    rows = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_name("Data 1").to_python()
    names = [row[4] for row in rows[1:]]
    assert sorted(names) == sorted(HOSTILE)
    assert rows[1][9].replace(microsecond=0) == sheet_rows(content)[0][9]
    book = xlrd.open_workbook(file_contents=content, formatting_info=True)
    kinds = {cell.ctype for row in book.sheet_by_name("Data 1").get_rows() for cell in row}
    assert kinds <= {xlrd.XL_CELL_TEXT, xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}
    formats = {
        book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        for cell in book.sheet_by_name("Data 1").row(1)
    }
    assert {"#,##0", "yyyy-mm-dd hh:mm:ss", "@"} <= formats


def test_headers_are_frozen_fixed_and_name_the_zone(scope, transfers):
    book = xlrd.open_workbook(file_contents=content_of(build(scope)), formatting_info=True)
    assert book.sheet_names() == ["Summary", "Data 1"]
    sheet = book.sheet_by_name("Data 1")
    assert sheet.row_values(0) == [
        "Transaction ID", "Status", "Transfer Destination", "Account Number", "Beneficiary Name", "Amount", "Fee",
        "Remark", "Maker Name", "Created Date (WIB)", "Completed Date (WIB)", "Internal Reference", "Batch",
        "Approved By",
        "Bank Reference", "Created via", "External ID", "Returned Date (WIB)",
        "Failure Reason", "Send on (WIB)", "Account holder", "Why the name differs", "Beneficiary Email",
        "Under review since (WIB)",
    ]  # fmt: skip
    assert (sheet.panes_are_frozen, sheet.horz_split_pos) == (1, 1)


def test_the_summary_says_whose_when_and_how_and_sums_per_status(scope, transfers, kopi_kita):
    report = build(scope, "via=dashboard&date_from=2020-01-01")
    lines = summary_of(content_of(report))
    assert lines["Business"][0] == "PT Kopi Kita Nusantara"
    assert lines["NPWP"][0] == "0123456789012345"
    assert lines["Mode"][0] == "Live Mode"
    assert lines["Report ID"][0] == report.reference
    assert lines["Made by"][0] == "Rina Admin"
    assert lines["Date basis"][0] == "Created Date"
    assert lines["Period"][0] == "from 1 Jan 2020"
    assert lines["Created via"][0] == "Dashboard"
    assert lines["Rows"][0] == len(HOSTILE)
    for state, label in (("successful", "Successful"), ("failed", "Failed"), ("cancelled", "Cancelled")):
        rows = transfers.filter(status=state)
        sums = rows.aggregate(amount=Sum("amount"), fee=Sum("fee"))
        assert lines[label][:3] == [rows.count(), sums["amount"], sums["fee"]]
    assert "Total" not in lines


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("money-transfers", "Money Transfer"),
        ("payments", "Accept Payment"),
        ("deposit", "Deposit History"),
        ("top-ups", "Top-Up History"),
        ("activity", "Activity Log"),
    ],
)
def test_the_summary_is_titled_by_the_history_and_names_its_days_once(scope, name, title):
    report = services.request_report(scope, history=name, query="date_from=2020-01-01&date_to=2020-01-31")
    services.REPORTS.work()
    report.refresh_from_db()
    sheet = xlrd.open_workbook(file_contents=content_of(report)).sheet_by_name("Summary")
    cells = [str(cell.value) for row in sheet.get_rows() for cell in row]
    assert cells[0] == title
    assert cells.count("1 – 31 Jan 2020") == 1
    assert len(set(labels := [label for label in sheet.col_values(0) if label])) == len(labels)  # no two alike


@pytest.mark.parametrize(
    ("query", "english", "indonesian"),
    [
        ("", "Money Transfer · all dates", "Transfer Uang · semua tanggal"),
        ("status=successful", "Money Transfer · Successful · all dates", "Transfer Uang · Berhasil · semua tanggal"),
        (
            "q=sri&status=failed&date_from=2026-11-01&date_to=2026-11-22",
            "Money Transfer · sri · Failed · 1 – 22 Nov 2026",
            "Transfer Uang · sri · Gagal · 1 – 22 Nov 2026",
        ),
    ],
)
def test_a_report_is_named_by_what_was_asked_in_the_readers_language(web, scope, admin, query, english, indonesian):
    report = build(scope, query)
    tray = web.get("/money-transfers/").content.decode().partition('id="tray-reports"')[2]
    assert english in tray
    assert report.reference in tray
    for language, words in (("en", english), ("id", indonesian)):
        admin.user.language = language
        admin.user.save()
        content = web.get("/documents/reports/").content.decode()
        for said in (words, report.reference, report.file_name):
            assert said in content


def test_what_was_asked_of_yesterday_stays_that_day(scope):
    report = services.request_report(scope, history="money-transfers", query="q=sri+yesterday")
    assert "yesterday: " in report.asked["en"]
    assert f"{clock.now().astimezone(scope.zone).date() - timedelta(days=1):%Y}" in report.asked["en"]


def test_more_rows_than_a_sheet_holds_go_on_in_a_second_one(scope, transfers, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 4)
    book = xlrd.open_workbook(file_contents=content_of(build(scope)))
    assert book.sheet_names() == ["Summary", "Data 1", "Data 2", "Data 3"]
    assert [sheet.nrows for sheet in book.sheets()[1:]] == [5, 5, 4]
    assert len({sheet.cell_value(0, 0) for sheet in book.sheets()[1:]}) == 1


def test_a_report_without_rows_still_has_its_headers(scope):
    book = xlrd.open_workbook(file_contents=content_of(build(scope)))
    assert book.sheet_by_name("Data 1").nrows == 1


def test_the_file_name_says_business_history_period_zone_and_number(scope, admin, transfers, kopi_kita):
    report = build(scope, "date_from=2020-11-01&date_to=2030-11-30")
    assert report.file_name == f"Kopi-Kita_Money-Transfer_2020-11-01_2030-11-30_WIB_{report.reference}.xls"
    make_transfer(kopi_kita, mode="test")
    assert build(admin.scope("test")).file_name.startswith("TEST_Kopi-Kita_Money-Transfer_")


def test_numbers_run_per_business_and_mode(scope, admin, stranger):
    assert [build(scope, f"q=abc{n}").number for n in range(3)] == [1, 2, 3]
    assert build(admin.scope("test")).number == 1
    assert build(stranger.scope("live")).number == 1


@pytest.mark.parametrize("limit", ["MOST_WAITING", "MOST_WAITING_OF_BUSINESS"])
def test_a_person_and_a_business_wait_for_a_few_reports_only(web, transfers, monkeypatch, limit):
    """attack.md A7; what a schedule makes has its turn all the same."""
    monkeypatch.setattr(services, limit, 2)
    for query in ("q=1", "q=2", "q=3", "q=2"):
        answer = web.post("/documents/reports/", {"history": "money-transfers", "query": query}, follow=True)
    assert Report.objects.count() == 2
    assert "too many" not in answer.content.decode()  # the same once more is the one that is being made
    answer = web.post("/documents/reports/", {"history": "money-transfers", "query": "q=3"}, follow=True)
    assert "too many are being made already" in answer.content.decode()


def test_asking_twice_makes_one_report(web, transfers):
    for _click in range(2):
        answer = web.post("/documents/reports/", {"history": "money-transfers", "query": "status=failed"})
        assert answer.status_code == 302
        assert answer["Location"] == "/money-transfers/?status=failed"
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"history": "nothing"},
        {"history": "money-transfers", "query": "status=gone"},
        {"history": "money-transfers", "query": "q=\x00"},
    ],
)
def test_a_wrong_request_makes_no_report_and_says_so(web, data):
    answer = web.post("/documents/reports/", data, follow=True)
    assert "No report was made" in answer.content.decode()
    assert Report.objects.count() == 0


def test_a_report_of_the_other_mode_or_business_cannot_be_asked_for(web, transfers, admin):
    web.post("/test/documents/reports/", {"history": "money-transfers", "query": "", "mode": "live", "business": "9"})
    assert Report.objects.get().mode == "test"


# --- Formats ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_each_format_has_its_suffix_and_its_content_type(web, scope, transfers, format):
    report = build(scope, format=format)
    assert report.file_name.endswith(f"_{report.reference}.{format}")
    answer = web.get(f"/documents/reports/{report.number}/file/")
    types = {"xls": "application/vnd.ms-excel", "csv": "text/csv; charset=utf-8"}
    expected = types.get(format, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (expected, "nosniff")
    starts = {"xls": b"\xd0\xcf\x11\xe0", "xlsx": b"PK\x03\x04", "csv": b"\xef\xbb\xbfTransaction ID,"}
    assert b"".join(answer.streaming_content).startswith(starts[format])
    assert f".{format} · {len(HOSTILE)} rows" in " ".join(web.get("/documents/reports/").content.decode().split())


def test_the_same_rows_are_asked_for_once_in_each_format(web, transfers):
    for _click in range(2):
        for format in ("xls", "xlsx", "csv"):
            web.post("/documents/reports/", {"history": "money-transfers", "query": "", "format": format})
    web.post("/documents/reports/", {"history": "money-transfers", "format": "csv", "separator": ";"})
    asked = [("xls", ","), ("xlsx", ","), ("csv", ","), ("csv", ";")]
    assert list(Report.objects.order_by("number").values_list("format", "separator")) == asked


@pytest.mark.parametrize("data", [{"format": "doc"}, {"format": ""}, {"format": "csv", "separator": "|"}])
def test_a_wrong_format_makes_nothing_and_offers_the_choice_again(web, transfers, data):
    wanted = {"history": "money-transfers", "query": "status=failed", **data}
    answer = web.post("/documents/reports/", wanted, follow=True)
    assert "No report was made: choose .xls, .xlsx, .csv, .pdf or .zip" in answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/documents/reports/new/?history=money-transfers&query=status%3Dfailed"
    assert Report.objects.count() == 0


@pytest.mark.parametrize("values", [{"format": "doc"}, {"separator": "|"}])
def test_the_database_refuses_an_unknown_format(admin, values):
    with pytest.raises(IntegrityError):
        make_report(admin, **values)


# --- The dialog and its page --------------------------------------------------------------------------------------


def words_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_dialog_and_its_page_say_how_many_rows_and_what_is_filtered(web, transfers):
    query = "status=successful&status=failed&q=Biji"
    make_transfer(transfers.first().business, beneficiary_name="Siti", remark="Biji kopi")
    for address in (
        f"/money-transfers/?{query}",
        "/documents/reports/new/?history=money-transfers&query=" + query.replace("&", "%26"),
    ):
        said = words_of(web.get(address))
        assert "A file of exactly what the search and filters of Money Transfer show: 1 transaction ." in said
        assert "Search Biji" in said
        assert "Status Successful, Failed" in said
    assert "Search and filters None: everything" in words_of(web.get("/money-transfers/"))


def test_the_button_leads_without_scripts_to_a_page_that_makes_the_report(web, transfers):
    page = web.get("/money-transfers/?status=failed").content.decode()
    form = re.search(r'<form id="create-report".*?</form>', page, re.DOTALL)[0]
    assert 'method="get"' in form
    assert 'action="/documents/reports/new/"' in form
    fields = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form))
    assert fields == {"history": "money-transfers", "query": "status=failed"}
    answer = web.get("/documents/reports/new/", fields)
    assert answer.status_code == 200
    chosen = re.findall(r'name="format"\s+value="(\w+)"\s+(checked)?', answer.content.decode())
    assert chosen == [("xls", "checked"), ("xlsx", ""), ("csv", ""), ("pdf", ""), ("zip", "")]
    web.post("/documents/reports/", {**fields, "format": "csv", "separator": ","})
    report = Report.objects.get()
    assert (report.history, report.query, report.format) == ("money-transfers", "status=failed", "csv")


def test_a_count_that_takes_too_long_says_many(web, transfers, monkeypatch):
    monkeypatch.setattr(histories.results.Listing, "_capped_count", lambda self, rows, milliseconds: None)
    assert "Many transactions" in words_of(web.get("/documents/reports/new/?history=money-transfers"))


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("id", ";")])
def test_a_csv_is_offered_with_the_separator_of_the_persons_language(web, admin, language, separator):
    type(admin.user).objects.filter(pk=admin.user.pk).update(language=language)
    page = web.get("/documents/reports/new/?history=money-transfers").content.decode()
    assert re.findall(r'<option value="(.)"\s+selected', page) == [separator]


@pytest.mark.parametrize("query", ["", "history=nothing", "history=money-transfers&query=status%3Dgone"])
def test_the_page_for_something_wrong_says_so(web, query):
    answer = web.get(f"/documents/reports/new/?{query}", follow=True)
    assert "No report was made" in answer.content.decode()


# --- Who may, when it is made and when it is fetched --------------------------------------------------------


def test_a_report_of_what_one_may_not_see_is_not_there(web, scope, client_of, kopi_kita):
    """The Activity Log has addresses and devices of everybody; who may download reports needn't see it (trust: E2)."""
    report = services.request_report(scope, history="activity", query="")
    services.REPORTS.work(report.pk)
    address = f"/documents/reports/{report.number}/file/"
    assert web.get(address).status_code == 200
    reviewer = client_of(make_member(kopi_kita, Role.REVIEWER))
    assert reviewer.get("/documents/reports/").status_code == 200
    assert "Activity Log" not in words_of(reviewer.get("/documents/reports/"))
    assert reviewer.get(address).status_code == 404
    assert reviewer.post(f"/documents/reports/{report.number}/cancellation/").status_code == 404


def test_the_worker_asks_the_permission_again(scope, admin, transfers):
    for change in ({"role": Role.CUSTOMER_SERVICE}, {"is_active": False, "role": Role.ADMIN}):
        report = services.request_report(scope, history="money-transfers", query=f"q={change['role']}")
        type(admin).objects.filter(pk=admin.pk).update(**change)
        services.REPORTS.work(report.pk)
        report.refresh_from_db()
        assert (report.status, report.problem) == ("failed", "not allowed")
        type(admin).objects.filter(pk=admin.pk).update(role=Role.ADMIN, is_active=True)


def test_the_download_asks_scope_permission_and_expiry_again(
    web, client_of, scope, admin, kopi_kita, stranger, transfers
):
    """trust: E2."""
    report = build(scope)
    url = f"/documents/reports/{report.number}/file/"
    answer = web.get(url)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == content_of(report)
    assert answer["Content-Disposition"] == f'attachment; filename="{report.file_name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert client_of(make_member(kopi_kita, Role.MAKER)).get(url).status_code == 200
    assert client_of(make_member(kopi_kita, Role.CUSTOMER_SERVICE)).get(url).status_code == 403
    assert client_of(stranger).get(url).status_code == 404
    assert web.get(f"/test{url}").status_code == 404
    Report.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert web.get(url).status_code == 404


def test_an_expired_file_is_thrown_away(scope, transfers, no_worker):
    report = build(scope)
    Report.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    services.REPORTS.sweep()
    assert not default_storage.exists(report.stored_as)
    report.refresh_from_db()
    assert (report.status, report.stored_as) == ("expired", "")


def test_asking_twice_at_the_same_instant_makes_one_report(scope, transfers):
    def ask(_turn):
        return services.request_report(scope, history="money-transfers", query="")

    assert {report.pk for report in at_once(2, ask)} == {Report.objects.get().pk}


# --- Killed, cancelled, twice --------------------------------------------------------------------------------


def test_a_cancelled_report_leaves_no_file(web, scope, transfers, no_worker, monkeypatch):
    report = services.request_report(scope, history="money-transfers", query="")
    monkeypatch.setattr(services, "PROGRESS_EVERY", 3)
    note = services.REPORTS.note

    def cancel_in_the_middle(report, **values):
        if "rows_done" in values:
            web.post(f"/documents/reports/{report.number}/cancellation/")
        note(report, **values)

    monkeypatch.setattr(services.REPORTS, "note", cancel_in_the_middle)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.status == "cancelled"
    assert not [path for path in no_worker.rglob("*") if path.is_file()]


def test_cancelling_at_the_very_end_leaves_no_file(scope, transfers, no_worker, monkeypatch):
    report = services.request_report(scope, history="money-transfers", query="")
    name = services._file_name

    def cancel_last(report, *args):
        services.REPORTS.cancel(report)
        return name(report, *args)

    monkeypatch.setattr(services, "_file_name", cancel_last)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.status == "cancelled"
    assert not [path for path in no_worker.rglob("*") if path.is_file()]


def test_a_finished_report_stays_when_cancelled_late(web, scope, transfers):
    report = build(scope)
    answer = web.post(f"/documents/reports/{report.number}/cancellation/", follow=True)
    assert "already finished" in answer.content.decode()
    report.refresh_from_db()
    assert report.status == "ready"


def test_only_who_asked_for_a_report_and_admins_may_cancel_it(web, client_of, kopi_kita, scope, no_worker):
    maker = make_member(kopi_kita, Role.MAKER)
    mine, theirs = (
        services.request_report(asking, history="money-transfers", query="") for asking in (maker.scope("live"), scope)
    )
    browser, path = client_of(maker), "/documents/reports/{}/cancellation/"
    page = browser.get("/documents/reports/").content.decode()
    assert (path.format(mine.number) in page, path.format(theirs.number) in page) == (True, False)
    refusal = browser.post(path.format(theirs.number))
    assert (refusal.status_code, refusal.templates[0].name) == (403, "403.html")
    theirs.refresh_from_db()
    assert theirs.status == "queued"
    assert path.format(mine.number) in web.get("/documents/reports/").content.decode()  # an Admin
    for person, report in ((web, mine), (web, theirs)):
        assert person.post(path.format(report.number)).status_code == 302
        report.refresh_from_db()
        assert report.status == "cancelled"
    told = Activity.objects.filter(kind="report.cancelled").order_by("pk")
    assert [event.subject_label for event in told] == [mine.reference, theirs.reference]
    web.post(path.format(mine.number))
    assert told.count() == 2, "what is stopped already is no event"
    own = services.request_report(maker.scope("live"), history="money-transfers", query="")
    browser.post(path.format(own.number))
    own.refresh_from_db()
    assert own.status == "cancelled"


def test_a_second_worker_on_the_same_report_does_nothing(scope, transfers):
    report = build(scope)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, report.attempt) == ("ready", 1)


def test_a_killed_workers_report_is_taken_over_and_the_killed_one_cannot_publish(scope, transfers, no_worker):
    report = services.request_report(scope, history="money-transfers", query="")
    lost = services.REPORTS.claim()
    let_time_pass(services.REPORTS)
    second = services.REPORTS.claim()
    with pytest.raises(Stopped):
        services._build(lost)
    services._build(second)
    report.refresh_from_db()
    assert (report.status, report.attempt) == ("ready", 2)
    assert [path.name for path in no_worker.rglob("*") if path.is_file()] == [Path(report.stored_as).name]


def test_a_failing_report_is_tried_three_times_and_then_says_failed(web, scope, transfers, monkeypatch):
    def break_down(*args):
        raise RuntimeError("disk full")

    monkeypatch.setattr(services, "_publish", break_down)
    report = services.request_report(scope, history="money-transfers", query="")
    for _attempt in range(3):
        let_time_pass(services.REPORTS)
        services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, report.attempt) == ("failed", 3)
    assert "Something went wrong on our side" in web.get("/documents/reports/").content.decode()


@pytest.mark.parametrize("rows_a_sheet", [1, 65_535])  # noticed on the way, and at the end
def test_more_than_an_xls_holds_is_said_at_once(web, scope, transfers, no_worker, monkeypatch, rows_a_sheet):
    monkeypatch.setattr(ole, "LONGEST_STREAM", 5_000)
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", rows_a_sheet + 1)
    report = services.request_report(scope, history="money-transfers", query="")
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, report.attempt, report.problem) == ("failed", 1, "too big")
    assert "Make it again as .xlsx or .csv" in web.get("/documents/reports/").content.decode()
    assert not [path for path in no_worker.rglob("*") if path.is_file()]
    assert build(scope, format="xlsx").status == "ready"


def test_without_a_broker_the_report_waits_and_the_page_works(web, monkeypatch, transfers, settings):
    monkeypatch.undo()
    from kombu.exceptions import OperationalError

    def no_broker(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(app, "send_task", no_broker)
    assert web.post("/documents/reports/", {"history": "money-transfers", "query": ""}).status_code == 302
    assert Report.objects.get().status == "queued"


# --- The pages -------------------------------------------------------------------------------------------------


def test_the_tray_asks_again_only_while_something_is_made(web, scope, transfers):
    report = services.request_report(scope, history="money-transfers", query="")
    assert "every 700ms" in web.get("/documents/reports/tray/").content.decode()
    services.REPORTS.work(report.pk)
    tray = web.get("/documents/reports/tray/").content.decode()
    assert "every 700ms" not in tray
    assert "announce" not in tray
    heard = web.get("/documents/reports/tray/", headers={"HX-Request": "true"}).content.decode()
    assert "The report is finished." in heard
    assert f"/documents/reports/{report.number}/file/" in tray


def test_reports_are_listed_newest_first_page_by_page(web, admin):
    for number in range(1, 31):
        make_report(admin, number=number, status="cancelled")
    first = web.get("/documents/reports/")
    assert [r.number for r in first.context["rows"]] == list(range(30, 5, -1))
    second = web.get(f"/documents/reports/{first.context['older_url']}")
    assert [r.number for r in second.context["rows"]] == [5, 4, 3, 2, 1]
    assert (first.context["newest_url"], second.context["newest_url"]) == ("", "/documents/reports/")
    assert second.context["older_url"] == ""
    for before in ("x", "-1", "1.5", "²", "9" * 10):
        assert web.get(f"/documents/reports/?before={before}").status_code == 404, before


@pytest.mark.parametrize("query", ["\x00", "&&&", "date_basis=created&status=", "q=%20", "before=", "%00="])
def test_the_same_search_written_otherwise_is_the_same_report(web, transfers, query):
    for written in ("", query):
        assert web.post("/documents/reports/", {"history": "money-transfers", "query": written}).status_code == 302
    assert [report.query for report in Report.objects.all()] == [""]
