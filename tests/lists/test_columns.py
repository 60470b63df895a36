"""Columns: chosen, ordered, remembered per person and history, reset; reports keep all of them."""

import re

import pytest
from django.urls import reverse

from accounts.permissions import Role
from documents.models import Report
from documents.reports import services as reports
from flipdash import histories
from flipdash.actors import Actor
from lists.models import KeptLayout
from tests.factories import MAKERS, make_member, make_transfer
from transactions.transfers.history import TransferHistory

pytestmark = pytest.mark.django_db
PAGE, SAVE, RESET = "/money-transfers/", "/views/columns/", "/views/columns/reset/"
USUAL = [str(column.label) for column in TransferHistory.columns if column.shown]


@pytest.fixture(autouse=True)
def transfer(kopi_kita):
    return make_transfer(kopi_kita, approver=Actor.named("Bayu Approver"))


def head(browser, url=PAGE) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', browser.get(url).content.decode())


def choose(browser, *names, url=SAVE, **fields):
    places = {f"place_{name}": place for place, name in enumerate(names, 1)}
    return browser.post(url, {"history": "money-transfers", "shown": names, **places, **fields})


def test_a_person_chooses_columns_and_their_order(web):
    assert head(web) == USUAL
    answer = choose(web, "amount", "id", "approver_name", query="status=successful")
    assert (answer.status_code, answer["Location"]) == (302, "/money-transfers/?status=successful")
    assert head(web) == ["Amount", "Transaction ID", "Approved By"]
    assert "Bayu Approver" in web.get(PAGE).content.decode()


def test_the_column_that_opens_a_row_stays(web):
    choose(web, "amount", place_id=2)  # its box can't be unticked, so a browser doesn't send it
    assert head(web) == ["Amount", "Transaction ID"]


def test_reset_shows_the_usual_columns_again(web):
    choose(web, "amount", "id")
    for _twice in range(2):
        assert web.post(RESET, {"history": "money-transfers"}).status_code == 302
        assert head(web) == USUAL


def test_the_choice_is_this_persons_in_this_mode_alone(web, client_of, kopi_kita, stranger):
    make_transfer(kopi_kita, mode="test")
    make_transfer(stranger.business)
    choose(web, "amount", "id")
    colleague = make_member(kopi_kita, Role.ADMIN)
    assert head(client_of(colleague)) == USUAL
    assert head(client_of(stranger)) == USUAL
    assert head(web, "/test" + PAGE) == USUAL


def test_choosing_twice_keeps_one_choice(web):
    for _twice in range(2):
        choose(web, "id", "fee")
    assert KeptLayout.objects.count() == 1
    assert head(web) == ["Transaction ID", "Fee"]


def test_a_column_that_no_longer_exists_is_dropped_silently(web, admin, monkeypatch):
    choose(web, "id", "fee", "amount")
    monkeypatch.setattr(TransferHistory, "columns", tuple(c for c in TransferHistory.columns if c.name != "fee"))
    answer = web.get(PAGE)
    assert head(web) == ["Transaction ID", "Amount"]
    assert "no longer exists" not in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"place_amount": "first"}, "Enter a whole number."),
        ({"place_amount": "0"}, "greater than or equal to 1"),
        ({"place_amount": "1000"}, "less than or equal to 999"),
        ({"shown": ["channel"]}, "names a column that doesn&#x27;t exist any more"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(web, fields, words):
    answer = choose(web, "id", "amount", **fields)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not KeptLayout.objects.exists()


def test_a_table_needs_a_column(web, monkeypatch):
    monkeypatch.setattr(TransferHistory, "columns", tuple(c for c in TransferHistory.columns if not c.always))
    assert "Choose at least one column." in choose(web).content.decode()


@pytest.mark.parametrize("path", [SAVE, RESET])
@pytest.mark.parametrize("history", ["", "nothing", "money-transfers\x00"])
def test_an_unknown_history_is_not_found(web, path, history):
    assert web.post(path, {"history": history}).status_code == 404


def test_wrong_methods(web):
    assert web.put(SAVE).status_code == 405
    assert web.get(RESET).status_code == 405


def test_a_history_that_the_role_may_not_see_is_not_found(web, monkeypatch):
    monkeypatch.setattr(TransferHistory, "permission", "nobody:may")
    assert choose(web, "id").status_code == 404
    assert not KeptLayout.objects.exists()


def test_the_page_shows_the_list_as_it_stands(web):
    choose(web, "amount", "id")
    for url in (PAGE, f"{SAVE}?history=money-transfers"):
        content = web.get(url).content.decode()
        rows = re.findall(r'name="shown"\s+value="(\w+)"\s*(checked)?', content)
        assert rows[:3] == [("amount", "checked"), ("id", "checked"), ("status", "")]
        assert len(rows) == len(TransferHistory.columns)


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_a_report_keeps_all_columns_in_their_order(web, admin, monkeypatch, settings, tmp_path):
    import io

    import xlrd
    from django.core.files.storage import default_storage

    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    make_transfer(admin.business)
    choose(web, "amount", "id")
    query = "columns=amount&columns=id&status=successful"
    answer = web.post("/documents/reports/", {"history": "money-transfers", "query": query})
    assert answer["Location"] == f"/money-transfers/?{query}"
    report = Report.objects.get()
    assert report.query == "status=successful"
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    with default_storage.open(report.stored_as) as file:
        sheet = xlrd.open_workbook(file_contents=io.BytesIO(file.read()).read()).sheet_by_name("Data 1")
    assert [value.split(" (WI")[0] for value in sheet.row_values(0)] == [str(c.label) for c in TransferHistory.columns]


@pytest.mark.parametrize("name", MAKERS)
def test_every_history_has_columns_and_views(web, admin, name):
    MAKERS[name](admin.business)
    declared = histories.get(name)
    first, *_rest, last = (column for column in declared.columns if not column.always)
    web.post(SAVE, {"history": name, "shown": [first.name, last.name], f"place_{last.name}": 1})
    page = reverse(declared.url_name)
    assert head(web, page)[0] == str(last.label)
    assert len(head(web, page)) == 3
    saved = {"history": name, "query": "q=kopi", "name": "Coffee", "keep_columns": "on", "is_default": "on"}
    opened = web.get(web.post("/views/new/", saved)["Location"])["Location"]
    assert opened.startswith(f"{page}?columns=")
    assert opened.endswith("&q=kopi")
    assert web.get(page)["Location"] == opened
