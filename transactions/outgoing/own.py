"""What is one's own under the second-person rule: what one made, and what a key made that one made (trust.md M2).

Keys are an upper app's: it says here which ones somebody made. What somebody paid by one file, and what somebody
gives back of one payment, is judged as one, so that it can't be let go in small parts.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, Sum

from flipdash.actors import Actor, ActorKind
from flipdash.scope import Scope
from transactions.models import Refund, TransferSeries
from transactions.models.base import OutgoingTransfer
from transactions.models.refund import ASKED_FOR
from transactions.outgoing.products import Product

KeysOf = Callable[[Actor], Iterable[int]]
_finders: list[KeysOf] = []


def keys_by(find: KeysOf) -> KeysOf:
    """Register what finds the ids of the keys that somebody made."""
    _finders.append(find)
    return find


def _keys(actor: Actor) -> list[int]:
    return [pk for find in _finders for pk in find(actor)]


def rows(actor: Actor) -> Q:
    """Return the condition that a transaction is somebody's own."""
    return actor.is_in("maker") | Q(maker_kind=ActorKind.KEY, maker_id__in=_keys(actor))


def is_own(actor: Actor | None, row: OutgoingTransfer | TransferSeries) -> bool:
    """Return whether a transaction is somebody's own."""
    maker = row.maker
    if actor is None or actor == maker:
        return actor is not None
    return maker is not None and maker.kind == ActorKind.KEY and maker.id in _keys(actor)


def judged(row: OutgoingTransfer | TransferSeries) -> int:
    """Return the rupiah that the rule judges of a row: all that its maker made by the same file, whatever became of it,
    all that its series pays, and all that its maker gives back of the same payment.

    A rejected part counts too: what was asked for as one is never asked for again as less. Of refunds, what failed or
    came back doesn't: it is asked for again as it was.
    """
    if isinstance(row, TransferSeries):
        return row.whole
    if getattr(row, "series_id", None) is not None:
        return int(row.series.whole)  # type: ignore[attr-defined]  # of money transfers
    maker = {"maker_kind": row.maker_kind, "maker_id": row.maker_id}
    model: Any = type(row)
    if isinstance(row, Refund):
        others = model.objects.filter(ASKED_FOR, business_id=row.business_id, payment_id=row.payment_id, **maker)
        is_there = isinstance(row.pk, int)  # the number comes from the database
        return row.amount + _sum(others.exclude(pk=row.pk) if is_there else others)
    batch = getattr(row, "batch_id", None)
    if batch is None:
        return row.amount
    return _sum(model.objects.filter(business_id=row.business_id, batch_id=batch, **maker))


def judged_of_many(scope: Scope, product: Product, some: Any) -> int:
    """Return the rupiah that the rule judges of those of some rows that are the actor's own, together."""
    mine, whole = some.filter(rows(scope.actor)).order_by(), 0
    if product.look.series:
        if found := _among(mine, product.look.series):
            series = TransferSeries.objects.visible_to(scope).filter(pk__in=found)
            whole += sum(one.whole for one in series)
        mine = mine.filter(**{product.look.series: None})
    if product.look.batch:
        if found := _among(mine, product.look.batch):
            everything = product.model.objects.visible_to(scope, searched=True).filter(rows(scope.actor))
            whole += _sum(everything.filter(**{f"{product.look.batch}__in": found}))
        mine = mine.filter(**{product.look.batch: None})
    if product.look.payment:
        if found := _among(mine, product.look.payment):
            given = product.model.objects.visible_to(scope, searched=True).filter(ASKED_FOR, rows(scope.actor))
            whole += _sum(given.filter(**{f"{product.look.payment}__in": found}))
        return whole
    return whole + _sum(mine)


def _among(some: Any, column: str) -> list[int]:
    """Return the ids that stand in a column of some rows."""
    return list(some.exclude(**{column: None}).values_list(column, flat=True).distinct())


def _sum(some: Any) -> int:
    return int(some.aggregate(judged_amount=Sum("amount"))["judged_amount"] or 0)
