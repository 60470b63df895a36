"""Receipts as files: made once by a worker, kept with their hash, the same bytes for whoever asks ever after."""

import re
import zipfile
from datetime import timedelta
from hashlib import sha256

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.business import services as businesses
from accounts.models import Business
from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import LedgerOwner, Source
from documents import stored
from documents.files import kinds
from documents.models import ReceiptFile
from documents.receipts import making, sharing
from documents.reports import services as reports
from flipdash import clock, rls
from tests import factories
from tests.deposits.conftest import connect
from tests.documents.test_pdf import check_standard
from tests.documents.test_receipts import picture, text_of
from tests.leased import let_time_pass
from tests.superuser import superuser
from tests.twins import at_once
from transactions.transfers.history import TransferHistory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])


@pytest.fixture(autouse=True)
def quiet(files, asleep) -> None:
    """The test is the worker; files go to a folder of their own."""


@pytest.fixture
def sri(kopi_kita):
    return factories.make_transfer(kopi_kita, beneficiary_name="Sri Wahyuni", amount=1_850_000, fee=2_500)


def address_of(row, part: str = "") -> str:
    return f"/documents/receipts/money-transfers/{row.pk}/{part}"


def work() -> None:
    while making.RECEIPTS.work():
        pass


def made() -> list[ReceiptFile]:
    return list(ReceiptFile.objects.using("operator").order_by("pk"))


def content_of(answer) -> bytes:
    assert answer["Content-Type"] == "application/pdf"
    return b"".join(answer.streaming_content)


def test_it_is_made_by_a_worker_and_is_the_same_bytes_ever_after(web, sri, scope, kopi_kita):
    waits = web.get(address_of(sri)).content.decode()
    assert "The receipt is being made. The download begins by itself." in waits
    assert re.search(rf'<noscript>\s*<meta http-equiv="refresh" content="2; url={address_of(sri)}">', waits)
    assert f'hx-get="{address_of(sri, "state/")}"' in waits
    assert "hx-get" in web.get(address_of(sri, "state/")).content.decode()
    assert [file.status for file in made()] == ["queued"], "asked for once, however often one looks"
    work()
    ready = web.get(address_of(sri, "state/")).content.decode()
    assert f'href="{address_of(sri)}" data-downloads' in " ".join(ready.split())
    assert "hx-get" not in ready
    answer = web.get(address_of(sri))
    content = content_of(answer)
    [file] = made()
    assert (file.sha256, file.size) == (sha256(content).hexdigest(), len(content))
    assert f'filename="{file.file_name}"' in answer["Content-Disposition"]
    assert file.file_name.startswith("Receipt_Sri-Wahyuni_Rp1.850.000_")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "Rp2,500" in text_of(content)
    check_standard(content, title=f"Transfer receipt {sri.pk}", language="en")
    businesses.set_logo(scope, picture())
    Business.objects.filter(pk=kopi_kita.pk).update(legal_name="PT Kopi Baru")
    assert content_of(web.get(address_of(sri))) == content


def test_without_the_fee_and_in_the_other_language_it_is_a_file_of_its_own(web, sri, admin):
    addresses = [address_of(sri), address_of(sri, "?fee=without"), address_of(sri, "?language=id")]
    for address in addresses:
        web.get(address)
    work()
    texts = [text_of(content_of(web.get(address))) for address in addresses]
    assert ["Rp2,500" in text or "Rp2.500" in text for text in texts] == [True, False, True]
    assert "Transfer receipt" in texts[1]
    assert "Bukti transfer" in texts[2]
    admin.user.language = "id"
    admin.user.save()
    assert content_of(web.get(address_of(sri))) == content_of(web.get(addresses[2])), "in the person's language"
    assert len(made()) == 3


def test_a_link_finds_the_file_there_and_a_colleague_the_same(web, sri, scope):
    with rls.inside(scope):
        path = (
            "/receipts/"
            + sharing.address_of(sharing.make_link(scope, TransferHistory, sri.pk, with_fee=False)).split("/receipts/")[
                1
            ]
        )
    waits = Client().get(f"{path}file/")
    assert "The receipt is being made" in waits.content.decode()
    assert waits["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert f'hx-get="{path}state/"' in waits.content.decode()
    work()
    assert "data-downloads" in Client().get(f"{path}state/").content.decode()
    answer = Client().get(f"{path}file/")
    content = content_of(answer)
    assert "Rp2,500" not in text_of(content)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert content_of(web.get(address_of(sri, "?fee=without"))) == content
    [file] = made()
    assert (file.by_name, file.language) == ("Rina Admin", "en")


def test_test_mode_says_so_while_one_waits_and_in_the_name(client_of, admin, kopi_kita):
    row = factories.make_transfer(kopi_kita, mode="test")
    scope = admin.scope("test")
    with rls.inside(scope):
        path = sharing.address_of(sharing.make_link(scope, TransferHistory, row.pk, with_fee=False)).split("/", 3)[3]
    waits = Client().get(f"/{path}file/").content.decode()
    assert "Test Mode · no real money moved" in waits
    work()
    answer = Client().get(f"/{path}file/")
    assert 'filename="TEST_Receipt_' in answer["Content-Disposition"]
    assert "no real money moved" in text_of(content_of(answer))


def test_the_files_of_a_zip_are_those_that_were_downloaded(web, sri, scope, kopi_kita):
    web.get(address_of(sri))
    work()
    alone = content_of(web.get(address_of(sri)))
    businesses.set_logo(scope, picture())
    with rls.inside(scope):
        report = reports.request_report(scope, history="money-transfers", query="", format="zip")
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    with default_storage.open(report.stored_as) as file, zipfile.ZipFile(file) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [alone]


def test_two_that_ask_at_once_ask_for_one(client_of, admin, sri):
    answers = at_once(4, lambda _number: client_of(admin).get(address_of(sri)).status_code)
    assert answers == [200] * 4
    assert len(made()) == 1


class Killed(BaseException):
    """A worker that dies: nothing above catches it, and nothing is tidied."""


@pytest.mark.parametrize("place", ["printed", "note", "finish"])
def test_killed_anywhere_it_is_made_once_and_nothing_is_left(web, sri, monkeypatch, place, files):
    web.get(address_of(sri))

    def die(*about, **values):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((making, place) if place == "printed" else (making.RECEIPTS, place)), die)
        with pytest.raises(Killed):
            making.RECEIPTS.work()
    let_time_pass(making.RECEIPTS)
    work()
    [file] = made()
    assert (file.status, file.attempt) == ("ready", 2)
    assert sha256(content_of(web.get(address_of(sri)))).hexdigest() == file.sha256
    assert [str(path.relative_to(files)) for path in files.rglob("*.pdf")] == [file.stored_as]


def test_one_that_fails_says_so_and_is_tried_again_by_hand(web, sri, monkeypatch):
    monkeypatch.setattr(making.RECEIPTS, "most_attempts", 1)
    web.get(address_of(sri))
    with monkeypatch.context() as patch:
        patch.setattr(making, "printed", lambda *about: 1 / 0)
        work()
    said = web.get(address_of(sri)).content.decode()
    assert "Something went wrong on our side" in said
    assert "http-equiv" not in said
    assert f'href="{address_of(sri)}?again="' in said
    assert "hx-get" in web.get(address_of(sri, "?again=")).content.decode()
    work()
    assert content_of(web.get(address_of(sri)))


def test_what_is_not_successful_any_more_has_no_receipt_even_where_one_was_made(web, sri):
    web.get(address_of(sri))
    work()
    waiting = factories.make_transfer(sri.business)
    web.get(address_of(waiting))
    with superuser() as connection:
        connection.execute("UPDATE transactions_moneytransfer SET status = 'failed'")
    work()
    assert [file.status for file in made()] == ["ready", "failed"]
    assert made()[1].problem == "gone"
    for row in (sri, waiting):
        assert web.get(address_of(row)).status_code == web.get(address_of(row, "state/")).status_code == 404


def test_when_the_money_came_back_the_receipt_says_so_and_is_another_one(web, sri):
    web.get(address_of(sri))
    work()
    before = content_of(web.get(address_of(sri)))
    owner = LedgerOwner(sri.business, sri.mode)
    with rls.inside_of(sri.business_id, sri.mode):
        ledger.give_back(owner, Source("money_transfer", sri.pk), amount=sri.amount, rail="bca")
    type(sri).objects.filter(pk=sri.pk).update(returned_at=timezone.now())
    assert "The receipt is being made" in web.get(address_of(sri)).content.decode()
    work()
    after = content_of(web.get(address_of(sri)))
    assert ["Returned" in text_of(content) for content in (before, after)] == [False, True]
    assert [file.returned for file in made()] == [False, True]


def test_a_file_that_is_made_never_changes(web, sri):
    web.get(address_of(sri))
    work()
    for statement in (
        "UPDATE documents_receiptfile SET sha256 = repeat('0', 64)",
        "UPDATE documents_receiptfile SET status = 'queued'",
        "DELETE FROM documents_receiptfile",
    ):
        with pytest.raises(psycopg.errors.CheckViolation), connect("owner") as connection:
            connection.execute(statement)
    assert list(stored.missing()) == []
    [file] = made()
    with default_storage.open(file.stored_as, "wb") as content:
        content.write(b"%PDF- another")
    assert list(stored.missing()) == [f"receipt {sri.pk}: {file.stored_as} is not what was made"]
    default_storage.delete(file.stored_as)
    assert list(stored.missing()) == [f"receipt {sri.pk}: {file.stored_as} is missing"]
    assert content_of(web.get(address_of(sri))).startswith(b"%PDF-")  # printed for whoever asks, and not kept
    assert list(stored.missing()) == [f"receipt {sri.pk}: {file.stored_as} is missing"]


def test_beyond_a_days_files_a_receipt_is_printed_and_not_kept(web, kopi_kita, sri, scope, settings, monkeypatch):
    settings.RECEIPT_FILES_A_DAY = 1
    web.get(address_of(sri))
    work()
    another = factories.make_transfer(kopi_kita, beneficiary_name="Another One")
    assert content_of(web.get(address_of(another))).startswith(b"%PDF-")
    assert web.get(address_of(another, "state/")).status_code == 404
    assert [file.row_id for file in made()] == [sri.pk]
    assert content_of(web.get(address_of(sri))).startswith(b"%PDF-")
    almost, over = (clock.now() + timedelta(hours=24, minutes=minutes) for minutes in (-1, 1))
    with rls.inside(scope):
        monkeypatch.setattr(clock, "now", lambda *using: almost)
        with pytest.raises(making.NoRoom):
            making._check_room(scope)
        monkeypatch.setattr(clock, "now", lambda *using: over)
        making._check_room(scope)


def test_it_is_listed_with_the_other_files_and_only_for_its_own(web, sri, scope, client_of, people, stranger):
    web.get(address_of(sri, "?fee=without"))
    work()
    with rls.inside(scope):
        [(kind, item)] = kinds.page(scope, kind="single", words=("sri",)).rows
    assert (kind.name, item.title, item.who) == ("single", "Transfer receipt", "Rina Admin")
    assert content_of(web.get(item.file_url)) == content_of(web.get(address_of(sri, "?fee=without")))
    assert item.file_url in web.get("/documents/files/").content.decode().replace("&amp;", "&")
    for client, status in ((client_of(stranger), 404), (client_of(people[Role.CUSTOMER_SERVICE]), 200)):
        assert client.get(address_of(sri, "?fee=without")).status_code == status
    assert web.get(f"/test{address_of(sri)}").status_code == 404
    assert Client().get(address_of(sri)).status_code == 302


@pytest.mark.parametrize("name", ["receipts:shared-state"])
def test_a_page_that_waits_for_its_file_keeps_no_session_alive(name):
    """It asks every half second by itself: whoever is signed in and away is signed out all the same."""
    assert resolve(reverse(name, args=["x" * 43])).func.is_polled
