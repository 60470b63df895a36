"""The banner of what didn't arrive says what happened, what the ledger says of the money, and what to do next."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape

import pytest
from django.urls import reverse

from deposits import ledger
from deposits.ledger import Source
from deposits.models import DepositEntry
from flipdash import histories, rls
from flipdash.actors import SYSTEM, Actor
from tests import factories
from tests.factories import make_international, make_payment, make_transfer

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 27, 3, 26, tzinfo=UTC)  # 10:26 WIB
SENTENCE = re.compile(r"<(?:strong|p)(?: [^>]*)?>(.*?)</(?:strong|p)>", re.S)
BAYU = Actor.named("Bayu Prakoso")


@pytest.fixture
def today(monkeypatch):
    monkeypatch.setattr(histories.History, "today", MORNING.date())


@pytest.fixture
def at_all(scope):
    """Post as the scope's business, in its deposit of ten million."""
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 1), amount=10_000_000, bank="bca", effective_at=MORNING)
        yield


def told(row, kind: str, by: Actor = SYSTEM, note: str = "", at: datetime = MORNING) -> None:
    row.events.create(business=row.business, mode=row.mode, kind=kind, at=at, note=note, **by.columns("by"))


def page(web, row, name: str = "money-transfers") -> str:
    return unescape(web.get(reverse(histories.get(name).row_url_name, args=[row.pk])).content.decode())


def banner(web, row, name: str = "money-transfers") -> list[str]:
    """Return the sentences of the banner, or nothing."""
    found = re.search(r'<section class="notice notice--(\w+)".*?</section>', page(web, row, name), re.S)
    if not found:
        return []
    return [found[1], *(text.strip() for text in SENTENCE.findall(found[0]))]


def failed(kopi_kita, scope, *, at: datetime = MORNING, **fields):
    """Make a transfer whose hold was released when it failed."""
    row = make_transfer(kopi_kita, status="failed", reason="account_closed", amount=2_781_484, fee=5_000, **fields)
    source, whole = Source("money_transfer", row.pk), row.amount + row.fee
    ledger.hold(scope, source, amount=whole, effective_at=at - timedelta(minutes=3))
    ledger.release(scope, source, amount=whole, effective_at=at)
    told(row, "failed", at=at)
    return row


def test_a_failed_transfer_says_why_what_went_back_when_and_what_to_do(web, scope, kopi_kita, at_all, today):
    assert banner(web, failed(kopi_kita, scope)) == [
        "error",
        "Failed: the beneficiary’s account is closed.",
        "Rp2,786,484 (Rp2,781,484 + fee Rp5,000) went back to your deposit at 10:26. Nothing was paid.",
        "Ask the beneficiary for another account, then make a new transfer.",
    ]


def test_an_earlier_day_is_named(web, scope, kopi_kita, at_all):
    assert "on 27 Nov 2026, 10:26" in banner(web, failed(kopi_kita, scope))[2]


def test_it_speaks_indonesian(client_of, admin, scope, kopi_kita, at_all, today):
    row = failed(kopi_kita, scope)
    admin.user.language = "id"
    admin.user.save()
    assert banner(client_of(admin), row) == [
        "error",
        "Gagal: rekening penerima sudah ditutup.",
        "Rp2.786.484 (Rp2.781.484 + biaya Rp5.000) dikembalikan ke deposit Anda pukul 10.26. "
        "Tidak ada yang dibayarkan.",
        "Minta rekening lain dari penerima, lalu buat transfer baru.",
    ]


def test_money_that_did_not_come_back_is_never_said_to_have(web, scope, kopi_kita, at_all):
    row = make_transfer(kopi_kita, status="failed", reason="bank_unavailable", amount=85_000, fee=2_500)
    ledger.hold(scope, Source("money_transfer", row.pk), amount=87_500)
    assert banner(web, row)[2].startswith("Rp87,500 of your deposit is still set aside for it.")


def test_another_sum_than_amount_and_fee_is_not_explained_by_them(web, scope, kopi_kita, at_all, today):
    row = make_transfer(kopi_kita, status="failed", amount=85_000, fee=2_500)
    source = Source("money_transfer", row.pk)
    ledger.hold(scope, source, amount=90_000, effective_at=MORNING)
    ledger.release(scope, source, amount=90_000, effective_at=MORNING)
    assert banner(web, row)[1:] == [
        "Failed: nobody said why.",
        "Rp90,000 went back to your deposit at 10:26. Nothing was paid.",
    ]


@pytest.mark.parametrize(
    ("kind", "by", "note", "reason", "expected"),
    [
        ("rejected", BAYU, "", "wrong_amount", "Rejected by Bayu Prakoso: the amount was wrong."),
        ("rejected", BAYU, "Ask <Sri> first", "", "Rejected by Bayu Prakoso: “Ask <Sri> first”."),
        ("cancelled", BAYU, "", "entered_twice", "Cancelled by Bayu Prakoso: it was entered twice."),
        ("cancelled", SYSTEM, "", "not_approved", "Cancelled: nobody approved it in time."),
        ("cancelled", SYSTEM, "", "", "Cancelled: nobody said why."),
    ],
)
def test_what_was_never_sent_says_who_stopped_it_and_that_nothing_was_taken(
    web, kopi_kita, kind, by, note, reason, expected
):
    row = make_transfer(kopi_kita, status="cancelled", reason=reason)
    told(row, "created", BAYU)
    told(row, kind, by, note)
    said = banner(web, row)
    assert said[:3] == ["info", expected, "Nothing was taken from your deposit."]
    assert "<Sri>" not in web.get(reverse("transactions:transfer-detail", args=[row.pk])).content.decode()


def test_what_was_imported_never_touched_this_deposit(web, kopi_kita):
    row = make_international(kopi_kita, status="failed", reason="compliance")
    told(row, "failed")
    told(row, "imported", BAYU, "past.csv")
    said = banner(web, row, "international-transfers")
    assert said[1:3] == [
        "Failed: a compliance check stopped it.",
        "It was made in another system: your deposit here was never touched.",
    ]


@pytest.mark.parametrize(("status", "reason"), [("failed", "card_declined"), ("cancelled", "not_paid")])
def test_a_payment_that_was_not_made_brought_nothing(web, kopi_kita, status, reason):
    said = banner(web, make_payment(kopi_kita, status=status, reason=reason), "payments")
    assert said[2] == "Nothing was paid, and nothing came into your deposit."
    assert "link" in said[3]


def test_a_returned_transfer_says_what_came_back_and_that_the_fee_did_not(web, scope, kopi_kita, at_all, today):
    row = make_transfer(
        kopi_kita, amount=85_000, fee=2_500, returned_at=MORNING, created_at=MORNING - timedelta(days=2)
    )
    source = Source("money_transfer", row.pk)
    ledger.hold(scope, source, amount=87_500, effective_at=MORNING - timedelta(days=2))
    ledger.capture(scope, source, amount=85_000, fee=2_500, rail="simulator", effective_at=MORNING - timedelta(days=2))
    ledger.give_back(scope, source, amount=85_000, rail="simulator", effective_at=MORNING)
    assert banner(web, row)[:3] == [
        "warning",
        "Returned: the money arrived, and the beneficiary’s bank sent it back.",
        "Rp85,000 came back to your deposit at 10:26. The fee of Rp2,500 was for sending it, and stays paid.",
    ]


def test_what_banks_kept_of_it_is_said(web, scope, kopi_kita, at_all, today):
    row = make_transfer(
        kopi_kita, amount=85_000, fee=2_500, returned_at=MORNING, created_at=MORNING - timedelta(days=2)
    )
    source = Source("money_transfer", row.pk)
    ledger.hold(scope, source, amount=87_500, effective_at=MORNING - timedelta(days=2))
    ledger.capture(scope, source, amount=85_000, fee=2_500, rail="simulator", effective_at=MORNING - timedelta(days=2))
    ledger.give_back(scope, source, amount=60_000, rail="simulator", effective_at=MORNING)
    assert banner(web, row)[2] == (
        "Rp60,000 came back to your deposit at 10:26. Banks on the way kept Rp25,000 of it. "
        "The fee of Rp2,500 was for sending it, and stays paid."
    )


@pytest.mark.parametrize("name", factories.MAKERS)
def test_what_went_well_has_no_banner(web, kopi_kita, name):
    assert banner(web, factories.MAKERS[name](kopi_kita), name) == []


# --- The head --------------------------------------------------------------------------------------------------------


def lead(web, row, name: str) -> str:
    (found,) = re.findall(r'<p class="page-head__lead">(.*?)</p>', page(web, row, name))
    return found


def test_a_head_says_to_whom_and_where(web, kopi_kita):
    row = make_transfer(
        kopi_kita,
        destination_kind="ewallet",
        bank="shopeepay",
        account_number="0816123456947",
        beneficiary_name="Bambang <b>",
    )
    said = "to <bdi>Bambang <b></bdi> · <bdi>ShopeePay</bdi> <bdi>0816…947</bdi>"
    assert lead(web, row, "money-transfers") == said
    assert "Bambang &lt;b&gt;" in web.get(f"/money-transfers/{row.pk}/").content.decode()
    abroad = lead(web, make_international(kopi_kita), "international-transfers")
    assert re.sub("</?bdi>", "", abroad) == "to Tan Mei Ling · DBS Bank, Singapore · 0012…678"
    paid = lead(web, make_payment(kopi_kita), "payments")
    assert re.sub("</?bdi>", "", paid) == "from Dewi Anggraini · BCA · Kelas latte art"


def test_an_entry_says_of_which_amount_and_fee_it_is(web, scope, kopi_kita, toko_sebelah, at_all):
    sent = make_transfer(kopi_kita, status="processing", amount=2_900_000, fee=2_500)
    settled = make_payment(kopi_kita, settlement_status="settled", amount=150_000)
    ledger.hold(scope, Source("money_transfer", sent.pk), amount=2_902_500)
    ledger.settle(scope, Source("payment", settled.pk), amount=150_000, fee=4_000, channel="bca")
    with rls.inside_of(toko_sebelah.pk, "live"):
        stranger = make_transfer(toko_sebelah, amount=100_000, fee=2_500)
    ledger.hold(scope, Source("money_transfer", stranger.pk), amount=102_500)
    of = partial(DepositEntry.objects.visible_to(scope).get)
    assert lead(web, of(amount=-2_902_500), "deposit") == "Rp2,900,000 + fee Rp2,500"
    assert lead(web, of(amount=146_000), "deposit") == "Rp150,000 − fee Rp4,000"
    for amount in (10_000_000, -102_500):  # a top-up has no fee, and nobody else's transfer is told
        assert "page-head__lead" not in page(web, of(amount=amount), "deposit")


def test_a_page_shows_the_entries_of_the_businesss_own_accounts_alone(web, scope, kopi_kita, at_all):
    row = make_transfer(kopi_kita, amount=85_000, fee=2_500)
    source = Source("money_transfer", row.pk)
    ledger.hold(scope, source, amount=87_500)
    ledger.capture(scope, source, amount=85_000, fee=2_500, rail="simulator")
    content = page(web, row)
    table = content[content.index('id="ledger"') :]
    accounts = re.findall(r'data-label="Account">([^<]*)<', table)
    assert accounts == ["Available", "Held", "Held"]
