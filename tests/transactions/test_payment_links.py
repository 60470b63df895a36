"""Accept Payment → Payment Links: made, changed, switched off, listed (trust: D5, L6, R1, W1)."""

import re
from contextlib import nullcontext
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Activity
from accounts.permissions import Role
from flipdash import addresses, clock, rls
from tests import factories
from transactions.models import PaymentLink
from transactions.payments import links, prices
from transactions.payments.links import LinkRefused

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
CREATE = "/payment-links/create/"
TYPED = {"title": "Kelas latte art", "amount": "350.000", "uses": "many", "fee_bearer": "business"}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """Every name leads to a public address, but for one."""

    def found(host, port, **_how):
        address = "10.0.0.7" if host.startswith("inside.") else "93.184.215.14"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", found)


def send(web, **typed):
    page = web.get(CREATE).content.decode()
    key = re.search(r'name="made_key" value="([^"]+)"', page)[1]
    return web.post(CREATE, {"made_key": key, **TYPED, **typed})


def only(mode="live"):
    return PaymentLink.objects.using("operator").get(mode=mode)


def kinds():
    return list(Activity.objects.filter(area="payment-link").order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def made(scope):
    """A link, and the queryset that sees it: the operator's connection doesn't see what isn't committed."""
    with rls.inside(scope):
        yield factories.make_link(scope.business, amount=350_000)


def test_a_link_is_made_and_shown_with_all_that_its_payers_need(web, scope):
    answer = send(web, redirect_url="https://kopikita.co.id/terima-kasih", asks_phone="on")
    with rls.inside(scope):
        link = PaymentLink.objects.get()
    assert answer["Location"] == f"/payment-links/{link.pk}/"
    assert (link.amount, link.uses, link.fee_bearer, link.asks_phone, link.asks_address) == (
        *(350_000, "many", "business"),
        *(True, False),
    )
    page = web.get(answer["Location"]).content.decode()
    url = links.address_of(link)
    assert url.endswith(f"/pay/{link.slug}/")
    for shown in (url, "Copy message", 'class="qr"', f"Pay here: {url}", "Kelas latte art – Rp350,000", "Deactivate"):
        assert shown in page
    assert len(link.slug) >= 22
    assert kinds() == ["payment-link.created"]


def test_a_form_that_is_sent_twice_makes_one(web, scope):
    page = web.get(CREATE).content.decode()
    key = re.search(r'name="made_key" value="([^"]+)"', page)[1]
    first, second = (web.post(CREATE, {"made_key": key, **TYPED}) for _ in range(2))
    assert first["Location"] == second["Location"]
    with rls.inside(scope):
        assert PaymentLink.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a" * 101}, "title"),
        ({"title": "Kelas\u202etart"}, "title"),
        ({"title": "x" * 10_240}, "title"),
        ({"amount": "9.999"}, "amount"),
        ({"amount": "1000000001"}, "amount"),
        ({"amount": "-350000"}, "amount"),
        ({"amount": "1e6"}, "amount"),
        ({"uses": "twice"}, "uses"),
        ({"fee_bearer": "nobody"}, "fee_bearer"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
        ({"expires_time": "12:00"}, "expires_on"),
        ({"title": "Kopi\x00"}, "title"),
        ({"amount": "3.5e99"}, "amount"),
        ({"amount": "9" * 400}, "amount"),
        ({"made_key": "not-a-key"}, "made_key"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"redirect_url": " JaVaScRiPt:alert(1)"}, "redirect_url"),
        ({"redirect_url": "data:text/html,hello"}, "redirect_url"),
        ({"redirect_url": "https://127.1/"}, "redirect_url"),
        ({"redirect_url": "https://2130706433/"}, "redirect_url"),
        ({"redirect_url": "https://[::1]/"}, "redirect_url"),
        ({"redirect_url": "https://169.254.169.254/latest/"}, "redirect_url"),
        ({"redirect_url": "https://kopikita.co.id/" + "a" * 10_240}, "redirect_url"),
        ({"redirect_url": "http://kopikita.co.id/"}, "redirect_url"),
        ({"redirect_url": "//kopikita.co.id/"}, "redirect_url"),
        ({"redirect_url": "https://10.0.0.1/"}, "redirect_url"),
        ({"redirect_url": "https://localhost/"}, "redirect_url"),
        ({"redirect_url": "https://shop.internal/"}, "redirect_url"),
        ({"redirect_url": "https://me:pw@kopikita.co.id/"}, "redirect_url"),
        ({"redirect_url": "https://inside.kopikita.co.id/"}, "redirect_url"),
        ({"redirect_url": "https://kopikita.co.id:8080/"}, "redirect_url"),
        ({"redirect_url": "https://kopikita.co.id\\@evil.com/"}, "redirect_url"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(web, scope, typed, field):
    answer = send(web, **typed)
    assert answer.status_code == 200
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert str(next(iter(form.errors[field]))) in unescape(answer.content.decode()), "it is said on the page"
    assert {name: form[name].value() for name in typed} == typed, "what was typed stays"
    with rls.inside(scope):
        assert not PaymentLink.objects.exists()


def test_an_amount_that_no_channel_takes_with_its_fee_is_refused(web, scope):
    answer = send(web, amount="1.000.000.000", fee_bearer="payer")
    assert list(answer.context["form"].errors) == ["amount"]
    assert send(web, amount="1.000.000.000").status_code == 302


def test_markup_and_emoji_in_a_title_are_text(web, scope):
    title = "Kopi ☕ <script>alert(1)</script> {{ 7 }}"
    page = web.get(send(web, title=title)["Location"]).content.decode()
    assert "<script>alert" not in page
    assert "Kopi ☕ &lt;script&gt;" in page


def test_a_link_is_changed_and_the_log_says_what(web, scope, made):
    form = web.get(f"/payment-links/{made.pk}/edit/").context["form"]
    assert form.initial["amount"] == "350,000"
    typed = {"title": "Kelas seduh", "amount": "", "fee_bearer": "payer"}
    assert web.post(f"/payment-links/{made.pk}/edit/", typed)["Location"] == f"/payment-links/{made.pk}/"
    made.refresh_from_db()
    assert (made.title, made.amount, made.fee_bearer, made.uses) == ("Kelas seduh", None, "payer", "many")
    facts = Activity.objects.get(kind="payment-link.changed").facts["changes"]
    assert facts["title"] == {"old": "Kelas latte art", "new": "Kelas seduh"}
    web.post(f"/payment-links/{made.pk}/edit/", typed)
    assert kinds() == ["payment-link.changed"]


def test_a_link_is_switched_off_after_a_question_and_on_again(web, made):
    assert "Deactivate this link?" in web.get(f"/payment-links/{made.pk}/deactivation/").content.decode()
    web.post(f"/payment-links/{made.pk}/deactivation/")
    web.post(f"/payment-links/{made.pk}/deactivation/")
    made.refresh_from_db()
    assert made.status == "inactive"
    web.post(f"/payment-links/{made.pk}/activation/")
    made.refresh_from_db()
    assert made.status == "active"
    assert kinds() == ["payment-link.deactivated", "payment-link.activated"]


def test_one_whose_time_is_over_needs_a_later_end_first(scope, made):
    then = {"created_at": clock.now() - timedelta(days=9), "expires_at": clock.now() - timedelta(days=1)}
    made = factories.make_link(scope.business, status="expired", **then)
    with pytest.raises(LinkRefused):
        links.switch(scope, made.pk, on=True)
    later = links.Draft(made.title, 350_000, clock.now() + timedelta(days=1), "business", False, False, "")
    assert links.change(scope, made.pk, later).status == "active"


def test_what_was_paid_once_is_never_paid_again(scope, made):
    one = factories.make_link(scope.business, uses="one", status="used")
    with pytest.raises(LinkRefused):
        links.switch(scope, one.pk, on=True)
    draft = links.Draft("Other", None, None, "business", False, False, "")
    with pytest.raises(LinkRefused):
        links.change(scope, one.pk, draft)
    with pytest.raises(DatabaseError), transaction.atomic():
        PaymentLink.objects.filter(pk=one.pk).update(status="active")


@pytest.mark.parametrize("role", [Role.APPROVER, Role.REVIEWER, Role.DEPOSIT_ADMIN, Role.DEVELOPER])
def test_who_may_look_may_not_make(client_of, kopi_kita, made, role):
    web = client_of(factories.make_member(kopi_kita, role))
    page = web.get(f"/payment-links/{made.pk}/").content.decode()
    assert links.address_of(made) in page
    assert "/edit/" not in page
    for address in (CREATE, f"/payment-links/{made.pk}/edit/", f"/payment-links/{made.pk}/deactivation/"):
        assert web.post(address, TYPED).status_code == 403
    assert web.post(f"/payment-links/{made.pk}/activation/").status_code == 403


def test_anothers_link_and_one_of_the_other_mode_are_not_there(web, toko_sebelah, kopi_kita):
    for link in (factories.make_link(toko_sebelah), factories.make_link(kopi_kita, mode="test")):
        for part in ("", "edit/", "deactivation/", "qr/"):
            assert web.get(f"/payment-links/{link.pk}/{part}").status_code == 404
        assert web.post(f"/payment-links/{link.pk}/activation/").status_code == 404


def test_row_level_security_keeps_links_apart(kopi_kita, toko_sebelah):
    factories.make_link(toko_sebelah)
    assert not PaymentLink.objects.exists()
    with rls.inside_of(kopi_kita.pk, "live"):
        assert not PaymentLink.objects.exists()


def test_a_business_makes_so_many_a_day(web, scope, monkeypatch):
    monkeypatch.setattr(links, "A_DAY", 1)
    send(web)
    assert "as many as it may" in send(web).content.decode()
    for minutes, is_over in ((-1, False), (1, True)):
        moment = clock.now() + timedelta(hours=24, minutes=minutes)
        with monkeypatch.context() as patch, rls.inside(scope):
            patch.setattr(clock, "now", lambda *using, moment=moment: moment)
            draft = links.Draft("Kopi", 50_000, None, "business", False, False, "")
            with nullcontext() if is_over else pytest.raises(LinkRefused, match="as many as it may"):
                links.create(scope, draft, uses="many", made_key=uuid4())


def test_the_list_says_what_each_collected_and_finds_by_title_and_address(web, scope, made):
    other = factories.make_link(scope.business, title="Katering kantor", amount=None)
    for status in ("successful", "successful", "pending", "failed"):
        factories.make_payment(scope.business, link=made, amount=350_000, status=status)
    made.refresh_from_db()
    assert (made.paid_count, made.collected) == (2, 700_000)
    page = web.get("/payment-links/").content.decode()
    assert "Rp700,000" in page
    for query in ("latte", made.slug, links.address_of(made), "350000"):
        found = web.get("/payment-links/", {"q": query}).content.decode()
        assert "Kelas latte art" in found, query
        assert "Katering kantor" not in found, query
    assert "Rp700,000" in web.get("/views/sums/?history=payment-links").content.decode()
    assert other.collected == 0


def test_a_payment_that_becomes_successful_is_added_once(scope, made):
    payment = factories.make_payment(scope.business, link=made, amount=350_000, status="pending")
    for _ in range(2):
        payment.status, payment.paid_at, payment.settlement_status = "successful", clock.now(), "pending"
        payment.save()
    made.refresh_from_db()
    assert (made.paid_count, made.collected) == (1, 350_000)


def test_the_list_asks_the_database_as_often_for_many(web, scope, django_assert_max_num_queries):
    for number in range(12):
        factories.make_link(scope.business, title=f"Kelas {number}")
    web.get("/payment-links/")
    with django_assert_max_num_queries(12):
        web.get("/payment-links/")


def test_the_database_refuses_bad_links(scope, made):
    for bad in ({"redirect_url": "http://x.id"}, {"status": "used"}, {"amount": 0}, {"slug": "short"}, {"uses": "one"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            PaymentLink.objects.filter(pk=made.pk).update(**bad)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM transactions_paymentlink")


@pytest.mark.parametrize("kind", prices.PRICES)
@pytest.mark.parametrize("asked", [10_000, 12_345, 350_000, 4_999_999])
def test_a_payer_who_bears_the_fee_pays_just_enough(kind, asked):
    total = prices.sum_of(kind, asked, payer_bears=True)
    assert total.amount - total.fee == asked
    assert prices.PRICES[kind].fee(total.amount) <= total.fee
    business = prices.sum_of(kind, asked, payer_bears=False)
    assert (business.amount, business.fee) == (asked, prices.PRICES[kind].fee(asked))
