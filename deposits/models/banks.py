"""The operator's bank accounts, to which deposits are topped up."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deposits import banks
from flipdash.states import State, StatusField, state


class BankAccountQuerySet(models.QuerySet["BankAccount"]):
    """The operator's bank accounts."""

    def offered(self) -> Self:
        """Those that a top-up form shows, in the order of the banks; some may be disturbed."""
        order = models.Case(*(models.When(bank=bank, then=place) for place, bank in enumerate(banks.NAMES)))
        return self.exclude(status=BankAccount.Status.CLOSED).order_by(order)


class BankAccount(models.Model):
    """One account of the operator's at each bank, the same for all businesses and both modes."""

    class Status(State):
        """Whether top-ups can be paid to it now."""

        OK = state("ok", _("In order"), "green", "check", to="disturbed closed")
        DISTURBED = state("disturbed", _("Disturbed"), "amber", "clock", to="ok closed")
        CLOSED = state("closed", _("Not offered"), "grey", "minus", later="ok disturbed")

    bank = models.CharField(max_length=16, choices=list(banks.NAMES.items()), unique=True)
    account_number = models.CharField(max_length=32)
    holder = models.CharField(max_length=100)
    status = StatusField(max_length=9, choices=Status, default=Status.OK)

    objects: ClassVar[BankAccountQuerySet] = BankAccountQuerySet.as_manager()  # type: ignore[assignment]  # it has its methods

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(bank__in=list(banks.NAMES), status__in=["ok", "disturbed", "closed"]),
                name="bankaccount_words_known",
            ),
            models.CheckConstraint(
                condition=Q(account_number__regex=r"^[0-9]{5,32}$") & ~Q(holder=""), name="bankaccount_is_complete"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.account_number}"

    @property
    def name(self) -> str:
        return banks.NAMES[self.bank]

    @property
    def is_disturbed(self) -> bool:
        """Whether payments to it don't arrive in time now."""
        return self.status == self.Status.DISTURBED

    @property
    def shown_number(self) -> str:
        """The number in groups of four."""
        return banks.in_fours(self.account_number)
