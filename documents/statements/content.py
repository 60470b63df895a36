"""What a statement of the deposit says, ready to be written in any format."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from deposits.ledger.statement import Movement, Period
from documents.models import Statement
from flipdash import formats


@dataclass(frozen=True)
class Content:
    """A statement with what is behind it. The zone of its days and the language are the active ones."""

    statement: Statement
    period: Period
    as_of: datetime
    """When the database was in the state that is read."""
    movements: Iterator[list[Movement]]
    """The entries, the oldest first: to be taken once, and whole."""

    @property
    def business(self) -> Any:
        """Whose deposit it is."""
        return self.statement.business

    @property
    def is_test(self) -> bool:
        """Whether no real money moved."""
        return self.period.scope.is_test

    @property
    def account(self) -> str:
        """The deposit's number, as accounting software asks for one: the same for ever, another one in Test Mode."""
        return f"{'TEST' if self.is_test else ''}{self.business.pk:010d}"

    @property
    def is_over(self) -> bool:
        """Whether the period had ended, so that nothing can come to it any more."""
        return self.statement.ends_at <= self.as_of

    @property
    def zone_name(self) -> str:
        """The zone of its days: WIB."""
        return str(type(self.business).TimeZone(self.statement.zone).label)

    def rows(self) -> Iterator[Movement]:
        """Yield the entries one by one."""
        for some in self.movements:
            yield from some

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield what a person should know of it, with a label each; times without a zone, for sheets."""
        yield _("Business"), self.business.legal_name or self.business.name
        yield "NPWP", self.business.npwp
        yield _("Mode"), str(self.period.scope.mode.label)
        yield _("Statement"), self.statement.reference
        yield _("Deposit number"), self.account
        yield _("Period"), formats.days(self.statement.first, self.statement.last)
        yield _("Time zone"), self.zone_name
        yield _("Data as of"), local(self.as_of)
        if not self.is_over:
            yield _("Not over yet"), _("The last day wasn’t over: entries may follow.")
        yield _("Made by"), self.statement.member.name


def local(moment: datetime) -> datetime:
    """Return a moment in the active zone to the second, without it: what a sheet holds."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
