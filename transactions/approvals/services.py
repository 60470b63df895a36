"""What an approver decides of many at once: exactly what they saw, all of it or nothing (trust.md M2-M4)."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Business
from deposits import ledger
from flipdash import money
from flipdash.scope import Scope
from flipdash.words import Words
from transactions.approvals.queue import FLAGS, Selection, with_what_arrives
from transactions.models import BulkApproval, BulkRejection, TransferSeries
from transactions.outgoing import acts, many, own, rejecting
from transactions.outgoing.products import Arrives, Product, products
from transactions.outgoing.refusals import Changed, NotWaiting, OutgoingRefused

MOST = many.MOST
"""How many are rejected at once."""
SAID_FOR = timedelta(hours=4)
"""How long the page says that something couldn't be approved."""
SAME_CLICK = timedelta(minutes=10)
"""How long a second click, Back or a reload is answered as the first was."""
EXAMPLES = 5
"""How many of each kind of warning are named."""
MOST_ABROAD = 50
"""So many are named with what arrives of each; quotes hold for too short a time for more."""


class TooMany(OutgoingRefused):
    """More than can be rejected at once."""

    def __init__(self, count: int) -> None:
        words = _("These are %(count)s. At most %(most)s are rejected at once: narrow them by a filter.")
        super().__init__(words % {"count": money.number(count), "most": money.number(MOST)})


@dataclass(frozen=True)
class Example:
    """One of those that a warning is about."""

    url: str
    name: str
    amount: int


@dataclass(frozen=True)
class Abroad:
    """One of those that arrive in another currency."""

    url: str
    name: str
    arrives: Arrives


@dataclass(frozen=True)
class Warned:
    """What has to be known of some of the chosen."""

    words: Words
    look: str
    count: int
    examples: list[Example]

    @property
    def more(self) -> int:
        """How many it is about besides those that are named."""
        return self.count - len(self.examples)


@dataclass
class Chosen:
    """What a selection comes to. Amounts are rupiah."""

    available: int
    count: int = 0
    amount: int = 0
    fee: int = 0
    may_wait: int = 0
    """What of it may wait for the deposit, fees included."""
    own: int = 0
    """How many were left out, for who chose them made them."""
    flags: dict[str, int] = field(default_factory=dict)
    """How many of the chosen are new accounts, have another name, may be paid twice."""
    examples: dict[str, list[Example]] = field(default_factory=dict)
    abroad: list[Abroad] = field(default_factory=list)
    """What arrives, and at which rate, of each that is sent in another currency; of the first MOST_ABROAD."""
    abroad_more: int = 0
    """How many of those there are besides."""
    seen: str = ""
    """The digest of all that."""

    @property
    def total(self) -> int:
        """What the deposit pays."""
        return self.amount + self.fee

    @property
    def left(self) -> int:
        """What is available after."""
        return self.available - self.total

    @property
    def missing(self) -> int:
        """What the deposit is short of for what can't wait for it: nothing is approved then."""
        return max(0, self.total - self.may_wait - self.available)

    @property
    def wanting(self) -> int:
        """What the deposit is short of for all of them."""
        return max(0, -self.left)

    @property
    def warnings(self) -> list[Warned]:
        """What has to be known before all of them are approved."""
        return [
            Warned(flag.words, flag.look, count, self.examples[name][:EXAMPLES])
            for name, flag in FLAGS.items()
            if (count := self.flags[name])
        ]


def series_waiting(scope: Scope) -> int:
    """Return how many repeating transfers wait to be approved as a whole, where the business lets that be."""
    lets = Business.objects.filter(pk=OuterRef("business_id"), series_approved_once=True)
    return TransferSeries.objects.visible_to(scope).unapproved().filter(Exists(lets)).count()


def look(scope: Scope, selection: Selection) -> Chosen:
    """Say what a selection comes to, and what has to be known of it."""
    chosen = Chosen(available=ledger.balance(scope).available, flags=dict.fromkeys(FLAGS, 0))
    digests: dict[str, str] = {}
    for product, rows, left_out in _approvable(scope, selection):
        chosen.own += left_out
        some = many.Selection.of(product, rows)
        if not some.ids:
            continue
        seen = many.look_at(scope, some)
        chosen.count += seen.count
        chosen.amount += seen.amount
        chosen.fee += seen.fee
        chosen.may_wait += seen.total if product.waits else 0
        digests[product.source] = seen.digest
        _warn(chosen, product, rows)
        _say_what_arrives(chosen, product, rows, seen.count)
    chosen.seen = " ".join(f"{source}={digest}" for source, digest in sorted(digests.items()))
    return chosen


def _warn(chosen: Chosen, product: Product, rows: QuerySet) -> None:
    asked = {name: Count("pk", filter=Q(**{flag.column: True})) for name, flag in FLAGS.items()}
    counted = rows.order_by().aggregate(**asked)
    for name, flag in FLAGS.items():
        chosen.flags[name] += counted[name]
        if counted[name]:
            some = rows.filter(**{flag.column: True}).order_by("created_at", "pk")[:EXAMPLES]
            chosen.examples.setdefault(name, []).extend(_example(product, row) for row in some)


def _say_what_arrives(chosen: Chosen, product: Product, rows: QuerySet, count: int) -> None:
    if product.arrives is None:
        return
    for row in with_what_arrives(product, rows).order_by("created_at", "pk")[:MOST_ABROAD]:
        url = reverse(product.approval_url_name, args=[row.pk])
        chosen.abroad.append(Abroad(url, row.beneficiary_name, product.arrives(row)))
    chosen.abroad_more += max(0, count - MOST_ABROAD)


def count(scope: Scope, selection: Selection) -> tuple[int, int]:
    """Return how many were chosen, and what the deposit would pay for them in rupiah, whoever made them."""
    asked = {"n": Count("pk"), "amounts": Sum("amount"), "fees": Sum("fee")}
    sums = [rows.order_by().aggregate(**asked) for _product, rows in _all(scope, selection)]
    return sum(one["n"] for one in sums), sum((one["amounts"] or 0) + (one["fees"] or 0) for one in sums)


def approve(scope: Scope, selection: Selection, *, seen: str, sure: bool = False) -> list[BulkApproval]:
    """Approve all that was chosen, if it is still what was seen; else nothing of it.

    Returns the approval of each kind: done, or a worker's from now on. What may wait for the deposit comes last: it has
    what the others leave, and waits for the rest. `seen` is Chosen.seen; `sure` says that the approver knows of the
    possible duplicates. A second click gets what the first one did. Raises Changed, MayBeTwice, ShortOfMoney,
    NothingSends, NotAllowed.
    """
    digests = dict(part.partition("=")[::2] for part in seen.split())
    try:
        return _approve(scope, selection, digests, sure=sure)
    except Changed:
        if before := _approved_before(scope, digests):
            return before
        raise


def _approved_before(scope: Scope, digests: dict[str, str]) -> list[BulkApproval]:
    """Return what an earlier click of the same approver did with all that was seen; [] where it isn't all of it."""
    lately = {"member_id": scope.member.pk, "created_at__gte": Now() - SAME_CLICK, "seen__in": list(digests.values())}
    mine = BulkApproval.objects.visible_to(scope).filter(**lately).exclude(status=BulkApproval.Status.FAILED)
    done = {one.source: one for one in mine.order_by("pk") if digests.get(one.source) == one.seen}
    return list(done.values()) if done.keys() == digests.keys() else []


def _approve(scope: Scope, selection: Selection, digests: dict[str, str], *, sure: bool) -> list[BulkApproval]:
    with transaction.atomic():
        chosen = [
            some
            for product, rows, _own in _approvable(scope, selection)
            if (some := many.Selection.of(product, rows)).ids
        ]
        if not chosen or {some.product.source for some in chosen} != set(digests):
            raise Changed
        chosen.sort(key=lambda one: (bool(one.product.waits), one.product.source))
        if len(chosen) > 1:
            many.take_in_order(scope, chosen)
        done: list[BulkApproval] = []
        for some in chosen:
            done.append(many.approve_many(scope, some, seen=digests[some.product.source], sure=sure))
    return done


def waiting_of(scope: Scope, approvals: Iterable[BulkApproval]) -> int:
    """Return how many of what was just approved wait for the deposit."""
    waiting = 0
    for approval in approvals:
        product = products[approval.source]
        if product.waits:
            rows = product.model.objects.visible_to(scope, searched=True).filter(pk__in=approval.rows)
            waiting += rows.filter(status=product.waits).count()
    return waiting


@dataclass(frozen=True)
class Rejected:
    """What came of rejecting a selection: how many are rejected, and how many a worker has from now on."""

    done: int = 0
    later: int = 0


def seen_of(scope: Scope, selection: Selection) -> str:
    """Return what stands for the very rows that a selection has now."""
    return _digest(_chosen(scope, selection))


def _chosen(scope: Scope, selection: Selection) -> list[tuple[Product, list[int]]]:
    """The ids of what was chosen, in order; one more than may be, if there are too many."""
    return [
        (product, list(rows.order_by("pk").values_list("pk", flat=True)[: MOST + 1]))
        for product, rows in _all(scope, selection)
    ]


def _digest(chosen: list[tuple[Product, list[int]]]) -> str:
    return sha256(repr([(product.source, pks) for product, pks in chosen]).encode()).hexdigest()


def reject(
    scope: Scope, selection: Selection, *, reason: str = "", note: str = "", seen: str | None = None
) -> Rejected:
    """Reject all that was chosen and still waits, for one reason; of one kind more than many.AT_ONCE by a worker.

    `seen` is `seen_of` what somebody looked at. Raises Changed unless it is that, TooMany, NotAllowed.
    """
    chosen = _chosen(scope, selection)
    if (n := sum(len(pks) for _product, pks in chosen)) > MOST:
        raise TooMany(n)
    if n and seen is not None and seen != _digest(chosen):
        raise Changed
    done = later = 0
    for product, pks in chosen:
        if len(pks) == 1:
            with suppress(NotWaiting):  # somebody else was faster
                acts.reject(scope, product, pks[0], reason=reason, note=note)
                done += 1
        elif len(pks) > many.AT_ONCE:
            later += rejecting.reject_later(scope, product, pks, reason=reason, note=note).count
        else:
            done += rejecting.reject_many(scope, product, pks, reason=reason, note=note)
    return Rejected(done, later)


def _all(scope: Scope, selection: Selection) -> Iterator[tuple[Product, QuerySet]]:
    for product in products.values():
        if selection.filters.fit(product):
            yield product, selection.rows(scope, product)


def _approvable(scope: Scope, selection: Selection) -> Iterator[tuple[Product, QuerySet, int]]:
    """What the actor may approve of a selection, by product, and how many were left out for they made them.

    Their own count together under the second-person rule, and with what came by the same file, so that a sum can't be
    cut into small parts (trust.md M2).
    """
    rule = Business.objects.get(pk=scope.business.pk).second_person_rule()
    mine = own.rows(scope.actor)
    for product, rows in _all(scope, selection):
        made = rows.filter(mine).order_by().count()
        if made and rule.holds_for(own.judged_of_many(scope, product, rows)):
            yield product, rows.exclude(mine), made
        else:
            yield product, rows, 0


def _example(product: Product, row: Any) -> Example:
    return Example(reverse(product.seen_url_name, args=[row.pk]), row.beneficiary_name, row.amount)


def under_way(scope: Scope) -> list[BulkApproval]:
    """Return the actor's approvals of many that a worker has still to do, or couldn't do in the last hours."""
    return _under_way(scope, BulkApproval)


def rejections_under_way(scope: Scope) -> list[BulkRejection]:
    """Return the actor's rejections of many that a worker has still to do, or couldn't do in the last hours."""
    return _under_way(scope, BulkRejection)


def _under_way(scope: Scope, model: Any) -> list[Any]:
    mine = model.objects.visible_to(scope).filter(member_id=scope.member.pk)
    failed = Q(status=model.Status.FAILED, finished_at__gte=Now() - SAID_FOR)
    return list(mine.filter(failed | Q(status__in=model.Status.open())).order_by("-pk")[:EXAMPLES])
