"""Tasks only say that work waits. They may run twice, and the broker may lose them: the next one finds all."""

from celery import shared_task

from documents.invoices import services as invoices
from documents.schedules import running


@shared_task
def issue_invoices() -> None:
    """Let every month that has ended be billed, and try again what waited for a person."""
    invoices.queue_due()
    invoices.try_again()


@shared_task
def run_schedules() -> None:
    """Ask for the reports that are due, and tell what became of those that were asked for."""
    running.run_due()
