"""Entries of the ledger, as the page of what made them shows them."""

from dataclasses import dataclass
from datetime import datetime

from deposits.models import AccountKind, Entry, PostingKind
from deposits.models.ledger import WITH_FLOOR, account_in_words
from flipdash.scope import Scope


@dataclass(frozen=True)
class Moved:
    """One entry on an account of a business; amounts in rupiah."""

    pk: int
    created_at: datetime
    amount: int
    balance_after: int
    kind: str
    """Of its posting."""
    account_kind: str
    detail: str

    @property
    def what(self) -> str:
        """What moved it, in words."""
        return str(PostingKind(self.kind).label)

    @property
    def account(self) -> str:
        """On which account it stands, in words."""
        return account_in_words(AccountKind(self.account_kind), self.detail)


def moved_by(scope: Scope, source_type: str, source_id: int) -> list[Moved]:
    """Return the entries that something has made on the business's own accounts, in the order of their posting.

    Clearing accounts and fees are the operator's side of the same postings: below zero by all that was ever paid in,
    they would only alarm whoever reads "Balance after".
    """
    entries = Entry.objects.visible_to(scope).filter(
        posting__source_type=source_type, posting__source_id=source_id, account__kind__in=WITH_FLOOR
    )
    fields = ("pk", "created_at", "amount", "balance_after", "posting__kind", "account__kind", "account__detail")
    found = entries.order_by("created_at", "posting_id", "id").values_list(*fields)
    return [Moved(*values) for values in found]
