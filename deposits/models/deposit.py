"""What people call the deposit: the entries of what a business may spend, and when it wants to be warned."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from deposits.models.ledger import RUPIAH, Account, AccountKind, Entry
from flipdash.scope import Scope, TenantModel, TransactionQuerySet, mode_known


class Direction(models.TextChoices):
    """Whether money came in or went out."""

    IN = "in", _("In")
    OUT = "out", _("Out")


class DepositQuerySet(TransactionQuerySet):
    """The entries of the account that a business pays from."""

    def visible_to(self, scope: Scope, *, searched: bool = False) -> Self:
        """Return the scope's entries, each with its `direction`, and what came in or went out."""
        accounts = Account.objects.visible_to(scope).filter(kind=AccountKind.AVAILABLE, currency=RUPIAH)
        return (
            super()
            .visible_to(scope, searched=searched)
            .filter(account=accounts.values("pk")[:1])  # a scalar, so that its index gives the order
            .annotate(
                direction=Case(
                    When(amount__gt=0, then=Value(Direction.IN)),
                    default=Value(Direction.OUT),
                    output_field=models.CharField(),
                ),
                came_in=Case(When(amount__gt=0, then=F("amount"))),
                went_out=Case(When(amount__lt=0, then=-F("amount"))),
            )
        )


class DepositEntry(Entry):
    """An entry of the deposit, as Deposit History shows it."""

    objects: ClassVar[Any] = DepositQuerySet.as_manager()

    class Meta:
        proxy = True


class LowBalance(TenantModel):
    """Under how many rupiah of available deposit the people who may top it up are warned; once each time."""

    threshold = models.BigIntegerField()
    warned_at = models.DateTimeField(null=True)
    """When they were warned; empty again once there is enough."""

    class Meta:
        constraints = [
            mode_known("lowbalance"),
            models.UniqueConstraint(fields=["business", "mode"], name="lowbalance_once"),
            models.CheckConstraint(condition=Q(threshold__gt=0), name="lowbalance_threshold_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.business_id} {self.mode}: {self.threshold:,}"
