"""Who did something is an identity, with the name as it was."""

from itertools import product

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.operators import Operator
from flipdash import rls
from flipdash.actors import SYSTEM, Actor, ActorKind, signatures
from tests.deposits.banking import operator_person
from tests.factories import make_member, make_top_up

MEMBER = Actor(ActorKind.MEMBER, 7, "Ratna")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (MEMBER, Actor(ActorKind.MEMBER, 7, "Ratna Sari"), True),
        (MEMBER, Actor(ActorKind.MEMBER, 8, "Ratna"), False),
        (MEMBER, Actor(ActorKind.OPERATOR, 7, "Ratna"), False),
        (MEMBER, Actor(ActorKind.KEY, 7, "Ratna"), False),
        (MEMBER, Actor.named("Ratna"), False),
        (Actor.named("Ratna"), Actor.named("Ratna"), True),
        (Actor.named("Ratna"), Actor.named("Sari"), False),
        (SYSTEM, Actor(ActorKind.SYSTEM, None, ""), True),
        (SYSTEM, Actor.named("FlipDash"), False),
    ],
)
def test_actors_are_told_apart_by_what_they_are_and_never_by_a_name_alone(one, other, same):
    assert (one == other) is same
    assert (len({one, other}) == 1) is same


@pytest.mark.parametrize(("kind", "number"), list(product(ActorKind, (None, 7))))
def test_an_actor_without_its_id_cant_be_made(kind, number):
    if (kind in ("member", "key", "operator")) == (number is not None):
        assert Actor(kind, number, "").kind == kind
    else:
        with pytest.raises(ValueError, match="with the id"):
            Actor(kind, number, "")


def signed() -> list[tuple[type, str]]:
    """All columns of actors."""
    models = (model for model in apps.get_models() if not model._meta.proxy)
    return [(model, field) for model in models for field in signatures(model)]


def test_there_are_signed_rows():
    fields = {(model.__name__, field) for model, field in signed()}
    assert {("TopUpEvent", "by"), ("MoneyTransfer", "maker"), ("MoneyTransfer", "approver")} <= fields


@pytest.mark.parametrize(("model", "field"), signed(), ids=lambda part: getattr(part, "__name__", part))
def test_the_database_holds_every_signature_to_its_kind(model, field):
    checks = {constraint.name for constraint in model._meta.constraints}
    assert f"{model._meta.model_name}_{field}_known" in checks


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "number", "may"),
    [
        *(("member", 1, True), ("member", None, False), ("key", None, False), ("operator", None, False)),
        *(("system", None, True), ("system", 1, False), ("named", None, True), ("named", 1, False)),
        *(("", None, False), ("somebody", None, False), ("somebody", 1, False)),
    ],
)
def test_a_line_is_signed_by_a_kind_with_its_id_and_by_nothing_else(kopi_kita, kind, number, may):
    top_up = make_top_up(make_member(kopi_kita))
    line = {"business": kopi_kita, "mode": "live", "top_up": top_up, "kind": "marked"}
    signature = {"by_kind": kind, "by_id": number, "by_name": "Ratna"}
    with rls.inside_of(kopi_kita.pk, "live"):
        if may:
            assert top_up.events.create(**line, **signature).pk
            return
        with pytest.raises(IntegrityError, match="topupevent_by_known"), transaction.atomic():
            top_up.events.create(**line, **signature)


@pytest.mark.django_db
def test_rows_are_found_by_who_signed_them_and_not_by_namesakes(kopi_kita):
    ratna, namesake = make_member(kopi_kita, name="Ratna"), make_member(kopi_kita, name="Ratna")
    top_up = make_top_up(make_member(kopi_kita))
    line = {"business": kopi_kita, "mode": "live", "top_up": top_up, "kind": "marked"}
    with rls.inside_of(kopi_kita.pk, "live"):
        mine = top_up.events.create(**line, **ratna.actor.columns("by"))
        top_up.events.create(**line, **namesake.actor.columns("by"))
        top_up.events.create(**line, **Actor.named("Ratna").columns("by"))
        found = list(top_up.events.filter(ratna.actor.is_in("by")))
    assert found == [mine]
    assert Actor.of(mine, "by") == ratna.actor


@pytest.mark.django_db
def test_a_timeline_says_whose_people_the_operators_are_and_nothing_of_what_happens_by_itself(kopi_kita):
    top_up = make_top_up(make_member(kopi_kita))
    who = Operator(operator_person("Opi")).actor
    line = {"business": kopi_kita, "mode": "live", "top_up": top_up, "kind": "marked"}
    with rls.inside_of(kopi_kita.pk, "live"):
        by_person = top_up.events.create(**line, **who.columns("by"))
        by_itself = top_up.events.create(**line, **SYSTEM.columns("by"))
    assert by_person.who == "Opi of FlipDash"
    assert by_itself.who == ""
