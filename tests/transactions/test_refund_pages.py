"""The pages of refunds: the form and its messages, the history, Approvals, the payment's page (trust: R1, W2, X1)."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from accounts.permissions import Role
from deposits import ledger
from flipdash import rls
from tests import factories
from tests.factories import make_payment, make_refund
from tests.transactions.refunding import left, now
from tests.transactions.sending import fund
from transactions.models import Refund
from transactions.refunds.services import REFUNDS

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
REQUEST = "/refunds/request/"
TYPED = {
    "amount": "50.000",
    "cause": "Kelas dibatalkan",
    "destination": "BCA",
    "account_number": "0012345678",
    "beneficiary_name": "",
    "name_reason": "Her husband’s account",
}


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(page.content.decode())).split())


@pytest.fixture
def payment(kopi_kita):
    return make_payment(kopi_kita, amount=150_000)


@pytest.fixture
def service(kopi_kita):
    return factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)


@pytest.fixture
def web(client_of, service):
    return client_of(service)


def send(web, payment, step="check", **typed):
    key = typed.pop("made_key", str(uuid.uuid4()))
    return web.post(REQUEST, {"payment": str(payment.pk), "made_key": key, "step": step, **TYPED, **typed})


def refunds(business):
    with rls.inside_of(business.pk, "live"):
        return list(Refund.objects.order_by("pk"))


# --- Request Refund ----------------------------------------------------------------------------------------------


def test_from_its_id_to_the_refund(web, kopi_kita, payment, service):
    assert "Of which payment" not in text_of(web.get(REQUEST))
    form = text_of(web.get(REQUEST, {"payment": f" {payment.pk} "}))
    assert "Can be refunded Rp150,000" in form
    assert "This payment left no account." in form
    confirmed = text_of(send(web, payment))
    assert "Fee Rp2,500 Total Rp52,500 Can still be refunded then Rp100,000" in confirmed
    assert refunds(kopi_kita) == []
    key = str(uuid.uuid4())
    answer = send(web, payment, "create", made_key=key)
    (refund,) = refunds(kopi_kita)
    assert answer["Location"] == f"/refunds/{refund.pk}/"
    assert (refund.amount, refund.cause, refund.status) == (50_000, "Kelas dibatalkan", "pending_approval")
    assert refund.beneficiary_name == refund.holder_name != ""
    assert refund.maker == service.actor
    again = send(web, payment, "create", made_key=key)
    assert again["Location"] == f"/refunds/{refund.pk}/"
    assert len(refunds(kopi_kita)) == 1


def test_what_a_payer_left_is_filled_in(web, kopi_kita):
    paid = {"channel_kind": "ewallet", "channel": "ovo", "sender_phone": "+628123456789"}
    page = web.get(REQUEST, {"payment": make_payment(kopi_kita, **paid).pk})
    assert page.context["form"]["destination"].value() == "OVO"
    assert page.context["form"]["account_number"].value() == "08123456789"
    assert "left no account" not in text_of(page)


@pytest.mark.parametrize("written", ["1111111111111111111", "12x", "٣٣", "9" * 40, "'; --", "12\x00", "x" * 10_240, ""])
def test_an_unknown_id_is_said_beside_the_field(web, written):
    page = web.get(REQUEST, {"payment": written})
    assert page.status_code == 200
    assert page.context["form"].errors["payment"]
    if written:
        assert page.context["form"]["payment"].value() == written, "what was typed stays"


def test_another_businesss_payment_is_one_that_isnt_there(web, toko_sebelah, kopi_kita):
    """trust: W1, W2."""
    pages = []
    for pk in (make_payment(toko_sebelah).pk, make_payment(kopi_kita, mode="test").pk, 1_111_111_111_111_111_111):
        pages.append(text_of(web.get(REQUEST, {"payment": pk})).replace(str(pk), "ID"))
        assert "No payment of yours has this ID." in pages[-1]
        page = web.post(REQUEST, {"payment": pk, "step": "create", "made_key": str(uuid.uuid4()), **TYPED})
        assert "No payment of yours has this ID." in text_of(page)
    assert refunds(kopi_kita) == []


@pytest.mark.parametrize(("status", "said"), [("failed", "it is Failed"), ("pending", "it is Pending")])
def test_what_was_not_paid_says_so(web, kopi_kita, status, said):
    page = web.get(REQUEST, {"payment": make_payment(kopi_kita, status=status).pk})
    assert said in str(page.context["form"].errors["payment"])


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "150.001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5000"}, "amount"),
        ({"amount": "9.999"}, "amount"),
        ({"cause": ""}, "cause"),
        ({"cause": "Line\nbreak \u202e"}, "cause"),
        ({"cause": "x" * 201}, "cause"),
        ({"cause": "x" * 10_240}, "cause"),
        ({"cause": "Batal\x00"}, "cause"),
        ({"amount": "9" * 400}, "amount"),
        ({"amount": "1e5"}, "amount"),
        ({"beneficiary_name": "Dewi\u202e"}, "beneficiary_name"),
        ({"beneficiary_name": "x" * 10_240}, "beneficiary_name"),
        ({"account_number": "1" * 10_240}, "account_number"),
        ({"internal_reference": "x" * 10_240}, "internal_reference"),
        ({"made_key": "not-a-key"}, "made_key"),
        ({"destination": "Nowhere"}, "destination"),
        ({"account_number": "12"}, "account_number"),
        ({"account_number": "0012349001"}, "account_number"),  # the bank has none such
        ({"account_number": "0012349004"}, "beneficiary_name"),  # nobody says whose it is
        ({"account_number": "0012349004", "beneficiary_name": "Dewi", "name_reason": ""}, "name_reason"),  # nor to Dewi
        ({"account_number": "0012349005", "beneficiary_name": "Dewi", "name_reason": ""}, "name_reason"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(web, kopi_kita, payment, typed, field):
    for step in ("check", "create"):
        page = send(web, payment, step, **typed)
        assert page.status_code == 200
        assert field in page.context["form"].errors, page.context["form"].errors
        assert str(page.context["form"].errors[field][0]) in unescape(page.content.decode()), "it is said on the page"
    for name, value in typed.items():
        assert page.context["form"][name].value() == value, "what was typed stays"
    assert refunds(kopi_kita) == []


OVO = {"channel_kind": "ewallet", "channel": "ovo", "sender_phone": "+628123456789", "amount": 150_000}


@pytest.mark.parametrize("paid", [OVO, {"amount": 150_000}])
def test_another_account_or_name_than_the_payers_needs_a_reason_and_is_seen(client_of, web, kopi_kita, paid):
    """trust: M1. Whoever asks can't lead a refund to somebody else without an approver's seeing it."""
    payment = make_payment(kopi_kita, **paid)
    for step in ("check", "create"):
        page = send(web, payment, step, name_reason="")
        assert "isn’t the payer’s account or name (Dewi Anggraini" in str(page.context["form"].errors["name_reason"])
    assert refunds(kopi_kita) == []
    assert "This isn’t the payer’s account or name." in text_of(send(web, payment))
    assert send(web, payment, "create").status_code == 302
    (refund,) = refunds(kopi_kita)
    assert (refund.is_to_another, refund.name_reason) == (True, TYPED["name_reason"])
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    assert "Not the payer’s" in text_of(approver.get("/approvals/")).partition("BCA 0012345678")[2]
    assert "0012345678" in text_of(approver.get("/approvals/", {"flag": "payer"}))
    page = approver.get("/approvals/selection/", {"row": f"refund-{refund.pk}", "which": "ticked"})
    assert page.context["chosen"].flags["payer"] == 1
    assert "Not the payer’s account or name" in text_of(page)
    page = text_of(approver.get(f"/refunds/{refund.pk}/approval/"))
    assert "This isn’t the payer’s account or name." in page
    assert TYPED["name_reason"] in page


def test_the_payers_own_account_and_name_need_no_reason(web, kopi_kita):
    typed = {"destination": "OVO", "account_number": "08123456789", "beneficiary_name": "Dewi Anggraini"}
    page = send(web, make_payment(kopi_kita, **OVO), name_reason="", **typed)
    assert "This isn’t the payer’s" not in text_of(page)
    assert "payer’s account or name" not in str(getattr(page.context.get("form"), "errors", ""))


def test_why_it_goes_where_no_bank_has_said_whose_account_it_is_is_kept_and_shown(web, kopi_kita, payment):
    typed = {"account_number": "0012349004", "beneficiary_name": "Dewi Anggraini"}
    assert "write why it is paid all the same" in text_of(send(web, payment, **typed, name_reason=""))
    typed["name_reason"] = "She has written so"
    text = send(web, payment, "check", **typed).content.decode()
    assert "No bank has said whose account this is." in text
    assert "Why it is paid all the same" in text
    send(web, payment, "create", **typed)
    assert [(row.holder_name, row.name_reason) for row in refunds(kopi_kita)] == [("", "She has written so")]


def test_a_second_of_the_same_amount_is_asked_about(web, kopi_kita, payment):
    make_refund(kopi_kita, payment, amount=50_000)
    page = send(web, payment, "create")
    assert "is_sure" in page.context["form"].errors
    seen = page.context["form"]["twins_seen"].value()
    other = make_refund(kopi_kita, payment, amount=50_000)
    page = send(web, payment, "create", is_sure="on", twins_seen=seen)
    assert "is_sure" in page.context["form"].errors, "of another one nobody has said anything"
    with rls.inside_of(kopi_kita.pk, "live"):
        Refund.objects.filter(pk=other.pk).update(status="cancelled")
    assert send(web, payment, "create", is_sure="on", twins_seen=seen).status_code == 302
    assert left(payment) == 50_000


def test_many_equal_parts_of_a_payment_hide_no_other_of_the_same_money(web, kopi_kita, payment, service):
    to = {"amount": 10_000, "bank": "bca", "account_number": "0012345678"}
    parts = [make_refund(kopi_kita, payment, maker=service.actor, **to) for _part in range(5)]
    seen = send(web, payment, "create", amount="10.000").context["form"]["twins_seen"].value()
    assert len(seen.split(",")) == 5
    with rls.inside_of(kopi_kita.pk, "live"):
        sent = factories.make_transfer(kopi_kita, status="processing", **to)
    page = send(web, payment, "create", amount="10.000", is_sure="on", twins_seen=seen)
    assert str(sent.pk) in page.context["form"]["twins_seen"].value().split(",")
    scope = service.scope("live")
    with rls.inside(scope):
        found = REFUNDS.duplicates(scope, parts[0])
        assert {one.pk for one in found} == {*(part.pk for part in parts[1:]), sent.pk}
        assert REFUNDS.twins(scope, [parts[0].pk]) == {parts[0].pk: [(one.pk, str(one.status)) for one in found]}


def test_the_same_account_and_amount_sent_otherwise_is_asked_about(client_of, web, kopi_kita, payment, service):
    """trust: L5. By a refund of another payment, or by a money transfer; Approvals says so too."""
    to = {"amount": 50_000, "bank": "bca", "account_number": "0012345678"}
    for make in (make_refund, factories.make_transfer):
        with rls.inside_of(kopi_kita.pk, "live"):
            make(kopi_kita, status="processing", **to)
        assert "is_sure" in send(web, payment, "create").context["form"].errors
        with rls.inside_of(kopi_kita.pk, "live"):
            Refund.objects.filter(status="processing").update(status="failed")
    refund = make_refund(kopi_kita, payment, maker=service.actor, **to)
    scope = service.scope("live")
    with rls.inside(scope):
        found = REFUNDS.duplicates(scope, refund)
        assert [one.status for one in found] == ["processing"], "the transfer"
        assert REFUNDS.twins(scope, [refund.pk]) == {refund.pk: [(one.pk, str(one.status)) for one in found]}
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    assert str(refund.pk) in approver.get("/approvals/", {"flag": "twice"}).content.decode()
    assert str(found[0].pk) in text_of(approver.get(f"/refunds/{refund.pk}/approval/"))


def test_an_imported_payment_is_none_of_ours(web, kopi_kita, payment, admin):
    with rls.inside_of(kopi_kita.pk, "live"):
        payment.events.create(business=kopi_kita, mode="live", kind="imported", **admin.actor.columns("by"))
    assert "its money never came here" in str(send(web, payment).context["form"].errors["payment"])
    page = web.get(f"/payments/{payment.pk}/")
    assert "its money never came here" in text_of(page)
    assert f"{REQUEST}?payment=" not in page.content.decode()
    assert refunds(kopi_kita) == []


def test_no_bank_is_asked_but_for_what_can_be_refunded(web, kopi_kita, payment):
    failed = make_payment(kopi_kita, status="failed")
    assert "Account holder" in text_of(send(web, payment, "look"))
    for pk in (failed.pk, 12, ""):
        assert "Account holder" not in text_of(web.post(REQUEST, {"payment": pk, "step": "look", **TYPED}))


def test_a_rest_that_no_bank_takes_is_said(web, kopi_kita, payment):
    typed = {"amount": "145.000"}
    assert "too little to be refunded alone" in text_of(send(web, payment, **typed))
    assert "too little to be refunded alone" not in text_of(send(web, payment))
    make_refund(kopi_kita, payment, amount=145_000)
    page = web.get(f"/payments/{payment.pk}/")
    assert "Rp5,000 is left. It can’t be refunded alone: banks take Rp10,000 or more." in text_of(page)
    assert f"{REQUEST}?payment=" not in page.content.decode()


def test_markup_is_text_everywhere(client_of, kopi_kita):
    """trust: X1."""
    evil = "<script>alert(1)</script>"
    paid = make_payment(kopi_kita, title=evil, sender_name=evil)
    refund = make_refund(kopi_kita, paid, beneficiary_name=evil, cause=evil)
    admin = factories.make_member(kopi_kita)
    for who in (admin,):
        for address in (
            f"/refunds/{refund.pk}/",
            f"/refunds/{refund.pk}/approval/",
            f"/payments/{paid.pk}/",
            "/refunds/",
        ):
            page = client(who).get(address)
            assert page.status_code == 200
            assert evil not in page.content.decode()


def client(member):
    from django.test import Client

    browser = Client()
    browser.force_login(member.user)
    return browser


# --- Refund History ----------------------------------------------------------------------------------------------


def test_the_history_finds_by_all_that_people_have(web, kopi_kita, payment):
    refund = make_refund(
        kopi_kita, payment, beneficiary_name="Ayu Lestari", account_number="0099887766", amount=23_456,
        internal_reference="CS-77", cause="Pesanan hilang",
    )  # fmt: skip
    make_refund(kopi_kita)
    for term in (refund.pk, payment.pk, "0099887766", "Rp23.456", "CS-77", "ayu", "hilang", "ayu pending"):
        found = web.get("/refunds/", {"q": term}).context["results"]
        assert [row["id"] for row in found.rows] == [refund.pk], term
    assert [row["id"] for row in web.get("/refunds/", {"payment": payment.pk}).context["results"].rows] == [refund.pk]
    assert web.get("/refunds/", {"payment": "x"}).context["results"].rows == []


def test_customer_service_sees_seven_days_unless_it_searches(web, kopi_kita):
    """trust: R2."""
    long_ago = timezone.now() - timedelta(days=30)
    paid = make_payment(kopi_kita, created_at=long_ago)
    old = make_refund(kopi_kita, paid, created_at=long_ago, beneficiary_name="Zulaikha")
    assert web.get("/refunds/").context["results"].rows == []
    assert [row["id"] for row in web.get("/refunds/", {"q": "zulaikha"}).context["results"].rows] == [old.pk]
    assert web.get(f"/refunds/{old.pk}/").status_code == 200


def test_a_page_costs_a_bounded_number_of_queries(web, kopi_kita, django_assert_max_num_queries):
    for _ in range(3):
        refund = make_refund(kopi_kita)
    web.get("/refunds/")
    with django_assert_max_num_queries(9):
        web.get("/refunds/")
    with django_assert_max_num_queries(11):
        web.get(f"/refunds/{refund.pk}/")


# --- Approvals, and the payment's page ---------------------------------------------------------------------------


def test_an_approver_sees_every_field_and_approves(client_of, kopi_kita, payment, service):
    """trust: R1. The history isn't theirs, what waits for them is."""
    fund(kopi_kita)
    said = {"name_reason": "Her husband's", "holder_name": "BUDI", "internal_reference": "CS-1"}
    refund = make_refund(kopi_kita, payment, maker=service.actor, **said)
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    assert approver.get(f"/refunds/{refund.pk}/").status_code == 403
    listed = text_of(approver.get("/approvals/"))
    assert "Dewi Anggraini" in listed
    assert "BCA 0012345678" in listed
    page = approver.get(f"/refunds/{refund.pk}/approval/")
    for words in ("Rp17,500", "Kelas dibatalkan", str(payment.pk), "0012345678", *said.values()):
        assert words in text_of(page)
    answer = approver.post(f"/refunds/{refund.pk}/approval/", {"seen": page.context["seen"]}, follow=True)
    assert answer.redirect_chain[-1][0] == "/approvals/"
    assert "The refund of Rp15,000 is approved." in text_of(answer)
    assert now(refund).status == "processing"
    assert approver.get(f"/refunds/{refund.pk}/approval/", follow=True).redirect_chain[-1][0] == "/approvals/"


def test_short_of_money_an_approver_is_told_that_it_waits(client_of, kopi_kita, payment, service):
    refund = make_refund(kopi_kita, payment, maker=service.actor)
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    page = approver.get(f"/refunds/{refund.pk}/approval/")
    assert "Your deposit is short of Rp17,500." in text_of(page)
    answer = approver.post(f"/refunds/{refund.pk}/approval/", {"seen": page.context["seen"]}, follow=True)
    assert "waits until the deposit has enough" in text_of(answer)
    assert now(refund).status == "waiting"
    shown = text_of(client_of(service).get(f"/refunds/{refund.pk}/"))
    assert "your deposit is short of Rp17,500" in shown
    assert "Waiting for deposit" in shown


def test_several_are_rejected_and_approved_together(client_of, kopi_kita, service):
    fund(kopi_kita)
    made = [make_refund(kopi_kita, maker=service.actor, amount=15_000 + n) for n in range(3)]
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    rows = {"row": [f"refund-{made[0].pk}", f"refund-{made[1].pk}"], "which": "ticked"}
    page = approver.get("/approvals/selection/", rows)
    chosen, until = page.context["chosen"], page.context["until"]
    assert (chosen.count, chosen.amount, chosen.fee) == (2, 30_001, 5_000)
    approver.post(page.context["address"], {"seen": chosen.seen, "until": until})
    assert [now(one).status for one in made] == ["processing", "processing", "pending_approval"]
    page = approver.get("/approvals/rejection/", {"row": f"refund-{made[2].pk}", "which": "ticked"})
    answer = {"seen": page.context["seen"], "until": page.context["until"], "note": "Not ours"}
    approver.post(f"/approvals/rejection/?row=refund-{made[2].pk}&which=ticked", answer)
    assert now(made[2]).status == "cancelled"


def test_who_asked_cancels_and_who_may_not_is_told(client_of, web, kopi_kita, payment, service):
    own, others = make_refund(kopi_kita, payment, maker=service.actor), make_refund(kopi_kita)
    web.post(f"/refunds/{own.pk}/cancellation/", {"note": "The payer keeps it"})
    assert now(own).status == "cancelled"
    answer = web.post(f"/refunds/{others.pk}/cancellation/", {"note": "x"}, follow=True)
    assert "Only the person who made it" in text_of(answer)
    assert now(others).status == "pending_approval"


def test_force_is_there_in_test_mode_only(web, kopi_kita):
    """trust: D8."""
    with rls.inside_of(kopi_kita.pk, "test"):
        on_its_way = make_refund(kopi_kita, mode="test", status="processing")
    live = make_refund(kopi_kita, status="processing")
    assert "Force Success" in text_of(web.get(f"/test/refunds/{on_its_way.pk}/"))
    assert "Force Success" not in text_of(web.get(f"/refunds/{live.pk}/"))
    assert web.post(f"/refunds/{live.pk}/forced/", {"outcome": "successful"}).status_code == 404


def test_a_payment_and_its_refunds_lead_to_each_other(client_of, web, kopi_kita, payment):
    refund = make_refund(kopi_kita, payment, amount=50_000)
    page = web.get(f"/payments/{payment.pk}/").content.decode()
    assert f"/refunds/{refund.pk}/" in page
    assert f"{REQUEST}?payment={payment.pk}" in page
    assert "Rp100,000 can be refunded." in text_of(web.get(f"/payments/{payment.pk}/"))
    assert f"/payments/{payment.pk}/" in web.get(f"/refunds/{refund.pk}/").content.decode()
    maker = client_of(factories.make_member(kopi_kita, Role.MAKER)).get(f"/payments/{payment.pk}/").content.decode()
    assert "/refunds/" not in maker
    assert (
        f"{REQUEST}?payment="
        not in web.get(f"/payments/{make_payment(kopi_kita, status='failed').pk}/").content.decode()
    )


def test_home_and_my_deposit_count_what_waits(client_of, kopi_kita, service):
    make_refund(kopi_kita, maker=service.actor)
    make_refund(kopi_kita, status="waiting")
    said = text_of(client_of(factories.make_member(kopi_kita)).get("/deposit/"))
    assert "Refunds that wait" in said
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER)).get("/approvals/").content.decode()
    assert re.search(r"Approvals\s*<[^>]*>\s*1\b|>1<", approver)
    assert "Refunds that wait" not in text_of(client_of(factories.make_member(kopi_kita, Role.MAKER)).get("/deposit/"))


def test_an_entry_of_the_deposit_leads_to_its_refund(client_of, kopi_kita, payment):
    fund(kopi_kita)
    executor = factories.make_member(kopi_kita, Role.EXECUTOR)
    browser = client_of(executor)
    send(browser, payment, "create")
    (refund,) = refunds(kopi_kita)
    assert refund.status == "processing"
    with rls.inside_of(kopi_kita.pk, "live"):
        assert ledger.balance(executor.scope("live")).held == 52_500
    page = browser.get(f"/refunds/{refund.pk}/").content.decode()
    entry = re.search(r"/deposit/history/\d+/", page)
    assert entry, "it shows what it moved"
    assert f"/refunds/{refund.pk}/" in browser.get(entry[0]).content.decode()
