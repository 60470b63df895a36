"""A right is asked for again under the lock of what is changed (trust: R4)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.business import services as business
from accounts.models import Activity, Business, Member, SecondPersonRule
from accounts.permissions import Permission, Role
from accounts.rights import NotAllowed, scope_now
from accounts.sign_in import services as sign_in
from accounts.sign_in import sessions
from accounts.team import services as team
from deposits.models import LowBalance, TopUp
from deposits.overview import services as overview
from deposits.topups import services as topups
from flipdash import rls
from flipdash.models import Message
from imports import services as imports
from imports.models import ImportJob
from lists import services as views
from tests import factories
from tests.deposits.banking import ask

pytestmark = pytest.mark.django_db
NEW = {"email": "ana@kopikita.test", "phone": "+6281234567890", "role": "maker"}
POLICY = {"kind": "account.security-changed", "require_second_factor": True}


def of_business(scope, colleague):
    """Every act of the business's settings and people, each as a call."""
    return {
        "details": lambda: business.change(scope, **POLICY),
        "logo": lambda: business.remove_logo(scope),
        "second person": lambda: business.ask_second_person_rule(scope, SecondPersonRule(True, 5)),
        "cancelled rule": lambda: business.cancel_second_person_rule(scope),
        "check": lambda: team.check_new(scope, email=NEW["email"], role="maker"),
        "invite": lambda: team.invite(scope, **NEW),
        "resend": lambda: team.resend(scope, 1),
        "revoke": lambda: team.revoke(scope, 1),
        "role": lambda: team.change_role(scope, colleague.pk, "admin"),
        "deactivate": lambda: team.deactivate(scope, colleague.pk),
        "reactivate": lambda: team.reactivate(scope, colleague.pk),
        "end": lambda: team.set_end(scope, colleague.pk, None),
        "second factor": lambda: sign_in.reset_second_factor(scope, colleague),
    }


@pytest.mark.parametrize("act", of_business(None, None))
@pytest.mark.parametrize("lost", [{"role": Role.REVIEWER}, {"is_active": False}], ids=["lowered", "deactivated"])
def test_nobody_changes_the_business_after_losing_the_right(scope, admin, kopi_kita, act, lost):
    colleague = factories.make_member(kopi_kita, Role.MAKER)
    factories.make_app(colleague)
    before = Business.objects.values().get(pk=kopi_kita.pk)
    Member.objects.filter(pk=admin.pk).update(**lost)
    with pytest.raises(NotAllowed, match="Nothing was changed"):
        of_business(scope, colleague)[act]()
    assert Business.objects.values().get(pk=kopi_kita.pk) == before
    assert not Message.objects.exists()


@pytest.mark.parametrize("act", ["ask", "mark", "cancel", "warning"])
def test_nobody_moves_a_top_up_after_losing_the_right(scope, admin, act):
    top_up = ask(scope)
    acts = {
        "ask": lambda: ask(scope),
        "mark": lambda: topups.mark_transferred(scope, top_up),
        "cancel": lambda: topups.cancel(scope, top_up),
        "warning": lambda: overview.set_threshold(scope, 1_000_000),
    }
    Member.objects.filter(pk=admin.pk).update(role=Role.REVIEWER)
    with rls.inside(scope), pytest.raises(NotAllowed):
        acts[act]()
    with rls.inside(scope):
        assert [row.status for row in TopUp.objects.all()] == ["waiting"]
        assert not LowBalance.objects.exists()


def test_nobody_imports_history_after_losing_the_right(scope, admin):
    job = factories.make_import(admin, status="preview", read=3, good=3, stored_as="imports/3.csv")
    Member.objects.filter(pk=admin.pk).update(role=Role.REVIEWER)
    with pytest.raises(NotAllowed):
        imports.confirm(job, by=scope, seen=3, skip_bad=False)
    with pytest.raises(NotAllowed):
        imports.request_import(scope, kind="money-transfer", upload=SimpleUploadedFile("a.csv", b"Status\nGagal\n"))
    assert [(row.status, row.confirmed_by) for row in ImportJob.objects.all()] == [("preview", None)]
    assert not Activity.objects.filter(area="import").exists()


def test_nobody_changes_anothers_view_after_losing_the_right(scope, admin, kopi_kita):
    other = factories.make_member(kopi_kita, Role.MAKER)
    shared, own = factories.make_view(other, roles=[Role.ADMIN]), factories.make_view(admin)
    Member.objects.filter(pk=admin.pk).update(role=Role.REVIEWER)
    for act in (
        lambda: views.change_view(shared, by=scope, name="x", roles=[]),
        lambda: views.delete_view(shared, by=scope),
    ):
        with pytest.raises(NotAllowed):
            act()
    shared.refresh_from_db()
    views.delete_view(own, by=scope)


def test_who_lost_the_right_within_a_request_reads_why(web, kopi_kita, monkeypatch):
    real = sessions.scope_of

    def scope_of(request, member):
        scope = real(request, member)
        Member.objects.filter(pk=member.pk).update(role=Role.REVIEWER)  # the other Admin, at this very moment
        return scope

    monkeypatch.setattr(sessions, "scope_of", scope_of)
    web.raise_request_exception = True
    Member.objects.filter(business=kopi_kita).update(role=Role.ADMIN)
    answer = web.post("/settings/account/logo-removal/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "You are <strong>Reviewer</strong>" in page
    assert "Nothing was changed" in page


@pytest.mark.parametrize(
    "lost", [{"role": Role.CUSTOMER_SERVICE}, {"is_active": False}], ids=["lowered", "deactivated"]
)
def test_work_that_is_done_later_asks_what_the_member_may_then(admin, lost):
    needed = Permission.DOWNLOAD_REPORTS, Permission.VIEW_HISTORY
    scope = scope_now(admin.pk, "test", "report", *needed)
    assert (scope.member, scope.business, scope.mode, scope.via) == (admin, admin.business, "test", "report")
    Member.objects.filter(pk=admin.pk).update(**lost)
    with pytest.raises(NotAllowed) as refusal:
        scope_now(admin.pk, "test", "report", *needed)
    assert refusal.value.permission == Permission.DOWNLOAD_REPORTS
