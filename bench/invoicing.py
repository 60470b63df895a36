"""A month's invoices of many businesses, from the ledger to the stored file: `python -m bench.invoicing`.

Each business has fees of a month, written past the ledger. Two processes then do what workers do, until nothing waits:
they read the ledger, number, print, attach the sheet, store and issue. On the database of this checkout, in which the
businesses and their invoices stay: trials are for a database that may be thrown away (`make reset`).
"""

import argparse
import os
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
ZONE = ZoneInfo("Asia/Jakarta")
SLUG = "bench-invoice-"
PRICES = (1_000, 2_500, 5_000)
NPWP = "0921345678017000"

FILL = """
    SET session_replication_role = replica;
    INSERT INTO deposits_account (business_id, mode, currency, kind, detail, floor)
        SELECT id, 'live', 'IDR', 'fees', '', NULL FROM accounts_business WHERE slug LIKE %(slugs)s
        ON CONFLICT DO NOTHING;
    WITH due AS (
        SELECT b.id AS business_id, a.id AS account_id, n FROM accounts_business b
        JOIN deposits_account a ON a.business_id = b.id AND a.mode = 'live' AND a.kind = 'fees'
        CROSS JOIN generate_series(1, %(transactions)s) n WHERE b.slug LIKE %(slugs)s
    ), posted AS (
        INSERT INTO deposits_posting (id, business_id, mode, currency, kind, source_type, source_id, lines_sha256,
                by_kind, by_name, effective_at)
            SELECT 4000000000000 + business_id * 1000000 + n, business_id, 'live', 'IDR', 'settlement', 'bench', n, '',
                'system', '', %(begins)s + (%(ends)s - %(begins)s) * n / (%(transactions)s + 1)
            FROM due RETURNING id, business_id, source_id, effective_at
    )
    INSERT INTO deposits_entry (business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, hash,
            created_at)
        SELECT p.business_id, 'live', 'IDR', d.account_id, p.id, p.source_id, (%(prices)s)[1 + d.n %% 3], 0, '',
            p.effective_at
        FROM posted p JOIN due d ON d.business_id = p.business_id AND d.n = p.source_id;
"""


def main() -> None:
    """Fill, let two processes issue, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.invoicing")
    parser.add_argument("--businesses", type=int, default=40)
    parser.add_argument("--transactions", type=int, default=1_000, help="of each business in the month")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    django.setup()
    from documents.invoices import services

    if arguments.work:
        while services.INVOICES.work():
            pass
        print(time.process_time())
        return
    from documents.models import Invoice

    _fill(arguments.businesses, arguments.transactions)
    services.queue_due()
    mine = Invoice.objects.using("operator").filter(business__slug__startswith=SLUG)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bench.invoicing", "--work"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _n in range(arguments.workers)]
    cpu = sum(float(worker.communicate()[0]) for worker in workers)
    taken = time.perf_counter() - begun
    issued = mine.filter(status="issued", mode="live").count()
    left = mine.exclude(status__in=["issued", "none"]).count()
    whole = taken / issued * 2_000
    print(f"{issued:,} invoices, of {arguments.transactions:,} transactions each; {left} were not issued")
    print(f"{taken:,.1f} s by {arguments.workers} processes ({cpu:,.1f} s of CPU); 2,000 would take {whole:,.0f} s")


def _fill(businesses: int, transactions: int) -> None:
    import psycopg

    from accounts.models import Business

    today = datetime.now(ZONE).date()
    ends = datetime(today.year, today.month, 1, tzinfo=ZONE)
    begins = datetime.combine(date((ends - timedelta(days=1)).year, (ends - timedelta(days=1)).month, 1), ends.timetz())
    begins = begins.replace(tzinfo=ZONE)
    start = Business.objects.using("operator").filter(slug__startswith=SLUG).count()
    if start:
        raise SystemExit("this database has been used for it: make reset")
    made = [_business(number) for number in range(businesses)]
    Business.objects.using("operator").bulk_create(made)
    Business.objects.using("operator").filter(slug__startswith=SLUG).update(created_at=begins)
    with psycopg.connect(os.environ["DATABASE_URL"], user="postgres", autocommit=True) as superuser:
        values: dict[str, Any] = {"slugs": f"{SLUG}%", "transactions": transactions, "prices": list(PRICES)}
        for statement in FILL.strip().split(";\n"):
            superuser.execute(statement, values | {"begins": begins, "ends": ends})
        superuser.execute("ANALYZE deposits_account, deposits_posting, deposits_entry")


def _business(number: int) -> Any:
    from accounts.models import Business

    return Business(
        slug=f"{SLUG}{number}",
        name=f"Toko {number}",
        legal_name=f"PT Toko Sejahtera {number}",
        npwp=NPWP,
        address="Jalan Braga No. 27, Sumur Bandung, Bandung 40111, Indonesia",
    )


if __name__ == "__main__":
    main()
