"""The public payment page and what rails say of its payments (trust: D3-D5, D8, Q1, W1)."""

import html
import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from accounts import operators
from accounts.models import Activity
from accounts.permissions import Role
from developer.models import Callback
from flipdash import clock, rls
from flipdash.models import Message
from flipdash.states import MoveRefused
from tests import factories
from tests.transactions import paying as payers
from tests.transactions.paying import inside, link, page_of, pay, send, start
from tests.turns import swept
from transactions import rails
from transactions.models import Payment, PaymentArrival, PaymentLink, RailCharge, SimulatedCharge
from transactions.payments import arrivals, by_hand, charges, mails, paying, sweeps
from transactions.payments.charges import CHARGES
from transactions.rails import Charge, Collected, Outcome, Paid
from transactions.rails import simulated_charges as simulator
from transactions.rails.simulator import RAIL

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def stranger_web():
    return Client()


def lines(payment):
    return list(payment.events.order_by("at", "id").values_list("kind", flat=True))


def arrived(payment):
    with inside(payment):
        return list(PaymentArrival.objects.order_by("pk").values_list("status", "problem", "amount"))


def money(payment, number=1, **fields):
    """Let the rail say by itself that money arrived."""
    paid = Paid(f"R-{number}", fields.pop("amount", payment.amount), "REF-1", **fields)
    arrivals.take(charges.key_of(payment), Collected(Outcome.SUCCESSFUL, (paid,)))
    payment.refresh_from_db()


# --- From the link to the receipt ----------------------------------------------------------------------------------


def test_a_stranger_pays_by_va_and_the_business_sees_it(stranger_web, web, kopi_kita):
    of = link(kopi_kita)
    page = page_of(stranger_web, of)
    for shown in ("Kelas latte art", "Rp350,000", "Kopi Kita", "Test Mode", "BCA", "QRIS", "Continue to Payment"):
        assert shown in page
    answer = send(stranger_web, of)
    payment = Payment.objects.get()
    assert answer["Location"] == f"/pay/payment/{payment.slug}/"
    page = stranger_web.get(answer["Location"]).content.decode()
    assert payment.charge.code.startswith("70012")
    for shown in (payment.charge.code, "Copy Virtual account number", "Pay as customer", "Pending", "every 3s"):
        assert shown in page
    stranger_web.post(f"{answer['Location']}paying/")
    page = stranger_web.get(answer["Location"]).content.decode()
    assert "Thank you: your payment has arrived." in page
    assert "every 3s" not in page  # nothing is asked for any more
    payment.refresh_from_db()
    assert (payment.status, payment.settlement_status, payment.fee) == ("successful", "pending", 4_000)
    assert lines(payment) == ["created", "successful"]
    assert arrived(payment) == [("taken", "", 350_000)]
    history = web.get("/test/payments/").content.decode()
    assert "Dewi Lestari" in history
    assert of.slug in history
    with inside(of):
        of.refresh_from_db()
    assert (of.paid_count, of.collected, of.status) == (1, 350_000, "active")
    told = Message.objects.get(to="dewi@example.test")
    assert payment.slug in told.text
    assert "Test Mode" in told.text


@pytest.mark.parametrize("channel", ["qris", "ovo", "visa", "alfamart", "mandiri"])
def test_each_kind_of_channel_says_how_it_is_paid(stranger_web, kopi_kita, channel):
    of = link(kopi_kita)
    answer = send(stranger_web, of, channel=channel, phone="0812 3456 7890")
    page = stranger_web.get(answer["Location"]).content.decode()
    payment = Payment.objects.get()
    shown = {"qris": 'class="qr"', "ovo": "+6281234567890", "visa": "card’s own page", "alfamart": "Payment code"}
    assert shown.get(channel, payment.charge.code) in page
    assert pay(payment).status == "successful"


def test_the_part_that_changes_answers_only_when_it_has_changed(stranger_web, kopi_kita):
    payment = start(link(kopi_kita))
    page = stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    asked = html.unescape(re.search(r'hx-get="([^"]+)"', page)[1])
    assert "seen=waiting" in asked
    assert stranger_web.get(asked).status_code == 204
    for long_ago in ("1", "", "never", "9" * 40):
        left_open = stranger_web.get(f"{asked.partition('&')[0]}&from={long_ago}").content.decode()
        assert "hx-get" not in left_open
        assert "Check again" in left_open
    pay(payment)
    changed = stranger_web.get(asked).content.decode()
    assert "Thank you" in changed
    assert "<html" not in changed


def test_both_languages(stranger_web, kopi_kita):
    of = link(kopi_kita)
    page = stranger_web.get(f"/pay/{of.slug}/", headers={"accept-language": "id"}).content.decode()
    assert "Rp350.000" in page
    assert "Lanjut" in page
    assert "English</button>" in page, "each language says its own name"
    answer = send(stranger_web, of)
    page = stranger_web.get(answer["Location"], headers={"accept-language": "id"}).content.decode()
    assert '<p class="figure pay-sum">Rp350.000</p>' in page, "what is paid stands large, however far the payment is"


def test_an_open_amount_is_the_payers_and_a_fixed_one_is_never(stranger_web, kopi_kita):
    fixed, open_ = link(kopi_kita), link(kopi_kita, title="Donasi", amount=None)
    send(stranger_web, fixed, amount="10.000")
    assert Payment.objects.get().amount == 350_000
    assert send(stranger_web, open_, amount="").status_code == 200
    send(stranger_web, open_, amount="25.000")
    assert Payment.objects.get(title="Donasi").amount == 25_000


def test_a_payer_who_bears_the_fee_sees_the_whole_first(stranger_web, kopi_kita):
    of = link(kopi_kita, fee_bearer="payer")
    assert "Rp354,000" in page_of(stranger_web, of)
    send(stranger_web, of)
    payment = Payment.objects.get()
    assert (payment.amount, payment.fee) == (354_000, 4_000)


def test_a_redirect_is_a_link_that_the_payer_follows(stranger_web, kopi_kita):
    of = link(kopi_kita, redirect_url="https://kopikita.co.id/terima-kasih")
    payment = start(of)
    assert "terima-kasih" not in stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    pay(payment)
    page = stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    assert 'href="https://kopikita.co.id/terima-kasih"' in page
    assert 'rel="noopener noreferrer"' in page


def test_the_business_is_known_by_its_logo_and_colour(stranger_web, web, kopi_kita, files):
    of = link(kopi_kita)
    assert 'data-brand="orange"' in page_of(stranger_web, of)
    assert stranger_web.get(f"/pay/{of.slug}/logo/").status_code == 404
    kopi_kita.logo, kopi_kita.colour = default_storage.save("logos/x.png", ContentFile(b"a picture")), "teal"
    kopi_kita.save()
    page = page_of(stranger_web, of)
    assert 'data-brand="teal"' in page
    assert f"/pay/{of.slug}/logo/" in page
    answer = stranger_web.get(f"/pay/{of.slug}/logo/")
    assert (answer["Content-Type"], b"".join(answer)) == ("image/png", b"a picture")


# --- What isn't there, or isn't any more ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "inactive"}, "This link is switched off"),
        ({"status": "used", "uses": "one"}, "This link was paid"),
        ({"status": "expired"}, "This link has expired"),
    ],
)
def test_a_link_that_cant_be_paid_says_so(stranger_web, kopi_kita, fields, said):
    of = link(kopi_kita, **fields)
    answer = stranger_web.get(f"/pay/{of.slug}/")
    assert (answer.status_code, said in answer.content.decode()) == (410, True)
    assert stranger_web.post(f"/pay/{of.slug}/", payers.PAYER).status_code == 410
    with inside(of), pytest.raises(paying.CantPay):
        paying.start(of, paying.Draft("bca", None, "Dewi"), made_key=uuid.uuid4(), address="", language="en")
    assert not Payment.objects.exists()


def test_its_time_counts_before_the_sweep_has_come(stranger_web, kopi_kita):
    now = clock.now()
    of = link(kopi_kita, created_at=now - timedelta(days=2), expires_at=now - timedelta(seconds=1))
    assert "This link has expired" in stranger_web.get(f"/pay/{of.slug}/").content.decode()


@pytest.mark.parametrize(
    "address", ["no-such-key/", "payment/no-such-key/", "payment/no-such-key/status/", "no-such-key/logo/", "%00/"]
)
def test_what_nobody_made_is_one_and_the_same_page(stranger_web, db, address):
    answer = stranger_web.get(f"/pay/{address}")
    assert answer.status_code == 404
    assert "There is nothing to pay here" in answer.content.decode()


@pytest.mark.parametrize("address", ["no-such-key/", "payment/no-such-key/paying/"])
def test_nothing_is_paid_by_a_link_that_nobody_made(stranger_web, db, address):
    assert stranger_web.post(f"/pay/{address}", payers.PAYER).status_code == 404
    assert not Payment.objects.exists()


def test_the_pages_tell_nothing_else_of_the_business(stranger_web, kopi_kita):
    kopi_kita.legal_name = "PT Rahasia Dapur"
    kopi_kita.save()
    of = link(kopi_kita)
    factories.make_link(kopi_kita, title="Another link", mode="test")
    payment = start(of, name="Somebody Else")
    pages = page_of(stranger_web, of) + stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    for hidden in ("PT Rahasia", "Another link", "Ratna", str(of.pk), "paid_count", "/members/", "deposit"):
        assert hidden not in pages, hidden
    assert "Somebody Else" not in page_of(stranger_web, of)


def test_its_pages_are_of_no_mode_and_for_no_cache(stranger_web, kopi_kita):
    of = link(kopi_kita)
    assert stranger_web.get(f"/test/pay/{of.slug}/").status_code == 404
    answer = stranger_web.get(f"/pay/{of.slug}/")
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert " style=" not in answer.content.decode()


# --- Bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "https://evil.example"}, "name"),
        ({"name": "Dewi\u202e"}, "name"),
        ({"name": "x" * 10_240}, "name"),
        ({"email": "dewi"}, "email"),
        ({"channel": ""}, "channel"),
        ({"channel": "paypal"}, "channel"),
        ({"channel": "ovo", "phone": ""}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"name": "Dewi\x00"}, "name"),
        ({"email": "x" * 10_240 + "@example.test"}, "email"),
        ({"email": "dewi@example.test\nBcc: all@example.test"}, "email"),
        ({"phone": "0812" + "3" * 10_240}, "phone"),
        ({"channel": "BCA"}, "channel"),
        ({"made_key": "not-a-key"}, "made_key"),
        ({"terms": "x" * 10_240}, "terms"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(stranger_web, kopi_kita, typed, field):
    answer = send(stranger_web, link(kopi_kita), **typed)
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert str(form.errors[field][0]) in html.unescape(answer.content.decode()), "it is said on the page"
    assert {name: form[name].value() for name in typed} == typed, "what was typed stays"
    assert not Payment.objects.exists()


def test_phone_and_address_are_asked_for_where_the_link_wants_them(stranger_web, kopi_kita):
    of = link(kopi_kita, asks_phone=True, asks_address=True)
    assert list(send(stranger_web, of).context["form"].errors) == ["phone", "address"]
    send(stranger_web, of, phone="0812-3456-7890", address="Jl. Braga 1")
    payment = Payment.objects.get()
    assert (payment.sender_phone, payment.sender_address) == ("+6281234567890", "Jl. Braga 1")


def test_too_much_for_a_channel_is_said_and_it_isnt_offered_for_a_fixed_amount(stranger_web, kopi_kita):
    open_ = link(kopi_kita, amount=None)
    assert (
        "from Rp10,000 to Rp10,000,000" in send(stranger_web, open_, channel="qris", amount="10000001").content.decode()
    )
    assert 'value="qris"' not in page_of(stranger_web, link(kopi_kita, amount=10_000_001))


def test_markup_is_text(stranger_web, kopi_kita):
    of = link(kopi_kita, title="<b>Kopi</b> ☕")
    payment = start(of, name="<script>x</script>")
    page = page_of(stranger_web, of) + stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    assert "<b>Kopi" not in page
    assert "<script>x" not in page


def test_a_form_that_is_sent_twice_starts_one(stranger_web, kopi_kita):
    of = link(kopi_kita)
    typed = {**payers.PAYER, "made_key": uuid.uuid4()}
    first, second = (stranger_web.post(f"/pay/{of.slug}/", typed) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert RailCharge.objects.count() == Payment.objects.count() == 1


def test_strangers_are_counted_by_what_they_start_and_dont_pay(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(paying, "OF_A_NETWORK", 2)
    of = link(kopi_kita, mode="live")
    first = start(of)
    start(of)
    with pytest.raises(paying.CantPay, match="your network"):
        start(of)
    start(of, address="203.0.113.9")
    start(link(toko_sebelah))
    pay(first)
    start(of)  # who pays costs nothing


def test_in_test_mode_where_nobody_pays_all_that_is_started_counts(kopi_kita, monkeypatch):
    monkeypatch.setattr(paying, "OF_A_NETWORK", 2)
    of = link(kopi_kita)
    for _ in range(2):
        pay(start(of))
    with pytest.raises(paying.CantPay, match="your network"):
        start(of)
    assert Payment.objects.count() == 2


def test_what_a_rail_refuses_counts_too(kopi_kita, monkeypatch):
    def refused(charge):
        raise rails.NotOffered(charge.channel)

    monkeypatch.setattr(paying, "OF_A_NETWORK", 2)
    monkeypatch.setattr(RAIL, "create_payment", refused, raising=False)
    of = link(kopi_kita, mode="live")
    for _ in range(2):
        start(of)
    assert set(Payment.objects.values_list("status", flat=True)) == {"failed"}
    with pytest.raises(paying.CantPay, match="your network"):
        start(of)


def test_one_network_closes_a_business_to_itself_alone(kopi_kita, monkeypatch):
    monkeypatch.setattr(paying, "OF_A_NETWORK_IN_ALL", 3)
    monkeypatch.setattr(paying, "OF_A_BUSINESS", 3)
    for _ in range(3):
        start(link(kopi_kita))
    with pytest.raises(paying.CantPay, match="your network"):
        start(link(kopi_kita))
    of = link(kopi_kita)
    start(of, address="203.0.113.9")  # full, but they have started nothing
    with pytest.raises(paying.CantPay, match="under way"):
        start(of, address="203.0.113.9")
    monkeypatch.setattr(paying, "AT_MOST", 4)
    with pytest.raises(paying.CantPay, match="under way"):
        start(of, address="203.0.113.10")


def test_nobodys_phone_is_asked_to_pay_again_and_again(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(paying, "OF_A_PHONE", 2)
    for number, business in enumerate((kopi_kita, toko_sebelah)):
        start(link(business), channel="ovo", phone="+6281234567890", address=f"203.0.113.{number}")
    with pytest.raises(paying.CantPay, match="asked to pay too often") as refused:
        start(link(kopi_kita), channel="dana", phone="+6281234567890", address="203.0.113.3")
    assert refused.value.field == "phone"
    start(link(kopi_kita), channel="bca", phone="+6281234567890", address="203.0.113.3")
    start(link(kopi_kita), channel="ovo", phone="+6281234567891", address="203.0.113.3")


def test_a_phone_is_locked_out_by_nothing_that_asked_nobody_or_was_paid_or_is_another_businesss(
    kopi_kita, toko_sebelah, monkeypatch
):
    monkeypatch.setattr(paying, "OF_A_PHONE", 2)
    said = {"channel": "ovo", "phone": "+6281234567890"}
    for number in range(2):
        start(link(toko_sebelah), address=f"203.0.113.{number}", **said)  # in Test Mode nobody is asked
    for _ in range(3):
        pay(start(link(kopi_kita, mode="live"), **said))
    for _ in range(2):
        start(link(toko_sebelah, mode="live"), **said)
    start(link(kopi_kita, mode="live"), **said)
    for business in (kopi_kita, toko_sebelah):
        with pytest.raises(paying.CantPay, match="asked to pay too often"):
            start(link(business, mode="live"), **said)


def test_what_a_payer_saw_is_what_is_started(stranger_web, kopi_kita):
    of = link(kopi_kita)
    found = dict(re.findall(r'name="(made_key|terms)" value="([^"]+)"', page_of(stranger_web, of)))
    with inside(of):
        PaymentLink.objects.update(amount=3_500_000)
    answer = stranger_web.post(f"/pay/{of.slug}/", {**found, **payers.PAYER})
    page = answer.content.decode()
    assert "The business has changed this link meanwhile" in page
    assert "Rp3,500,000" in page
    assert 'value="Dewi Lestari"' in page
    assert not Payment.objects.exists()
    found = dict(re.findall(r'name="(made_key|terms)" value="([^"]+)"', page))
    assert stranger_web.post(f"/pay/{of.slug}/", {**found, **payers.PAYER}).status_code == 302
    assert Payment.objects.get().amount == 3_500_000


def test_a_form_that_was_sent_before_with_something_else_starts_nothing(stranger_web, kopi_kita):
    of, other = link(kopi_kita, amount=None), link(kopi_kita, title="Another")
    typed = {**payers.PAYER, "made_key": uuid.uuid4(), "amount": "25.000"}
    first = stranger_web.post(f"/pay/{of.slug}/", typed)["Location"]
    assert stranger_web.post(f"/pay/{of.slug}/", typed)["Location"] == first
    for where, what in ((of, {"channel": "qris"}), (of, {"amount": "26.000"}), (other, {})):
        page = stranger_web.post(f"/pay/{where.slug}/", {**typed, **what}).content.decode()
        assert "This form was sent before, with something else" in page
        assert str(typed["made_key"]) not in page
    assert Payment.objects.count() == 1


def test_a_link_and_a_business_have_a_share(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(paying, "OF_A_BUSINESS", 2)
    for number in range(2):
        start(link(kopi_kita), address=f"203.0.113.{number}")
    with pytest.raises(paying.CantPay, match="under way"):
        start(link(kopi_kita), address="203.0.113.1")
    start(link(kopi_kita), address="203.0.113.77")  # who has started nothing is let in
    start(link(toko_sebelah))


# --- What rails say ------------------------------------------------------------------------------------------------


def test_money_is_recorded_once_by_the_rails_id(kopi_kita):
    payment = start(link(kopi_kita))
    for _ in range(3):
        money(payment)
    assert arrived(payment) == [("taken", "", 350_000)]
    assert lines(payment) == ["created", "successful"]


@pytest.mark.parametrize(
    ("how", "problem", "status"),
    [("twice", "twice", "successful"), ("amount", "amount", "pending"), ("late", "late", "cancelled")],
)
def test_what_doesnt_fit_waits_for_a_person_and_says_so(stranger_web, web, kopi_kita, how, problem, status):
    payment = start(link(kopi_kita))
    if how == "twice":
        money(payment)
    if how == "late":
        with inside(payment), transaction.atomic():
            arrivals.end(payment, "cancelled", arrivals.Reason.NOT_PAID)
    money(payment, 2, **({"amount": 349_999} if how == "amount" else {}))
    assert payment.status == status
    assert arrived(payment)[-1][:2] == ("waiting", problem)
    assert lines(payment)[-1] == "arrived"
    page = stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    assert "has arrived that we have to look at" in page
    assert "Money that arrived" in web.get(f"/test/payments/{payment.pk}/").content.decode()


def test_somebody_of_the_operators_lets_late_money_pay_or_notes_that_it_went_back(kopi_kita):
    someone = factories.make_operator(email="op@flipdash.test", name="Olga", password="gayo-arabika-88")
    late, wrong = start(link(kopi_kita)), start(link(kopi_kita))
    with inside(late), transaction.atomic():
        arrivals.end(late, "cancelled", arrivals.Reason.NOT_PAID)
    money(late, 1)
    money(wrong, 2, amount=1_000)
    with inside(late):
        waiting = {row.rail_id: row for row in PaymentArrival.objects.select_related("payment__charge")}
        assert by_hand.accept(waiting["R-1"], by=someone)
        assert not by_hand.accept(waiting["R-1"], by=someone)
        with pytest.raises(MoveRefused):
            by_hand.accept(waiting["R-2"], by=someone)
        assert by_hand.give_back(waiting["R-2"], by=someone)
        assert not by_hand.give_back(waiting["R-2"], by=someone)
    late.refresh_from_db()
    assert (late.status, late.reason, arrived(late)) == (
        *("successful", ""),
        [("taken", "late", 350_000), ("returned", "amount", 1_000)],
    )
    assert lines(late) == ["created", "cancelled", "arrived", "successful"]
    assert lines(wrong)[-1] == "returned"


def test_money_after_its_time_is_late_even_before_the_sweep(kopi_kita):
    payment = start(link(kopi_kita))
    money(payment, at=clock.now() + timedelta(hours=25))
    assert (payment.status, arrived(payment)) == ("pending", [("waiting", "late", 350_000)])


def test_it_is_paid_when_the_rail_says_and_not_when_that_is_learnt(kopi_kita, monkeypatch):
    payment, ahead, early = start(link(kopi_kita)), start(link(kopi_kita)), start(link(kopi_kita))
    half, hour = timedelta(minutes=30), timedelta(hours=1)
    now = early.created_at + hour
    monkeypatch.setattr(clock, "now", lambda using="default": now)
    money(payment, 1, at=payment.created_at + half)
    assert payment.paid_at == payment.created_at + half
    money(ahead, 2, at=now + half)  # of a rail whose clock is ahead
    assert ahead.paid_at == now
    money(early, 3, at=now - timedelta(days=1))  # or behind
    assert early.paid_at == early.created_at


def test_what_a_rail_tells_a_little_late_without_a_time_was_paid_in_time(kopi_kita):
    payment, late = start(link(kopi_kita)), start(link(kopi_kita))
    over(payment, minutes=4)
    over(late, minutes=6)
    with pytest.raises(simulator.Refused):  # whoever asks first is told that it is over
        simulator.pay(charges.key_of(payment))
    money(payment, 1)
    money(late, 2)
    assert (payment.status, late.status) == ("successful", "pending")
    assert arrived(payment) == [("taken", "", 350_000), ("waiting", "late", 350_000)]


def test_late_money_of_a_link_that_another_has_paid_since_goes_back(kopi_kita):
    someone = operators.make_operator(email="op@flipdash.test", name="Olga", password="gayo-arabika-88")
    of = link(kopi_kita, uses="one")
    first = start(of)
    with inside(first), transaction.atomic():
        arrivals.end(first, "cancelled", arrivals.Reason.NOT_PAID)
    money(first, 1)
    pay(start(of))
    with inside(first):
        waiting = PaymentArrival.objects.select_related("payment__charge").get(rail_id="R-1")
        with pytest.raises(MoveRefused):
            by_hand.accept(waiting, by=someone)
        assert by_hand.give_back(waiting, by=someone)
    first.refresh_from_db()
    assert first.status == "cancelled"


@pytest.mark.parametrize(
    "said",
    [
        {"code": "7" * 65},
        {"qr": "q" * 513},
        {"url": f"https://pay.example/{'x' * 500}"},
        {"url": "http://pay.example/"},
    ],
)
def test_what_cant_be_shown_as_the_rail_says_it_fails_and_is_never_cut(kopi_kita, monkeypatch, said):
    monkeypatch.setattr(RAIL, "create_payment", lambda charge: rails.HowToPay(**said), raising=False)
    payment = start(link(kopi_kita))
    payment.refresh_from_db()
    charge = RailCharge.objects.get()
    assert (payment.status, charge.status, charge.code + charge.qr + charge.url) == ("failed", "done", "")


def test_the_wrong_amount_doesnt_keep_the_right_one_away(kopi_kita):
    payment = start(link(kopi_kita))
    money(payment, 1, amount=1_000)
    money(payment, 2)
    assert payment.status == "successful"


def test_a_refusal_fails_it_and_money_after_that_waits(kopi_kita):
    payment = start(link(kopi_kita, amount=50_000), channel="visa")
    simulator.fail(charges.key_of(payment))
    payment.refresh_from_db()
    assert (payment.status, payment.reason) == ("failed", "card_declined")
    money(payment)
    assert (payment.status, arrived(payment)) == ("failed", [("waiting", "failed", 50_000)])


def test_a_link_of_one_use_ends_what_others_started(stranger_web, kopi_kita):
    of = link(kopi_kita, uses="one")
    first, second = start(of), start(of, channel="qris")
    pay(first)
    second.refresh_from_db()
    assert (second.status, second.reason) == ("cancelled", "paid_by_another")
    with pytest.raises(simulator.Refused):
        pay(second)
    assert "somebody else was faster" in stranger_web.get(f"/pay/payment/{second.slug}/").content.decode()
    money(second)
    assert arrived(second)[-1][:2] == ("waiting", "used")
    with inside(of):
        of.refresh_from_db()
        assert (of.status, of.paid_count) == ("used", 1)


def test_the_database_refuses_a_second_payment_of_a_link_of_one_use(kopi_kita):
    of = link(kopi_kita, uses="one")
    first, second = start(of), start(of)
    pay(first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=second.pk).update(status="successful", paid_at=clock.now(), reason="")


def test_the_database_keeps_what_arrived(kopi_kita):
    payment = start(link(kopi_kita))
    money(payment)
    with inside(payment):
        for bad in ({"amount": 1}, {"rail_id": "x"}, {"status": "waiting"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                PaymentArrival.objects.update(**bad)
    assert not PaymentArrival.objects.exists()  # outside of the business


def test_a_rail_that_is_told_again_says_the_same(kopi_kita):
    payment = start(link(kopi_kita))
    charge = charges.as_charge(charges.key_of(payment), payment)
    assert RAIL.create_payment(charge).code == RailCharge.objects.get().code
    assert SimulatedCharge.objects.get().told == 2
    with pytest.raises(rails.KeyReused):
        RAIL.create_payment(Charge(**{**vars(charge), "amount": 1}))


@pytest.mark.parametrize("problem", [rails.NoAnswer, rails.RailDown])
def test_a_rail_that_doesnt_answer_is_told_again(stranger_web, kopi_kita, monkeypatch, problem):
    def down(charge):
        raise problem(charge.key)

    with monkeypatch.context() as patch:
        patch.setattr(RAIL, "create_payment", down, raising=False)
        payment = start(link(kopi_kita))
    page = stranger_web.get(f"/pay/payment/{payment.slug}/").content.decode()
    assert "being prepared" in page
    assert "Check again" in page
    RailCharge.objects.update(due_at=None)
    payers.tell()
    assert paying.stage_of(Payment.objects.get()) == "waiting"


def test_a_channel_that_the_rail_refuses_fails_at_once(kopi_kita, monkeypatch):
    def refused(charge):
        raise rails.NotOffered(charge.channel)

    monkeypatch.setattr(RAIL, "create_payment", refused, raising=False)
    payment = start(link(kopi_kita))
    payment.refresh_from_db()
    assert payment.status == "failed"
    assert RailCharge.objects.get().status == "done"


def test_a_rail_is_asked_for_what_it_never_told(kopi_kita):
    payment = start(link(kopi_kita))
    SimulatedCharge.objects.update(result="successful", paid=[{"id": "S-1", "amount": 350_000}])
    RailCharge.objects.update(due_at=None)
    payers.tell()
    payment.refresh_from_db()
    assert (payment.status, RailCharge.objects.get().status) == ("successful", "open")


def over(payment, **ago):
    """Let the time to pay be over since so long, and the next turn to ask have come."""
    Payment.objects.filter(pk=payment.pk).update(expires_at=clock.now() - timedelta(**ago))
    RailCharge.objects.filter(payment=payment).update(due_at=None)


def lost(payment, number=1):
    """Let a payer pay, and the callback be lost."""
    paid = [{"id": f"S-{count}", "amount": payment.amount} for count in range(number)]
    SimulatedCharge.objects.filter(key=charges.key_of(payment)).update(result="successful", paid=paid)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_payment_is_never_cancelled_before_its_rail_was_asked_after_its_time(kopi_kita, monkeypatch):
    payment = start(link(kopi_kita))
    over(payment, minutes=6)
    sweeps.tidy()
    with monkeypatch.context() as patch:
        patch.setattr(RAIL, "payment_status", lambda key: (_ for _ in ()).throw(rails.NoAnswer(key)), raising=False)
        payers.tell()
    payment.refresh_from_db()
    assert payment.status == "pending"
    lost(payment)
    over(payment, minutes=6)
    payers.tell()
    assert arrived(payment) == [("waiting", "late", 350_000)]


def test_what_nobody_paid_is_cancelled_by_an_answer_and_asked_for_a_day_longer(kopi_kita):
    payment = start(link(kopi_kita))
    over(payment, minutes=6)
    payers.tell()
    payment.refresh_from_db()
    assert (payment.status, payment.reason, RailCharge.objects.get().status) == ("cancelled", "not_paid", "open")
    lost(payment, 2)
    over(payment, hours=23)
    payers.tell()
    assert arrived(payment) == [("waiting", "late", 350_000)] * 2
    over(payment, hours=25)
    payers.tell()
    assert RailCharge.objects.get().status == "done"


def test_asking_waits_a_few_minutes_at_most_and_an_error_never_ends_it(kopi_kita, monkeypatch):
    payment = start(link(kopi_kita))
    RailCharge.objects.update(attempt=200, due_at=None)
    with monkeypatch.context() as patch:
        patch.setattr(RAIL, "payment_status", lambda key: {}[key], raising=False)
        payers.tell()
    charge = RailCharge.objects.get()
    assert (charge.status, charge.finished_at) == ("open", None)
    assert clock.now() < charge.due_at < clock.now() + timedelta(minutes=6)
    pay(payment)
    RailCharge.objects.update(due_at=None)
    payers.tell()
    CHARGES.sweep()
    rest = RailCharge.objects.get().due_at - clock.now()
    assert timedelta(minutes=50) < rest < timedelta(minutes=70)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_what_the_rail_was_never_told_is_cancelled_by_the_sweep_and_one_bad_row_stops_no_other(kopi_kita, monkeypatch):
    of = link(kopi_kita)
    with monkeypatch.context() as patch:
        patch.setattr(payers, "tell", lambda: None)
        bad, good = start(of), start(of)
    over(bad, minutes=8)
    over(good, minutes=7)
    end = arrivals.end

    def cant(payment, *args):
        if payment.pk == bad.pk:
            raise RuntimeError("a bad row")
        end(payment, *args)

    monkeypatch.setattr(arrivals, "end", cant)
    monkeypatch.setattr(sweeps, "MOST_AT_ONCE", 1)
    assert swept(sweeps.tidy, Payment.objects.filter(status="cancelled").exists), "nor by staying first"
    statuses = dict(Payment.objects.values_list("pk", "status"))
    assert statuses == {bad.pk: "pending", good.pk: "cancelled"}


def test_nobody_asks_a_rail_that_isnt_there(stranger_web, kopi_kita, settings):
    settings.RAILS = {"test": "none", "live": "none"}
    assert "Nothing can be paid here at the moment" in page_of(stranger_web, link(kopi_kita))


# --- Time, callbacks, people ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_the_sweep_ends_payments_and_links_whose_time_is_over(kopi_kita):
    now = clock.now()
    of = link(kopi_kita, created_at=now - timedelta(days=2), expires_at=now + timedelta(hours=1))
    payment, other = start(of), start(of)
    Payment.objects.filter(pk=payment.pk).update(expires_at=now - timedelta(minutes=6))
    with inside(of):
        PaymentLink.objects.update(expires_at=now - timedelta(seconds=1))
    sweeps.tidy()
    RailCharge.objects.update(due_at=None)
    payers.tell()
    payment.refresh_from_db()
    other.refresh_from_db()
    with inside(of):
        of.refresh_from_db()
    assert (payment.status, payment.reason, other.status) == ("cancelled", "not_paid", "pending")
    assert of.status == "expired"
    assert CHARGES.rows.get(payment=payment).status == "open"


def test_each_fact_is_a_callback_once(admin, kopi_kita):
    with rls.inside_of(kopi_kita.pk, "test"):
        factories.make_callback_url(admin, event="payment", mode="test")
    paid, failed = start(link(kopi_kita)), start(link(kopi_kita))
    pay(paid)
    money(paid, 2)
    simulator.fail(charges.key_of(failed))
    with rls.inside_of(kopi_kita.pk, "test"):
        told = sorted(Callback.objects.values_list("kind", "source_id"))
        data = Callback.objects.get(kind="payment.successful").data
    assert told == [("payment.failed", failed.pk), ("payment.successful", paid.pk)]
    assert f'"id":"{paid.pk}"' in data
    assert '"status":"SUCCESSFUL"' in data
    assert '"sender_bank_type":"virtual_account"' in data


def test_forcing_is_of_test_mode_and_of_who_may_create(web, client_of, kopi_kita, stranger_web):
    payment = start(link(kopi_kita))
    address = f"/test/payments/{payment.pk}/forced/"
    assert "Force Success" in web.get(f"/test/payments/{payment.pk}/").content.decode()
    reviewer = client_of(factories.make_member(kopi_kita, Role.REVIEWER))
    assert "Force Success" not in reviewer.get(f"/test/payments/{payment.pk}/").content.decode()
    assert reviewer.post(address, {"outcome": "successful"}).status_code == 403
    assert web.post(address, {"outcome": "sideways"}).status_code == 404
    web.post(address, {"outcome": "failed"})
    payment.refresh_from_db()
    assert payment.status == "failed"
    web.post(address, {"outcome": "successful"})
    payment.refresh_from_db()
    assert payment.status == "failed"
    assert Activity.objects.filter(kind="payment.forced").count() == 1
    live = start(link(kopi_kita, mode="live"))
    assert web.post(f"/payments/{live.pk}/forced/", {"outcome": "successful"}).status_code == 404
    assert stranger_web.post(f"/pay/payment/{live.slug}/paying/").status_code == 404
    assert "Pay as customer" not in stranger_web.get(f"/pay/payment/{live.slug}/").content.decode()
    live.refresh_from_db()
    assert live.status == "pending"


def test_no_more_mails_than_a_business_may_send(kopi_kita, settings):
    settings.RECEIPT_MAILS_A_DAY = {"live": 1, "test": 1}
    for _ in range(3):
        pay(start(link(kopi_kita), email="dewi@example.test"))
    assert Message.objects.count() == 1


def test_no_more_mails_than_one_address_may_get(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(mails, "TO_ONE_A_DAY", 2)
    for business in (kopi_kita, toko_sebelah, kopi_kita):
        pay(start(link(business, mode="live"), email="Dewi@example.test"))
    assert Message.objects.count() == 2
    pay(start(link(kopi_kita, mode="live"), email="somebody.else@example.test"))
    assert Message.objects.count() == 3


def test_receipts_are_kept_back_by_no_test_and_no_other_business(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(mails, "TO_ONE_A_DAY", 2)
    for _ in range(3):
        pay(start(link(toko_sebelah), email="dewi@example.test"))
    assert Message.objects.count() == 2
    for _ in range(3):
        pay(start(link(toko_sebelah, mode="live"), email="dewi@example.test"))
    assert Message.objects.count() == 4
    for _ in range(2):
        pay(start(link(kopi_kita, mode="live"), email="dewi@example.test"))
    assert Message.objects.count() == 5, "the first of a business leaves, whatever others did"


def test_a_payment_page_asks_the_database_a_few_times(stranger_web, kopi_kita, django_assert_max_num_queries):
    of = link(kopi_kita)
    payment = start(of)
    with django_assert_max_num_queries(9):
        stranger_web.get(f"/pay/{of.slug}/")
    with django_assert_max_num_queries(10):
        stranger_web.get(f"/pay/payment/{payment.slug}/")
