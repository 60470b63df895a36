"""Money Transfer → Create Transfer, and what people do to a transfer from its page (trust: L6, M1-M3, R1, D8, W1)."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.permissions import Role
from deposits import ledger
from flipdash import db, rls
from tests import factories
from tests.accounts.signing_in import PASSWORD
from tests.transactions.sending import ACCOUNT, answer, approve, create, fund, lines, send
from transactions.models import Beneficiary, Destination, MoneyTransfer, Status
from transactions.rails import Holder, HolderStatus, RailDown
from transactions.rails.simulator import Simulator
from transactions.transfers import holders, services
from transactions.transfers.series import running
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
CREATE = "/money-transfers/create/"
TYPED = {
    "destination": "BCA",
    "account_number": "0012 3456 78",
    "beneficiary_name": "",
    "amount": "85.000",
    "remark": "Biji kopi",
    "internal_reference": "PO-1",
}


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def money(kopi_kita):
    fund(kopi_kita)
    fund(kopi_kita, mode="test")
    return kopi_kita


def unseen(page):
    """The hidden fields of a page's forms."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page.content.decode())).split())


def begin(web, **typed):
    """Fill in the form and continue."""
    key = unseen(web.get(CREATE))["made_key"]
    return web.post(CREATE, {**TYPED, "made_key": key, "step": "check", **typed})


def finish(web, page, **more):
    return web.post(CREATE, {**unseen(page), "step": "create", **more})


def test_a_maker_makes_a_transfer_that_waits(money, maker, client_of):
    web = client_of(maker)
    page = begin(web, save_beneficiary="on", beneficiary_email="sri@example.test")
    said = text_of(page)
    for shown in (
        "0012345678",
        "Rp85,000",
        "Rp2,500",
        "Rp87,500",
        "Available after",
        "Rp9,912,500",
        "waits for an approver",
    ):
        assert shown in said
    assert not MoneyTransfer.objects.exists()
    made = finish(web, page)
    transfer = MoneyTransfer.objects.get()
    assert made["Location"] == f"/money-transfers/{transfer.pk}/"
    assert (transfer.status, transfer.account_number, transfer.remark) == ("pending_approval", ACCOUNT, "Biji kopi")
    assert transfer.beneficiary_name == transfer.holder_name != ""
    assert (transfer.internal_reference, transfer.beneficiary_email) == ("PO-1", "sri@example.test")
    saved = Beneficiary.objects.get()
    assert (saved.name, saved.account_number, saved.paid_at) == (transfer.holder_name, ACCOUNT, None)
    again = finish(web, page)
    assert again["Location"] == made["Location"], "Back and a second click find the first"
    assert MoneyTransfer.objects.count() == 1


def test_who_may_approve_sends_at_once(money, web):
    page = begin(web)
    assert "with the next click it is sent" in text_of(page)
    finish(web, page)
    assert MoneyTransfer.objects.get().status == Status.PROCESSING


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"destination": ""}, "Choose where the money goes"),
        ({"destination": "Mandri"}, "Did you mean Mandiri"),
        ({"destination": "zzzzzzzz"}, "Choose one from the list"),
        ({"account_number": "12345"}, "An account at BCA has 10 digits; this has 5"),
        ({"account_number": "00123456AB"}, "digits only"),
        ({"account_number": "٠٠١٢٣٤٥٦٧٨"}, "digits only"),
        ({"destination": "GoPay", "account_number": "0012345678"}, "a phone number"),
        ({"destination": "Jago", "account_number": "1" * 21}, "This has 21 digits"),
        ({"amount": "9.999"}, "The smallest transfer is Rp10,000"),
        ({"amount": "1.000.000.001"}, "The largest transfer is Rp1,000,000,000"),
        ({"amount": "85.000,50"}, "Write the amount in digits"),
        ({"amount": "delapan puluh"}, "Write the amount in digits"),
        ({"remark": "x" * 19}, "at most 18 characters"),
        ({"remark": "Kopi ☕"}, "Banks pass on letters"),
        ({"beneficiary_name": "Siti\u202e"}, "turns the direction"),
        ({"beneficiary_email": "sri"}, "valid email"),
        ({"send_on": "2020-01-01"}, "This day is over"),
        ({"account_number": "0012349001"}, "This bank has no such account"),
        ({"account_number": "0012349002"}, "This account is closed"),
        ({"account_number": "0012349004"}, "The bank didn’t say whose account it is"),
        ({"account_number": "0012349004", "beneficiary_name": "Siti"}, "write why it is paid all the same"),
        ({"account_number": "0012349005", "beneficiary_name": "Siti"}, "The bank says: BAMBANG SUTEJO"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_stays(money, web, typed, said):
    page = begin(web, **typed)
    assert said in text_of(page)
    for value in {**TYPED, **typed}.values():
        if value:
            assert html.escape(value) in page.content.decode()
    assert not MoneyTransfer.objects.exists()


@pytest.mark.parametrize(
    ("destination", "account", "kept"),
    [
        ("GoPay", "+62 812-3456-7890", ("ewallet", "gopay", "081234567890")),
        ("BNI (VA)", "8808123456789012", ("va", "bni", "8808123456789012")),
        ("bank central asia", ACCOUNT, ("bank", "bca", ACCOUNT)),
        ("Bank BCA", ACCOUNT, ("bank", "bca", ACCOUNT)),
    ],
)
def test_how_destinations_are_written(money, web, destination, account, kept):
    finish(web, begin(web, destination=destination, account_number=account))
    transfer = MoneyTransfer.objects.get()
    assert (transfer.destination_kind, transfer.bank, transfer.account_number) == kept


def test_a_name_that_differs_is_written_about_and_kept(money, web):
    differs = {"account_number": "0012349005", "beneficiary_name": "Siti Rahmawati"}
    page = begin(web, **differs)
    page = web.post(
        CREATE, {**TYPED, **unseen(page), **differs, "name_reason": "Her father’s account", "step": "check"}
    )
    assert "Her father’s account" in text_of(page)
    finish(web, page)
    transfer = MoneyTransfer.objects.get()
    assert (transfer.beneficiary_name, transfer.holder_name) == ("Siti Rahmawati", "BAMBANG SUTEJO")
    assert transfer.name_reason == "Her father’s account"


def test_a_bank_that_does_not_answer_wants_a_reason_which_is_kept_and_shown(money, web, monkeypatch):
    """It has said nothing: not that the account is right, nor that it is nobody's."""

    def down(_rail, question):
        raise RailDown(question.bank)

    monkeypatch.setattr(Simulator, "inquire", down)
    typed = {"beneficiary_name": "Siti Rahmawati", "repeats": "", "until": ""}
    page = begin(web, **typed)
    assert "Why it is paid though no bank has said whose account it is" in text_of(page)
    assert "The bank hasn’t said whose account it is" in text_of(page)
    assert "names nobody" not in text_of(page)
    finish(web, page, **typed)
    assert not MoneyTransfer.objects.exists()
    reason = {"name_reason": "Paid each month"}
    page = begin(web, **typed, **reason)
    assert "No bank has said whose account this is." in text_of(page)
    assert "Why it is paid all the same Paid each month" in text_of(page)
    finish(web, page)
    transfer = MoneyTransfer.objects.get()
    assert (transfer.status, transfer.holder_name, transfer.name_reason) == ("processing", "", "Paid each month")


def test_a_bank_that_names_somebody_else_at_last_wants_a_reason_of_its_own(money, web, monkeypatch):
    """What was written of its silence says nothing of the name that it then says."""
    with monkeypatch.context() as patch:
        patch.setattr(Simulator, "inquire", lambda _rail, _question: Holder(HolderStatus.PENDING))
        typed = {"beneficiary_name": "Siti", "account_number": "0012349005", "name_reason": "Paid each month"}
        page = begin(web, **typed)
        assert "No bank has said whose account this is." in text_of(page)
    page = finish(web, page)
    assert "The bank says: BAMBANG SUTEJO" in text_of(page)
    assert not MoneyTransfer.objects.exists()
    finish(web, web.post(CREATE, {**TYPED, **unseen(page), **typed, "step": "check"}))
    assert MoneyTransfer.objects.get().holder_name == "BAMBANG SUTEJO"


def test_what_repeats_keeps_the_reason_on_each_of_its_days(money, admin):
    reason, scope = {"beneficiary_name": "Siti", "name_reason": "Paid each month"}, admin.scope("live")
    with pytest.raises(services.NameDiffers):
        factories.make_series(admin, beneficiary_name="Siti", is_unanswered=True)
    series = factories.make_series(admin, **reason, is_unanswered=True)
    with rls.inside(scope):
        made = running._add(scope, series, series.first_day, Holder(HolderStatus.FAILED))
    assert (made.holder_name, made.name_reason) == ("", "Paid each month")


def test_what_the_bank_said_cannot_be_made_up(money, web):
    page = begin(web)
    fields = unseen(page)
    fields["looked_up"] = fields["looked_up"].replace("found ", "found NOT ")
    finish(web, page, **fields)
    assert "NOT" not in MoneyTransfer.objects.get().holder_name


def test_a_possible_duplicate_is_shown_with_a_link_and_wants_a_yes(money, web):
    first = factories.make_transfer(money, via="api")
    page = begin(web)
    assert f"/money-transfers/{first.pk}/" in page.content.decode()
    assert "It isn’t a duplicate" in text_of(page)
    finish(web, page)
    assert MoneyTransfer.objects.count() == 1
    page = begin(web, is_sure="on", twins_seen=unseen(page)["twins_seen"])
    second = factories.make_transfer(money, via="api")
    again = finish(web, page)
    assert f"/money-transfers/{second.pk}/" in again.content.decode(), "of this one nobody has said anything"
    assert MoneyTransfer.objects.count() == 2
    finish(web, begin(web, is_sure="on", twins_seen=unseen(again)["twins_seen"]))
    assert MoneyTransfer.objects.count() == 3


def test_fee_and_available_after_as_one_types(money, web, kopi_kita):
    Destination.objects.filter(code="bca").update(status="disturbed")
    page = web.post(CREATE, {**TYPED, "step": "look"})
    said = text_of(page)
    for shown in ("Fee Rp2,500", "Total Rp87,500", "Available after Rp9,912,500", "Disturbed", "Account holder"):
        assert shown in said
    assert "<html" not in page.content.decode()
    for unknown in ("BC", "", " - "):
        said = text_of(web.post(CREATE, {"destination": unknown, "step": "look"}))
        assert "Available Rp10,000,000" in said
        assert "Fee" not in said
    said = text_of(web.post(CREATE, {**TYPED, "amount": "20.000.000", "step": "look"}))
    assert "short of Rp10,002,500" in said
    assert "Top-Up Deposit" in said


def test_short_of_money_who_would_send_makes_nothing(kopi_kita, web):
    page = begin(web)
    assert "short of Rp87,500: nothing of this can be approved" in text_of(page), "seen before the click"
    assert "with the next click" not in text_of(page)
    page = finish(web, page)
    assert "short of Rp87,500" in text_of(page)
    assert not MoneyTransfer.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_while_much_else_is_made_whoever_creates_reads_so_and_loses_nothing(money, maker, client_of):
    """Nobody waits for it in vain: web bounds how long (flipdash/processes.py)."""
    web = client_of(maker)
    confirmation = begin(web, remark="Kopi Gayo")
    with connection.cursor() as cursor, transaction.atomic(using="operator"):
        cursor.execute("SET lock_timeout = 50")
        try:
            db.lock(f"money_transfer/{money.pk}/live", using="operator")
            page = finish(web, confirmation)
        finally:
            cursor.execute("SET lock_timeout = 0")
    assert "Many are being made or approved just now. Nothing was changed: try again in a minute." in text_of(page)
    assert not MoneyTransfer.objects.exists()
    assert 'value="Kopi Gayo"' in page.content.decode()
    finish(web, confirmation)
    assert MoneyTransfer.objects.get().remark == "Kopi Gayo"


def test_whose_accounts_are_is_not_asked_without_end(money, web, admin, client_of, monkeypatch):
    """trust: Q1. The rail has to be paid, and nobody lists a bank's accounts by their numbers."""
    heard = []
    inquire = Simulator.inquire
    monkeypatch.setattr(Simulator, "inquire", lambda rail, asked: heard.append(asked) or inquire(rail, asked))
    monkeypatch.setattr(holders, "MOST_A_MINUTE", 3)
    pages = [
        text_of(web.post(CREATE, {**TYPED, "account_number": f"001234568{number}", "step": "look"}))
        for number in range(5)
    ]
    too_often = "You have asked whose account it is too often within a minute. Wait for one, then go on."
    assert [too_often in page for page in pages] == [False, False, False, True, True]
    assert too_often in text_of(begin(web, remark="Kopi Gayo"))
    assert len(heard) == 3
    assert too_often not in text_of(begin(client_of(factories.make_member(money, Role.MAKER)))), "who has asked nothing"


def test_change_something_keeps_what_was_typed(money, web):
    page = begin(web, remark="Kopi Gayo")
    page = web.post(CREATE, {**unseen(page), "step": "edit"})
    assert 'value="Kopi Gayo"' in page.content.decode()
    assert not MoneyTransfer.objects.exists()


def test_saved_beneficiaries_are_found_and_fill_the_form(money, web, admin, toko_sebelah):
    owner = {"destination_kind": "bank", "bank": "bca", **admin.actor.columns("saver")}
    sri = Beneficiary.objects.create(business=money, mode="live", name="Sri <b>", account_number="0012345678", **owner)
    Beneficiary.objects.create(business=money, mode="live", name="Budi", account_number="0012345679", **owner)
    Beneficiary.objects.create(business=money, mode="test", name="Tes", account_number="0012345678", **owner)
    foreign = Beneficiary.objects.create(
        business=toko_sebelah, mode="live", name="Asing", account_number="0012345678", **owner
    )
    page = web.get(CREATE).content.decode()
    assert "Sri &lt;b&gt;" in page
    assert "Budi" in page
    assert "Asing" not in page
    assert "Tes<" not in page
    page = web.get(f"{CREATE}?find=sri").content.decode()
    assert "Budi" not in page
    assert 'value="0012345678"' in web.get(f"{CREATE}?beneficiary={sri.pk}").content.decode()
    assert web.get(f"{CREATE}?beneficiary={foreign.pk}").status_code == 404


def test_a_beneficiary_says_when_it_was_last_paid(money, web, maker, approver):
    finish(web, begin(web, save_beneficiary="on"))
    send()
    answer()
    assert Beneficiary.objects.get().paid_at
    assert "Last paid" in text_of(web.get(CREATE))


def test_duplicate_fills_the_form(money, web, stranger, client_of):
    transfer = factories.make_transfer(money, internal_reference="PO-9")
    page = web.get(f"{CREATE}?again={transfer.pk}").content.decode()
    for value in ("BCA", "0012345678", "85,000", "Biji kopi Gayo", "PO-9"):
        assert f'value="{value}"' in page
    assert client_of(stranger).get(f"{CREATE}?again={transfer.pk}").status_code == 404


# --- From its page ---


def test_approve_from_its_page(money, maker, approver, client_of):
    transfer = create(maker)
    web, url = client_of(approver), f"/money-transfers/{transfer.pk}/"
    page = web.get(url).content.decode()
    for shown in ("approval/", "rejection/"):
        assert url + shown in page
    assert url + "cancellation/" not in page
    page = web.get(f"{url}approval/")
    said = text_of(page)
    for shown in ("Approve Rp87,500", "Available after Rp9,912,500", "Nothing has been paid to this account before"):
        assert shown in said
    answer = web.post(f"{url}approval/", unseen(page))
    assert answer["Location"] == url
    transfer.refresh_from_db()
    assert transfer.status == Status.PROCESSING
    assert web.post(f"{url}approval/", unseen(page), follow=True).status_code == 200
    assert lines(transfer) == ["created", "approved"]


def test_where_the_business_wants_it_the_password_comes_before_approving(money, admin, maker, approver, client_of):
    """trust: M5, and the policy of Account & Profile."""
    money.approvals_need_reauthentication = True
    money.save()
    for user in (admin.user, approver.user):
        user.set_password(PASSWORD)
        user.save()
    transfer = create(maker)
    web, url = client_of(approver), f"/money-transfers/{transfer.pk}/approval/"
    assert web.get(url)["Location"].startswith("/re-authentication/")
    seen = {"seen": MONEY_TRANSFERS.digest_of(approver.scope("live"), transfer)}
    asked = web.post(url, seen)
    assert (asked.status_code, "reauth-password" in asked.content.decode()) == (403, True)
    transfer.refresh_from_db()
    assert transfer.status == Status.PENDING_APPROVAL
    right = {**seen, "reauth-password": PASSWORD}
    assert web.post(url, right)["Location"] == f"/money-transfers/{transfer.pk}/"
    transfer.refresh_from_db()
    assert transfer.status == Status.PROCESSING

    web = client_of(admin)  # who would send at once
    asked = finish(web, begin(web, account_number="0012345679", internal_reference="PO-2"))
    assert (asked.status_code, MoneyTransfer.objects.count()) == (403, 1)
    web.post(CREATE, {**unseen(asked), "reauth-password": PASSWORD})
    assert MoneyTransfer.objects.filter(status=Status.PROCESSING).count() == 2
    web = client_of(maker)  # who approves nothing
    finish(web, begin(web, account_number="0012345680", internal_reference="PO-3"))
    assert MoneyTransfer.objects.count() == 3


def test_what_was_seen_is_what_is_approved(money, maker, approver, client_of):
    """trust: M3."""
    transfer = create(maker)
    web, url = client_of(approver), f"/money-transfers/{transfer.pk}/approval/"
    page = web.get(url)
    MoneyTransfer.objects.filter(pk=transfer.pk).update(amount=850_000)
    said = text_of(web.post(url, unseen(page), follow=True))
    assert "has changed since you looked" in said
    assert "Approve Rp852,500" in said
    transfer.refresh_from_db()
    assert transfer.status == Status.PENDING_APPROVAL


def test_the_rule_of_the_second_person_offers_no_button(money, admin, web):
    """trust: M2."""
    money.second_person_required = True
    money.save()
    transfer = create(admin)
    url = f"/money-transfers/{transfer.pk}/"
    assert f"{url}approval/" not in web.get(url).content.decode()
    page = web.get(f"{url}approval/")
    assert "somebody else has to approve it" in text_of(page)
    said = text_of(web.post(f"{url}approval/", unseen(page), follow=True))
    assert "somebody else has to approve it" in said
    transfer.refresh_from_db()
    assert transfer.status == Status.PENDING_APPROVAL


def test_reject_asks_why(money, maker, approver, client_of):
    transfer = create(maker)
    web, url = client_of(approver), f"/money-transfers/{transfer.pk}/"
    assert "Choose a reason, or write one" in text_of(web.post(f"{url}rejection/", {}))
    web.post(f"{url}rejection/", {"note": "Not <b>now</b>"})
    transfer.refresh_from_db()
    assert transfer.status == Status.CANCELLED
    page = web.get(url).content.decode()
    assert "Not &lt;b&gt;now&lt;/b&gt;" in page
    assert f"Rejected by {approver.name}" in html.unescape(page)


def test_cancel_is_for_its_maker(money, kopi_kita, maker, client_of):
    transfer, other = create(maker), factories.make_member(kopi_kita, Role.MAKER)
    url = f"/money-transfers/{transfer.pk}/cancellation/"
    assert "Only the person who made it" in text_of(client_of(other).post(url, {}, follow=True))
    transfer.refresh_from_db()
    assert transfer.status == Status.PENDING_APPROVAL
    web = client_of(maker)
    assert "No money has moved" in text_of(web.get(url))
    web.post(url, {"reason": "entered_twice"})
    transfer.refresh_from_db()
    assert (transfer.status, transfer.reason) == (Status.CANCELLED, "entered_twice")
    assert web.post(url, {})["Location"] == f"/money-transfers/{transfer.pk}/"


@pytest.mark.parametrize(("outcome", "status"), [("successful", Status.SUCCESSFUL), ("failed", Status.FAILED)])
def test_force_in_test_mode_only(money, admin, web, outcome, status):
    """trust: D8."""
    transfer, live = create(admin.scope("test")), create(admin)
    url = f"/test/money-transfers/{transfer.pk}/"
    assert "Force Success" in web.get(url).content.decode()
    assert "Force" not in web.get(f"/money-transfers/{live.pk}/").content.decode()
    assert "hasn’t reached" in text_of(web.post(f"{url}forced/", {"outcome": outcome}, follow=True))
    send()
    web.post(f"{url}forced/", {"outcome": outcome})
    transfer.refresh_from_db()
    assert transfer.status == status
    assert "has answered already" in text_of(web.post(f"{url}forced/", {"outcome": outcome}, follow=True))
    assert web.post(f"/money-transfers/{live.pk}/forced/", {"outcome": outcome}).status_code == 404
    assert web.post(f"{url}forced/", {"outcome": "nothing"}).status_code == 404


def test_approvals_list_what_waits_with_its_count_in_the_menu(money, maker, approver, client_of, stranger):
    first, second = create(maker), create(maker, amount=50_000)
    fund(stranger.business)
    web = client_of(approver)
    page = web.get("/approvals/")
    assert f"money_transfer-{first.pk}" in page.content.decode()
    assert "Review all 2: Rp140,000" in text_of(page)
    assert re.search(r'count--wait">2<', page.content.decode())
    approve(approver, first)
    approve(approver, second)
    page = web.get("/approvals/")
    assert "Nothing waits for you" in text_of(page)
    assert "count--wait" not in page.content.decode()
    assert "count--wait" not in client_of(maker).get("/money-transfers/").content.decode()


def test_a_scheduled_transfer_says_so(money, web, scope):
    tomorrow = scope.now().astimezone(scope.zone).date() + timedelta(days=1)
    page = begin(web, send_on=f"{tomorrow:%Y-%m-%d}")
    assert "09:00" in text_of(page)
    finish(web, page)
    transfer = MoneyTransfer.objects.get()
    assert transfer.status == Status.SCHEDULED
    with rls.inside(scope):
        assert ledger.balance(scope).held == 87_500
    said = text_of(web.get(f"/money-transfers/{transfer.pk}/"))
    assert "Send on" in said
