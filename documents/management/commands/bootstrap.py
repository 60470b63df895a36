"""`manage.py bootstrap`: everything that the first start needs, in one process."""

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts import demo as people
from accounts.activity import recording
from accounts.models import Business
from deposits import demo as deposits
from deposits.topups import crediting
from documents import demo as documents
from transactions import demo


class Command(BaseCommand):
    """Migrate, make the demo people, the accounts to top up to, and their history; print nothing.

    All of it is there before anybody is served: a deposit is written from its oldest movement on, and whatever happened
    meanwhile would stand in between.
    """

    help = "Migrate, and make the demo people and their history."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps; each does only what is still missing."""
        people.check_allowed()
        os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")  # what a crash takes is written by the next run
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        people.make_people()
        deposits.add_bank_accounts()
        for business in Business.objects.all():
            crediting.open_test_deposit(business)
        call_command("demo_developer", keys=True)
        if not demo.is_written():
            demo.write_side_by_side()
        documents.send_a_receipt()
        documents.ask_for_invoices()
        documents.schedule_reports()
        call_command("demo_developer")
        recording.seal()
