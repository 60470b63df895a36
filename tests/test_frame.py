"""What surrounds a page is asked by one statement, and is what each app would find by itself."""

from functools import partial
from itertools import product

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.permissions import Role
from deposits import ledger
from documents.models import Report
from flipdash import frame, histories, rls
from flipdash.mode import Mode
from lists.models import DefaultView, SavedView
from lists.settings import ListSettings
from tests import factories
from transactions.models import TransferBatch
from transactions.transfers.history import TransferHistory

pytestmark = pytest.mark.django_db
WITHOUT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
"""What begins and ends transactions."""


@pytest.fixture
def everybody(kopi_kita, toko_sebelah):
    """A member of each role of two businesses, of which each has views, columns, batches, reports and a deposit."""
    members = [factories.make_member(business, role) for business in (kopi_kita, toko_sebelah) for role in Role]
    for member, mode in product(members, Mode):
        whose = f"{member.role} of {member.business.slug} in {mode}"
        mine = factories.make_view(member, f"Mine, {whose}", mode=mode, query=f"q={member.role}")
        shared = factories.make_view(member, f"Shared, {whose}", mode=mode, roles=[Role.MAKER, Role.REVIEWER])
        factories.make_view(member, f"Elsewhere, {whose}", mode=mode, history="payments")
        view = shared if member.role in (Role.ADMIN, Role.MAKER) else mine
        view.defaults.create(business=member.business, mode=mode, member=member, history=view.history)
        factories.make_batch(member.business, f"Batch of {whose}", mode)
        factories.make_report(member, mode=mode, file_name=whose)
        factories.make_report(member, mode=mode, status="failed", seen_at=mine.created_at)
        factories.make_entry(member.business, mode=mode, amount=10_000 + member.pk)
    return members


def test_each_part_is_what_its_app_finds(everybody):
    for member, mode in product(everybody, Mode):
        scope = member.scope(mode)
        with rls.inside(scope):
            found = frame.Frame(scope, "money-transfers")
            assert ledger.Balance(**found["deposit"]) == ledger.balance(scope)
            reports = Report.objects.visible_to(scope).filter(member_id=member.pk)
            tray = reports.filter(Q(status__in=Report.Status.open()) | Q(seen_at=None)).order_by("-number")
            assert [vars_of(one) for one in frame.instances(Report, found["tray"])] == [vars_of(one) for one in tray]
            batches = TransferBatch.objects.visible_to(scope).order_by("-created_at", "-id")
            assert [tuple(one) for one in found["batches"]] == [(one.pk, str(one)) for one in batches]
            settings = ListSettings(scope, TransferHistory, found)
            visible = SavedView.objects.visible_to(scope).with_default(scope).filter(history="money-transfers")
            meant = Q(member_id=member.pk) | Q(roles__contains=[member.role]) | Q(is_default=True)
            views = {view.pk: view for view in visible.filter(meant)}
            assert {view.pk for view in settings.views} == {*views}
            for view in settings.views:
                other = views[view.pk]
                assert (view.name, view.query, view.words, view.roles) == (
                    *(other.name, other.query, other.words, other.roles),
                )
                assert (view.is_default, view.by_name) == (other.is_default, other.member.name)
            assert settings.default == next((view for view in views.values() if view.is_default), None)


def vars_of(row):
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_what_a_page_does_not_show_is_not_brought(everybody):
    member = everybody[0]
    with rls.inside(member.scope("live")):
        elsewhere = frame.Frame(member.scope("live"))
        assert (elsewhere["views"], elsewhere["layout"], elsewhere["batches"]) == (None, None, None)
        assert elsewhere["deposit"]


def test_a_business_without_anything_has_an_empty_frame(scope):
    with rls.inside(scope):
        empty = frame.Frame(scope, "money-transfers")
        assert {name: empty[name] for name in ("views", "layout", "tray", "batches")} == dict.fromkeys(
            ("views", "layout", "tray", "batches")
        )


def test_row_level_security_stands_behind_it(everybody):
    """Asked for one business while the connection is told of another, it finds nothing."""
    mine, other = everybody[0].scope("live"), everybody[-1].scope("live")
    with rls.inside(other):
        found = frame.Frame(mine, "money-transfers")
        assert found["deposit"] is None


@pytest.mark.parametrize("name", factories.ALL_MAKERS)
def test_the_first_page_of_a_history_asks_eight_statements(everybody, client_of, name):
    """The session, the member, the wall, the frame, the rows, the count's limit, the count, and the wall again."""
    member = next(one for one in everybody if one.role == Role.ADMIN)
    DefaultView.objects.all().delete()
    web, declared = client_of(member), histories.get(name)
    for _more in range(60):
        factories.make_top_up(member) if name == "top-ups" else factories.ALL_MAKERS[name](member.business)
    url = reverse(declared.url_name)
    web.get(url)  # a session that begins is noted, and so is a member who comes
    with CaptureQueriesContext(connection) as queries:
        content = web.get(url).content.decode()
    asked = [query["sql"] for query in queries if not query["sql"].startswith(WITHOUT)]
    assert content
    assert len(asked) <= 8 + (name == "international-transfers"), asked  # which reads the countries that it offers


def test_a_page_has_its_own_rows_brought_too(everybody):
    member = everybody[0]
    scope = member.scope("live")
    transfer = factories.make_transfer(member.business, remark="100 % & more")
    for kind in ("created", "approved"):
        transfer.events.create(business=member.business, mode="live", kind=kind, by_kind="system", by_name="")
    rows = transfer.events.visible_to(scope).exclude(note="100 %s").order_by("-at", "-id")
    with rls.inside(scope):
        asked = frame.Frame(scope)
        events, none = asked.also("events", rows), asked.also("none", rows.filter(pk=0))
        with CaptureQueriesContext(connection) as queries:
            assert [vars_of(event) for event in events()] == [vars_of(event) for event in rows]
        assert len(queries) == 2, "of which the second is what it is compared with"
        assert (none(), asked["deposit"]) == ([], frame.Frame(scope)["deposit"])
        with pytest.raises(RuntimeError):
            asked.also("late", rows)


@pytest.mark.parametrize("name", factories.ALL_MAKERS)
def test_a_rows_page_asks_nine_statements(everybody, client_of, name):
    """The session, the member, the wall, the row, its neighbours, the frame, the ledger, and the wall again.

    A ninth asks for the callbacks that tell of it: an Admin manages the API; a tenth for the refunds of a payment.
    """
    member = next(one for one in everybody if one.role == Role.ADMIN)
    web, declared = client_of(member), histories.get(name)
    make = (
        partial(factories.make_top_up, member)
        if name == "top-ups"
        else partial(factories.ALL_MAKERS[name], member.business)
    )
    _oldest, middle, _newest = sorted((make() for _more in range(3)), key=lambda row: (row.created_at, row.pk))
    url = reverse(declared.row_url_name, args=[middle.pk])
    web.get(url)  # a session that begins is noted, and so is a member who comes
    with CaptureQueriesContext(connection) as queries:
        page = web.get(url).content.decode()
    asked = [query["sql"] for query in queries if not query["sql"].startswith(WITHOUT)]
    assert "Newer" in page
    assert "Older" in page
    of_refunds = 2 * (name == "payments")  # what went back, and whether it was imported
    assert len(asked) <= 9 + of_refunds, asked
