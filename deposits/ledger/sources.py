"""What moves money: the kinds of row that postings are about, and where each opens.

A posting says its source as a word and an id; the apps that own those rows make the words known in `ready()`, so that
an entry leads to what moved it without the ledger knowing the apps above it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from flipdash import money
from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class Kind:
    """One kind of source: what people call it, and the page of one of them."""

    label: Words
    url_name: str = ""
    model: Any = None
    """What has an `amount` and a `fee`, in rupiah."""
    says: tuple[str, ...] = ()
    """Of its columns, those that tell people which one it is: all who may read a statement of the deposit read them."""
    permission: str = ""
    """Who may open the page of one; empty where all who see the deposit may."""


_kinds: dict[str, Kind] = {}


def register(
    source_type: str,
    label: Words,
    url_name: str = "",
    model: Any = None,
    says: tuple[str, ...] = (),
    permission: str = "",
) -> None:
    """Make a kind of source known."""
    _kinds[source_type] = Kind(label, url_name, model, says, permission)


def label_of(source_type: str) -> str:
    """Return what people call a kind of source; its own word, if nobody made it known."""
    kind = _kinds.get(source_type)
    return str(kind.label) if kind else source_type


def url_of(scope: Scope, source_type: str, source_id: int) -> str:
    """Return the page of a source, or "" where it has none, or none that the scope may open."""
    kind = _kinds.get(source_type)
    if kind is None or not kind.url_name or (kind.permission and not scope.can(kind.permission)):
        return ""
    return reverse(kind.url_name, args=[source_id])


def parts_of(scope: Scope, source_type: str, source_id: int, moved: int) -> str:
    """Write of which amount and fee of its source a sum is made: Rp2,900,000 + fee Rp2,500; "" for what has none."""
    kind = _kinds.get(source_type)
    if kind is None or kind.model is None:
        return ""
    rows = kind.model.objects.visible_to(scope, searched=True)
    amount, fee = rows.filter(pk=source_id).values_list("amount", "fee").first() or (0, 0)
    words = {"amount": money.rupiah(amount), "fee": money.rupiah(fee)}
    if fee and abs(moved) == amount + fee:
        return _("%(amount)s + fee %(fee)s") % words
    if fee and abs(moved) == amount - fee:
        return _("%(amount)s − fee %(fee)s") % words
    return ""


def descriptions(scope: Scope, moved: Sequence[tuple[str, int, int]], using: str) -> list[str]:
    """Say what sums were for, each by kind, id and amount of its source: Money Transfer · Sri Wahyuni · fee Rp2,500."""
    rows = _rows_of(scope, moved, using)
    return [_described(kind, rows.get((kind, pk)), amount) for kind, pk, amount in moved]


def _rows_of(scope: Scope, moved: Sequence[tuple[str, int, int]], using: str) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Return amount, fee and words of the sources that have them: one query for each kind."""
    wanted = defaultdict(set)
    for source_type, pk, _amount in moved:
        wanted[source_type].add(pk)
    found = {}
    for source_type, pks in wanted.items():
        kind = _kinds.get(source_type)
        if kind and kind.model:
            rows = kind.model.objects.using(using).visible_to(scope, searched=True).filter(pk__in=pks)
            for pk, *said in rows.values_list("pk", "amount", "fee", *kind.says):
                found[source_type, pk] = tuple(said)
    return found


def _described(source_type: str, row: tuple[Any, ...] | None, moved: int) -> str:
    label = label_of(source_type)
    if row is None:
        return label
    amount, fee, *said = row
    if fee and abs(moved) == amount + fee:
        said.append(_("fee %s included") % money.rupiah(fee))
    elif fee and abs(moved) == amount - fee:
        said.append(_("fee %s taken off") % money.rupiah(fee))
    return " · ".join([label, *(str(words) for words in said if words)])
