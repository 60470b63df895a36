"""Money transfers inside the country."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Right
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.scope import TenantForeignKey, TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.timeline import NO_LINE
from transactions.destinations import Kind
from transactions.models.base import OutgoingEventKind, OutgoingTransfer, TransactionEvent

WORDS = SearchIndex(
    texts=("beneficiary_name", "remark"),
    facets=("status", "destination_kind", "bank", "via", "reason"),
    codes=("external_id",),
    amounts=("amount",),
    numbers=("account_number",),
    when="created_at",
)


MOST_EMAILS = 20
LONGEST_EMAILS = MOST_EMAILS * 255
"""Characters of so many addresses and the commas between them."""


class TransferBatch(TenantModel):
    """Transfers that were created together from one file."""

    name = models.CharField(max_length=100)
    maker_kind, maker_id, maker_name = actor_fields()
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="transferbatch_tenant"),
            mode_known("transferbatch"),
            actor_known("transferbatch", "maker"),
        ]
        indexes = [models.Index(F("business"), F("mode"), F("created_at").desc(), name="transferbatch_newest")]

    def __str__(self) -> str:
        return self.name


class MoneyTransfer(OutgoingTransfer):
    """A transfer inside the country."""

    destination_kind = models.CharField(max_length=8, choices=Kind.choices)
    bank = models.CharField(_("Bank"), max_length=32)
    account_number = models.CharField(_("Account Number"), max_length=32)
    beneficiary_name = models.CharField(_("Beneficiary Name"), max_length=100)
    holder_name = models.CharField(_("Account holder"), max_length=100, blank=True, default="", db_default="")
    """Whose account it is, as the bank said before it was sent; empty where nobody asked or nobody answered."""
    name_reason = models.CharField(_("Why the name differs"), max_length=200, blank=True, default="", db_default="")
    beneficiary_email = models.CharField(
        _("Beneficiary Email"), max_length=LONGEST_EMAILS, blank=True, default="", db_default=""
    )
    """Who is told when it has arrived: one address, or several of a program, with commas in between."""
    remark = models.CharField(_("Remark"), max_length=100, blank=True)
    idempotency_key = models.CharField(_("Idempotency Key"), max_length=255, blank=True, default="", db_default="")
    """By which the program that created it knows it again; empty for what people create."""
    batch = models.ForeignKey(
        TransferBatch,
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="transfers",
    )
    series = models.ForeignKey(
        "transactions.TransferSeries",
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="transfers",
    )
    """What it is one day of; with its day it is made once, whatever a worker does."""
    series_day = models.DateField(null=True)

    words = WORDS
    timeline = OutgoingTransfer.lines_of("transfer") | {
        "transfer.due": str(OutgoingEventKind.DUE),
        "transfer.unmailed": NO_LINE,
        "transfer.recalled": str(OutgoingEventKind.RECALLED),
    }

    class Meta(OutgoingTransfer.Meta):
        constraints = [
            *OutgoingTransfer.Meta.constraints,
            TenantForeignKey(field="batch", to="transactions.TransferBatch", name="moneytransfer_batch_tenant"),
            models.UniqueConstraint(
                fields=["business", "mode", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="moneytransfer_key_once",
            ),
            models.CheckConstraint(condition=Q(destination_kind__in=Kind.values), name="moneytransfer_kind_known"),
            TenantForeignKey(field="series", to="transactions.TransferSeries", name="moneytransfer_series_tenant"),
            models.UniqueConstraint(
                fields=["series", "series_day"],
                condition=Q(series__isnull=False),
                name="moneytransfer_once_a_day_of_series",
            ),
            models.CheckConstraint(
                condition=Q(series=None, series_day=None) | Q(series__isnull=False, series_day__isnull=False),
                name="moneytransfer_series_has_day",
            ),
        ]
        indexes = [
            *OutgoingTransfer.Meta.indexes,
            models.Index(F("business"), F("mode"), F("completed_at").desc(), name="moneytransfer_completed"),
            models.Index(
                F("business"),
                F("mode"),
                F("amount"),
                F("created_at").desc(),
                F("id").desc(),
                name="moneytransfer_amount",
            ),
            models.Index(
                F("business"),
                F("mode"),
                OpClass(F("account_number"), "text_pattern_ops"),
                F("created_at").desc(),
                F("id").desc(),
                name="moneytransfer_account",
            ),
            models.Index(
                F("business"),
                F("mode"),
                Right("account_number", 4),
                F("created_at").desc(),
                F("id").desc(),
                name="moneytransfer_account_end",
            ),
            models.Index(
                F("business"),
                F("mode"),
                F("internal_reference"),
                F("created_at").desc(),
                name="moneytransfer_reference",
                condition=~Q(internal_reference=""),
            ),
            *(
                models.Index(
                    F("business"),
                    F("mode"),
                    F(f"{who}_id"),
                    F("created_at").desc(),
                    F("id").desc(),
                    name=f"moneytransfer_{who}",
                    condition=Q(**{f"{who}_kind": "member"}),
                )
                for who in ("maker", "approver")
            ),
            models.Index(F("batch"), name="moneytransfer_batch", condition=Q(batch__isnull=False)),
            WORDS.index("moneytransfer_words"),
        ]


class TransferEvent(TransactionEvent):
    """One line of a money transfer's timeline."""

    Kind = OutgoingEventKind

    transfer = models.ForeignKey(
        MoneyTransfer, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=OutgoingEventKind.choices)

    class Meta(TransactionEvent.Meta):
        constraints = [
            *TransactionEvent.Meta.constraints,
            TenantForeignKey(field="transfer", to="transactions.MoneyTransfer", name="transferevent_transfer_tenant"),
        ]
        indexes = [models.Index(fields=["transfer", "at", "id"], name="transferevent_order")]
