"""Why an act isn't done, in words for people. Nothing was changed then."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from django.utils.translation import gettext as _

from deposits.ledger import NotEnoughDeposit
from flipdash import db, money
from transactions.models import RefundStatus, Status
from transactions.models.base import OutgoingTransfer


class OutgoingRefused(Exception):
    """The act can't be done; the message says why, in words for people. Nothing was changed."""


class NotWaiting(OutgoingRefused):
    """The transaction is past that step: somebody else was faster, or it was done before."""

    def __init__(self, row: OutgoingTransfer) -> None:
        super().__init__(_why_not(row))


class Changed(OutgoingRefused):
    """What was approved isn't what is there now (trust.md M3)."""

    def __init__(self) -> None:
        super().__init__(_("Something about it has changed since you looked. Look again, then decide."))


class UnderWay(OutgoingRefused, db.Busy):
    """Something large of the same kind is being done for the business, such as approving thousands."""

    def __init__(self) -> None:
        super().__init__(_("Many are being made or approved just now. Nothing was changed: try again in a minute."))


class SecondPersonNeeded(OutgoingRefused):
    """Whoever made it can't approve it."""

    def __init__(self) -> None:
        super().__init__(_("You made this yourself: somebody else has to approve it."))


class MayBeTwice(OutgoingRefused):
    """It looks like another one, and nobody has said that it isn't."""

    def __init__(self) -> None:
        super().__init__(_("This may be paid twice. Look at the others, and say that it isn’t."))


class ShortOfMoney(OutgoingRefused):
    """The deposit doesn't cover it; `missing` rupiah are short."""

    def __init__(self, problem: NotEnoughDeposit) -> None:
        self.missing = problem.missing
        short = {"missing": money.rupiah(problem.missing), "available": money.rupiah(problem.balance)}
        super().__init__(_("Your deposit is short of %(missing)s: %(available)s is available.") % short)


class QuoteOver(OutgoingRefused):
    """The rate no longer holds: another one has to be asked for, and seen, before anything is sent at it."""

    def __init__(self, count: int = 1) -> None:
        alone = _("Its quote has run out. Ask for a new one, and look at what arrives at today’s rate.")
        words = _("%(count)s of these have a quote that has run out. Approve them one by one, each at its new rate.")
        super().__init__(alone if count == 1 else words % {"count": money.number(count)})


@contextmanager
def judging_quotes() -> Iterator[None]:
    """Raise QuoteOver where the database finds that a quote ran out, as one does while a row waits for a lock."""
    try:
        yield
    except IntegrityError as problem:
        if "has a quote that ran out" in str(problem):
            raise QuoteOver from problem
        raise


class CorridorClosed(OutgoingRefused):
    """Nothing is sent to this country any more, or not now."""

    def __init__(self) -> None:
        super().__init__(_("Nothing can be sent to this country now. Try again later."))


class NothingSelected(OutgoingRefused):
    """None of what was chosen waits any more, or nothing was chosen."""

    def __init__(self) -> None:
        super().__init__(_("Choose at least one that waits."))


class TooManySelected(OutgoingRefused):
    """More were chosen than are approved as one act."""

    def __init__(self, most: int) -> None:
        words = _("At most %(most)s are approved at once. Narrow them by a filter, or take one batch after the other.")
        super().__init__(words % {"most": money.number(most)})


class NothingSends(OutgoingRefused):
    """No rail serves the mode."""

    def __init__(self) -> None:
        super().__init__(_("Nothing can be sent in this mode yet: no bank connection is set up."))


def _why_not(row: OutgoingTransfer) -> str:
    words: dict[str, str] = {
        Status.PENDING_APPROVAL: _("It still waits for an approver. Nothing was changed."),
        Status.SCHEDULED: _("It is approved already, and waits for its date. Nothing was changed."),
        RefundStatus.WAITING: _("It is approved already, and waits until the deposit has enough. Nothing was changed."),
        Status.PROCESSING: _("It is on its way already. Nothing was changed."),
        Status.SUCCESSFUL: _("It has arrived already. Nothing was changed."),
        Status.CANCELLED: _("It was cancelled already. Nothing was changed."),
        Status.FAILED: _("It has failed already. Nothing was changed."),
    }
    return words[row.status]
