"""`manage.py check_ledger`: does the ledger hold? Exits with 1 and names the rows if it doesn't."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from deposits.ledger import checks


class Command(BaseCommand):
    """Run every registered check over all rows, in one unchanging state of the database."""

    help = "Check all rows of the ledger and their chain; exits with 1 and names what is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each check with what it found, and how long it took."""
        wrong = 0
        with transaction.atomic(using="operator"), connections["operator"].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            accounts, postings, entries = checks.counts(cursor)
            self.stdout.write(f"{accounts:,} accounts, {postings:,} postings, {entries:,} entries")
            began = time.monotonic()
            for result in checks.run(cursor):
                took, began = time.monotonic() - began, time.monotonic()
                verdict = f"{result.count:,} WRONG" if result.count else "ok"
                self.stdout.write(f"{verdict:>12}  {took:6.2f} s  {result.check.name}")
                for example in result.examples:
                    self.stdout.write(f"{'':24}{example}")
                if result.count > len(result.examples):
                    self.stdout.write(f"{'':24}… and {result.count - len(result.examples):,} more")
                wrong += result.count
        if wrong:
            raise CommandError(f"The ledger doesn't hold: {wrong:,} findings.")
        self.stdout.write("The ledger holds.")
