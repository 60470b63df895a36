"""Accounts that a business pays again and again."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from transactions.destinations import Kind, full_label


class Beneficiary(TenantModel):
    """An account with its holder's name, saved to be paid again."""

    destination_kind = models.CharField(max_length=8, choices=Kind.choices)
    bank = models.CharField(_("Bank"), max_length=32)
    account_number = models.CharField(_("Account Number"), max_length=32)
    name = models.CharField(_("Beneficiary Name"), max_length=100)
    email = models.EmailField(_("Beneficiary Email"), blank=True)
    saver_kind, saver_id, saver_name = actor_fields()
    saved_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True)
    """When a transfer to it last arrived."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "mode", "destination_kind", "bank", "account_number"], name="beneficiary_once"
            ),
            mode_known("beneficiary"),
            actor_known("beneficiary", "saver"),
            models.CheckConstraint(condition=Q(destination_kind__in=Kind.values), name="beneficiary_kind_known"),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("paid_at").desc(nulls_last=True), name="beneficiary_paid"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def bank_name(self) -> str:
        """The bank's names, with its kind where that isn't an ordinary account."""
        name = full_label(self.bank)
        return f"{name} ({Kind.VA.label})" if self.destination_kind == Kind.VA else name
