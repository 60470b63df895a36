"""What is done with transactions from time to time."""

from celery import shared_task

from transactions.international import quotes


@shared_task
def tidy_transactions() -> None:
    """Forget rates that somebody asked for and never used."""
    quotes.forget_unused()
