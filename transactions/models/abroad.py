"""Whom a business pays abroad again and again, and the documents that go along with a transfer."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash import world
from flipdash.actors import actor_fields, actor_known
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from transactions.corridors import TransferKind


class BeneficiaryAbroad(TenantModel):
    """An account in another country with its holder, saved to be paid again."""

    country = models.CharField(max_length=2)
    transfer_kind = models.CharField(max_length=3, choices=TransferKind)
    bank = models.CharField(_("Beneficiary Bank"), max_length=100)
    account_number = models.CharField(_("Account Number"), max_length=34)
    place = models.CharField(max_length=130)
    """At which bank or branch the number is, as transactions/international/accounts.py says it."""
    name = models.CharField(_("Beneficiary Name"), max_length=100)
    details = models.JSONField(default=dict)
    """The other fields of the corridor that are about the beneficiary."""
    sealed_details = models.TextField(blank=True, default="", db_default="")
    """Those that say who a person is, sealed (transactions/international/identity.py)."""
    saver_kind, saver_id, saver_name = actor_fields()
    saved_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True)
    """When a transfer to it last arrived."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "mode", "country", "transfer_kind", "account_number", "place"],
                name="beneficiaryabroad_once",
            ),
            mode_known("beneficiaryabroad"),
            actor_known("beneficiaryabroad", "saver"),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$", transfer_kind__in=TransferKind.values),
                name="beneficiaryabroad_known",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("paid_at").desc(nulls_last=True), name="beneficiaryabroad_paid"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def where(self) -> str:
        """Its bank and country."""
        return f"{self.bank}, {world.country_name(self.country)}"


class Attachment(TenantModel):
    """A document that goes along with one transfer, such as an invoice; unused, it is thrown away after a day."""

    name = models.CharField(max_length=100)
    """What the person's computer called it."""
    content_type = models.CharField(max_length=100)
    """What it is, by what stands in it."""
    stored_as = models.CharField(max_length=120, unique=True)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    by_kind, by_id, by_name = actor_fields()
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="attachment_tenant"),
            mode_known("attachment"),
            actor_known("attachment", "by"),
        ]
        indexes = [
            models.Index(F("created_at"), name="attachment_oldest"),
            models.Index(fields=["business", "mode"], include=["size"], name="attachment_room"),
        ]

    def __str__(self) -> str:
        return self.name
