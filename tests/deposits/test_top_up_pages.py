"""The pages of a top-up: the form, the payment, its history, as each role and with bad input."""

import re
import uuid
from datetime import timedelta

import pytest

from accounts.permissions import Permission
from deposits.models import BankAccount, TopUp
from deposits.topups import services as topups
from flipdash import clock, rls
from tests import factories

pytestmark = pytest.mark.django_db
FORM = "/deposit/top-up/"


def sent(**fields):
    return {"amount": "5000000", "bank": "bca", "note": "Modal", "idempotency_key": str(uuid.uuid4()), **fields}


def made(scope) -> list[TopUp]:
    with rls.inside(scope):
        return list(TopUp.objects.visible_to(scope).order_by("id"))


@pytest.mark.parametrize("amount", ["5000000", "Rp5.000.000", "5,000,000", "5.000.000", "IDR 5,000,000.00"])
def test_an_amount_may_be_written_in_any_way(web, scope, amount):
    answer = web.post(FORM, sent(amount=amount))
    (top_up,) = made(scope)
    assert top_up.amount == 5_000_000
    assert answer["Location"] == f"/deposit/top-ups/{top_up.pk}/"


def test_a_preset_needs_no_typing(web, scope):
    web.post(FORM, sent(amount="", preset="10000000"))
    assert made(scope)[0].amount == 10_000_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": ""}, "Choose an amount, or type one."),
        ({"amount": "9000"}, "The smallest top-up is Rp10,000."),
        ({"amount": "1000001000"}, "The largest top-up is Rp1,000,000,000."),
        ({"amount": "5000500"}, "The amount has to be a multiple of Rp1,000."),
        ({"amount": "5juta"}, "Write the amount in digits"),
        ({"amount": "-5000000"}, "Write the amount in digits"),
        ({"amount": "1e9"}, "Write the amount in digits"),
        ({"amount": "lima juta"}, "Write the amount in digits"),
        ({"amount": "٥٠٠٠٠٠٠"}, "Write the amount in digits"),
        ({"amount": "5000000.50"}, "Write the amount in digits"),
        ({"preset": "1000000"}, "You chose Rp1,000,000 and typed Rp5,000,000. Which one is it?"),
        ({"preset": "77"}, ""),
        ({"bank": ""}, "Choose one of the banks shown."),
        ({"bank": "danamon"}, "Choose one of the banks shown."),
        ({"note": "x" * 101}, "at most 100 characters"),
        ({"note": "a\x07b"}, "a character that can’t be seen"),
        ({"idempotency_key": "x"}, ""),
        ({"idempotency_key": ""}, ""),
    ],
)
def test_bad_input_is_named_and_kept(web, scope, fields, words):
    values = sent(**fields)
    answer = web.post(FORM, values)
    content = answer.content.decode()
    assert answer.status_code == 200
    assert made(scope) == []
    assert words in content
    if values["amount"]:
        assert f'value="{values["amount"]}"' in content
    assert "Please check this form" in content


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_disturbed_bank_says_so_and_is_refused(web, scope):
    rows = BankAccount.objects.using("operator").filter(bank="bri")
    rows.update(status="disturbed")
    try:
        assert "Disturbed now" in web.get(FORM).content.decode()
        assert "BRI is disturbed now" in web.post(FORM, sent(bank="bri")).content.decode()
        rows.update(status="closed")
        assert "BRI" not in web.get(FORM).content.decode().replace("Dibri", "")
        assert "Choose one of the banks shown." in web.post(FORM, sent(bank="bri")).content.decode()
    finally:
        rows.update(status="ok")
    assert made(scope) == []


def test_a_double_click_asks_once(web, scope):
    """trust: L6"""
    values = sent()
    first, second = web.post(FORM, values), web.post(FORM, {**values, "amount": "7000000"})
    assert first["Location"] == second["Location"]
    assert len(made(scope)) == 1
    assert "sent before" in web.get(first["Location"]).content.decode()


def test_extra_fields_change_nothing(web, scope, toko_sebelah):
    """trust: R5"""
    web.post(FORM, sent(business=toko_sebelah.pk, mode="test", status="successful", code="7", credited_amount="1"))
    (top_up,) = made(scope)
    assert (top_up.business_id, top_up.mode, top_up.status, top_up.credited_amount) == (
        scope.business.pk,
        "live",
        "waiting",
        None,
    )


def test_the_payment_page_says_exactly_what_to_transfer(web, scope, admin):
    top_up = factories.make_top_up(admin, note="<b>Modal</b>")
    content = web.get(f"/deposit/top-ups/{top_up.pk}/").content.decode()
    assert f'Rp5,000,<strong class="payment__code">{top_up.code:03d}</strong>' in content
    assert 'data-copy="5440117703"' in content
    assert f'data-copy="{top_up.exact_amount}"' in content
    assert "5440 1177 03" in content
    assert "PT FlipDash Demo" in content
    assert "&lt;b&gt;Modal" in content
    left = int(re.search(r'data-countdown="(\d+)"', content)[1])
    assert 86_000 < left <= 86_400


def test_i_have_transferred_twice_and_from_two_tabs(web, scope, admin):
    top_up = factories.make_top_up(admin)
    url = f"/deposit/top-ups/{top_up.pk}/"
    assert web.post(f"{url}transferred/")["Location"] == url
    assert "Being checked" in web.get(url).content.decode()
    assert "already being checked" in web.post(f"{url}transferred/", follow=True).content.decode()
    assert "already being checked" in web.post(f"{url}cancellation/", follow=True).content.decode()
    assert made(scope)[0].status == "checking"


def test_after_expiry_it_says_so_and_nothing_changes(web, scope, admin):
    top_up = factories.make_top_up(admin, at=clock.now() - timedelta(hours=25))
    url = f"/deposit/top-ups/{top_up.pk}/"
    content = web.get(url).content.decode()
    assert "Expired" in content
    assert "I Have Transferred" not in content
    assert "has expired" in web.post(f"{url}transferred/", follow=True).content.decode()
    assert made(scope)[0].status == "expired"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_atm": "on"}, "told apart by this"),
        ({"is_atm": "on", "sender_bank": "Bank Jago"}, "told apart by this"),
        ({"is_atm": "on", "sender_bank": "x" * 51, "sender_name": "Siti"}, "at most 50 characters"),
    ],
)
def test_an_atm_transfer_asks_for_its_sender(web, scope, admin, fields, words):
    top_up = factories.make_top_up(admin)
    content = web.post(f"/deposit/top-ups/{top_up.pk}/transferred/", fields).content.decode()
    assert words in content
    assert "checked" in content
    assert made(scope)[0].status == "waiting"


def test_without_the_box_a_sender_is_forgotten(web, scope, admin):
    top_up = factories.make_top_up(admin)
    web.post(f"/deposit/top-ups/{top_up.pk}/transferred/", {"sender_bank": "x" * 99, "sender_name": "Siti"})
    assert (made(scope)[0].status, made(scope)[0].sender_name) == ("checking", "")


def test_the_changing_part_is_quiet_until_it_changes(web, admin):
    top_up = factories.make_top_up(admin)
    url = f"/deposit/top-ups/{top_up.pk}/status/"
    assert web.get(f"{url}?seen=waiting").status_code == 204
    assert "Waiting for payment" in web.get(f"{url}?seen=checking").content.decode()


def test_cancel_top_up_asks_first(web, scope, admin):
    top_up = factories.make_top_up(admin)
    url = f"/deposit/top-ups/{top_up.pk}/cancellation/"
    assert "Yes, cancel it" in web.get(url).content.decode()
    assert made(scope)[0].status == "waiting"
    assert "was cancelled" in web.post(url, follow=True).content.decode()
    assert made(scope)[0].status == "cancelled"


# --- Roles, modes and businesses --------------------------------------------------------------------------------------


def test_who_may_top_up_gets_button_and_pages_and_nobody_else(people, client_of, admin):
    """trust: R1"""
    top_up = factories.make_top_up(people["admin"])
    for role, member in people.items():
        browser = client_of(member)
        may = Permission.TOP_UP_DEPOSIT in member.permissions
        history = browser.get("/deposit/top-up-history/").content.decode()
        assert ('href="/deposit/top-up/"' in history) == may, role
        detail = browser.get(f"/deposit/top-up-history/{top_up.pk}/")
        assert detail.status_code == 200
        assert (f"/deposit/top-ups/{top_up.pk}/" in detail.content.decode()) == may, role
        for url in (FORM, f"/deposit/top-ups/{top_up.pk}/", f"/deposit/top-ups/{top_up.pk}/status/"):
            assert browser.get(url).status_code == (200 if may else 403), (role, url)
        if not may:
            for url in (
                FORM,
                f"/deposit/top-ups/{top_up.pk}/transferred/",
                f"/deposit/top-ups/{top_up.pk}/cancellation/",
            ):
                refused = browser.post(url, sent())
                assert refused.status_code == 403
                assert "Top Up Deposit" in refused.content.decode()
    assert [t.status for t in made(admin.scope("live"))] == ["waiting"]


def test_modes_are_apart(web, admin):
    top_up = factories.make_top_up(admin, mode="test")
    assert web.get(f"/deposit/top-ups/{top_up.pk}/").status_code == 404
    content = web.get(f"/test/deposit/top-ups/{top_up.pk}/").content.decode()
    assert "don’t transfer real money" in content


def test_customer_service_sees_older_ones_by_searching_only(people, client_of):
    """trust: R2"""
    old = factories.make_top_up(people["admin"], at=clock.now() - timedelta(days=30), note="Lama sekali")
    browser = client_of(people["customer_service"])
    assert str(old.pk) not in browser.get("/deposit/top-up-history/").content.decode()
    assert str(old.pk) in browser.get("/deposit/top-up-history/?q=lama").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "5000{code}",
        "Rp5.000.{code}",
        "BCA",
        "modal",
        "Waiting for payment",
        "menunggu pembayaran",
        "bca modal today",
        "hari ini 5000{code} menunggu pembayaran",
    ],
)
def test_the_history_finds_by_amount_bank_note_and_status(web, admin, query):
    top_up = factories.make_top_up(admin, note="Modal akhir bulan")
    other = factories.make_top_up(admin, 9_000_000, "bri", note="Lain")
    with rls.inside(admin.scope("live")):
        topups.cancel(admin.scope("live"), other)
    word = query.format(code=f"{top_up.code:03d}")
    content = web.get("/deposit/top-up-history/", {"q": word}).content.decode()
    assert str(top_up.pk) in content
    assert str(other.pk) not in content


def test_filters_narrow(web, admin):
    bca, bri = factories.make_top_up(admin), factories.make_top_up(admin, bank="bri")
    for query, shown, hidden in (("bank=bri", bri, bca), ("bank=bca", bca, bri)):
        content = web.get(f"/deposit/top-up-history/?{query}").content.decode()
        assert str(shown.pk) in content
        assert str(hidden.pk) not in content
    assert str(bca.pk) not in web.get("/deposit/top-up-history/?status=successful").content.decode()
    assert str(bca.pk) in web.get("/deposit/top-up-history/?status=waiting").content.decode()
