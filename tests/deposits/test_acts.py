"""One act is one call: the move, its line, its row in the Activity Log and its mail, or nothing of it."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction

from accounts.models import Activity, Member, User
from accounts.operators import NotOperator, Operator
from deposits.models import Correction, Posting, TopUp, TopUpEvent
from deposits.statements import matching
from deposits.topups import services as topups
from flipdash import clock, events, rls, timeline
from flipdash.actors import SYSTEM, Actor, ActorKind
from flipdash.models import Message
from flipdash.timeline import Event
from tests import factories
from tests.deposits.banking import again, ask, fate, line, mark, operator_person
from tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def overdue(scope):
    return ask(scope, at=clock.now() - timedelta(days=2))


def paid(scope):
    top_up = ask(scope)
    line(top_up.exact_amount)
    return top_up


def to_be_taken_back(scope):
    top_up = paid(scope)
    matching.match_due()
    matching.propose_undo(again(top_up), by=operator_person("Ayu"), why="Paid by mistake")
    return top_up


def approve(scope, top_up):
    matching.approve(again(top_up).corrections.using("operator").get(), by=operator_person("Bayu"))


ACTS = {
    "requested": (lambda scope: None, lambda scope, nothing: ask(scope)),
    "marked": (ask, mark),
    "cancelled": (ask, topups.cancel),
    "expired": (overdue, lambda scope, top_up: topups.expire_due()),
    "credited": (paid, lambda scope, top_up: matching.match_due()),
    "reversed": (to_be_taken_back, approve),
}
"""What stands before each act on a top-up, and the act."""


def told(scope, kind):
    """The lines, the rows of the Activity Log and the mails of an act."""
    with rls.inside(scope):
        lines = list(TopUpEvent.objects.visible_to(scope).filter(kind=TopUp.timeline[f"top-up.{kind}"]))
        logged = list(Activity.objects.visible_to(scope).filter(kind=f"top-up.{kind}"))
    return lines, logged, list(Message.objects.all())


@pytest.mark.parametrize("kind", ACTS)
def test_an_act_writes_one_line_one_row_of_the_log_and_at_most_one_mail(scope, kind):
    prepare, act = ACTS[kind]
    with rls.inside(scope):
        prepare(scope)
        with rls.outside():
            Message.objects.all().delete()
        act(scope, TopUp.objects.first())
        top_up = TopUp.objects.get()
    lines, logged, mails = told(scope, kind)
    assert [row.top_up_id for row in lines] == [top_up.pk]
    assert [row.subject_id for row in logged] == [str(top_up.pk)]
    assert len(mails) == (kind == "credited")
    assert (logged[0].facts["amount"], logged[0].facts["bank"]) == (top_up.exact_amount, "bca")


SWEPT = {"credited", "expired"}
"""What a sweep does, for which the error of one is logged, and keeps none of the others."""


@pytest.mark.parametrize("kind", ACTS)
def test_an_act_that_a_handler_refuses_leaves_nothing(scope, kind, monkeypatch):
    """Neither the move, nor its line, its row in the log or its mail."""

    def refuse(event):
        if event.kind == f"top-up.{kind}":
            raise RuntimeError("the last handler fails")

    monkeypatch.setattr(events, "_handlers", [*events._handlers, refuse])
    prepare, act = ACTS[kind]
    with rls.inside(scope):
        top_up = prepare(scope)
        with rls.outside():
            Message.objects.all().delete()
        before = list(TopUp.objects.values())
        with nullcontext() if kind in SWEPT else pytest.raises(RuntimeError, match="the last handler fails"):
            act(scope, top_up)
        assert list(TopUp.objects.values()) == before
    assert told(scope, kind) == ([], [], [])


def test_matching_signs_a_credit_as_the_system_and_names_who_asked(scope):
    paid(scope)
    matching.match_due()
    (row,), (logged,), (mail,) = told(scope, "credited")
    assert (row.by_kind, row.by_id, row.who) == ("system", None, "")
    assert (logged.via, logged.by_kind, logged.by_id, logged.by_name) == ("system", "system", None, "FlipDash")
    assert logged.facts["requested_by"] == scope.member.name
    assert mail.to == scope.member.user.email


@pytest.mark.parametrize("left", [{"is_active": False}, {"ends_at": datetime(2026, 1, 1, tzinfo=UTC)}])
def test_whoever_asked_and_is_gone_is_not_mailed(scope, left):
    paid(scope)
    make_member(scope.business, name=scope.member.name)  # a namesake
    Member.objects.filter(pk=scope.member.pk).update(**left)
    assert matching.match_due() == 1
    assert told(scope, "credited")[2] == []


def test_only_a_member_is_behind_a_members_signature(scope):
    own = scope.actor
    assert list(Member.objects.behind(own)) == [scope.member]
    for other in (None, SYSTEM, Actor.named(own.name), Actor(ActorKind.KEY, own.id, own.name)):
        assert not Member.objects.behind(other).exists()


def test_what_two_people_correct_is_signed_by_the_second(scope):
    approve(scope, to_be_taken_back(scope))
    (row,), (logged,), _mails = told(scope, "reversed")
    assert (row.by_kind, row.by_name, row.who) == ("operator", "Bayu", "Bayu of FlipDash")
    assert (logged.via, logged.role, logged.by_name) == ("backoffice", "operator", "Bayu")


def test_nobody_is_mailed_of_what_the_seed_says_happened_earlier(scope):
    came_in = line(ask(scope).exact_amount)
    matching.match(came_in.pk)
    assert matching.credit_matched(came_in.pk, at=clock.now() - timedelta(hours=1))
    assert told(scope, "credited")[2] == []


def test_an_act_without_a_line_is_not_done(scope, monkeypatch):
    """Whoever adds an act has to say which line it writes, or that it writes none."""
    with rls.inside(scope):
        top_up = ask(scope)
        monkeypatch.delitem(TopUp.timeline, "top-up.cancelled")
        with pytest.raises(KeyError, match=r"top-up\.cancelled"):
            topups.cancel(scope, top_up)
        monkeypatch.setitem(TopUp.timeline, "top-up.cancelled", timeline.NO_LINE)
        assert again(top_up).status == "waiting"
        topups.cancel(scope, top_up)
        assert not top_up.events.filter(kind="cancelled").exists()


def with_timeline():
    return [model for model in apps.get_models() if hasattr(model, "timeline")]


@pytest.mark.parametrize("model", with_timeline(), ids=lambda model: model.__name__)
def test_every_act_that_is_told_has_words_and_a_line(model):
    """An act without a line, words without an act, and a line that no act writes would be seen."""
    areas = {kind.partition(".")[0] for kind in model.timeline}
    assert set(model.timeline) == {kind for kind in events.kinds() if kind.partition(".")[0] in areas}
    lines = model._meta.get_field("events").related_model
    assert issubclass(lines, Event)
    sharing = [one for one in with_timeline() if one._meta.get_field("events").related_model.Kind is lines.Kind]
    told = {line for one in sharing for line in one.timeline.values()} - {timeline.NO_LINE}
    written = set(lines.Kind.values) - {"imported"}  # written with the rows of an import, by transactions/importing.py
    assert told == written


def test_there_are_timelines():
    assert TopUp in with_timeline()


def test_lines_are_written_by_events_alone(scope):
    """A line by hand would be an act that the Activity Log doesn't know."""
    with rls.inside(scope), transaction.atomic():
        top_up = ask(scope)
        events.record(scope, "top-up.marked", top_up)
        events.record(scope, "deposit.warning-changed", None)
        assert [row.kind for row in top_up.events.order_by("id")] == ["created", "marked"]


# --- Corrections -------------------------------------------------------------------------------------------------


def odd_payment(scope):
    """A payment that matches nothing by itself."""
    top_up = ask(scope)
    came_in = line(top_up.exact_amount - 4_000)
    matching.match(came_in.pk)
    return top_up, came_in


def no_operator(who):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests.make_staff(%s, false)", [who.pk])


def inactive(who):
    User.objects.filter(pk=who.pk).update(is_active=False)


@pytest.mark.parametrize("lose", [no_operator, inactive])
@pytest.mark.parametrize("act", ["credit", "undo", "approve", "reject"])
def test_nobody_corrects_after_losing_the_right(scope, act, lose):
    """The page had asked; the right is asked for again under the lock of what is corrected."""
    ayu, bayu = operator_person("Ayu"), operator_person("Bayu")
    credited = paid(scope)
    matching.match_due()
    top_up, came_in = odd_payment(scope)
    proposal = None
    if act in ("approve", "reject"):
        proposal = matching.propose_credit(came_in, top_up, by=ayu, why="Less a fee")
    for who in (ayu, bayu):
        lose(who)
    acts = {
        "credit": lambda: matching.propose_credit(came_in, top_up, by=ayu, why="Less a fee"),
        "undo": lambda: matching.propose_undo(again(credited), by=ayu, why="Paid by mistake"),
        "approve": lambda: matching.approve(proposal, by=bayu),
        "reject": lambda: matching.reject(proposal, by=bayu),
    }
    before = list(Correction.objects.using("operator").values())
    with pytest.raises(NotOperator):
        acts[act]()
    assert list(Correction.objects.using("operator").values()) == before
    assert (again(top_up).status, fate(came_in)[0]) == ("waiting", "waiting")


def test_a_credit_that_a_sweep_finishes_is_still_the_second_persons(scope, monkeypatch):
    """Whoever approves may be gone before the second transaction: the row knows who it was."""
    top_up, came_in = odd_payment(scope)
    proposal = matching.propose_credit(came_in, top_up, by=operator_person("Ayu"), why="Less a fee")
    monkeypatch.setattr(matching, "credit_matched", lambda line_id: False)
    matching.approve(proposal, by=(bayu := operator_person("Bayu")))
    monkeypatch.undo()
    assert again(top_up).status == "waiting"
    assert matching.match_due() == 1
    (row,), (logged,), _mails = told(scope, "credited")
    assert Actor.of(row, "by") == Actor.of(logged, "by") == Operator(bayu).actor
    with rls.inside(scope):
        assert Actor.of(Posting.objects.get(pk=again(top_up).posting_id), "by") == Operator(bayu).actor


def test_deposit_history_and_its_report_say_whose_people_moved_the_money(scope):
    approve(scope, to_be_taken_back(scope))
    with rls.inside(scope):
        history = factories.history(scope, "", "deposit")
        (person,) = (column for column in history.columns if column.field == "posting__by_name")
        rows = history.page().rows
    assert [person.text(row) for row in rows] == ["Bayu of FlipDash", "FlipDash"]
    assert person.values({field: [row[field] for row in rows] for field in person.fields}) == [
        "Bayu of FlipDash",
        "FlipDash",
    ]
