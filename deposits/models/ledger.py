"""The ledger's tables, to be read. Only the database's function `ledger_post` writes them (docs/ledger.md)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from deposits import banks
from flipdash.actors import actor_fields, actor_known
from flipdash.mode import Mode
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known

RUPIAH = "IDR"
IN_CURRENCY = ("mode", "currency")
LARGEST_AMOUNT = 10**15
LARGEST_BALANCE = 10**18


class AccountKind(models.TextChoices):
    """Where money can be. A positive balance is owed to the account's owner, a negative one is kept elsewhere."""

    AVAILABLE = "available", _("Available")
    HELD = "held", _("Held")
    CLEARING = "clearing", _("On its way")  # one for each bank or rail, which `detail` names
    REFUNDS_PAYABLE = "refunds_payable", _("Refunds to be paid")
    FEES = "fees", _("Fees")
    BANK = "bank", _("Bank account")  # the operator's, one for each bank
    UNMATCHED = "unmatched", _("Received from unknown")  # the operator's, one for each bank


WITH_FLOOR = (AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.REFUNDS_PAYABLE)
"""What never goes below zero."""
OPERATORS = (AccountKind.BANK, AccountKind.UNMATCHED)
"""What only the operator has. Fees both have: a business's are moved to the operator's in bulk."""
WITH_DETAIL = (AccountKind.CLEARING, AccountKind.BANK, AccountKind.UNMATCHED)


class PostingKind(models.TextChoices):
    """What happened. With its source it makes a posting unique."""

    TOP_UP = "top_up", _("Top-up")
    OPENING = "opening", _("Starting balance")
    HOLD = "hold", _("Held for a transaction")
    CAPTURE = "capture", _("Paid")
    RELEASE = "release", _("Released")
    RETURN = "return", _("Returned by the bank")
    SETTLEMENT = "settlement", _("Payment settled")
    REFUND = "refund", _("Refund")
    WITHDRAWAL = "withdrawal", _("Withdrawal")
    SWEEP = "sweep", _("Moved to the operator")
    ADJUSTMENT = "adjustment", _("Adjustment")
    CORRECTION = "correction", _("Corrected as the bank says")
    REVERSAL = "reversal", _("Reversal")


class LedgerModel(models.Model):
    """A row of a business in a mode, or of the operator, which has no business."""

    business = models.ForeignKey(
        "accounts.Business", on_delete=models.PROTECT, related_name="+", db_index=False, null=True
    )
    mode = models.CharField(max_length=4, choices=Mode.choices)
    currency = models.CharField(max_length=3, default=RUPIAH)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


class Account(LedgerModel):
    """Where some of a business's money is; its balance is the sum of its entries."""

    kind = models.CharField(max_length=16, choices=AccountKind.choices)
    detail = models.CharField(max_length=40, blank=True, db_default="")
    floor = models.BigIntegerField(null=True)
    balance = models.BigIntegerField(db_default=0)
    seq = models.BigIntegerField(db_default=0)
    head = models.BinaryField(db_default=b"")

    class Meta:
        constraints = [
            mode_known("account"),
            models.UniqueConstraint(
                fields=["business", "mode", "currency", "kind", "detail"], name="account_once", nulls_distinct=False
            ),
            models.UniqueConstraint(fields=["id", "mode", "currency"], name="account_in_currency"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="account_tenant"),
            models.CheckConstraint(condition=Q(floor=None) | Q(balance__gte=F("floor")), name="account_above_floor"),
            models.CheckConstraint(
                condition=Q(balance__range=(-LARGEST_BALANCE, LARGEST_BALANCE)), name="account_balance_range"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=WITH_FLOOR, floor=0, floor__isnull=False)  # NULL = 0 would pass a check
                | Q(kind__in=[kind for kind in AccountKind if kind not in WITH_FLOOR], floor=None),
                name="account_floor_of_kind",
            ),
            models.CheckConstraint(
                condition=(Q(kind__in=WITH_DETAIL) & ~Q(detail=""))
                | (Q(kind__in=[kind for kind in AccountKind if kind not in WITH_DETAIL], detail="")),
                name="account_detail_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.FEES)
                | Q(kind__in=OPERATORS, business=None)
                | (Q(business__isnull=False) & ~Q(kind__in=OPERATORS)),
                name="account_owner_of_kind",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency_known"),
        ]

    def __str__(self) -> str:
        return account_in_words(AccountKind(self.kind), self.detail)


def account_in_words(kind: AccountKind, detail: str) -> str:
    """Return what an account is called: its kind, and the bank or whatever else it is kept for."""
    return " · ".join(filter(None, (str(kind.label), banks.NAMES.get(detail, detail))))


class Posting(LedgerModel):
    """One thing that moved money: its entries sum to zero. `source_type` and `source_id` say what it was."""

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=16, choices=PostingKind.choices)
    source_type = models.CharField(max_length=32)
    source_id = models.BigIntegerField()
    lines_sha256 = models.BinaryField()
    closes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    by_kind, by_id, by_name = actor_fields()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            mode_known("posting"),
            actor_known("posting", "by"),
            models.UniqueConstraint(
                fields=["business", "mode", "source_type", "source_id", "kind"],
                name="posting_once",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(fields=["id", "mode", "currency"], name="posting_in_currency"),
            TenantForeignKey(field="closes", to="deposits.Posting", name="posting_closes", by=IN_CURRENCY),
            TenantForeignKey(field="reverses", to="deposits.Posting", name="posting_reverses", by=IN_CURRENCY),
            models.UniqueConstraint(fields=["closes"], name="posting_closes_once", condition=Q(closes__isnull=False)),
            models.UniqueConstraint(
                fields=["reverses"], name="posting_reverses_once", condition=Q(reverses__isnull=False)
            ),
            models.CheckConstraint(condition=Q(kind__in=PostingKind.values), name="posting_kind_known"),
            models.CheckConstraint(
                condition=Q(kind__in=[PostingKind.CAPTURE, PostingKind.RELEASE], closes__isnull=False)
                | (~Q(kind__in=[PostingKind.CAPTURE, PostingKind.RELEASE]) & Q(closes=None)),
                name="posting_closes_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind=PostingKind.REVERSAL, reverses__isnull=False)
                | (~Q(kind=PostingKind.REVERSAL) & Q(reverses=None)),
                name="posting_reverses_of_kind",
            ),
            models.CheckConstraint(condition=Q(source_type__regex=r"^[a-z][a-z_]*$"), name="posting_source_named"),
        ]
        indexes = [models.Index(F("business"), F("mode"), F("source_id"), name="posting_source")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Entry(LedgerModel):
    """What a posting moved on one account, in whole rupiah: positive in, negative out."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    seq = models.BigIntegerField()
    amount = models.BigIntegerField(_("Amount"))
    balance_after = models.BigIntegerField(_("Balance after"))
    hash = models.BinaryField()
    created_at = models.DateTimeField(_("Date"))

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            mode_known("entry"),
            # They carry mode and currency, so that no entry crosses them. Where the operator has an entry, business is
            # NULL, and the tenant's key doesn't ask: deposits_check_entry does.
            TenantForeignKey(field="account", to="deposits.Account", name="entry_account", by=IN_CURRENCY),
            TenantForeignKey(field="posting", to="deposits.Posting", name="entry_posting", by=IN_CURRENCY),
            TenantForeignKey(field="account", to="deposits.Account", name="entry_account_tenant"),
            models.UniqueConstraint(fields=["account", "seq"], name="entry_in_order"),
            models.CheckConstraint(
                condition=Q(amount__range=(-LARGEST_AMOUNT, LARGEST_AMOUNT)) & ~Q(amount=0), name="entry_amount_range"
            ),
        ]
        indexes = [
            models.Index(F("account"), F("created_at").desc(), F("id").desc(), name="entry_newest"),
            models.Index(F("account"), F("amount"), F("created_at").desc(), F("id").desc(), name="entry_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+,} → {self.balance_after:,}"


class Turnover(TenantModel):
    """What one kind of movement came to on an account within an hour: so a month is read in a few thousand rows.

    `ledger_post` keeps it, for what a business has available and held. Hours, for a day begins when the business's zone
    says so, and every zone that we offer is whole hours from UTC.
    """

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="turnover", db_constraint=False, db_index=False
    )
    hour = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=PostingKind.choices)
    entries = models.BigIntegerField()
    came_in = models.BigIntegerField()
    """Whole rupiah, and so is `went_out`: both are positive."""
    went_out = models.BigIntegerField()

    class Meta:
        constraints = [
            mode_known("turnover"),
            TenantForeignKey(field="account", to="deposits.Account", name="turnover_account_tenant"),
            models.UniqueConstraint(fields=["account", "hour", "kind"], name="turnover_once"),
            models.CheckConstraint(
                condition=Q(entries__gt=0, came_in__gte=0, went_out__gte=0), name="turnover_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} +{self.came_in:,} −{self.went_out:,}"
