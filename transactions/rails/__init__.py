"""What moves the money: the protocol, and which rail serves a mode (docs/transfers.md)."""

from collections.abc import Callable
from importlib import import_module

from django.conf import settings

from transactions.rails.protocol import (
    Answer,
    BankState,
    Holder,
    HolderStatus,
    KeyReused,
    NoAnswer,
    Outcome,
    Payout,
    Question,
    Rail,
    RailDown,
    RailProblem,
)

__all__ = [
    "Answer",
    "BankState",
    "Holder",
    "HolderStatus",
    "KeyReused",
    "NoAnswer",
    "NoRail",
    "Outcome",
    "Payout",
    "Question",
    "Rail",
    "RailDown",
    "RailProblem",
    "deliver",
    "named",
    "on_answer",
    "serving",
]

Listener = Callable[[str, Answer], None]
_listeners: list[Listener] = []


class NoRail(Exception):
    """Nothing moves money in this mode: the setting names no rail for it."""


def serving(mode: str) -> Rail:
    """Return the rail of a mode; raises NoRail."""
    return named(settings.RAILS[str(mode)])


def named(name: str) -> Rail:
    """Return a rail by its name: what the module of that name calls RAIL."""
    if name == "none" or not name.isidentifier():
        raise NoRail(name)
    rail: Rail = import_module(f"transactions.rails.{name}").RAIL
    return rail


def on_answer(listener: Listener) -> Listener:
    """Register what is called with an answer that comes by itself, by the key of its payout."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def deliver(key: str, answer: Answer) -> None:
    """Hand over an answer that a rail gave without being asked. It may come late, twice, or not at all."""
    for listener in _listeners:
        listener(key, answer)
