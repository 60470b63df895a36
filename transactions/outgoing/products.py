"""The kinds of transaction by which money leaves, each declared once."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, Q, QuerySet, Value

from accounts.permissions import Permission
from deposits.ledger import LedgerOwner, Source
from flipdash import clock
from flipdash.scope import Scope
from flipdash.words import Words
from transactions.models.base import OutgoingTransfer
from transactions.rails import Payout

Twins = dict[int, list[tuple[int, str]]]
"""Of rows, by their ids, the ids and states of what may be the same money once more; the newest first."""


def _none(scope: Scope, row: Any) -> Sequence[Any]:
    return ()


def _none_of_any(scope: Scope, ids: Sequence[int]) -> Twins:
    return {}


@dataclass(frozen=True)
class Arrives:
    """What arrives of a row that is sent in another currency."""

    received: str
    """With its currency, in words."""
    rate: str
    """In words."""
    until: datetime | None
    """So long that rate holds; None where none was given."""

    @property
    def is_over(self) -> bool:
        """Whether nothing leaves at this rate any more."""
        return self.until is None or self.until <= clock.now()


@dataclass(frozen=True)
class Look:
    """What an approver is told of many rows at once, as conditions on them. A kind leaves out what it doesn't have."""

    twins: Callable[[Scope], QuerySet] | None = None
    """The rows that may be the same money as the row of an outer query, the newest first."""
    sent: Callable[[Scope], QuerySet] | None = None
    """What another kind may have sent of the same money, of the row of an outer query."""
    paid_before: Callable[[Scope], QuerySet] | None = None
    """What has arrived at the account of the row of an outer query."""
    name_differs: Q | None = None
    """Those of which the bank says that the account is somebody else's."""
    is_unnamed: Q | None = None
    """Those of which no bank has said whose account it is."""
    is_to_another: Q | None = None
    """What goes back, but to another account or name than it came from."""
    requoted: Q | None = None
    """Of those that have another rate than the one that they were made at."""
    reads: str = ""
    """The relation that is read along with a row to say what arrives."""
    bank: str = ""
    """The column of its bank."""
    batch: str = ""
    """The column of the file that it came from with others."""
    series: str = ""
    """The column of the series of which it is one day."""
    payment: str = ""
    """The column of the payment of which it gives something back."""

    def at(self, scope: Scope, rows: QuerySet) -> QuerySet:
        """Return rows with `is_new_account`, `differs`, `no_holder`, `goes_elsewhere`, `is_requoted` and `is_twin`."""
        never = Value(False, output_field=BooleanField())
        said = {
            "differs": self.name_differs,
            "no_holder": self.is_unnamed,
            "goes_elsewhere": self.is_to_another,
            "is_requoted": self.requoted,
        }
        return rows.annotate(
            is_new_account=~Exists(self.paid_before(scope)) if self.paid_before else never,
            is_twin=self._is_twin(scope) if self.twins else never,
            **{name: ExpressionWrapper(of, output_field=BooleanField()) if of else never for name, of in said.items()},
        )

    def _is_twin(self, scope: Scope) -> Any:
        same = [Exists(find(scope)) for find in (self.twins, self.sent) if find]
        return ExpressionWrapper(Q(*same, _connector=Q.OR), output_field=BooleanField())


@dataclass(frozen=True)
class Product:
    """What one kind of outgoing transaction has of its own."""

    source: str
    """As its postings name it: History.ledger_source."""
    area: str
    """What stands before the dot of its events."""
    label: Words
    """What people call one of them."""
    label_of_many: Words
    model: type[OutgoingTransfer]
    list_url_name: str
    """Its history."""
    row_url_name: str
    approval_url_name: str
    rejection_url_name: str
    payout: Callable[[str, Any], Payout]
    """What a rail is told of a row, by its key."""
    bank: Callable[[Any], str]
    """Whose queue a row waits in."""
    destination: Callable[[Any], str]
    """What people call where it goes."""
    shown: Callable[[Any], dict[str, Any]]
    """What an approver sees of a row, fit for JSON: what is approved is this and nothing else (trust.md M3)."""
    asked_back: Callable[[str, Any], Payout] | None = None
    """What a rail is told of a row that it is to stop, where `payout` says more than that takes."""
    cancellation_url_name: str = ""
    forced_url_name: str = ""
    create_url_name: str = ""
    """Where one is made, which `?again=` fills in as another was; empty where a kind isn't offered once more."""
    ready: Callable[[Iterable[Any]], None] = field(default=lambda rows: None)
    """Raises OutgoingRefused for rows that wait and can't be let go as they are at this moment."""
    duplicates: Callable[[Scope, Any], Sequence[Any]] = field(default=_none)
    """The rows that may be the same money once more."""
    twins: Callable[[Scope, Sequence[int]], Twins] = field(default=_none_of_any)
    """The same of many rows at once."""
    look: Look = field(default_factory=Look)
    """What else an approver has to know of many rows at once."""
    arrives: Callable[[Any], Arrives] | None = None
    """What arrives of a row, and at which rate, of a kind that is sent in another currency."""
    requested_by: Permission = Permission.CREATE_TRANSACTIONS
    """Who makes one, and cancels what they made."""
    approver_url_name: str = ""
    """What leads approvers to one, where they can't open its page."""
    notice: str = "outcome"
    """As what its maker is told what became of one, and may switch that off (outgoing/mails.py)."""
    waits: str = ""
    """The state in which an approved one waits until the deposit has enough; without it, it isn't approved before."""
    paid: Callable[[Sequence[Any]], None] = field(default=lambda rows: None)
    """What else follows, in the same transaction, when one or some of a business have arrived."""

    @property
    def seen_url_name(self) -> str:
        """What every approver can open of one."""
        return self.approver_url_name or self.row_url_name

    def key_of(self, row: OutgoingTransfer) -> str:
        """Return what a rail knows a row by; the row's number is unique over both modes and all businesses."""
        return f"{self.source}-{row.pk}"

    def source_of(self, row: OutgoingTransfer) -> Source:
        """Return what the ledger knows a row by."""
        return Source(self.source, row.pk)

    def kind(self, act: str) -> str:
        """Return the kind of event of an act."""
        return f"{self.area}.{act}"

    def digest_of(self, scope: Scope, row: Any) -> str:
        """Return what stands for all that an approver sees of a row, its possible duplicates included."""
        same = [(twin.pk, str(twin.status)) for twin in self.duplicates(scope, row)]
        return sha256(self._seen(row, same)).hexdigest()

    def digest_of_many(self, rows: Iterable[Any], twins: Twins) -> str:
        """Return what stands for all that an approver sees of a set of rows, which come in the order of their ids."""
        digest = sha256(self.source.encode())
        for row in rows:
            digest.update(self._seen(row, twins.get(row.pk, [])))
        return digest.hexdigest()

    def _seen(self, row: Any, same: Sequence[tuple[int, str]]) -> bytes:
        seen = {"id": row.pk, "amount": row.amount, "fee": row.fee, "duplicates": same, **self.shown(row)}
        return json.dumps(seen, sort_keys=True, default=str).encode()


products: dict[str, Product] = {}
"""All products, by their source."""


def register(product: Product) -> Product:
    """Make a product known."""
    products[product.source] = product
    return product


def kind_of(row: Any) -> Product | None:
    """Return the product of a row; None for what only the ledger moves."""
    return next((product for product in products.values() if isinstance(row, product.model)), None)


def of(row: OutgoingTransfer) -> Product:
    """Return the product of a row."""
    return next(product for product in products.values() if isinstance(row, product.model))


def owner_of(row: OutgoingTransfer) -> LedgerOwner:
    """Return whose ledger a row moves."""
    return LedgerOwner(row.business, row.mode)
