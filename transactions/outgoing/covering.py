"""What was approved and waits for the deposit goes on by itself, once there is enough."""

from collections.abc import Callable

from django.db import models, transaction
from django.db.models import F, Q

from accounts.models import Business
from deposits import ledger
from deposits.ledger import NotEnoughDeposit
from flipdash import rls, sweeps
from flipdash.actors import Actor
from flipdash.scope import Scope
from transactions import rails
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import acts, changes, many, orders
from transactions.outgoing.products import Product, products

MOST_AT_ONCE = 200
"""Rows of a business that one sweep sends."""
Act = Callable[[Product, OutgoingTransfer], bool]


def go_on() -> int:
    """Send what waited for the deposit, the oldest first, and each that fits; returns how many were sent.

    Whoever approved it still has to be somebody who may (trust.md Q2), or it is cancelled.
    """
    return sum(_go_on(product) for product in products.values() if product.waits)


def covered(product: Product) -> models.QuerySet[OutgoingTransfer]:
    """Return the rows that wait and that the deposit covers now, each alone, of all businesses, as the operator."""
    rows = product.model.objects.using("operator").filter(status=product.waits)
    available = ledger.available_of("business", "mode")
    return rows.annotate(cost=F("amount") + F("fee"), available=available).filter(cost__lte=F("available"))


def _go_on(product: Product) -> int:
    sent = 0
    waiting = product.model.objects.using("operator").filter(status=product.waits).order_by()
    for business_id, mode in waiting.values_list("business_id", "mode").distinct():
        what = f"{product.source} that wait, of business"
        with sweeps.by_itself(what, business_id), rls.inside_of(business_id, mode):
            _stop_those_of(product, business_id, mode)
            sent += _go_on_of(product, business_id, mode)
    return sent


def _go_on_of(product: Product, business_id: int, mode: str) -> int:
    rows = product.model.objects.filter(business_id=business_id, mode=mode, status=product.waits)
    owner = ledger.LedgerOwner(Business.objects.get(pk=business_id), mode)
    sent, left = 0, ledger.balance(owner).available - many.wanted_by_workers(business_id, mode)
    # Those that fit, however many wait that don't.
    fit = rows.annotate(cost=F("amount") + F("fee")).filter(cost__lte=left).select_related("business")
    for row in fit.order_by("created_at", "pk")[:MOST_AT_ONCE]:
        if row.amount + row.fee <= left and _tried(_send, product, row):
            sent, left = sent + 1, left - row.amount - row.fee
    return sent


def left_for(product: Product, row: OutgoingTransfer) -> tuple[int, int, int]:
    """Return the rupiah that a waiting row may have of the deposit, and how many go before it by the next sweep.

    The third is what transfers that are being approved take first.
    """
    rows = product.model.objects.filter(business_id=row.business_id, mode=row.mode, status=product.waits)
    wanted = many.wanted_by_workers(row.business_id, row.mode)
    left = max(0, ledger.balance(ledger.LedgerOwner(row.business, row.mode)).available - wanted)
    older = Q(created_at__lt=row.created_at) | Q(created_at=row.created_at, pk__lt=row.pk)
    fit = rows.annotate(cost=F("amount") + F("fee")).filter(older, cost__lte=left).order_by("created_at", "pk")
    before = 0
    for cost in fit.values_list("cost", flat=True)[:MOST_AT_ONCE]:
        if cost <= left:
            before, left = before + 1, left - cost
    return left, before, wanted


def _stop_those_of(product: Product, business_id: int, mode: str) -> None:
    """Cancel those of a business whose approver may approve no more, whether there is enough for them or not."""
    rows = product.model.objects.filter(business_id=business_id, mode=mode, status=product.waits)
    known: dict[Actor, bool] = {}
    for row in rows.select_related("business").order_by("?")[:MOST_AT_ONCE]:
        if not acts.may_still(row, known):
            _tried(_stop, product, row)


def _tried(act: Act, product: Product, row: OutgoingTransfer) -> bool:
    """Do one; what can't be handled now is logged, and keeps none of the others from it."""
    is_done = False
    with sweeps.by_itself(f"{product.source} that waits", row.pk):
        is_done = act(product, row)
    return is_done


@transaction.atomic
def _stop(product: Product, row: OutgoingTransfer) -> bool:
    locked = _lock(product, row)
    return locked is not None and acts.was_stopped(product, locked)


@transaction.atomic
def _send(product: Product, row: OutgoingTransfer) -> bool:
    locked = _lock(product, row)
    if locked is None or acts.was_stopped(product, locked):
        return False
    itself, rail = Scope.by_itself(locked.business, locked.mode), rails.serving(locked.mode)
    try:
        changes.carry_out(changes.covered(itself, product, locked))
    except NotEnoughDeposit:
        return False  # spent in this moment: it waits on
    orders.queue(product, locked, rail.name)
    return True


def _lock(product: Product, row: OutgoingTransfer) -> OutgoingTransfer | None:
    """Lock a row that still waits; None where somebody else has it, or it waits no more."""
    rows = product.model.objects.filter(pk=row.pk, status=product.waits)
    return rows.select_for_update(skip_locked=True, of=("self",)).select_related("business").first()
