"""Approving many transactions as one act: exactly the set that was seen, all of it or none (trust.md M1-M4).

What may wait for the deposit is approved all the same where that is short: what it doesn't cover waits.

A page asks `look_at` what a selection comes to, and hands back its digest. A small set is approved at once; a large one
by a worker, which asks everything again under the locks. Whatever is killed midway has approved nothing, and is begun
again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.models import Business
from accounts.permissions import Permission
from deposits import ledger
from flipdash import clock, events, rls
from flipdash.leases import Worker
from flipdash.scope import Scope
from flipdash.timeline import LONGEST_NOTE
from transactions import rails
from transactions.models import BulkApproval, Status
from transactions.outgoing import acts, orders, own
from transactions.outgoing.products import Product, Twins, products
from transactions.outgoing.refusals import (
    Changed,
    CorridorClosed,
    MayBeTwice,
    NothingSelected,
    NothingSends,
    OutgoingRefused,
    QuoteOver,
    SecondPersonNeeded,
    ShortOfMoney,
    TooManySelected,
    judging_quotes,
)

AT_ONCE = 200
"""So many are approved while the person waits; a worker approves more."""
MOST = 20_000
"""So many are approved as one act at most: as many as a file brings."""
STEP = 1_000
"""Rows that are written in one statement."""


@dataclass(frozen=True)
class Selection:
    """Transactions of one kind that somebody chose, by their ids, in order."""

    product: Product
    ids: tuple[int, ...]

    @classmethod
    def of(cls, product: Product, rows: Any, *, until: datetime | None = None) -> "Selection":
        """Choose what waits of a queryset that began with `visible_to`; `until` leaves out what was made later.

        Raises TooManySelected.
        """
        waiting = rows.filter(status=Status.PENDING_APPROVAL)
        if until is not None:
            waiting = waiting.filter(created_at__lte=until)
        ids = tuple(waiting.order_by("id").values_list("id", flat=True)[: MOST + 1])
        if len(ids) > MOST:
            raise TooManySelected(MOST)
        return cls(product, ids)


@dataclass(frozen=True)
class Look:
    """What a selection comes to, in rupiah, and the digest of all that was shown of it."""

    count: int
    amount: int
    fee: int
    twins: Twins
    digest: str

    @property
    def total(self) -> int:
        """What the deposit pays."""
        return self.amount + self.fee


def look_at(scope: Scope, selection: Selection) -> Look:
    """Return what a selection comes to now."""
    rows = (row for some in steps(selection.ids) for row in _rows(scope, selection.product, some))
    return _look(scope, selection.product, selection.ids, rows)


def approve_many(scope: Scope, selection: Selection, *, seen: str, sure: bool = False) -> BulkApproval:
    """Approve a selection as it was seen; returns the approval, which is DONE, or which a worker has from now on.

    `seen` is the digest of `look_at`; `sure` says that the approver knows of the possible duplicates. All are approved
    or none. Raises NothingSelected, Changed, SecondPersonNeeded, MayBeTwice, ShortOfMoney, NothingSends, NotAllowed.
    """
    product = selection.product
    if not selection.ids:
        raise NothingSelected
    with transaction.atomic():
        if len(selection.ids) > AT_ONCE:
            acts.one_at_a_time(scope, product)
            if (begun := _begun(scope, product, seen)) is not None:
                return begun
            look = look_at(scope, selection)
            _check(scope, product, _rows(scope, product, selection.ids), look, seen, sure=sure)
            rights.ask_again(scope, Permission.APPROVE_TRANSACTIONS)
            approval = _note(scope, selection, look, seen, sure=sure)
            APPROVALS.wake_on_commit()
            return approval
        look = _let_go(scope, product, selection.ids, seen, sure=sure)
        approval = _note(scope, selection, look, seen, sure=sure)
        done = {"status": BulkApproval.Status.DONE, "finished_at": clock.now()}
        BulkApproval.objects.filter(pk=approval.pk).update(status=BulkApproval.Status.APPROVING)
        BulkApproval.objects.filter(pk=approval.pk).update(**done)
        approval.refresh_from_db()
        _tell(scope, product, approval, look)
    return approval


def take_in_order(scope: Scope, selections: Sequence[Selection]) -> None:
    """Take the kinds and the rows of several selections before the deposit's own row is locked for the first of them.

    So everybody takes them in one order, kinds, rows, deposit: who approves one of the second kind meanwhile waits,
    instead of holding that and wanting the deposit. Call it in a transaction, always with the kinds in the same order.
    """
    for selection in selections:
        acts.one_at_a_time(scope, selection.product)
    for selection in selections:
        if len(selection.ids) <= AT_ONCE:  # more are a worker's
            for some in steps(selection.ids):
                _locked(scope, selection.product, some)


def _begun(scope: Scope, product: Product, seen: str) -> BulkApproval | None:
    """Return what an earlier click of the same approver began with the same look, and a worker has still to finish."""
    mine = BulkApproval.objects.visible_to(scope).filter(member_id=scope.member.pk, source=product.source, seen=seen)
    return mine.filter(status__in=BulkApproval.Status.open()).first()


def _note(scope: Scope, selection: Selection, look: Look, seen: str, *, sure: bool) -> BulkApproval:
    return BulkApproval.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        member_id=scope.member.pk,
        source=selection.product.source,
        rows=list(selection.ids),
        seen=seen,
        is_sure=sure,
        count=look.count,
        total=look.total,
    )


def _tell(scope: Scope, product: Product, approval: BulkApproval, look: Look) -> None:
    kind = product.kind("approved_many")
    events.record(scope, kind, approval, count=look.count, amount=look.amount, fee=look.fee)


# --- Under the locks -------------------------------------------------------------------------------------------------


def _rows(scope: Scope, product: Product, ids: Sequence[int]) -> Any:
    return product.model.objects.visible_to(scope, searched=True).filter(pk__in=ids).order_by("pk")


def _look(scope: Scope, product: Product, ids: Sequence[int], rows: Iterable[Any]) -> Look:
    """Add up rows that come in the order of their ids; no more of them are kept than come at once."""
    count = amount = fee = 0

    def added() -> Iterator[Any]:
        nonlocal count, amount, fee
        for row in rows:
            count, amount, fee = count + 1, amount + row.amount, fee + row.fee
            yield row

    twins = product.twins(scope, ids)
    digest = product.digest_of_many(added(), twins)
    return Look(count=count, amount=amount, fee=fee, twins=twins, digest=digest)


def _check(scope: Scope, product: Product, rows: Any, look: Look, seen: str, *, sure: bool) -> None:
    """Raise why a set can't be approved, as it is at this moment."""
    if look.digest != seen or rows.exclude(status=Status.PENDING_APPROVAL).exists():
        raise Changed
    mine = own.judged_of_many(scope, product, rows)
    if mine and Business.objects.get(pk=scope.business.pk).second_person_rule().holds_for(mine):
        raise SecondPersonNeeded
    if look.twins and not sure:
        raise MayBeTwice
    product.ready(rows)
    balance = ledger.balance(scope)
    if look.total > balance.available and not product.waits:
        raise ShortOfMoney(ledger.NotEnoughDeposit("available", balance.available, look.total))


def _let_go(scope: Scope, product: Product, ids: Sequence[int], seen: str, *, sure: bool) -> Look:
    """Hold the money of a set and send it, or let it wait for its date: all of it, within the open transaction.

    Raises what `approve_many` raises.
    """
    acts.one_at_a_time(scope, product)
    locked = sum(len(_locked(scope, product, some)) for some in steps(ids))
    rights.ask_again(scope, Permission.APPROVE_TRANSACTIONS)
    if locked != len(ids):
        raise Changed
    going: list[Going] = []

    def rows() -> Iterator[Any]:
        for some in steps(ids):
            for row in _rows(scope, product, some):
                going.append(Going(row.pk, row.amount, row.fee, row.send_at, row.created_at))
                yield row

    look = _look(scope, product, ids, rows())
    _check(scope, product, _rows(scope, product, ids), look, seen, sure=sure)
    leave = wanted_by_workers(scope.business.pk, scope.mode) if product.waits else 0
    let_go_many(scope, product, going, leave=leave)
    return look


def wanted_by_workers(business_id: int, mode: str) -> int:
    """Return the rupiah of what a worker has still to approve that can't wait for the deposit: these come first (0112).

    Whatever waits leaves them, also while the worker's first attempt has failed.
    """
    sources = [product.source for product in products.values() if not product.waits]
    unfinished = {"status__in": BulkApproval.Status.open()}
    rows = BulkApproval.objects.filter(business_id=business_id, mode=mode, **unfinished)
    return int(rows.filter(source__in=sources).aggregate(rupiah=Sum("total"))["rupiah"] or 0)


def _locked(scope: Scope, product: Product, ids: Sequence[int]) -> list[int]:
    return list(_rows(scope, product, ids).select_for_update(of=("self",)).values_list("pk", flat=True))


class Going(NamedTuple):
    """What is kept of a row that is let go: its id, its rupiah, when it is sent, and when it was made."""

    pk: int
    amount: int
    fee: int
    send_at: datetime | None
    created_at: datetime


def let_go_many(scope: Scope, product: Product, locked: Sequence[Any], *, leave: int = 0) -> None:
    """Hold the money of locked rows that wait, and send them, or let them wait for their dates, or for the deposit.

    As acts.let_go of each, in few statements: the timeline of each says so, and one event of all follows by whoever
    calls. A row is whatever has the attributes of Going. `leave` rupiah of the deposit are somebody else's. Raises
    ShortOfMoney, NothingSends.
    """
    covered, short = _covered(scope, product, locked, leave)
    try:
        rail = rails.serving(scope.mode)
        with transaction.atomic():
            for some in steps(covered):
                holds = [(row.pk, row.amount + row.fee) for row in some]
                ledger.hold_many(scope, product.source, holds, by=scope.actor)
    except rails.NoRail as problem:
        raise NothingSends from problem
    except ledger.NotEnoughDeposit as problem:
        if not product.waits:
            raise ShortOfMoney(problem) from problem
        covered, short = [], locked  # spent in this moment: all wait for the next sweep
    now = clock.now()
    later = [row for row in covered if row.send_at is not None and row.send_at > now]
    waits = {row.pk for row in later}
    at_once = [row for row in covered if row.pk not in waits]
    for to, rows in ((Status.SCHEDULED, later), (Status.PROCESSING, at_once), (product.waits, short)):
        for some in steps(rows):
            _move(scope, product, some, to)
    for some in steps(at_once):
        whole = product.model.objects.filter(pk__in=[row.pk for row in some]).order_by("pk")
        orders.queue_many(product, whole, rail.name)
    if at_once:
        orders.ORDERS.wake_on_commit()


def _covered(scope: Scope, product: Product, rows: Sequence[Any], leave: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return those that the deposit covers, and those that wait for it: the first of them first, and each that fits.

    Raises ShortOfMoney for a kind that doesn't wait, unless all are covered: before the first step, so that the whole
    shortfall is told.
    """
    whole, available = sum(row.amount + row.fee for row in rows), ledger.balance(scope).available - leave
    if whole <= available:
        return rows, []
    if not product.waits:
        raise ShortOfMoney(ledger.NotEnoughDeposit("available", available, whole))
    covered: list[Any] = []
    short: list[Any] = []
    for row in sorted(rows, key=lambda row: (row.created_at, row.pk)):  # ids of one second have no order
        cost = row.amount + row.fee
        (covered if cost <= available else short).append(row)
        available -= cost if cost <= available else 0
    return covered, short


def _move(scope: Scope, product: Product, rows: Sequence[Any], to: str) -> None:
    """Take locked rows to a state, with the line of each in its timeline."""
    waiting = product.model.objects.filter(pk__in=[row.pk for row in rows], status=Status.PENDING_APPROVAL)
    with judging_quotes():
        moved = waiting.update(status=to, **scope.actor.columns("approver"))
    if moved != len(rows):
        raise Changed
    add_lines(scope, product, rows, "waiting" if to == product.waits else "approved")


ADD_LINES = """
    INSERT INTO {lines} (business_id, mode, {parent}_id, kind, by_kind, by_id, by_name, note)
    SELECT %(business)s, %(mode)s, them.id, %(kind)s, %(by_kind)s, %(by_id)s, %(by_name)s, %(note)s
    FROM unnest(%(rows)s::bigint[]) WITH ORDINALITY AS them (id, n) ORDER BY them.n
"""


def add_lines(scope: Scope, product: Product, rows: Sequence[Any], act: str, *, note: str = "") -> None:
    """Write a line in the timeline of each row of the scope's business and mode, as the event of one would."""
    model: Any = product.model
    lines = model._meta.get_field("events").related_model
    kept = {"kind": model.timeline[product.kind(act)], "note": note[:LONGEST_NOTE], **scope.actor.columns("by")}
    owner = {"business": scope.business.pk, "mode": str(scope.mode), "rows": [row.pk for row in rows]}
    with connection.cursor() as cursor:
        cursor.execute(ADD_LINES.format(lines=lines._meta.db_table, parent=lines.parent), owner | kept)


def steps(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Cut rows, or their ids, into what one statement takes."""
    return [rows[start : start + STEP] for start in range(0, len(rows), STEP)]


# --- By a worker -----------------------------------------------------------------------------------------------------

PROBLEMS: dict[type[Exception], str] = {
    Changed: "changed",
    SecondPersonNeeded: "second person",
    MayBeTwice: "twice",
    ShortOfMoney: "short",
    NothingSends: "nothing sends",
    QuoteOver: "quote",
    CorridorClosed: "closed",
    rights.NotAllowed: "not allowed",
}
APPROVALS = Worker(
    "approvals", BulkApproval, per="business", is_alone=True, problems=PROBLEMS, words=gettext_lazy("Approvals of many")
)


@APPROVALS.runs
def _work(approval: BulkApproval) -> None:
    product = products[approval.source]
    with rls.inside_of(approval.business_id, approval.mode):
        scope = rights.scope_now(approval.member_id, approval.mode, "dashboard", Permission.APPROVE_TRANSACTIONS)
        with transaction.atomic():
            look = _let_go(scope, product, approval.rows, approval.seen, sure=approval.is_sure)
            APPROVALS.finish(approval, BulkApproval.Status.DONE)
            _tell(scope, product, approval, look)


__all__ = ["AT_ONCE", "Look", "OutgoingRefused", "Selection", "approve_many", "let_go_many", "look_at"]
