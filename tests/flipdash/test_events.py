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


def test_handlers_see_the_event_in_the_transaction_of_the_act(scope, monkeypatch):
    seen = []
    monkeypatch.setattr(events, "_handlers", [seen.append])
    monkeypatch.setattr(events, "_kinds", {"thing.done": "Thing done"})
    events.record(scope, "thing.done", scope.member, why="test")
    (event,) = seen
    assert (event.scope, event.kind, event.subject, event.facts) == (scope, "thing.done", scope.member, {"why": "test"})
