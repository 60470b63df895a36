"""What FlipDash asks of whoever moves the money: the same few questions, whether it is simulated or a provider's.

A rail never sees our models, and we never see its words: a payout goes out by our own key, and what comes back is one
of a few outcomes with one of our reasons. All of it may happen more than once (trust.md L8), so the key is what a rail
knows a payout by: told twice, it pays once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a rail says of a payout."""

    UNKNOWN = "unknown"  # it was never told of it
    PENDING = "pending"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    RETURNED = "returned"  # it had arrived, and the bank sent it back


class HolderStatus(StrEnum):
    """What a rail says of an account (reference/flip-api.md §4.1)."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    CLOSED = "closed"
    SUSPECTED = "suspected"
    BLACKLISTED = "blacklisted"
    PENDING = "pending"  # the bank is slow: ask again
    FAILED = "failed"  # no final answer


class BankState(StrEnum):
    """How well a rail reaches a bank."""

    OPERATIONAL = "operational"
    DISTURBED = "disturbed"
    HEAVILY_DISTURBED = "heavily_disturbed"


@dataclass(frozen=True)
class Question:
    """Whose account is this? Asked for a business in a mode."""

    business_id: int
    mode: str
    bank: str
    account_number: str


@dataclass(frozen=True)
class Holder:
    """The answer to a Question; the name is as the bank writes it, perhaps masked, and "" unless it was found."""

    status: HolderStatus
    name: str = ""


@dataclass(frozen=True)
class Document:
    """A file that goes along with a payout."""

    name: str
    content_type: str
    stored_as: str
    """By which the default storage finds it."""
    sha256: str


@dataclass(frozen=True)
class Abroad:
    """What a payout to another country needs besides an account: all that its corridor asked for."""

    country: str
    currency: str
    kind: str
    """Who pays whom, as in transactions/corridors.py."""
    beneficiary_bank: str
    purpose: str
    source_of_funds: str
    details: Mapping[str, str]
    """The corridor's own fields by their names: the codes of bank and branch, and who receives and sends it."""
    identity: Mapping[str, str]
    """Those of them that say who a person is: a rail passes them on, and keeps nothing that can be told from them."""
    document: Document | None = None


@dataclass(frozen=True)
class Payout:
    """Money to be paid out, in whole rupiah. `key` is ours, and unique over everything that is ever sent."""

    key: str
    business_id: int
    mode: str
    bank: str
    account_number: str
    beneficiary_name: str
    amount: int
    remark: str = ""
    quote: str = ""
    """The rail's reference of the quote at which it goes abroad; empty inside the country."""
    received: Decimal | None = None
    """What arrives abroad, in the currency of the quote."""
    abroad: Abroad | None = None
    """Where and how it arrives in another country; None inside ours."""


@dataclass(frozen=True)
class Rated:
    """What would it cost to send this abroad? Either `sent` is given, in rupiah, or `received`, in the currency."""

    business_id: int
    mode: str
    country: str
    currency: str
    kind: str
    """Who pays whom, as in transactions/corridors.py."""
    sent: int | None = None
    received: Decimal | None = None


@dataclass(frozen=True)
class Offer:
    """The answer to a Rated: whoever accepts it in time sends at this rate, whatever the market does."""

    reference: str
    rate: Decimal
    """Rupiah for one unit of the currency, with four decimals."""
    sent: int
    received: Decimal
    fee: int
    """Whole rupiah, beside what is sent."""
    holds_for: timedelta


@dataclass(frozen=True)
class Answer:
    """What became of a payout so far. `reason` is a value of transactions.reasons.Reason, for what failed."""

    outcome: Outcome
    reason: str = ""
    reference: str = ""
    """The bank's own reference."""
    amount: int | None = None
    """Of what was returned, the whole rupiah that came back: banks on the way may keep some. None: all of it."""

    def __post_init__(self) -> None:
        """Raise ValueError for a sum that can't have come back."""
        if self.amount is not None and (self.outcome != Outcome.RETURNED or self.amount < 1):
            raise ValueError(f"{self.amount} rupiah of what is {self.outcome}")

    @property
    def is_final(self) -> bool:
        """Whether it says what became of the payout: what came back has ended too."""
        return self.outcome not in (Outcome.PENDING, Outcome.UNKNOWN)


@dataclass(frozen=True)
class Charge:
    """Money to be collected from a payer, in whole rupiah. `key` is ours, and unique over all that is collected."""

    key: str
    business_id: int
    mode: str
    channel: str
    """A code of transactions/channels.py."""
    amount: int
    title: str
    payer: str
    phone: str
    """Of the payer's e-wallet, where that is the channel."""
    expires_at: datetime


@dataclass(frozen=True)
class HowToPay:
    """What a payer needs to pay a charge: each channel has one of these."""

    code: str = ""
    """To be typed: the number of a virtual account, a code for the till."""
    qr: str = ""
    """To be scanned."""
    url: str = ""
    """A page of the rail's, such as the one that takes cards: no card's number ever reaches ours."""


@dataclass(frozen=True)
class Paid:
    """Money that arrived for a charge. `rail_id` is the rail's own, and names it for ever; no `at` is just now.

    `at` knows its zone: one that doesn't is refused here, where the rail's adapter reads what the rail wrote.
    """

    rail_id: str
    amount: int
    reference: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a moment without a zone: nobody could say when that was."""
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError(f"{self.rail_id} was paid at {self.at}, of no zone")


@dataclass(frozen=True)
class Collected:
    """What became of a charge so far: all that was paid by it, and a reason where it failed for good."""

    outcome: Outcome
    paid: tuple[Paid, ...] = ()
    reason: str = ""


class RailProblem(Exception):
    """The rail did not do what it was asked."""


class NoAnswer(RailProblem):
    """Nobody knows whether the rail took it: a time-out. It is asked by our key before anything is sent again."""


class RailDown(RailProblem):
    """The rail certainly took nothing: it could not be reached, or said that it is busy."""


class KeyReused(RailProblem):
    """The rail knows the key with something else to pay: a fault of ours, which nothing may be tried over."""


class NotOffered(RailProblem):
    """The rail doesn't do this, for this business, now: collect by a channel, or pay in a country."""


class Rail(Protocol):
    """Whoever moves the money."""

    name: str
    """As the ledger's clearing account is called."""

    def inquire(self, question: Question) -> Holder:
        """Return whose account it is. Raises RailProblem."""

    def send(self, payout: Payout) -> Answer:
        """Pay out, once for each key, however often it is told. Raises NoAnswer, RailDown, KeyReused."""

    def status(self, key: str) -> Answer:
        """Return what became of a payout; UNKNOWN for one that never arrived. Raises NoAnswer, RailDown."""

    def recall(self, payout: Payout) -> Answer:
        """Stop for good what isn't paid yet, and return what became of it: FAILED, asked_back, where it is stopped.

        What it never heard of it refuses from then on. A rail that can't stop says what `status` says. What it knows
        by this key with something else isn't touched. Raises NoAnswer, RailDown, KeyReused.
        """

    def quote(self, asked: Rated) -> Offer:
        """Return what a transfer abroad costs now. Raises NotOffered, NoAnswer, RailDown."""

    def banks(self) -> Mapping[str, BankState]:
        """Return the banks that it doesn't reach as well as always."""

    def channels(self) -> Collection[str]:
        """Return the codes of the channels by which it collects payments; none where it collects nothing."""

    def create_payment(self, charge: Charge) -> HowToPay:
        """Let a charge be paid, and say how; told again, it says the same. Raises RailProblem."""

    def payment_status(self, key: str) -> Collected:
        """Return what became of a charge; UNKNOWN for one that never arrived. Raises NoAnswer, RailDown."""
