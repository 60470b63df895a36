"""Tasks only say that work waits. They may run twice, and the broker may lose them: the next one finds all."""

from celery import shared_task

from documents.invoices import services as invoices


@shared_task
def issue_invoices() -> None:
    """Let every month that has ended be billed, and try again what waited for a person."""
    invoices.queue_due()
    invoices.try_again()
