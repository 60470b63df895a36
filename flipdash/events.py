"""What happened, told once and inside the transaction that did it (design.md §6).

Apps declare the kinds of event they tell, and register handlers in `ready()`. Handlers run in the same
transaction, so that a timeline, the Activity Log, a mail or a callback can't exist without its fact, nor miss it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from flipdash.actors import Actor
from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class Event:
    """One act: who did it, for which business and mode, to what."""

    scope: Scope
    kind: str
    """A declared kind, such as "member.invited"."""
    subject: models.Model | None
    facts: dict[str, Any]
    """What a person wants to know about it later, fit for JSON. Never a secret."""
    at: datetime | None = None
    """When, for what the seed says happened earlier: nobody is mailed of it. None is now."""

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return self.scope.actor


Handler = Callable[[Event], None]
OfMany = Callable[[Sequence[Event]], None]


@dataclass(frozen=True)
class Fact:
    """How people read a fact of some name: its label and, where it isn't plain text or a number, its value."""

    label: Words
    words: Callable[[Any], str] | None = None


_kinds: dict[str, Words] = {}
_areas: dict[str, Words] = {}
_facts: dict[str, Fact] = {}
_handlers: list[Handler] = []
_of_many: dict[Handler, OfMany] = {}
"""What takes many events at once, by the handler of one."""
_heard: set[str] = set()
"""The kinds that some handler names."""


UNNAMED = {"changes", "old", "new", "before", "after"}
"""Facts that need no words: what was and what is now, which reads as Changed unless it has a name of its own."""


def declare(
    kinds: Mapping[str, Words], *, areas: Mapping[str, Words], facts: Mapping[str, Words | Fact] | None = None
) -> None:
    """Make kinds of event known, what they are about, and what they tell, each with the words in which people read it.

    An area is what stands before the dot of a kind. Raises ValueError for a kind whose area has no words, and for a
    fact or kind that another app has declared: the same name means the same to everybody.
    """
    if nameless := {kind for kind in kinds if area_of(kind) not in areas}:
        raise ValueError(f"nobody says what these events are about: {', '.join(sorted(nameless))}")
    new = {name: fact if isinstance(fact, Fact) else Fact(fact) for name, fact in (facts or {}).items()}
    if twice := (kinds.keys() & _kinds.keys()) | (areas.keys() & _areas.keys()) | (new.keys() & _facts.keys()):
        raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
    _kinds.update(kinds)
    _areas.update(areas)
    _facts.update(new)


def area_of(kind: str) -> str:
    """Return what a kind of event is about: top_up of top_up.credited."""
    return kind.partition(".")[0]


def kinds() -> dict[str, Words]:
    """Return all declared kinds with their words, in the order of declaration."""
    return dict(_kinds)


def areas() -> dict[str, Words]:
    """Return all that events are about, with their words, in the order of declaration."""
    return dict(_areas)


def fact(name: str) -> Fact | None:
    """Return how people read a fact; None if nobody declared it."""
    return _facts.get(name)


def handle(handler: Handler, *, of_many: OfMany | None = None) -> Handler:
    """Register what is called for every event, in the transaction of the act.

    `of_many` does the same for many events in few statements.
    """
    if handler not in _handlers:
        _handlers.append(handler)
    if of_many is not None:
        _of_many[handler] = of_many
    return handler


def on(*kinds: str, of_many: OfMany | None = None) -> Callable[[Handler], Handler]:
    """Register what is called for some kinds of event, in the transaction of the act; `of_many` as for `handle`."""

    def register(handler: Handler) -> Handler:
        def only(event: Event) -> None:
            if event.kind in kinds:
                handler(event)

        def only_of_many(told: Sequence[Event]) -> None:
            mine = [event for event in told if event.kind in kinds]
            if mine and of_many is not None:
                of_many(mine)
                return
            for event in mine:
                handler(event)

        _heard.update(kinds)
        handle(only, of_many=only_of_many)
        return handler

    return register


def record(
    scope: Scope, kind: str, subject: models.Model | None = None, *, at: datetime | None = None, **facts: Any
) -> None:
    """Tell that something happened. Call it inside the transaction of the act.

    A fact `changes` has what was changed by its own name, as {"old": …, "new": …}. Raises KeyError for a kind or a fact
    that nobody has words for.
    """
    event = Event(scope, kind, subject, facts, at)
    _check_words(event)
    with transaction.atomic():
        for handler in _handlers:
            handler(event)


def record_many(told: Sequence[Event]) -> None:
    """Tell many things that happened, as `record` of each in their order; handlers that can take all of them at once.

    Raises KeyError for a kind or a fact that nobody has words for.
    """
    if not told:
        return
    for event in told:
        _check_words(event)
    with transaction.atomic():
        for handler in _handlers:
            if (of_many := _of_many.get(handler)) is not None:
                of_many(told)
                continue
            for event in told:
                handler(event)


def _check_words(event: Event) -> None:
    if event.kind not in _kinds:
        raise KeyError(f"nobody declared the event {event.kind!r}")
    told = {*event.facts, *event.facts.get("changes", ())} - _facts.keys() - UNNAMED
    if told:
        raise KeyError(f"nobody declared what {event.kind} tells: {', '.join(sorted(told))}")
