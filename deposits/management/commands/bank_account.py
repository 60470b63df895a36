"""`manage.py bank_account bca 5440117703 "PT FlipDash"`: an account of the operator's that deposits are paid to."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deposits import banks
from deposits.models import BankAccount
from flipdash.lines import NotALine, clean_line


class Command(BaseCommand):
    """Set the number and the holder of the operator's account at a bank."""

    help = "Set the operator's account at a bank, to which deposits are topped up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the bank, the number and the holder."""
        parser.add_argument("bank", choices=list(banks.NAMES))
        parser.add_argument("account_number")
        parser.add_argument("holder")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the account; whatever was open is now paid to it."""
        if not re.fullmatch(r"[0-9]{5,32}", options["account_number"]):
            raise CommandError("An account number has 5 to 32 digits.")
        try:
            holder = clean_line(options["holder"])
        except NotALine as problem:
            raise CommandError(str(problem)) from problem
        values = {"account_number": options["account_number"], "holder": holder}
        account, is_new = BankAccount.objects.using("operator").update_or_create(bank=options["bank"], defaults=values)
        self.stdout.write(f"{account}: {'added' if is_new else 'changed'}")
