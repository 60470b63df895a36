"""The demo's callbacks: told of what happened, some failing, and nothing of it left to be sent."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts import demo as people
from accounts.models import Member
from accounts.permissions import Role
from developer.callbacks import demo
from developer.models import Callback, CallbackAttempt, CallbackUrl
from developer.models.callbacks import DUE
from flipdash import clock, rls
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def developer():
    people.make_people()
    member = Member.objects.get(user__email=people.KOPI_KITA.email(Role.DEVELOPER))
    now = clock.now()
    for mode in ("live", "test"):
        with rls.inside(member.scope(mode)):
            for number in range(40):
                at = now - timedelta(days=1 + 9 * number)
                values = {"mode": mode, "created_at": at, "status": "successful"}
                factories.make_transfer(member.business, via="api", completed_at=at, **values)
                factories.make_payment(member.business, paid_at=at, **values)
            factories.make_transfer(member.business, mode=mode, created_at=now - timedelta(days=500), via="api")
    return member


def test_it_tells_what_happened_in_a_year_and_leaves_nothing_to_send(developer, monkeypatch):
    monkeypatch.setattr(demo, "REFUSED_PART", 0.3)
    call_command("demo_developer")
    for mode in ("live", "test"):
        with rls.inside(developer.scope(mode)):
            rows = Callback.objects.all()
            assert rows.filter(event="transfer").exclude(status="paused").count() == 40
            assert rows.filter(event="payment").count() == 40
            assert not rows.filter(status__in=DUE).exists()
            assert rows.filter(status="failed").count() > 0
            assert rows.filter(status="delivered").count() > 60
            assert rows.exclude(asker_kind="").filter(status="delivered").exists()
            assert CallbackAttempt.objects.filter(seconds=None).count() == 0
            for callback in rows.exclude(status="paused"):
                last = callback.attempts.latest("n")
                assert (callback.attempt, callback.last_code, callback.last_at) == (last.n, last.code, last.at)
            count = rows.count()
    call_command("demo_developer")
    with rls.inside(developer.scope("test")):
        assert Callback.objects.count() == count
        assert CallbackUrl.objects.exclude(paused_at=None).count() == 1
        assert Callback.objects.filter(status="paused").count() == 5
