"""The ledger: the only way to move money. Amounts are whole rupiah (int); docs/ledger.md has accounts and flows.

`post` calls the database's function `ledger_post`, which alone writes. What is posted is found again by its source:
posting the same once more changes nothing, and posting something else for the same source and kind is refused. Whoever
calls is inside the business (flipdash/rls.py), or passes `using="operator"`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from django.db import DatabaseError, connections, transaction
from django.db.models import OuterRef, Subquery

from deposits.models import RUPIAH, Account, AccountKind, Posting, PostingKind
from flipdash.actors import SYSTEM, Actor
from flipdash.mode import Mode
from flipdash.scope import Business


class Owner(Protocol):
    """Whose ledger: a Scope, or a `LedgerOwner` made from a row."""

    @property
    def business(self) -> Any: ...
    @property
    def mode(self) -> Any: ...


@dataclass(frozen=True)
class LedgerOwner:
    """Whose ledger, where there is no Scope: a business in a mode; business None is the operator."""

    business: Business | None
    mode: str


@dataclass(frozen=True)
class Source:
    """What a posting is about: a word for the kind of row, and its id."""

    type: str
    id: int


@dataclass(frozen=True)
class Line:
    """So many rupiah into (or, negative, out of) an account of the business, or of the operator."""

    account: AccountKind
    amount: int
    detail: str = ""
    is_operators: bool = False


@dataclass(frozen=True)
class Posted:
    """The posting that is there now, and whether this call made it."""

    id: int
    is_new: bool

    def row(self, using: str = "default") -> Posting:
        """Return the posting's row."""
        return Posting.objects.using(using).get(pk=self.id)


@dataclass(frozen=True)
class NewPosting:
    """A posting for `post_many`."""

    kind: PostingKind
    source: Source
    lines: Sequence[Line]
    by: Actor = SYSTEM
    effective_at: datetime | None = None


@dataclass(frozen=True)
class Balance:
    """What a business has in its deposit, in rupiah."""

    available: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        """All of the deposit."""
        return self.available + self.held


class LedgerError(Exception):
    """The database refused a posting. Nothing was moved."""


class NotEnoughDeposit(LedgerError):
    """An account would go below its floor: `account`, its `balance`, and what was `needed` of it."""

    def __init__(self, account: str, balance: int, needed: int) -> None:
        super().__init__(f"not enough {account}: {needed} of {balance}")
        self.account, self.balance, self.needed = account, balance, needed

    @property
    def missing(self) -> int:
        """How many rupiah are short."""
        return self.needed - self.balance


class AlreadyPosted(LedgerError):
    """The same source and kind was posted before, with other lines."""


class BadPosting(LedgerError):
    """The lines are wrong: not zero in sum, too few, too large, an account twice, an unknown kind."""


class OutsideScope(LedgerError):
    """The connection is not inside the business and mode."""


class NotReversible(LedgerError):
    """There is no such posting, or it is of a kind that isn't reversed (holds are released)."""


class NotHeld(LedgerError):
    """Nothing is held for the source, or not any more."""


REFUSALS = {
    "FD002": AlreadyPosted,
    "FD003": BadPosting,
    "FD004": OutsideScope,
    "FD005": NotReversible,
    "FD006": NotHeld,
}
"""What ledger_post raises, by SQLSTATE; FD001 is NotEnoughDeposit."""

POST = """
SELECT posting_id, is_new FROM ledger_post(
    %s, %s, %s, %s, %s, %s, %s::text[], %s::text[], %s::bigint[], %s::boolean[], %s, %s, %s, %s)
"""
HOLD_MANY = "SELECT ledger_hold_many(%s, %s, %s, %s, %s, %s, %s, %s, %s), true"
POST_MANY = "SELECT posting_id, is_new FROM ledger_post_many(%s, %s, %s, %s::jsonb)"


def post(
    owner: Owner,
    kind: PostingKind,
    source: Source,
    lines: Sequence[Line],
    *,
    by: Actor = SYSTEM,
    effective_at: datetime | None = None,
    using: str = "default",
) -> Posted:
    """Move money: all lines or none, in one statement. `effective_at` is for what happened earlier (the seed).

    Raises NotEnoughDeposit, AlreadyPosted, BadPosting, OutsideScope, NotHeld. Inside a transaction a refusal
    undoes only this posting.
    """
    values = [
        *_owner_of(owner),
        kind.value,
        source.type,
        source.id,
        [line.account.value for line in lines],
        [line.detail for line in lines],
        [_whole(line.amount) for line in lines],
        [line.is_operators for line in lines],
        *by.columns("by").values(),
        effective_at,
    ]
    ((posting_id, is_new),) = _call(POST, values, using)
    return Posted(posting_id, is_new)


def post_many(owner: Owner, postings: Sequence[NewPosting], *, using: str = "default") -> list[Posted]:
    """Post many for one business and mode in one statement, all or none, in their order; raises what `post` raises."""
    body = [
        {
            "kind": posting.kind.value,
            "source_type": posting.source.type,
            "source_id": posting.source.id,
            "lines": [
                [line.account.value, line.detail, _whole(line.amount), line.is_operators] for line in posting.lines
            ],
            **posting.by.columns("by"),
            "effective_at": posting.effective_at and posting.effective_at.isoformat(),
        }
        for posting in postings
    ]
    return [Posted(*row) for row in _call(POST_MANY, [*_owner_of(owner), json.dumps(body)], using)]


def hold_lines(amount: int) -> list[Line]:
    """From available to held."""
    return [Line(AccountKind.AVAILABLE, -amount), Line(AccountKind.HELD, amount)]


def release_lines(amount: int) -> list[Line]:
    """Back from held to available."""
    return [Line(AccountKind.HELD, -amount), Line(AccountKind.AVAILABLE, amount)]


def capture_lines(amount: int, fee: int, rail: str) -> list[Line]:
    """From held to the rail that has paid it out, and the fee to fees."""
    lines = [Line(AccountKind.HELD, -(amount + fee)), Line(AccountKind.CLEARING, amount, rail)]
    return [*lines, Line(AccountKind.FEES, fee)] if fee else lines


def return_lines(amount: int, rail: str) -> list[Line]:
    """Back from the rail to available; the fee stays earned."""
    return [Line(AccountKind.CLEARING, -amount, rail), Line(AccountKind.AVAILABLE, amount)]


def paid_lines(amount: int, fee: int, rail: str) -> list[Line]:
    """From available to the rail that has paid it out after all, and the fee to fees."""
    lines = [Line(AccountKind.AVAILABLE, -(amount + fee)), Line(AccountKind.CLEARING, amount, rail)]
    return [*lines, Line(AccountKind.FEES, fee)] if fee else lines


def unpaid_lines(amount: int, fee: int, rail: str) -> list[Line]:
    """Back from the rail, which has paid nothing after all, and from fees to available."""
    return [replace(line, amount=-line.amount) for line in paid_lines(amount, fee, rail)]


def top_up_lines(amount: int, bank: str) -> list[Line]:
    """From a bank, where the business paid it in, to available."""
    return [Line(AccountKind.CLEARING, -amount, bank), Line(AccountKind.AVAILABLE, amount)]


def settlement_lines(amount: int, fee: int, channel: str) -> list[Line]:
    """From the channel by which a customer paid to available, less the fee."""
    lines = [Line(AccountKind.CLEARING, -amount, channel), Line(AccountKind.AVAILABLE, amount - fee)]
    return [*lines, Line(AccountKind.FEES, fee)] if fee else lines


def settlement_lines_of_many(amounts: Mapping[str, int], fee: int) -> list[Line]:
    """From the channels by which customers paid, each with its sum, to available, less all their fees."""
    net = sum(amounts.values()) - fee
    lines = [Line(AccountKind.CLEARING, -amount, channel) for channel, amount in amounts.items()]
    lines += [Line(AccountKind.AVAILABLE, net)] if net else []
    return [*lines, Line(AccountKind.FEES, fee)] if fee else lines


def top_up(owner: Owner, source: Source, *, amount: int, bank: str, **how: Any) -> Posted:
    """Credit what arrived at a bank. `how` is what `post` takes: by, effective_at, using."""
    return post(owner, PostingKind.TOP_UP, source, top_up_lines(amount, bank), **how)


def hold(owner: Owner, source: Source, *, amount: int, **how: Any) -> Posted:
    """Set aside an amount with its fee, so that it can't be spent twice; raises NotEnoughDeposit."""
    return post(owner, PostingKind.HOLD, source, hold_lines(amount), **how)


def hold_many(owner: Owner, source_type: str, holds: Sequence[tuple[int, int]], *, by: Actor = SYSTEM) -> None:
    """Set aside an amount with its fee for each of many sources, by their ids: all or none, in one statement.

    Raises NotEnoughDeposit for their sum, and AlreadyPosted where one of them is held already.
    """
    ids, amounts = [source for source, _amount in holds], [_whole(amount) for _source, amount in holds]
    _call(HOLD_MANY, [*_owner_of(owner), source_type, ids, amounts, *by.columns("by").values()], "default")


def capture(owner: Owner, source: Source, *, amount: int, fee: int, rail: str, **how: Any) -> Posted:
    """Pay out the whole of what is held for the source: amount to the rail, fee to fees; raises NotHeld."""
    return post(owner, PostingKind.CAPTURE, source, capture_lines(amount, fee, rail), **how)


def release(owner: Owner, source: Source, *, amount: int, **how: Any) -> Posted:
    """Give back the whole of what is held for the source (amount with fee); raises NotHeld."""
    return post(owner, PostingKind.RELEASE, source, release_lines(amount), **how)


def give_back(owner: Owner, source: Source, *, amount: int, rail: str, **how: Any) -> Posted:
    """Credit what the bank returned after it was paid out."""
    return post(owner, PostingKind.RETURN, source, return_lines(amount, rail), **how)


def settle(owner: Owner, source: Source, *, amount: int, fee: int, channel: str, **how: Any) -> Posted:
    """Credit a customer's payment, less the fee."""
    return post(owner, PostingKind.SETTLEMENT, source, settlement_lines(amount, fee, channel), **how)


def settle_many(owner: Owner, source: Source, *, amounts: Mapping[str, int], fee: int, **how: Any) -> Posted:
    """Credit what many customers paid, by channel, less all their fees: one entry of the deposit."""
    return post(owner, PostingKind.SETTLEMENT, source, settlement_lines_of_many(amounts, fee), **how)


def reverse(owner: Owner, posting_id: int, **how: Any) -> Posted:
    """Undo a posting by its mirror image; once: a second call finds the first. Raises NotReversible, and
    NotEnoughDeposit when the money is spent."""
    return post(owner, PostingKind.REVERSAL, Source("posting", posting_id), [], **how)


def balance(owner: Owner, *, using: str = "default") -> Balance:
    """Return what is available and held now."""
    accounts = Account.objects.using(using).filter(business=owner.business, mode=owner.mode, currency=RUPIAH)
    kinds = (AccountKind.AVAILABLE, AccountKind.HELD)
    return Balance(**dict(accounts.filter(kind__in=kinds).values_list("kind", "balance")))


def available_of(business: str, mode: str) -> Subquery:
    """Return what is available of the business and mode that an outer row names in these fields, for a statement."""
    of_the_row = {"business": OuterRef(business), "mode": OuterRef(mode), "currency": RUPIAH}
    return Subquery(Account.objects.filter(kind=AccountKind.AVAILABLE, **of_the_row).values("balance"))


def _owner_of(owner: Owner) -> tuple[int | None, str, str]:
    business = owner.business
    return (None if business is None else business.pk, Mode(owner.mode).value, RUPIAH)


def _whole(amount: int) -> int:
    """Refuse what is not a whole number of rupiah, before it is rounded somewhere."""
    if type(amount) is not int:
        raise BadPosting(f"{amount!r} is not a whole number of rupiah")
    if abs(amount) >= 2**63:
        raise BadPosting("the amount is too large")
    return amount


def _call(statement: str, values: list[Any], using: str) -> list[tuple[int, bool]]:
    connection = connections[using]
    own = transaction.atomic(using=using) if connection.in_atomic_block else nullcontext()
    with _refusals(), own, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in our words what the database refused."""
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None) or ""
        if state == "FD001":
            raise NotEnoughDeposit(**json.loads(cause.diag.message_detail)) from error  # type: ignore[union-attr]  # psycopg's
        if state in REFUSALS:
            raise REFUSALS[state](str(error)) from error
        if state.startswith("23"):  # a constraint that stands behind the function
            raise BadPosting(str(error)) from error
        raise
