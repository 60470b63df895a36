"""My Deposit: what there is, what waits, how long it lasts, and the warning when it gets low."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.permissions import Permission, Role
from deposits import ledger
from deposits.ledger import Source
from deposits.models import LowBalance
from deposits.overview import services as overview
from flipdash import clock, rls
from flipdash.frame import Frame
from flipdash.models import Message
from tests import factories

PAGE = "/deposit/"


def top_up(scope, amount, number=1):
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", number), amount=amount, bank="bca")


def hold(scope, amount, number=1, **how):
    with rls.inside(scope):
        ledger.hold(scope, Source("money_transfer", number), amount=amount, **how)


def see(scope) -> overview.Overview:
    with rls.inside(scope):
        return overview.overview(Frame(scope))


@pytest.mark.django_db
def test_it_lasts_at_the_pace_of_the_last_7_days(scope):
    now = clock.now()
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 1), amount=10_000_000, bank="bca", effective_at=now - timedelta(days=20))
    hold(scope, 2_000_000, 1, effective_at=now - timedelta(days=10))
    hold(scope, 700_000, 2, effective_at=now - timedelta(days=2))
    hold(scope, 300_000, 3, effective_at=now - timedelta(days=1))
    with rls.inside(scope):
        ledger.release(scope, Source("money_transfer", 3), amount=300_000)
    deposit = see(scope)
    assert (deposit.balance.available, deposit.balance.held, deposit.spent) == (7_300_000, 2_700_000, 700_000)
    assert deposit.days_left == 73


@pytest.mark.django_db
def test_without_spending_there_is_no_pace(scope, web):
    top_up(scope, 1_000_000)
    assert see(scope).days_left is None
    assert "Nothing went out within the last 7 days" in web.get(PAGE).content.decode()


@pytest.mark.django_db
def test_what_waits_is_shown_with_its_sum(scope, web, kopi_kita):
    factories.make_transfer(kopi_kita, status="pending_approval", amount=100_000, fee=2_500)
    factories.make_transfer(kopi_kita, status="pending_approval", amount=50_000, fee=2_500)
    factories.make_payment(kopi_kita, amount=150_000)
    factories.make_top_up(scope.member, amount=5_000_000)
    page = web.get(PAGE).content.decode()
    lines = dict(re.findall(r"<th scope=\"row\">\s*<a [^>]*>([^<]+)</a>\s*</th>\s*(<td>.*?</td>\s*<td>.*?</td>)", page))
    assert re.findall(r"<td>(.*?)</td>", lines["Money Transfer: pending approval"]) == ["2", "−Rp155,000"]
    assert re.findall(r"<td>(.*?)</td>", lines["Payments to be settled"]) == ["1", "+Rp146,000"], "money that comes in"
    assert "Open top-ups" in page
    assert 'href="/money-transfers/?status=pending_approval"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_who_may_top_up_sets_the_warning_and_nobody_else(client_of, people, role):
    browser, member = client_of(people[role]), people[role]
    answer = browser.post(f"{PAGE}low-balance/", {"threshold": "5.000.000"})
    may = Permission.TOP_UP_DEPOSIT in member.permissions
    assert answer.status_code == (302 if may else 403)
    with rls.inside(member.scope("live")):
        assert LowBalance.objects.filter(threshold=5_000_000).exists() == may
    assert (f'action="{PAGE}low-balance/"' in browser.get(PAGE).content.decode()) == may


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["lots", "-5", "1e9", "5,5", "Rp"])
def test_a_wrong_amount_is_said_beside_the_field_and_changes_nothing(web, scope, typed):
    web.post(f"{PAGE}low-balance/", {"threshold": "1000000"})
    answer = web.post(f"{PAGE}low-balance/", {"threshold": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.content.decode()
    assert answer.context["form"].errors["threshold"]
    assert see(scope).threshold == 1_000_000


@pytest.mark.django_db
def test_an_empty_amount_warns_no_more(web, scope, told):
    web.post(f"{PAGE}low-balance/", {"threshold": "1000000"})
    web.post(f"{PAGE}low-balance/", {"threshold": ""})
    assert see(scope).threshold is None
    assert [event.facts for event in told if event.kind == "deposit.warning-changed"] == [
        {"before": None, "after": 1_000_000},
        {"before": 1_000_000, "after": None},
    ]


@pytest.mark.django_db
def test_a_low_deposit_is_said_on_the_page(web, scope):
    top_up(scope, 900_000)
    web.post(f"{PAGE}low-balance/", {"threshold": "1000000"})
    assert "The deposit is low" in web.get(PAGE).content.decode()
    top_up(scope, 100_000, 2)
    assert "The deposit is low" not in web.get(PAGE).content.decode()


@pytest.fixture
def warned(people, kopi_kita):
    scope = people[Role.ADMIN].scope("live")
    top_up(scope, 2_000_000)
    with rls.inside(scope):
        overview.set_threshold(scope, 1_000_000)
    return scope


@rls.outside()
def mails() -> set[str]:
    return set(Message.objects.values_list("to", flat=True))


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_who_may_top_up_is_warned_once_each_time_it_gets_low(warned, people):
    able = {m.user.email for m in people.values() if Permission.TOP_UP_DEPOSIT in m.permissions}
    assert overview.warn_of_low_balances() == 0
    hold(warned, 1_500_000)
    assert overview.warn_of_low_balances() == 1
    assert overview.warn_of_low_balances() == 0
    assert mails() == able
    assert len(able) == Message.objects.count() > 1
    top_up(warned, 3_000_000, 2)
    assert overview.warn_of_low_balances() == 0
    hold(warned, 3_000_000, 2)
    assert overview.warn_of_low_balances() == 1
    assert Message.objects.count() == 2 * len(able)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_the_mail_says_how_much_there_is_and_leads_to_the_top_up(warned):
    hold(warned, 1_500_000)
    overview.warn_of_low_balances()
    mail = Message.objects.filter(language="en").first()
    assert "Rp500,000" in mail.text
    assert "Rp1,000,000" in mail.text
    assert "/deposit/top-up/" in mail.text
    assert "deposit is low" in mail.subject


@pytest.mark.django_db
def test_the_header_shows_the_deposit_everywhere(web, scope):
    top_up(scope, 184_250_000)
    for path in ("/money-transfers/", "/my-profile/", PAGE):
        assert "Rp184,250,000" in web.get(path).content.decode()


@pytest.mark.django_db
def test_nobody_signed_out_sees_it():
    assert Client().get(PAGE)["Location"].startswith("/sign-in/")


def test_the_page_asks_seven_statements(web, scope, django_assert_num_queries):
    """The session, the member, the wall, the frame, what moved, what waits, and the wall again."""
    top_up(scope, 1_000_000)
    web.get(PAGE)  # a session that begins is noted, and so is a member who comes
    with django_assert_num_queries(7):
        web.get(PAGE)
