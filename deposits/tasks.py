"""Tasks only say that work waits. They may run twice, and the broker may lose them: the sweep finds all."""

from celery import shared_task
from django.db.models import QuerySet

from accounts.models import Business
from accounts.sign_in import unconfirmed
from deposits.models import Posting, PostingKind
from deposits.overview import services as overview
from deposits.statements import matching
from deposits.topups import crediting
from deposits.topups import services as topups
from flipdash import sweeps
from flipdash.mode import Mode


@shared_task
def sweep_top_ups() -> None:
    """Let the simulated bank report, match lines, expire top-ups."""
    sweeps.run(matching.report_simulated, matching.match_due, topups.expire_due)


@shared_task
def tidy_top_ups() -> None:
    """Free codes, open Test Mode's deposit of new businesses, and warn of low deposits."""
    sweeps.run(topups.free_codes, _open_test_deposits, overview.warn_of_low_balances)


def _open_test_deposits() -> None:
    for business in businesses_without_test_deposit():
        with sweeps.by_itself("Test Mode's deposit of business", business.pk):
            crediting.open_test_deposit(business)


def businesses_without_test_deposit() -> QuerySet[Business]:
    """Return those whose Test Mode has no money yet: the new ones, and all from before there was a ledger."""
    opened = Posting.objects.filter(mode=Mode.TEST, kind=PostingKind.OPENING, source_type="business")
    businesses = Business.objects.using("operator").exclude(pk__in=opened.values("source_id"))
    return unconfirmed.leave_out(businesses)
