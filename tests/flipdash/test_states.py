"""Where a row stands: declared once, moved as one act (flipdash/states.py)."""

import pytest
from django.apps import apps
from django.db import models
from django.utils.translation import override

from deposits.models import BankAccount, TopUp, TopUpStatus
from flipdash import events, rls, states
from flipdash.histories import columns
from flipdash.states import MoveRefused, State, StatusField, state
from tests.deposits.banking import ask
from transactions.models import Payment, PaymentStatus, Settlement


def status_columns():
    """Every column of every model that holds a State."""
    return [field for model in apps.get_models() for field in model._meta.fields if isinstance(field, StatusField)]


@pytest.mark.parametrize("field", status_columns(), ids=str)
def test_every_state_has_its_words_and_its_look(field):
    for member in field.states:
        assert member.badge[0] in {"green", "amber", "red", "blue", "grey"}
        assert columns.icon(member.badge[1])
        assert str(member.label)


@pytest.mark.parametrize("field", status_columns(), ids=str)
def test_a_row_and_a_migration_have_the_same_column(field):
    _name, path, _args, kwargs = field.deconstruct()
    assert path == "django.db.models.CharField"
    assert [value for value, _label in kwargs["choices"]] == field.states.values


def test_what_is_searched_for_is_the_word_that_is_shown():
    for enum in (PaymentStatus, Settlement, TopUpStatus):
        for value, said in enum.words().items():
            with override("en"):
                assert str(enum(value).label) in said
            with override("id"):
                assert str(enum(value).label) in said


def test_a_state_that_goes_where_nothing_is_is_refused():
    with pytest.raises(ValueError, match="goes to nowhere, which is no state"):

        class Wrong(State):
            BEGUN = state("begun", "Begun", "grey", "check", to="nowhere")


def test_what_is_open_and_what_is_final_follows_from_the_moves():
    assert TopUpStatus.open() == (TopUpStatus.WAITING, TopUpStatus.CHECKING)
    assert not TopUpStatus.EXPIRED.is_open  # two people may still credit it
    assert not TopUpStatus.EXPIRED.is_final
    assert PaymentStatus.FAILED.is_final
    assert Settlement.moves() == {"": {"pending", "settled"}, "pending": {"settled", ""}, "settled": set()}


def test_a_rows_attribute_is_the_member_whatever_was_assigned():
    top_up = TopUp(status="expired")
    assert top_up.status is TopUpStatus.EXPIRED
    top_up.status = "checking"
    assert top_up.status.label == TopUpStatus.CHECKING.label
    assert Payment(settlement_status="").settlement_status == ""
    assert BankAccount().status is BankAccount.Status.OK
    top_up.status = "unknown"  # the database refuses it
    assert top_up.status == "unknown"


@pytest.mark.django_db
def test_a_move_saves_the_named_fields_alone_and_is_told_once(scope, monkeypatch):
    told = []
    monkeypatch.setattr(events, "record", lambda *what, **facts: told.append((*what, facts)))
    with rls.inside(scope):
        top_up = ask(scope)
        told.clear()
        top_up.sender_name = "not named, so not saved"
        states.move(top_up, "cancelled", by=scope, kind="top-up.cancelled", facts={"bank": "bca"}, note="mine")
        assert told == [(scope, "top-up.cancelled", top_up, {"at": None, "bank": "bca"})]
        top_up.refresh_from_db()
        assert (top_up.status, top_up.note, top_up.sender_name) == (TopUpStatus.CANCELLED, "mine", "")
        with pytest.raises(MoveRefused, match="can't move from cancelled to checking"):
            states.move(top_up, "checking", by=scope, kind="top-up.marked")
        assert len(told) == 1


@pytest.mark.django_db
def test_a_move_that_nobody_can_be_told_of_is_not_made(scope):
    with rls.inside(scope):
        top_up = ask(scope)
        with pytest.raises(KeyError):
            states.move(top_up, "cancelled", by=scope, kind="top-up.undeclared")
        top_up.refresh_from_db()
        assert top_up.status == TopUpStatus.WAITING


def test_models_have_no_other_status_than_a_state():
    """A status kept as plain text would have its look and its moves somewhere else."""
    others = [
        str(field)
        for model in apps.get_models()
        if model.__module__.split(".")[0] in {"accounts", "deposits", "transactions", "documents", "imports", "lists"}
        for field in model._meta.fields
        if isinstance(field, models.CharField) and field.name in {"status", "state"}
        if not isinstance(field, StatusField)
    ]
    assert others == []
