"""International Transfer → Create Transfer: three corridors from the form to the receipt, quotes that run out and are
used once, what approvers see, and what is refused (trust: L6, M1-M3, M6, W1, W2, D8, V2).
"""

import io
import math
import uuid
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.html import escape

from accounts.permissions import Role
from deposits import ledger
from flipdash import rls
from tests import factories
from tests.transactions.abroad import (
    CREATE,
    PDF,
    TYPED,
    address,
    begin,
    finish,
    let_it_run_out,
    run_out,
    text_of,
    unseen,
)
from tests.transactions.sending import fund, let_it_arrive, send
from transactions.international import attachments, quotes, services
from transactions.international.services import INTERNATIONAL
from transactions.models import (
    Attachment,
    BeneficiaryAbroad,
    Corridor,
    InternationalTransfer,
    Quote,
    RailOrder,
    SimulatedPayout,
    Status,
)
from transactions.outgoing import acts, sweeps
from transactions.outgoing.refusals import QuoteOver
from transactions.rails import simulated_quotes

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def money(kopi_kita):
    for mode in ("live", "test"):
        fund(kopi_kita, 100_000_000, mode=mode)
    return kopi_kita


@pytest.fixture(autouse=True)
def inside(kopi_kita, stranger):
    """Quotes, documents and beneficiaries are shown inside of their business only."""
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


def paper(name="invoice.pdf", content=PDF):
    return SimpleUploadedFile(name, content)


def make(web, corridor="GB B2B", **typed):
    """Make a transfer by the form, and return it."""
    finish(web, corridor, begin(web, corridor, **typed))
    return InternationalTransfer.objects.latest("created_at", "pk")


def available(business, mode="live"):
    with rls.inside_of(business.pk, mode):
        return ledger.balance(ledger.LedgerOwner(business, mode)).available


def moves_to(rate):
    """What lets every currency have another rate from now on."""
    return lambda currency, moment: Decimal(rate)


# --- Three corridors from the form to the receipt ---


@pytest.mark.parametrize(
    ("corridor", "received", "shown"),
    [
        ("GB B2B", "GBP 1,250.50", {"Sort Code": "200000", "Account Number": "01234567"}),
        ("JP C2C", "JPY 9", {"SWIFT Code": "BOTKJPJT", "Branch Number": "001", "Relationship": "Friend"}),
        ("MY B2B", "MYR 2,500.00", {"Document Number": "INV-2026/11", "Attachment": "invoice.pdf"}),
    ],
)
def test_from_the_form_over_the_approval_to_the_receipt(money, maker, approver, client_of, corridor, received, shown):
    web, files = client_of(maker), {"attachment": paper()} if corridor.startswith("MY") else {}
    page = begin(web, corridor, **files)
    said = text_of(page)
    for words in (received, "The rate holds until", "waits for an approver", *shown.values()):
        assert words in said
    assert f"1 {Corridor.objects.get(country=corridor[:2]).currency} = Rp" in said
    assert not InternationalTransfer.objects.exists()

    made = finish(web, corridor, page)
    row = InternationalTransfer.objects.get()
    assert made["Location"] == f"/international-transfers/{row.pk}/"
    assert (row.status, row.currency, row.transfer_kind) == (
        "pending_approval",
        row.quote.corridor.currency,
        corridor[3:],
    )
    assert row.amount_received == row.amount_received.quantize(Decimal(1 if row.currency == "JPY" else "0.01"))
    assert (row.amount, row.fee, row.rate) == (row.quote.amount, row.quote.fee, row.quote.rate)
    assert finish(web, corridor, page)["Location"] == made["Location"], "a second click finds the first"
    assert InternationalTransfer.objects.count() == 1
    before = available(money)

    approving, url = client_of(approver), f"/international-transfers/{row.pk}/"
    assert f"{url}approval/" in approving.get(url).content.decode()
    assert escape(row.beneficiary_name) in approving.get("/approvals/").content.decode()
    page = approving.get(f"{url}approval/")
    said = text_of(page)
    for label, value in shown.items():
        assert label in said
        assert value in said
    if corridor.startswith("MY"):
        paper_of = approving.get(f"{url}attachment/")
        assert b"".join(paper_of.streaming_content) == PDF
        assert "attachment" in paper_of["Content-Disposition"]
        assert "sandbox" in paper_of["Content-Security-Policy"]
    assert approving.post(f"{url}approval/", unseen(page))["Location"] == url
    row.refresh_from_db()
    assert (row.status, row.approver_name) == (Status.PROCESSING, approver.name)
    assert available(money) == before - row.amount - row.fee

    let_it_arrive()
    row.refresh_from_db()
    assert row.status == Status.SUCCESSFUL
    assert available(money) == before - row.amount - row.fee
    assert list(row.events.order_by("at", "id").values_list("kind", flat=True)) == [
        *("created", "approved", "sent", "successful")
    ]
    page = approving.get(url)
    assert "receipt" in page.content.decode()
    assert "Received by the beneficiary" in text_of(page)
    told = SimulatedPayout.objects.get()
    assert (told.amount, told.account_number) == (row.amount, row.account_number)
    assert RailOrder.objects.get().bank == f"abroad_{row.country}".lower()


def test_who_may_approve_sends_at_once(money, web):
    page = begin(web, "DE B2B")
    assert "with the next click it is sent" in text_of(page)
    finish(web, "DE B2B", page)
    row = InternationalTransfer.objects.get()
    assert (row.status, row.account_number) == (Status.PROCESSING, "DE89370400440532013000")
    assert row.details["iban"] == row.account_number


def test_in_test_mode_an_answer_is_forced_and_in_live_mode_there_is_no_such_thing(money, admin, client_of):
    """trust: D8."""
    web = client_of(admin)
    row = make(web)
    assert web.post(f"/international-transfers/{row.pk}/forced/", {"outcome": "failed"}).status_code == 404
    key = unseen(web.get(f"/test{address('GB B2B')}"))["made_key"]
    typed = {**TYPED["GB B2B"], "made_key": key}
    page = web.post(f"/test{address('GB B2B')}", {**typed, "step": "check"})
    web.post(f"/test{address('GB B2B')}", {**unseen(page), "step": "create"})
    row = InternationalTransfer.objects.get(mode="test")
    before = available(money, "test")
    with rls.outside():
        send()
    web.post(f"/test/international-transfers/{row.pk}/forced/", {"outcome": "failed"})
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert available(money, "test") == before + row.amount + row.fee


def test_a_maker_cancels_and_an_approver_rejects(money, maker, approver, client_of):
    web = client_of(maker)
    row = make(web)
    page = web.get(f"/international-transfers/{row.pk}/")
    assert f"/international-transfers/{row.pk}/cancellation/" in page.content.decode()
    web.post(f"/international-transfers/{row.pk}/cancellation/", {"note": "Wrong invoice"})
    row.refresh_from_db()
    assert row.status == Status.CANCELLED
    again = web.get(f"{CREATE}?again={row.pk}").content.decode()
    for value in ("Barclays", "01234567", "200000", "1250.50", "London Tea &amp; Coffee Ltd"):
        assert f'value="{value}"' in again
    row = make(web)
    client_of(approver).post(f"/international-transfers/{row.pk}/rejection/", {"note": "Not this month"})
    row.refresh_from_db()
    assert row.status == Status.CANCELLED
    assert list(row.events.values_list("kind", flat=True)) == ["created", "rejected"]


# --- Quotes ---


def test_an_amount_is_given_on_either_side_and_the_other_follows(money, admin):
    with rls.inside(admin.scope("live")):
        corridor = Corridor.objects.get(country="JP")
        sent = quotes.ask(admin.scope("live"), quotes.Wanted(corridor, "C2C", "sent", Decimal(10_000_000)))
        arrives = quotes.ask(admin.scope("live"), quotes.Wanted(corridor, "C2C", "received", Decimal(93_000)))
    assert sent.amount == 10_000_000
    assert sent.amount_received == int(10_000_000 / sent.rate), "no decimals, and never more than was paid for"
    assert (arrives.amount_received, arrives.amount) == (93_000, math.ceil(93_000 * arrives.rate))
    took = simulated_quotes.HOLDS_FOR - (sent.expires_at - sent.created_at)
    assert timedelta(0) <= took < timedelta(seconds=5), "it holds for so much less as the rail took"
    assert timedelta(seconds=60) <= simulated_quotes.HOLDS_FOR <= timedelta(seconds=120)


def test_a_rate_moves_a_little_each_minute_and_a_run_repeats():
    at = timezone.now().replace(second=0)
    rates = {simulated_quotes.rate_at("GBP", at + timedelta(minutes=n)) for n in range(10)}
    assert len(rates) == 10
    assert simulated_quotes.rate_at("GBP", at) == simulated_quotes.rate_at("GBP", at + timedelta(seconds=59))
    assert all(abs(rate / Decimal("21400.8") - 1) <= Decimal("0.0041") for rate in rates)


def test_a_quote_that_runs_out_while_the_form_is_open_is_shown_anew_and_never_used(money, web, monkeypatch):
    page = begin(web, "GB B2B")
    old = run_out(Quote.objects.get())
    monkeypatch.setattr(simulated_quotes, "rate_at", moves_to("21555.5000"))
    page = finish(web, "GB B2B", page, quote=old.pk)
    said = text_of(page)
    assert page.status_code == 200
    assert "The quote ran out, and nothing was sent" in said
    assert "The rate has moved: it was 1 GBP = Rp" in said
    assert "is 1 GBP = Rp21,555.5000 now" in said
    assert not InternationalTransfer.objects.exists()
    assert available(money) == 100_000_000
    finish(web, "GB B2B", page)
    row = InternationalTransfer.objects.get()
    assert (row.rate, row.quote.renews_id) == (Decimal("21555.5000"), old.pk)
    assert row.amount == Decimal("1250.50") * Decimal("21555.5") + Decimal("0.25")


def test_a_quote_is_used_once_and_only_for_what_it_was_asked_for(money, web, admin, stranger):
    page = begin(web, "GB B2B")
    finish(web, "GB B2B", page)
    used = Quote.objects.get()
    again = finish(web, "GB B2B", begin(web, "GB B2B", is_sure="on"), quote=used.pk)
    assert "Is this right?" in text_of(again)
    assert InternationalTransfer.objects.count() == 1
    fresh = unseen(begin(web, "GB B2B", is_sure="on"))
    other = web.post(address("GB B2B"), {**fresh, "amount": "9,999.99", "step": "create"})
    assert "GBP 9,999.99" in text_of(other), "another amount has another quote, and is seen first"
    assert InternationalTransfer.objects.count() == 1
    with rls.inside_of(stranger.business_id, "live"):
        foreign = quotes.ask(
            stranger.scope("live"),
            quotes.Wanted(Corridor.objects.get(country="GB"), "B2B", "received", Decimal("1250.50")),
        )
    for number in (foreign.pk, "", "x", "٣", "9" * 30, -1):
        assert finish(web, "GB B2B", begin(web, "GB B2B", is_sure="on"), quote=number).status_code == 200
    assert InternationalTransfer.objects.count() == 1


def again(quote):
    """Return another quote that says the same."""
    values = {field.attname: getattr(quote, field.attname) for field in Quote._meta.concrete_fields}
    return Quote.objects.create(**values | {"id": None})


@contextmanager
def earlier():
    """Say, as the demo does, when a transfer was let go."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL app.tells_earlier = 'on'")
        yield
        cursor.execute("SET LOCAL app.tells_earlier = 'off'")


def test_nothing_abroad_goes_without_a_quote_by_any_door(money):
    kind = {"transfer_kind": "B2B", "country": "GB", "currency": "GBP"}
    for status in ("processing", "scheduled"):
        with pytest.raises(DatabaseError, match="begins pending_approval"), transaction.atomic():
            InternationalTransfer.objects.create(**row_without_quote(money, status=status, **kind))
    row = InternationalTransfer.objects.create(**row_without_quote(money, status="pending_approval", **kind))
    with pytest.raises(DatabaseError, match="keeps one"), transaction.atomic():
        InternationalTransfer.objects.filter(pk=row.pk).update(quote=None, transfer_kind="")


def row_without_quote(business, **fields):
    made = factories.make_international(business)
    names = [field.attname for field in InternationalTransfer._meta.concrete_fields]
    return {name: getattr(made, name) for name in names if name not in ("id", "created_at", "completed_at")} | fields


def test_the_database_itself_refuses_what_a_quote_does_not_say(money, admin):
    with rls.inside(admin.scope("live")):
        wanted = quotes.Wanted(Corridor.objects.get(country="GB"), "B2B", "received", Decimal(100))
        quote = quotes.ask(admin.scope("live"), wanted)
    old = run_out(quote)
    figures = {name: getattr(quote, name) for name in ("amount", "rate", "fee", "amount_received")}
    right = {"country": "GB", "currency": "GBP", "status": "pending_approval", "quote": quote, **figures}
    right["transfer_kind"] = "B2B"
    for wrong in (
        {"amount": figures["amount"] + 1},
        {"fee": 0},
        {"rate": Decimal(1)},
        {"amount_received": Decimal(101)},
        {"country": "DE"},
        {"currency": "JPY"},
        {"transfer_kind": "B2C"},
        {"quote": old, "created_at": timezone.now()},
    ):
        with pytest.raises(DatabaseError, match=r"its quote|ran out"), transaction.atomic():
            factories.make_international(money, **right | wrong)
    without = factories.make_international(money, **right | {"quote": None})
    with pytest.raises(DatabaseError, match="no quote"), transaction.atomic():
        InternationalTransfer.objects.filter(pk=without.pk).update(status="processing")
    row = factories.make_international(money, **right)
    with pytest.raises(IntegrityError, match="quote_once"), transaction.atomic():
        factories.make_international(money, **right)
    for moment in (row.created_at - timedelta(seconds=1), timezone.now() + timedelta(minutes=1)):
        with pytest.raises(DatabaseError, match="no time at which"), transaction.atomic(), earlier():
            InternationalTransfer.objects.filter(pk=row.pk).update(status="processing", let_go_at=moment)
    let_it_run_out(row)
    with pytest.raises(DatabaseError, match="ran out"), transaction.atomic():
        InternationalTransfer.objects.filter(pk=row.pk).update(status="processing")
    for change in ({"status": "processing"}, {}):
        with pytest.raises(DatabaseError, match=r"at no other time|ran out"), transaction.atomic():
            InternationalTransfer.objects.filter(pk=row.pk).update(let_go_at=row.created_at, **change)
    row = factories.make_international(money, **right | {"quote": again(quote)})
    InternationalTransfer.objects.filter(pk=row.pk).update(status="processing")
    row.refresh_from_db()
    assert row.let_go_at
    with pytest.raises(DatabaseError, match="keeps when"), transaction.atomic():
        InternationalTransfer.objects.filter(pk=row.pk).update(let_go_at=timezone.now())


def test_a_quote_that_runs_out_while_a_lock_is_waited_for_is_said_to_be_over(money, maker, approver, client_of):
    row = make(client_of(maker))
    let_it_run_out(row)
    product = replace(INTERNATIONAL, ready=lambda rows: None)  # asked before, when it still held
    with rls.inside(approver.scope("live")), pytest.raises(QuoteOver), transaction.atomic():
        acts.let_go(approver.scope("live"), product, row)
    row.refresh_from_db()
    assert row.status == "pending_approval"


def test_an_approver_sees_the_rate_that_moved_before_anything_is_sent(money, maker, approver, client_of, monkeypatch):
    """trust: M3."""
    row = make(client_of(maker))
    let_it_run_out(row)
    web, url = client_of(approver), f"/international-transfers/{row.pk}/approval/"
    page = web.get(url)
    said = text_of(page)
    assert "The quote has run out" in said
    assert "Approve Rp" not in said
    said = text_of(web.post(url, unseen(page), follow=True))
    assert "Its quote has run out" in said
    row.refresh_from_db()
    assert row.status == Status.PENDING_APPROVAL

    monkeypatch.setattr(simulated_quotes, "rate_at", moves_to("21555.5000"))
    page = web.post(url, {"requote": "1"}, follow=True)
    assert "The rate has moved" in text_of(page)
    seen = unseen(page)
    row.refresh_from_db()
    assert (row.amount_received, row.rate) == (Decimal("1250.50"), Decimal("21555.5")), "what the maker gave stays"
    asked = row.quote_id
    assert web.post(url, {"requote": "1"})["Location"] == url
    row.refresh_from_db()
    assert row.quote_id == asked, "one that holds isn't asked for again"
    web.post(url, seen)
    row.refresh_from_db()
    assert row.status == Status.PROCESSING


def test_what_was_seen_at_another_rate_is_not_approved(money, maker, approver, client_of):
    """trust: M3."""
    row = make(client_of(maker))
    let_it_run_out(row)
    scope = approver.scope("live")
    with rls.inside(scope):
        seen = INTERNATIONAL.digest_of(scope, row)
        services.requote(scope, row.pk)
        with pytest.raises(acts.Changed):
            acts.approve(scope, INTERNATIONAL, row.pk, seen=seen)


def test_several_are_approved_together_only_while_all_their_quotes_hold(money, maker, approver, client_of):
    """trust: M4."""
    making = client_of(maker)
    first, second = make(making), make(making, corridor="DE B2B")
    web = client_of(approver)
    url = f"/approvals/selection/?row=international_transfer-{first.pk}&row=international_transfer-{second.pk}"
    page = web.get(url)
    web.post(url, unseen(page))
    assert set(InternationalTransfer.objects.values_list("status", flat=True)) == {"processing"}
    third, fourth = make(making, amount="777", internal_reference=""), make(making, corridor="DE B2B", amount="888")
    let_it_run_out(third)
    url = f"/approvals/selection/?row=international_transfer-{third.pk}&row=international_transfer-{fourth.pk}"
    said = text_of(web.post(url, unseen(web.get(url)), follow=True))
    assert "quote" in said
    assert set(InternationalTransfer.objects.filter(pk__in=[third.pk, fourth.pk]).values_list("status", flat=True)) == {
        "pending_approval"
    }


def test_the_second_person_rule_holds_abroad_too(money, admin, web):
    """trust: M2."""
    money.second_person_required = True
    money.save()
    row = make(web)
    assert row.status == Status.PENDING_APPROVAL
    assert "somebody else has to approve it" in text_of(web.get(f"/international-transfers/{row.pk}/approval/"))


def test_without_money_nothing_is_made(kopi_kita, web):
    page = begin(web, "GB B2B")
    assert "nothing of this can be approved before there is enough" in text_of(page), "seen before the click"
    assert "with the next click" not in text_of(page)
    page = finish(web, "GB B2B", page)
    assert "short of Rp" in text_of(page)
    assert not InternationalTransfer.objects.exists()


def test_a_possible_duplicate_is_shown_and_wants_a_yes(money, web, maker, client_of):
    """trust: L5. Those that were shown, and no other that is made meanwhile."""
    first = make(web)
    page = begin(web, "GB B2B", internal_reference="")
    assert f"/international-transfers/{first.pk}/" in page.content.decode()
    assert "It isn’t a duplicate" in text_of(page)
    page = begin(web, "GB B2B", internal_reference="", is_sure="on")
    other = make(client_of(maker), is_sure="on")
    again = finish(web, "GB B2B", page)
    assert f"/international-transfers/{other.pk}/" in again.content.decode(), "nobody has said anything of this one"
    assert InternationalTransfer.objects.count() == 2
    InternationalTransfer.objects.filter(pk=other.pk).update(status="cancelled")
    finish(web, "GB B2B", begin(web, "GB B2B", is_sure="on"))
    second = InternationalTransfer.objects.exclude(pk__in=[first.pk, other.pk]).get()
    scope = factories.make_member(money, Role.APPROVER).scope("live")
    with rls.inside(scope):
        assert INTERNATIONAL.twins(scope, [second.pk]) == {
            second.pk: [(twin.pk, str(twin.status)) for twin in INTERNATIONAL.duplicates(scope, second)]
        }
        assert INTERNATIONAL.look.at(scope, InternationalTransfer.objects.filter(pk=second.pk)).get().is_twin


# --- The form ---


def test_the_first_step_asks_for_a_country_that_is_open_and_who_pays_whom(web):
    page = web.get(CREATE)
    assert "United Kingdom (GBP)" in text_of(page)
    for query, said in (
        ("country=&kind=B2B", "Choose a country"),
        ("country=GB&kind=", "Say who pays whom"),
        ("country=LV&kind=B2B", "Latvia is open for these only"),
        ("country=CN&kind=B2C", "China is open for these only"),
        ("country=XX&kind=B2B", "Select a valid choice"),
        ("country=GB&kind=Z", "Select a valid choice"),
    ):
        assert said in text_of(web.get(f"{CREATE}?{query}"))
    assert "IBAN" in text_of(web.get(f"{CREATE}?country=LV&kind=C2C"))


def test_a_form_asks_for_its_corridors_fields_and_no_others(web):
    said = {corridor: text_of(web.get(address(corridor))) for corridor in ("GB B2B", "JP C2C", "DE B2B", "MY B2B")}
    assert {corridor for corridor, words in said.items() if "Sort Code" in words} == {"GB B2B"}
    assert {corridor for corridor, words in said.items() if "SWIFT Code" in words} == {"JP C2C"}
    assert {corridor for corridor, words in said.items() if "Sender Name" in words} == {"JP C2C"}
    assert {corridor for corridor, words in said.items() if "IBAN" in words} == {"DE B2B"}
    assert {corridor for corridor, words in said.items() if "Attachment" in words} == {"MY B2B"}


@pytest.mark.parametrize(
    ("corridor", "typed", "said"),
    [
        ("DE B2B", {"account_number": "DE88 3704 0044 0532 0130 00"}, "check digits of this IBAN are wrong"),
        ("DE B2B", {"account_number": "FR1420041010050500013M02606"}, "This IBAN is of France"),
        ("JP C2C", {"swift_bic_code": "DEUTDEFF"}, "a bank in Germany; the money goes to Japan"),
        ("JP C2C", {"sender_date_of_birth": "2999-01-01"}, "a day of birth"),
        ("JP C2C", {"sender_phone_number": "call me"}, "no phone number"),
        ("JP C2C", {"side": "received", "amount": "93000.50"}, "decimals"),
        ("JP C2C", {"nationality": "Atlantis"}, "Select a valid choice"),
        ("MY B2B", {"bank_id": "DBSSSGSG"}, "Select a valid choice"),
        ("MY B2B", {"bank_id": ""}, "This field is required"),
        ("GB B2B", {"sort_code": "20-00"}, "six digits"),
        ("GB B2B", {"sort_code": ""}, "This field is required"),
        ("GB B2B", {"amount": "1.250"}, "can be read in two ways"),
        ("GB B2B", {"amount": "1e5"}, "This figure"),
        ("GB B2B", {"amount": "١٢٣"}, "This figure"),
        ("GB B2B", {"amount": "0"}, "more than zero"),
        ("GB B2B", {"amount": "9.99"}, "The smallest amount that arrives there is GBP 10.00"),
        ("GB B2B", {"amount": "40000.01"}, "The largest amount that arrives there is GBP 40,000.00"),
        ("GB B2B", {"side": "sent", "amount": "0"}, "more than zero"),
        ("GB B2B", {"side": "sent", "amount": "1.000,50"}, "Write the amount in digits"),
        ("GB B2B", {"beneficiary_name": "Tea\u202e"}, "turns the direction"),
        ("GB B2B", {"beneficiary_name": "https://tea.test"}, "can’t hold a link"),
        ("GB B2B", {"address": "x" * 10_000}, "too long"),
        ("GB B2B", {"purpose": "fun"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_stays(money, web, corridor, typed, said):
    page = begin(web, corridor, **typed)
    assert said in text_of(page)
    assert "Please check this form" in text_of(page)
    for value in {**TYPED[corridor], **typed}.values():
        if value and len(value) < 50:
            assert escape(value) in page.content.decode()
    assert not Quote.objects.exists()


def test_what_people_type_is_text(money, web, approver, client_of):
    name = "<script>alert(1)</script> ☕"
    row = make(web, beneficiary_name=name, address='"><img src=x>')
    for url in (f"/international-transfers/{row.pk}/", "/international-transfers/"):
        content = web.get(url).content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ☕" in web.get(f"/international-transfers/{row.pk}/").content.decode()


def test_change_something_keeps_what_was_typed(money, web):
    page = begin(web, "MY B2B", attachment=paper())
    page = web.post(address("MY B2B"), {**unseen(page), "step": "edit"})
    content = page.content.decode()
    assert 'value="INV-2026/11"' in content
    assert f'name="attached" value="{Attachment.objects.get().pk}"' in content
    assert "Attached: invoice.pdf" in text_of(page)
    assert not InternationalTransfer.objects.exists()


# --- The document ---


def packed(part, content=b"<x/>"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("[Content_Types].xml", "<Types/>")
        zipped.writestr(part, content)
    return file.getvalue()


EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("invoice.pdf", PDF),
        ("INVOICE.PDF", PDF),
        ("invoice.docx", packed("word/document.xml")),
        ("invoice.xlsx", packed("xl/workbook.xml")),
        ("invoice.png", b"\x89PNG\r\n\x1a\n"),
        ("invoice.txt", "Kopi ☕".encode()),
    ],
)
def test_a_document_of_a_known_kind_is_kept(money, web, name, content):
    row = make(web, corridor="MY B2B", attachment=paper(name, content))
    kept = row.attachment
    assert (kept.name, kept.size) == (name, len(content))
    assert default_storage.open(kept.stored_as).read() == content
    assert kept.stored_as.startswith(f"attachments/{money.pk}/")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("invoice.pdf", b"MZ\x90\x00 a program", "isn’t what its name says"),
        ("invoice.docx", packed("xl/workbook.xml"), "isn’t what its name says"),
        ("invoice.docx", b"PK\x03\x04 nothing", "isn’t what its name says"),
        ("invoice.txt", PDF, "isn’t what its name says"),
        ("invoice.txt", b"a\x00b", "isn’t what its name says"),
        ("invoice.exe", PDF, "A file of this kind isn’t taken"),
        ("invoice", PDF, "A file of this kind isn’t taken"),
        ("invoice.svg", b"<svg/>", "A file of this kind isn’t taken"),
        ("invoice.pdf", b"", "This file is empty"),
        ("invoice.pdf", PDF + b"x" * attachments.MOST_BYTES, "larger than 5 MB"),
        ("invoice.txt", EICAR, "looks infected"),
        ("invoice.pdf", PDF + EICAR, "looks infected"),
        ("invoice.docx", packed("word/document.xml", EICAR), "looks infected"),
        (None, None, "this country asks for it"),
    ],
)
def test_a_document_that_is_not_taken_says_why(money, web, name, content, said):
    files = {"attachment": paper(name, content)} if name else {}
    page = begin(web, "MY B2B", **files)
    assert said in text_of(page)
    assert not Attachment.objects.exists()
    assert not Quote.objects.exists()


def test_a_document_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(money, web):
    bomb = packed("word/document.xml", b"0" * (attachments.MOST_UNPACKED + 1))
    assert len(bomb) < attachments.MOST_BYTES
    assert "unpacks to too much" in text_of(begin(web, "MY B2B", attachment=paper("a.docx", bomb)))


def test_anothers_document_is_not_attached(money, web, stranger, maker, client_of):
    """trust: W2."""
    with rls.inside_of(stranger.business_id, "live"):
        foreign = attachments.keep(stranger.scope("live"), "theirs.pdf", PDF)
    with rls.inside(maker.scope("live")):
        colleagues = attachments.keep(maker.scope("live"), "makers.pdf", PDF)
    for document in (foreign, colleagues):
        page = begin(web, "MY B2B", attached=str(document.pk))
        assert "this country asks for it" in text_of(page)
    row = make(web, corridor="MY B2B", attachment=paper())
    page = begin(web, "MY B2B", attached=str(row.attachment_id), is_sure="on")
    assert "this country asks for it" in text_of(page), "one document goes along with one transfer"


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_document_that_nobody_used_is_thrown_away_after_a_day(money, web, maker):
    row = make(web, corridor="MY B2B", attachment=paper())
    with rls.inside(maker.scope("live")):
        new = attachments.keep(maker.scope("live"), "new.pdf", PDF)
        old = attachments.keep(maker.scope("live"), "old.pdf", PDF)
        Attachment.objects.filter(pk__in=[old.pk, row.attachment_id]).update(
            created_at=timezone.now() - timedelta(days=2)
        )
        attachments.throw_away_attachments()
        left = set(Attachment.objects.values_list("pk", flat=True))
    assert left == {new.pk, row.attachment_id}
    assert attachments.throw_away_attachments in sweeps._more


def test_a_business_keeps_a_few_documents_without_transfers(money, maker, monkeypatch):
    """trust: Q1."""
    monkeypatch.setattr(attachments, "MOST_UNUSED", 2)
    with rls.inside(maker.scope("live")):
        for _n in range(2):
            attachments.keep(maker.scope("live"), "a.pdf", PDF)
        with pytest.raises(attachments.BadAttachment, match="wait for their transfers"):
            attachments.keep(maker.scope("live"), "a.pdf", PDF)


# --- Beneficiaries ---


def test_beneficiaries_abroad_are_saved_found_and_fill_the_form(money, web, stranger, client_of):
    make(web, save_beneficiary="on")
    make(web, corridor="DE B2B", save_beneficiary="on")
    saved = BeneficiaryAbroad.objects.get(country="GB")
    assert (saved.account_number, saved.details["sort_code"], saved.paid_at) == ("01234567", "200000", None)
    page = text_of(web.get(CREATE))
    assert "London Tea & Coffee Ltd" in page
    assert "Röstmaschinen Müller GmbH" in page
    found = text_of(web.get(f"{CREATE}?find=london"))
    assert "London Tea & Coffee Ltd" in found
    assert "Röstmaschinen" not in found
    filled = web.get(f"{CREATE}?beneficiary={saved.pk}").content.decode()
    for value in ("Barclays", "01234567", "200000", "London"):
        assert f'value="{value}"' in filled
    assert client_of(stranger).get(f"{CREATE}?beneficiary={saved.pk}").status_code == 404
    assert "London Tea" not in text_of(client_of(stranger).get(CREATE))
    let_it_arrive()
    with rls.inside_of(money.pk, "live"):
        saved.refresh_from_db()
    assert saved.paid_at


# --- Walls ---


def test_another_businesss_transfer_is_missing(money, web, stranger, client_of):
    """trust: W1."""
    row = make(web, corridor="MY B2B", attachment=paper())
    other = client_of(stranger)
    for page in ("", "approval/", "rejection/", "cancellation/", "attachment/"):
        assert other.get(f"/international-transfers/{row.pk}/{page}").status_code == 404
        assert web.get(f"/test/international-transfers/{row.pk}/{page}").status_code == 404
    assert other.get(f"{CREATE}?again={row.pk}").status_code == 404


def test_a_right_that_is_gone_is_asked_for_again(money, maker, client_of):
    """trust: R4."""
    with rls.inside(maker.scope("live")):
        quote = quotes.ask(
            maker.scope("live"), quotes.Wanted(Corridor.objects.get(country="DE"), "B2B", "received", Decimal(900))
        )
        draft = services.Draft(
            quotes.Wanted.as_in(quote), "DE89370400440532013000", "Bank", "Name", "goods", "business"
        )
        scope = maker.scope("live")
        maker.role = Role.CUSTOMER_SERVICE
        maker.save()
        with pytest.raises(services.acts.NotAllowed):
            services.create(scope, draft, quote, made_key=uuid.uuid4())
        with pytest.raises(services.acts.NotAllowed):
            attachments.keep(scope, "a.pdf", PDF)


def test_a_used_quote_is_refused_by_the_service_too(money, admin):
    scope = admin.scope("live")
    with rls.inside(scope):
        wanted = quotes.Wanted(Corridor.objects.get(country="DE"), "B2B", "received", Decimal(900))
        quote = quotes.ask(scope, wanted)
        draft = services.Draft(*(wanted, "DE89370400440532013000", "Bank", "Name", "goods", "business"), is_sure=True)
        services.create(scope, draft, quote, made_key=uuid.uuid4())
        for bad in (quote, run_out(quote)):
            with pytest.raises(QuoteOver):
                services.create(scope, draft, bad, made_key=uuid.uuid4())


def test_the_menu_offers_it_to_who_may_make_one(web, approver, client_of):
    assert CREATE in web.get("/international-transfers/").content.decode()
    assert CREATE not in client_of(approver).get("/international-transfers/").content.decode()
    assert client_of(approver).get(CREATE).status_code == 403
