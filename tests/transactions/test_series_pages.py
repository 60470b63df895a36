"""Repeating transfers in the page: made from Create Transfer or Duplicate, watched, approved, stopped (issue 15)."""

import html
import re
from datetime import date, timedelta
from unittest import mock

import pytest

from accounts.permissions import Role
from flipdash import formats, rls
from tests import factories
from tests.accounts.signing_in import PASSWORD
from tests.transactions.sending import create, fund
from transactions.models import MoneyTransfer, TransferSeries
from transactions.transfers.series import running, services

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
CREATE = "/money-transfers/create/"
SERIES = f"{CREATE}repeating/"
TYPED = {"destination": "BCA", "account_number": "0012345678", "amount": "85.000", "repeats": "month"}


@pytest.fixture
def money(kopi_kita):
    fund(kopi_kita)
    return kopi_kita


@pytest.fixture
def maker(money):
    return factories.make_member(money, Role.MAKER, name="Mira <b>🎉")


@pytest.fixture
def client(client_of, maker):
    return client_of(maker)


def unseen(page):
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page.content.decode())).split())


def day(member, after):
    scope = member.scope("live")
    return (scope.now().astimezone(scope.zone).date() + timedelta(days=after)).isoformat()


def all_series(member):
    with rls.inside(member.scope("live")):
        return list(TransferSeries.objects.order_by("pk"))


def test_made_from_duplicate_step_by_step(client, maker):
    transfer = create(maker, internal_reference="PO-1")
    page = client.get(f"{CREATE}?again={transfer.pk}")
    typed = {
        **TYPED,
        "internal_reference": "PO-1",
        "send_on": day(maker, 40),
        "until": day(maker, 90),
        "is_sure": "on",
        "twins_seen": str(transfer.pk),
    }
    page = client.post(CREATE, {**unseen(page), **typed, "step": "check"})
    said = text_of(page)
    for words in ("Times 2", "All together Rp175,000", "Each is made 3 days before its day"):
        assert words in said
    sent = {**unseen(page), "step": "create"}
    page = client.post(CREATE, sent, follow=True)
    (series,) = all_series(maker)
    assert page.redirect_chain[-1][0] == f"{SERIES}{series.pk}/"
    assert "The repeating transfer is made." in text_of(page)
    assert (series.times, series.amount, series.internal_reference) == (2, 85_000, "PO-1")
    client.post(CREATE, sent)
    assert len(all_series(maker)) == 1, "once for each form"
    assert MoneyTransfer.objects.count() == 1


def test_what_another_series_pays_too_wants_a_word(maker, client, client_of, people, money):
    money.series_approved_once = True
    money.save()
    typed = {**TYPED, "send_on": day(maker, 40), "until": day(maker, 90)}
    page = client.post(CREATE, {**unseen(client.get(CREATE)), **typed, "step": "check"})
    client.post(CREATE, {**unseen(page), "step": "create"})
    page = client.post(CREATE, {**unseen(client.get(CREATE)), **typed, "step": "check"})
    (first,) = all_series(maker)
    assert "is_sure" in page.context["form"].errors
    assert f'href="{SERIES}{first.pk}/"' in page.content.decode()
    unsaid = {**unseen(page), **typed, "is_sure": "on", "twins_seen": "", "step": "check"}
    assert "is_sure" in client.post(CREATE, unsaid).context["form"].errors, "of what was not shown"
    page = client.post(CREATE, {**unseen(page), **typed, "is_sure": "on", "step": "check"})
    assert "This may be paid twice each time" in text_of(page)
    client.post(CREATE, {**unseen(page), "step": "create"})
    _first, second = all_series(maker)
    approver, address = client_of(people[Role.APPROVER]), f"{SERIES}{second.pk}/approval/"
    page = approver.get(address)
    assert f'href="{SERIES}{first.pk}/"' in page.content.decode()
    assert "Nothing has been paid to this account before." in text_of(page)
    assert "This may be paid twice" in text_of(approver.post(address, unseen(page), follow=True))
    page = approver.post(address, {**unseen(page), "sure": "1"}, follow=True)
    assert "Approved once by" in text_of(page)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"until": ""}, "until", "Say until which day"),
        ({"until": "0"}, "until", "Enter a valid date"),
        ({"until": "yesterday"}, "until", "Enter a valid date"),
        ({"days": -1}, "until", "before the second one"),
        ({"days": 20}, "until", "before the second one"),
        ({"days": 800}, "until", "two years at most"),
        ({"days": 100, "repeats": "daily"}, "repeats", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client, maker, typed, field, said):
    days = typed.pop("days", None) if "days" in typed else None
    until = {"until": day(maker, days)} if days is not None else {}
    page = client.post(CREATE, {**unseen(client.get(CREATE)), **TYPED, **until, **typed, "step": "check"})
    assert said in " ".join(page.context["form"].errors[field])
    assert 'value="85.000"' in page.content.decode()
    assert all_series(maker) == []


def test_until_alone_makes_one_transfer(client, maker):
    """Somebody changes their mind: the field that is hidden then means nothing."""
    page = client.post(
        CREATE, {**unseen(client.get(CREATE)), **TYPED, "repeats": "", "until": day(maker, 90), "step": "check"}
    )
    client.post(CREATE, {**unseen(page), "step": "create"})
    assert (MoneyTransfer.objects.count(), all_series(maker)) == (1, [])


def test_the_list_and_one_of_it(client, maker, client_of, people, django_assert_max_num_queries):
    first = factories.make_series(maker, beneficiary_name="<script>alert(1)</script>")
    for number in range(3):
        factories.make_series(maker, account_number=f"065000077{number}")
    page = client.get(SERIES)
    assert "&lt;script&gt;alert(1)" in page.content.decode()
    with django_assert_max_num_queries(8):
        client.get(SERIES)
    with django_assert_max_num_queries(11):
        page = client.get(f"{SERIES}{first.pk}/")
    assert "None of its days has come yet." in text_of(page)
    assert "Mira <b>🎉" in html.unescape(page.content.decode())
    assert client_of(people[Role.APPROVER]).get(f"{SERIES}{first.pk}/").status_code == 200
    assert client_of(people[Role.REVIEWER]).get(f"{SERIES}{first.pk}/").status_code == 403


def test_paused_resumed_stopped(client, maker, client_of, people):
    series = factories.make_series(maker)
    address = f"{SERIES}{series.pk}/"
    assert "It is paused" in text_of(client.post(f"{address}pausing/", follow=True))
    assert "can’t be done any more" in text_of(client.post(f"{address}pausing/", follow=True))
    assert "Somebody paused it." in text_of(client.get(address))
    assert "It goes on" in text_of(client.post(f"{address}pausing/", {"resume": "1"}, follow=True))
    colleague = client_of(factories.make_member(maker.business, Role.MAKER))
    assert f"{address}stopping/" not in colleague.get(address).content.decode()
    assert colleague.post(f"{address}stopping/").status_code == 403
    approver = client_of(people[Role.APPROVER])
    assert "Yes, stop it" in text_of(approver.get(f"{address}stopping/"))
    assert "It is stopped" in text_of(approver.post(f"{address}stopping/", follow=True))
    assert "can’t be done any more" in text_of(client.post(f"{address}stopping/", follow=True))


def test_approved_as_a_whole(maker, client, client_of, people, money):
    money.series_approved_once = money.approvals_need_reauthentication = True
    money.save()
    person = people[Role.APPROVER].user
    person.set_password(PASSWORD)
    person.save()
    series = factories.make_series(maker)
    address, approver = f"{SERIES}{series.pk}/", client_of(people[Role.APPROVER])
    assert client.get(f"{address}approval/").status_code == 403
    page = approver.get("/approvals/")
    assert "1 repeating transfer waits to be approved once" in text_of(page)
    assert f"{SERIES}{series.pk}/" in approver.get(f"{SERIES}?show=waiting").content.decode()
    assert "Approve all of it" in text_of(approver.get(address))
    asked = approver.post(f"{address}approval/", {"seen": "as the page has it"})
    assert (asked.status_code, "reauth-password" in asked.content.decode()) == (403, True)
    approver.post(f"{address}approval/", {"seen": "", "reauth-password": PASSWORD})
    assert not all_series(maker)[0].approver_kind, "what was seen isn't what is there"
    page = approver.get(f"{address}approval/")
    assert f"Approve {series.times} transfers: Rp" in text_of(page)
    page = approver.post(f"{address}approval/", unseen(page), follow=True)
    assert "Approved once by" in text_of(page)
    assert "repeating" not in text_of(approver.get("/approvals/"))


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_what_is_made_before_all_is_approved_is_named(maker, client_of, people, money):
    """It begins within three days: its first day waits on its own, and an approval of all to come leaves it out."""
    money.series_approved_once = True
    money.save()
    first = date.fromisoformat(day(maker, 1))
    series = factories.make_series(maker, repeats="week", first=first, last=first + timedelta(days=28))
    assert running.queue_due() == 1
    approver, address = client_of(people[Role.APPROVER]), f"{SERIES}{series.pk}/approval/"
    page = approver.get(address)
    assert "Each waits for an approval of its own" in text_of(page)
    assert len(page.context["left"]) == 4
    running.RUNS.work()
    transfer = MoneyTransfer.objects.get(series=series)
    page = approver.get(address)
    assert f"/money-transfers/{transfer.pk}/approval/" in page.content.decode()
    page = approver.post(address, unseen(page), follow=True)
    assert "still wait for an approval of their own" in text_of(page)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_day_that_a_pause_kept_is_named_too(maker, client_of, people, money):
    """trust: M3. Whoever resumes it brings it back, and it waits as long before its day as without the approval."""
    money.series_approved_once = True
    money.save()
    first = date.fromisoformat(day(maker, 2))
    series = factories.make_series(maker, repeats="week", first=first, last=first + timedelta(days=28))
    assert running.queue_due() == 1
    scope = maker.scope("live")
    with rls.inside(scope):
        services.pause(scope, series)
    running.RUNS.work()
    approver, address = client_of(people[Role.APPROVER]), f"{SERIES}{series.pk}/approval/"
    page = approver.get(address)
    assert [(day, transfer) for day, transfer in page.context["beside"]] == [(first, None)]
    assert "Made once it is resumed" in text_of(page)
    assert "still wait for an approval of their own" in text_of(approver.post(address, unseen(page), follow=True))
    executor = people[Role.EXECUTOR].scope("live")
    with rls.inside(executor), mock.patch.object(services, "_might_approve", return_value=True):
        resumed = services.resume(executor, TransferSeries.objects.get(pk=series.pk))
    assert (resumed.next_day, bool(resumed.approver_kind)) == (first, True)
    assert running.queue_due() == 1, "with its lead"
    running.RUNS.work()
    assert MoneyTransfer.objects.get(series=series).status == "pending_approval"


OTHER = "what comes soon after its payments still waits"


def test_what_is_said_of_an_approval_is_so_beside_another_that_pays_the_same(maker, client_of, people, money):
    """What its approver has seen and wanted holds up nothing; what came since does, until somebody has seen it too."""
    money.series_approved_once = True
    money.save()
    first = date.fromisoformat(day(maker, 10))
    fields = {"repeats": "week", "first": first, "last": first + timedelta(days=28)}
    series, other = (factories.make_series(maker, **fields) for _time in range(2))
    approver = client_of(people[Role.APPROVER])

    def approve(one):
        address = f"{SERIES}{one.pk}/approval/"
        return text_of(approver.post(address, {**unseen(approver.get(address)), "sure": "1"}, follow=True))

    answer = approve(series)
    assert "It is approved: each of its transfers is sent on its day." in answer
    assert OTHER not in answer
    third = factories.make_series(maker, **fields)
    for one in (series, other):
        assert (OTHER in text_of(approver.get(f"{SERIES}{one.pk}/"))) == (one == series), "the other isn't approved"
    assert OTHER not in approve(third), "with this the two are known to belong together"
    assert OTHER not in text_of(approver.get(f"{SERIES}{series.pk}/"))


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_its_page_says_of_an_approval_what_waits_and_that_a_pause_makes_nothing(maker, client_of, people, money):
    money.series_approved_once = True
    money.save()
    first = date.fromisoformat(day(maker, 1))
    series = factories.make_series(maker, repeats="week", first=first, last=first + timedelta(days=28))
    assert running.queue_due() == 1
    running.RUNS.work()
    approver, scope = client_of(people[Role.APPROVER]), people[Role.APPROVER].scope("live")
    address = f"{SERIES}{series.pk}/approval/"
    page = text_of(approver.post(address, unseen(approver.get(address)), follow=True))
    assert f"is sent on its day. These days wait for an approval of their own: {formats.day(first)}." in page
    with rls.inside(scope):
        services.pause(scope, series)
    page = text_of(approver.get(f"{SERIES}{series.pk}/"))
    assert "is sent on its day" not in page
    assert "Paused, it makes none of them. These days wait for an approval of their own:" in page


def test_the_fee_is_that_of_the_day(maker, client, client_of, people, money, monkeypatch):
    money.series_approved_once = True
    money.save()
    series = factories.make_series(maker, amount=100_000)
    monkeypatch.setitem(services.FEES, "bank", 9_000)
    for page in (
        client.get(f"{SERIES}{series.pk}/"),
        client_of(people[Role.APPROVER]).get(f"{SERIES}{series.pk}/approval/"),
    ):
        assert "Fee Rp9,000" in text_of(page)


def test_resumed_with_nothing_to_come(client, maker):
    series = factories.make_series(
        maker, first=date.fromisoformat(day(maker, -9)), last=date.fromisoformat(day(maker, -8))
    )
    client.post(f"{SERIES}{series.pk}/pausing/")
    page = client.post(f"{SERIES}{series.pk}/pausing/", {"resume": "1"}, follow=True)
    assert "it has ended" in text_of(page)


def test_the_page_of_a_transfer_leads_to_its_series(client, maker, client_of, people):
    series = factories.make_series(maker)
    transfer = factories.make_transfer(maker.business, series_id=series.pk, series_day=series.first_day)
    assert f"{SERIES}{series.pk}/" in client.get(f"/money-transfers/{transfer.pk}/").content.decode()
    reviewer = client_of(people[Role.REVIEWER])
    assert f"{SERIES}{series.pk}/" not in reviewer.get(f"/money-transfers/{transfer.pk}/").content.decode()


def test_who_leaves_is_told_of_their_series(maker, web):
    factories.make_series(maker)
    assert "Repeating transfers, which pause" in text_of(web.get(f"/members/{maker.pk}/deactivation/"))
