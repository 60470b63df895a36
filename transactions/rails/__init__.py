"""What moves the money: the protocol, and which rail serves a mode (docs/transfers.md)."""

from collections.abc import Callable, Sequence
from importlib import import_module

from django.conf import settings

from transactions.rails.protocol import (
    Abroad,
    Answer,
    BankState,
    Charge,
    Collected,
    Document,
    Holder,
    HolderStatus,
    HowToPay,
    KeyReused,
    NoAnswer,
    NotOffered,
    Offer,
    Outcome,
    Paid,
    Payout,
    Question,
    Rail,
    RailDown,
    RailProblem,
    Rated,
)

__all__ = [
    "Abroad",
    "Answer",
    "BankState",
    "Charge",
    "Collected",
    "Document",
    "Holder",
    "HolderStatus",
    "HowToPay",
    "KeyReused",
    "NoAnswer",
    "NoRail",
    "NotOffered",
    "Offer",
    "Outcome",
    "Paid",
    "Payout",
    "Question",
    "Rail",
    "RailDown",
    "RailProblem",
    "Rated",
    "Told",
    "before_payment",
    "deliver",
    "deliver_many",
    "deliver_payment",
    "named",
    "on_answer",
    "on_payment",
    "refusal",
    "serving",
]

Told = Sequence[tuple[str, Answer]]
"""What became of payouts, by their keys, in the order in which it was said."""
Listener = Callable[[Told], None]
_listeners: list[Listener] = []
PaymentListener = Callable[[str, Collected], None]
_payment_listeners: list[PaymentListener] = []
Judge = Callable[[str, int], str]
_judges: list[Judge] = []


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
    """Register what is called with the answers that come by themselves."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def deliver(key: str, answer: Answer) -> None:
    """Hand over an answer that a rail gave without being asked. It may come late, twice, or not at all."""
    deliver_many([(key, answer)])


def deliver_many(told: Told) -> None:
    """Hand over several answers, as `deliver` of each."""
    for listener in _listeners:
        listener(told)


def on_payment(listener: PaymentListener) -> PaymentListener:
    """Register what is called with what became of a charge, by its key."""
    if listener not in _payment_listeners:
        _payment_listeners.append(listener)
    return listener


def deliver_payment(key: str, collected: Collected) -> None:
    """Hand over what a rail says of a charge without being asked. It may come late, twice, or not at all."""
    for listener in _payment_listeners:
        listener(key, collected)


def before_payment(judge: Judge) -> Judge:
    """Register what says why a charge can't be paid, by its key and the rupiah; "" where it can."""
    if judge not in _judges:
        _judges.append(judge)
    return judge


def refusal(key: str, amount: int) -> str:
    """Return why a charge can't be paid now, as a Reason; "" where it can.

    Banks ask so before they take a payer's money. Whoever asks stays in one transaction until it has delivered the
    payment: what was answered holds so long.
    """
    return next(filter(None, (judge(key, amount) for judge in _judges)), "")
