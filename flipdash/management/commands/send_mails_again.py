"""`manage.py send_mails_again --hours 24`: queue the mails that failed since then once more."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models.functions import Now

from flipdash import mail
from flipdash.models import Message


class Command(BaseCommand):
    """Send what the mail server didn't take, when it takes mails again."""

    help = "Send the mails again that failed within some hours. Those that were sent stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=int, default=24, help="how long ago they may have failed (24)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many that is."""
        since = Now() - timedelta(hours=options["hours"])
        count = mail.send_again(Message.objects.filter(finished_at__gte=since))
        self.stdout.write(f"{count:,} mails are sent again.")
