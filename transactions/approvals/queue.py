"""What waits for an approver, of all kinds that are declared: found by filters, the oldest first, page by page.

What came from a file with others is one line, until its batch is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from flipdash.histories.paging import Cursor
from flipdash.scope import Scope
from flipdash.words import Words
from transactions.models import Status, TransferBatch
from transactions.outgoing.products import Arrives, Product, products

PAGE = 50
"""Lines on a page."""


@dataclass(frozen=True)
class Flag:
    """Something that an approver should look at."""

    name: str
    """In an address."""
    column: str
    """The one of transactions.outgoing.products.Look that says it."""
    words: Words
    tag: Words
    """The same in a word or two."""
    look: str
    """As of a notice: info or warning."""


FLAGS = {
    flag.name: flag
    for flag in (
        Flag("new", "is_new_account", _("Account never paid before"), _("New account"), "info"),
        Flag("rate", "is_requoted", _("Another rate than when it was made"), _("New rate"), "warning"),
        Flag("name", "differs", _("Name differs"), _("Name differs"), "warning"),
        Flag("holder", "no_holder", _("No bank has said whose account it is"), _("Holder unknown"), "warning"),
        Flag("payer", "goes_elsewhere", _("Not the payer’s account or name"), _("Not the payer’s"), "warning"),
        Flag("twice", "is_twin", _("Possible duplicate"), _("Duplicate?"), "warning"),
    )
}


@dataclass(frozen=True)
class Filters:
    """What somebody wants to see of what waits; empty: all of it."""

    kind: str = ""
    """Of the product: its source."""
    maker: str = ""
    """The kind and the id of an actor, as in member-12."""
    bank: str = ""
    batch: int | None = None
    least: int | None = None
    most: int | None = None
    """Amounts in rupiah, these included."""
    flag: str = ""
    """One of FLAGS."""
    until: datetime | None = None
    """What came later is left out: it wasn't there when somebody looked."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left out."""
        return self == Filters(until=self.until)

    def fit(self, product: Product) -> bool:
        """Return whether a product can have rows that they keep."""
        if self.kind and self.kind != product.source:
            return False
        return not (self.bank and not product.look.bank) and not (self.batch and not product.look.batch)


def waiting(scope: Scope, product: Product, filters: Filters) -> QuerySet:
    """Return the rows of a product that wait and that the filters keep, with what an approver is told of each."""
    rows: QuerySet = product.model.objects.visible_to(scope, searched=True).filter(status=Status.PENDING_APPROVAL)
    if not filters.fit(product):
        return rows.none()
    look, kept = product.look, Q()
    if filters.maker:
        kind, _dash, number = filters.maker.partition("-")
        kept &= Q(maker_kind=kind, maker_id=int(number) if number else None)
    if filters.bank:
        kept &= Q(**{look.bank: filters.bank})
    if filters.batch:
        kept &= Q(**{look.batch: filters.batch})
    for name, amount in (("amount__gte", filters.least), ("amount__lte", filters.most)):
        if amount is not None:
            kept &= Q(**{name: amount})
    if filters.until:
        kept &= Q(created_at__lte=filters.until)
    rows = look.at(scope, rows.filter(kept))
    return rows.filter(**{FLAGS[filters.flag].column: True}) if filters.flag else rows


def with_what_arrives(product: Product, rows: QuerySet) -> QuerySet:
    """Return rows with what Product.arrives reads of each."""
    return rows.select_related(product.look.reads) if product.look.reads else rows


@dataclass(frozen=True)
class Line:
    """One line of the list: a transaction, or what waits of a batch. Amounts are rupiah."""

    token: str
    """What is sent when its box is ticked."""
    product: Product
    pk: int
    created_at: datetime
    title: str
    where: str
    amount: int
    fee: int
    maker: str
    url: str
    """Where it opens."""
    count: int = 0
    """Of a batch: how many of its rows wait."""
    send_at: datetime | None = None
    arrives: Arrives | None = None
    """Of what is sent in another currency."""
    flags: tuple[Flag, ...] = ()
    """Those that are so."""


def lines(scope: Scope, filters: Filters, after: Cursor | None) -> list[Line]:
    """Return the lines of a page after a place, and one more if there is another page."""
    found: list[Line] = []
    for product in products.values():
        if filters.fit(product):
            found += _singles(scope, product, filters, after)
            if product.look.batch and not filters.batch:
                found += _batches(scope, product, filters, after)
    return sorted(found, key=lambda line: (line.created_at, line.pk))[: PAGE + 1]


def _after(cursor: Cursor | None, at: str = "created_at", pk: str = "pk") -> Q:
    if cursor is None:
        return Q()
    return Q(**{f"{at}__gt": cursor.at}) | Q(**{at: cursor.at, f"{pk}__gt": cursor.pk})


def _singles(scope: Scope, product: Product, filters: Filters, after: Cursor | None) -> Iterator[Line]:
    rows = waiting(scope, product, filters).filter(_after(after))
    if product.look.batch and not filters.batch:
        rows = rows.filter(**{product.look.batch: None})
    for row in with_what_arrives(product, rows).order_by("created_at", "pk")[: PAGE + 1]:
        yield Line(
            token=f"{product.source}-{row.pk}",
            product=product,
            pk=row.pk,
            created_at=row.created_at,
            title=row.beneficiary_name,
            where=f"{product.destination(row)} {getattr(row, 'account_number', '')}".strip(),
            amount=row.amount,
            fee=row.fee,
            maker=row.maker_name,
            url=reverse(product.approval_url_name, args=[row.pk]),
            send_at=row.send_at,
            arrives=product.arrives(row) if product.arrives else None,
            flags=tuple(flag for flag in FLAGS.values() if getattr(row, flag.column)),
        )


def _batches(scope: Scope, product: Product, filters: Filters, after: Cursor | None) -> Iterator[Line]:
    """The batches of a product of which something waits, and what of each."""
    rows = waiting(scope, product, filters)
    batches = TransferBatch.objects.visible_to(scope).filter(_after(after))
    some = batches.filter(Exists(rows.filter(**{product.look.batch: OuterRef("pk")})))
    page = list(some.order_by("created_at", "pk")[: PAGE + 1])
    sums = rows.filter(**{f"{product.look.batch}__in": page}).order_by().values(of=F(f"{product.look.batch}_id"))
    each = {one["of"]: one for one in sums.annotate(n=Count("pk"), amounts=Sum("amount"), fees=Sum("fee"))}
    for batch in page:
        came = each.get(batch.pk)
        if came is None:
            continue  # decided on in this moment
        yield Line(
            token=f"batch-{batch.pk}",
            product=product,
            pk=batch.pk,
            created_at=batch.created_at,
            title=batch.name,
            where="",
            amount=came["amounts"],
            fee=came["fees"],
            maker=batch.maker_name,
            url=f"{reverse('transactions:approvals')}?batch={batch.pk}",
            count=came["n"],
        )


# --- What is approved, and waits for the deposit -----------------------------------------------------------------


@dataclass(frozen=True)
class Uncovered:
    """One that is approved, and waits until the deposit has enough. Amounts are rupiah."""

    title: str
    where: str
    total: int
    approver: str
    created_at: datetime
    rejection_url: str
    url: str
    """Its page; empty for who can't open it."""


def uncovered(scope: Scope) -> tuple[list[Uncovered], int]:
    """Return what is approved and waits for the deposit, the oldest first, and how many wait besides."""
    found: list[Uncovered] = []
    more = 0
    for product in (one for one in products.values() if one.waits):
        rows: QuerySet = product.model.objects.visible_to(scope, searched=True).filter(status=product.waits)
        page: list[Any] = list(rows.order_by("created_at", "pk")[: PAGE + 1])
        more += rows.count() - PAGE if len(page) > PAGE else 0
        opens = scope.can(product.requested_by)
        found += [
            Uncovered(
                title=row.beneficiary_name,
                where=f"{product.destination(row)} {row.account_number}",
                total=row.amount + row.fee,
                approver=row.approver_name,
                created_at=row.created_at,
                rejection_url=reverse(product.rejection_url_name, args=[row.pk]),
                url=reverse(product.row_url_name, args=[row.pk]) if opens else "",
            )
            for row in page[:PAGE]
        ]
    return found, more


# --- What is offered to filter by --------------------------------------------------------------------------------


def offered(scope: Scope, name: str) -> list[tuple[str, str]]:
    """Return the makers, banks or batches of what waits now, as values and words."""
    found: dict[str, str] = {}
    for product in products.values():
        rows = waiting(scope, product, Filters()).order_by()
        if name == "maker":
            for kind, number, words in rows.values_list("maker_kind", "maker_id", "maker_name").distinct():
                found.setdefault(f"{kind}-{number or ''}", words)
        elif name == "bank" and product.look.bank:
            for code in rows.values_list(product.look.bank, flat=True).distinct():
                found.setdefault(code, code)
        elif name == "batch" and product.look.batch:
            names = rows.exclude(**{product.look.batch: None}).values_list(
                product.look.batch, f"{product.look.batch}__name"
            )
            found |= {str(pk): words for pk, words in names.distinct()}
    return sorted(found.items(), key=lambda one: one[1].casefold())


# --- What is chosen ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Selection:
    """What somebody ticked, or all that their filters show."""

    filters: Filters
    tokens: frozenset[str] = frozenset()
    """Of the lines that were ticked; without any: all."""
    is_all: bool = False

    def rows(self, scope: Scope, product: Product) -> QuerySet:
        """Return the chosen rows of a product that wait."""
        if self.is_all:
            return waiting(scope, product, self.filters)
        pks, batches = self._ticked(product.source), self._ticked("batch") if product.look.batch else []
        kept = Q(pk__in=pks)
        if batches:
            kept |= Q(**{f"{product.look.batch}__in": batches})
        rows = waiting(scope, product, self.filters)
        return rows.filter(kept) if pks or batches else rows.none()

    def until(self, moment: datetime) -> "Selection":
        """Return the same without what comes after a moment."""
        return replace(self, filters=replace(self.filters, until=moment))

    def _ticked(self, kind: str) -> list[int]:
        found = (token.rpartition("-") for token in self.tokens)
        return [int(number) for source, _dash, number in found if source == kind and is_number(number)]


def is_number(text: str) -> bool:
    """Return whether a text of an address is the number of a row."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63
