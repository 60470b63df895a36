"""Tasks only say that work waits. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task
from django.db.models import QuerySet
from kombu.exceptions import OperationalError

from accounts.models import Business
from deposits.models import Posting, PostingKind
from deposits.overview import services as overview
from deposits.statements import matching
from deposits.statements import services as statements
from deposits.topups import crediting
from deposits.topups import services as topups
from flipdash.mode import Mode

log = logging.getLogger(__name__)


def wake_importer() -> None:
    """Tell a worker that a statement waits; without a broker the sweep does."""
    try:
        import_statements.apply_async(expires=60)
    except OperationalError:
        log.warning("no broker to wake the importer of statements")


@shared_task
def import_statements() -> None:
    """Import the statements that wait, and match their lines."""
    statements.import_due()
    matching.match_due()


@shared_task(expires=2)
def sweep_top_ups() -> None:
    """Let the simulated bank report, match lines, expire top-ups."""
    matching.report_simulated()
    matching.match_due()
    topups.expire_due()


@shared_task(expires=60)
def tidy_top_ups() -> None:
    """Wake the importer for what was missed, free codes, open Test Mode's deposit of new businesses, and warn of low
    deposits."""
    if statements.is_anything_due():
        wake_importer()
    topups.free_codes()
    for business in businesses_without_test_deposit():
        crediting.open_test_deposit(business)
    overview.warn_of_low_balances()


def businesses_without_test_deposit() -> QuerySet[Business]:
    """Return those whose Test Mode has no money yet: the new ones, and all from before there was a ledger."""
    opened = Posting.objects.filter(mode=Mode.TEST, kind=PostingKind.OPENING, source_type="business")
    return Business.objects.using("operator").exclude(pk__in=opened.values("source_id"))
