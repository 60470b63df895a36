"""What the second wall holds of every table that belongs to a business (trust: W4, attack.md A14)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Activity, Invitation, Member, OtpChallenge, User
from accounts.permissions import Role
from accounts.team import services as team
from documents.models import Report
from flipdash import clock, events, mail, rls
from flipdash.models import Message
from flipdash.scope import TenantQuerySet
from imports.models import ImportJob
from lists.models import SavedView
from tests import factories
from transactions.models import (
    BulkDraft,
    InternationalEvent,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentEvent,
    TransferBatch,
    TransferEvent,
)

pytestmark = pytest.mark.django_db

OF_A_BUSINESS = [
    model
    for model in apps.get_models()
    if model._meta.managed
    and not model._meta.proxy
    and isinstance(next((f for f in model._meta.fields if f.name == "business"), None), models.ForeignKey)
]


SEARCHED = (MoneyTransfer, InternationalTransfer, Payment)
"""Behind a policy these would have no statistics: triggers hold what is written (decision 0092)."""


def test_every_table_of_a_business_has_a_wall():
    """Whoever adds one declares what kind (docs/database.md)."""
    assert len(OF_A_BUSINESS) > 50
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        walled = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_inside_added'")
        guarded = {name for (name,) in cursor.fetchall()}
    assert guarded == {model._meta.db_table for model in SEARCHED}
    assert {model._meta.db_table for model in OF_A_BUSINESS} - walled == guarded


def run(statement: str) -> int:
    """Run a statement as the app role; returns how many rows it met."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount


@pytest.fixture
def theirs(scope, stranger):
    """Rows of another business in Live Mode, and of one's own business in Test Mode; by table, what each must keep."""
    for member, mode in ((stranger, "live"), (scope.member, "test")):
        factories.make_transfer(member.business, mode=mode, events=True)
        factories.make_international(member.business, mode=mode, events=True)
        factories.make_payment(member.business, mode=mode, events=True)
        factories.make_report(member, mode=mode)
        factories.make_import(member, mode=mode)
        factories.make_view(member, mode=mode)
        factories.make_draft(member, mode=mode)
        factories.make_batch(member.business, mode=mode)
        events.record(member.scope(mode), "report.requested", format="csv")
    factories.make_invitation(stranger)


READ_TOO = (Report, ImportJob, SavedView)
WRITTEN = (BulkDraft, TransferBatch)


@pytest.mark.parametrize("model", READ_TOO)
def test_rows_of_another_business_or_mode_are_not_there(scope, theirs, model):
    """`.visible_to` is forgotten on purpose."""
    table = model._meta.db_table
    with rls.inside(scope):
        assert not model.objects.exists()
        assert run(f"UPDATE {table} SET business_id = business_id") == 0
        assert run(f"DELETE FROM {table}") == 0
    with rls.inside_of(scope.business.pk, "test"):
        assert {(row.business_id, row.mode) for row in model.objects.all()} == {(scope.business.pk, "test")}


@pytest.mark.parametrize("model", WRITTEN)
def test_what_can_be_read_is_not_written_by_another(scope, stranger, theirs, model):
    with rls.inside(scope):
        assert model.objects.count() == 2, "searched tables are open to be read"
        assert model.objects.update(created_at=clock.now()) == 0
        row = model.objects.get(business=stranger.business)
        row.pk = None
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.parametrize("model", SEARCHED)
def test_what_is_searched_is_not_written_by_another(scope, stranger, theirs, model):
    for business, mode in ((stranger.business, "live"), (scope.business, "test")):
        row = model.objects.get(business=business, mode=mode)
        of_them = model.objects.filter(pk=row.pk)
        row.pk = None
        for write in (
            lambda row=row: row.save(force_insert=True),
            lambda of_them=of_them: of_them.update(external_id="x"),
        ):
            with (
                rls.inside(scope),
                pytest.raises(IntegrityError, match="is of another business or mode"),
                transaction.atomic(),
            ):
                write()


def test_nobody_locks_rows_of_another(scope, theirs):
    """Whoever could would keep its people waiting."""
    with rls.inside(scope), transaction.atomic():
        assert not TransferBatch.objects.select_for_update().exists()


def test_a_line_of_another_timeline_is_refused(scope, stranger, theirs):
    for model in (TransferEvent, InternationalEvent, PaymentEvent):
        line = model.objects.filter(business=stranger.business).first()
        line.pk = None
        with rls.inside(scope), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            line.save(force_insert=True)


def test_people_of_another_business_are_not_there(scope, stranger, theirs):
    with rls.inside(scope):
        assert set(Member.objects.values_list("business_id", flat=True)) == {scope.business.pk}
        assert Member.objects.filter(pk=stranger.pk).update(role=Role.MAKER) == 0
        assert not Invitation.objects.exists()
        assert Invitation.objects.update(revoked_at=clock.now()) == 0
        user = User.objects.create(email="eve@evil.test", name="Eve")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Member.objects.create(business=stranger.business, user=user, role=Role.ADMIN)
    assert Member.objects.get(pk=stranger.pk).role == Role.ADMIN


def test_the_people_are_the_same_in_both_modes(scope, admin):
    with rls.inside_of(scope.business.pk, "test"):
        assert Member.objects.get() == admin
        events.record(admin.scope("test"), "member.role-changed", admin, name="x", old="maker", new="admin")
    assert Activity.objects.get(kind="member.role-changed").mode == "live"


def test_no_line_is_added_to_the_activity_log_of_another(scope, stranger, theirs):
    with rls.inside(scope), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        events.record(stranger.scope("live"), "report.requested", format="csv")


def test_codes_of_another_are_not_there_and_are_counted(scope, stranger):
    now = clock.now()
    with rls.inside(stranger.scope("live")):
        OtpChallenge.objects.create(
            **{"business": stranger.business, "mode": "live", "user": stranger.user, "act": "pay", "channel": "sms"},
            **{"to": "+6281234567890", "expires_at": now + timedelta(minutes=5)},
        )
    with rls.inside(scope), connection.cursor() as cursor:
        assert not OtpChallenge.objects.exists()
        for asked, sent in (
            ((None, None, None), 1),
            ((stranger.user_id, stranger.business_id, "+628123456"), 1),
            ((scope.member.user_id, None, None), 0),
            ((None, scope.business.pk, None), 0),
            ((None, None, "+6281299"), 0),
        ):
            cursor.execute("SELECT accounts_codes_sent('1 hour', %s, %s, %s)", asked)
            assert cursor.fetchone() == (sent,)
        cursor.execute("SELECT settled, used FROM accounts_codes_settled('1 hour')")
        assert cursor.fetchone() == (0, 0)


def test_mails_are_written_from_everywhere_and_read_by_no_business(scope, admin):
    """A link in a mail opens what it opens for whoever reads it."""
    with rls.inside(scope):
        message = mail.queue(to="rina@x.test", subject="Secret", text="https://…/link", language="en")
        assert message.pk
        assert not Message.objects.exists()
        assert Message.objects.update(to="eve@evil.test") == 0
        assert Message.objects.all().delete()[0] == 0
    assert Message.objects.get().to == "rina@x.test"


def test_whoever_is_signed_in_may_open_the_invitation_of_another_business(web, stranger, monkeypatch):
    """One browser, two people: the wall of who is signed in doesn't hide what the link opens."""
    monkeypatch.setattr("accounts.team.services.secrets.token_urlsafe", lambda _n: "a-token-that-we-know")
    with rls.inside(stranger.scope("live")):
        team.invite(stranger.scope("live"), email="tono@x.test", phone="+6281234567890", role=Role.MAKER)
    link = "/invitations/a-token-that-we-know/"
    assert stranger.business.name in web.get(link).content.decode()
    assert web.post(link, {"name": "Tono", "password": "gayo-arabika-88"}).status_code == 302
    tono = Member.objects.get(user__email="tono@x.test")
    assert tono.business == stranger.business
    assert Activity.objects.get(kind="member.joined").business == stranger.business
    assert Activity.objects.filter(kind="sign-out", business=stranger.business).count() == 0


def test_pages_that_forgot_their_scope_show_nothing_of_people_reports_or_views(web, scope, stranger, monkeypatch):
    """trust: W4. `.visible_to` finds everybody's rows on purpose; the database keeps to the scope."""
    reports = [factories.make_report(m) for m in (scope.member, stranger)]
    for member in (scope.member, stranger):
        factories.make_view(member, f"Of {member.name}", roles=["admin"])
    monkeypatch.setattr(TenantQuerySet, "visible_to", lambda self, scope, **_how: self.all())
    assert "WHERE" not in str(ImportJob.objects.visible_to(scope).query), "nothing but row level security is left"
    views = web.get(reverse("lists:views")).content.decode()
    assert f"Of {scope.member.name}" in views
    assert f"Of {stranger.name}" not in views
    answers = [web.post(reverse("documents:report-cancellation", args=[row.number])).status_code for row in reports]
    assert answers[0] < 400
    assert answers[1] == 404


def test_who_signs_out_and_in_as_another_is_inside_of_the_right_one(scope, stranger, client_of):
    """The membership is read before anybody is inside, and in a request that another began."""
    web = client_of(scope.member)
    assert scope.business.name in web.get("/my-profile/").content.decode()
    web.force_login(stranger.user)
    page = web.get("/my-profile/").content.decode()
    assert stranger.business.name in page
    assert Client().get("/my-profile/").status_code == 302
