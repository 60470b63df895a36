"""What happened is told once, and heard by whoever asked for it."""

import pytest

from flipdash import events


def test_a_handler_hears_the_kinds_that_it_names_and_no_other(monkeypatch, scope):
    monkeypatch.setattr(events, "_handlers", [])
    monkeypatch.setattr(events, "_heard", set())
    heard = []
    events.on("sign-in", "sign-out")(heard.append)
    for kind in ("sign-in", "sign-out", "member.joined"):
        events.record(scope, kind)
    assert [told.kind for told in heard] == ["sign-in", "sign-out"]
    assert {told.actor for told in heard} == {scope.actor}


def test_every_kind_that_somebody_hears_of_is_told_by_somebody():
    assert events._heard
    assert events._heard <= set(events.kinds())


def test_what_nobody_declared_is_told_to_nobody(monkeypatch, scope):
    heard = []
    monkeypatch.setattr(events, "_handlers", [heard.append])
    with pytest.raises(KeyError, match=r"nobody declared the event 'member\.forgotten'"):
        events.record(scope, "member.forgotten")
    assert heard == []


@pytest.fixture(autouse=True)
def forgotten_afterwards(monkeypatch):
    """What a test declares is declared in that test alone."""
    for name in ("_kinds", "_areas", "_facts"):
        monkeypatch.setattr(events, name, dict(getattr(events, name)))


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (({"thing.done": "Done"}, {}, {}), r"what these events are about: thing\.done"),
        (({"sign-in": "Again"}, {"sign-in": "Again"}, {}), "declared twice: sign-in"),
        (({"thing.done": "Done"}, {"thing": "Things"}, {"amount": "Quantity"}), "declared twice: amount"),
    ],
)
def test_what_is_declared_has_words_and_one_meaning(declared, why):
    kinds, areas, facts = declared
    before = events.kinds(), events.areas()
    with pytest.raises(ValueError, match=why):
        events.declare(kinds, areas=areas, facts=facts)
    assert (events.kinds(), events.areas()) == before


@pytest.mark.parametrize("facts", [{"forgotten": 1}, {"changes": {"forgotten": {"old": 1, "new": 2}}}])
def test_a_fact_without_words_is_told_to_nobody(monkeypatch, scope, facts):
    heard = []
    monkeypatch.setattr(events, "_handlers", [heard.append])
    with pytest.raises(KeyError, match="nobody declared what sign-in tells: forgotten"):
        events.record(scope, "sign-in", **facts)
    assert heard == []


def test_handlers_see_the_event_in_the_transaction_of_the_act(scope, monkeypatch):
    seen = []
    monkeypatch.setattr(events, "_handlers", [seen.append])
    events.declare({"thing.done": "Thing done"}, areas={"thing": "Things"}, facts={"why": "Why"})
    events.record(scope, "thing.done", scope.member, why="test")
    (event,) = seen
    assert (event.scope, event.kind, event.subject, event.facts) == (scope, "thing.done", scope.member, {"why": "test"})


def test_many_are_told_in_their_order_and_at_once_to_who_can_take_them(scope, monkeypatch):
    one_by_one, together = [], []
    monkeypatch.setattr(events, "_handlers", [])
    monkeypatch.setattr(events, "_of_many", {})

    @events.on("sign-in")
    def hear(told):
        one_by_one.append(told.facts)

    named = []
    events.on("sign-out", of_many=named.extend)(lambda told: pytest.fail("of one alone"))
    events.handle(lambda told: pytest.fail("of one alone"), of_many=lambda told: together.append(list(told)))
    told = [events.Event(scope, kind, None, {"reason": n}) for n, kind in enumerate(("sign-in", "sign-out", "sign-in"))]
    monkeypatch.setitem(events._facts, "reason", events.Fact("Reason"))
    events.record_many(told)
    assert one_by_one == [{"reason": 0}, {"reason": 2}]
    assert together == [told]
    assert named == told[1:2]
    events.record_many([])
    assert len(together) == 1
    with pytest.raises(KeyError, match="nobody declared"):
        events.record_many([*told, events.Event(scope, "member.forgotten", None, {})])
    assert len(together) == 1
