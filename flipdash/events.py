"""What happened, told once and inside the transaction that did it (design.md §6).

Apps declare the kinds of event they tell, and register handlers in `ready()`. Handlers run in the same
transaction, so that a timeline, the Activity Log, a mail or a callback can't exist without its fact, nor miss it.
"""

from collections.abc import Callable
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

_kinds: dict[str, Words] = {}
_handlers: list[Handler] = []
_heard: set[str] = set()
"""The kinds that some handler names."""


def declare(kinds: dict[str, Words]) -> None:
    """Make kinds of event known, each with the words in which people read it."""
    _kinds.update(kinds)


def kinds() -> dict[str, Words]:
    """Return all declared kinds with their words, in the order of declaration."""
    return dict(_kinds)


def handle(handler: Handler) -> Handler:
    """Register what is called for every event, in the transaction of the act."""
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def on(*kinds: str) -> Callable[[Handler], Handler]:
    """Register what is called for some kinds of event, in the transaction of the act."""

    def register(handler: Handler) -> Handler:
        def only(event: Event) -> None:
            if event.kind in kinds:
                handler(event)

        _heard.update(kinds)
        handle(only)
        return handler

    return register


def record(
    scope: Scope, kind: str, subject: models.Model | None = None, *, at: datetime | None = None, **facts: Any
) -> None:
    """Tell that something happened. Call it inside the transaction of the act; KeyError for an undeclared kind."""
    if kind not in _kinds:
        raise KeyError(f"nobody declared the event {kind!r}")
    with transaction.atomic():
        for handler in _handlers:
            handler(Event(scope, kind, subject, facts, at))
