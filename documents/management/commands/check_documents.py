"""`manage.py check_documents`: are all invoices there, whole, and as they were issued? Exits with 1 if not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from deposits.ledger import checks as ledger
from documents import stored
from documents.invoices import checks

MOST_NAMED = 20


class Command(BaseCommand):
    """Ask the database for numbers and sums, and read every stored file."""

    help = (
        "Check numbers, sums and files of invoices, and files of reports and statements; exits with 1 if any is wrong."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each check with what it found."""
        ours = [check for check in ledger.registered() if check.name in checks.NAMES]
        with transaction.atomic(using="operator"), connections["operator"].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = {result.check.name: (result.count, result.examples) for result in ledger.run(cursor, ours)}
        wrong = list(checks.files())
        found["Every stored file has the hash with which it was issued"] = (len(wrong), wrong[:MOST_NAMED])
        gone = list(stored.missing())
        found["Every report and statement that is ready has its file, a statement with its hash"] = (
            *(len(gone), gone[:MOST_NAMED]),
        )
        for name, (count, examples) in found.items():
            self.stdout.write(f"{f'{count:,} WRONG' if count else 'ok':>12}  {name}")
            for example in examples:
                self.stdout.write(f"{'':14}{example}")
        if sum(count for count, _examples in found.values()):
            raise CommandError("The documents don't hold.")
        self.stdout.write("The documents hold.")
