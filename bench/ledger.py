"""What a posting costs: `python -m bench.ledger`, on the services of this checkout.

Durable: every posting is committed, with synchronous_commit on. Clients take turns in rounds, so that a busy moment
hurts all alike; the median of the rounds is shown. It posts into a business of its own, which stays.
"""

import argparse
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable
from threading import Barrier, Thread

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
SECONDS = 2.0
BULK = 500


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--entries", type=int, default=0, help="fill up to so many entries, and time check_ledger")
    parser.add_argument("--month", type=int, default=0, help="only time what a month of so many entries comes to")
    arguments = parser.parse_args()
    django.setup()

    from django.core.management import call_command
    from django.db import connection, connections

    from accounts.models import Business
    from deposits import ledger
    from deposits.ledger import LedgerOwner, NewPosting, Source
    from deposits.models import Entry, PostingKind
    from flipdash import rls

    call_command("migrate", database="owner", verbosity=0)
    if arguments.month:
        month(arguments.month)
        return
    business, _made = Business.objects.get_or_create(slug="bench-ledger", defaults={"name": "Bench ledger"})
    owner = LedgerOwner(business, "live")
    numbers = itertools.count(time.time_ns())
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_plain (id bigint PRIMARY KEY, amount bigint)")
        cursor.execute("GRANT INSERT ON bench_plain TO flipdash_app")
        cursor.execute("SHOW fsync")
        fsync = cursor.fetchone()[0]

    bare_call = (
        "SELECT * FROM ledger_post(%s, 'live', 'IDR', 'return', 'bench', %s, %s, %s, %s, %s, 'system', NULL, '')"
    )
    lines = (["clearing", "available"], ["bca", ""], [-1000, 1000], [False, False])

    def plain() -> int:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_plain VALUES (%s, 1000)", [next(numbers)])
        return 1

    def bare() -> int:
        with connection.cursor() as cursor:
            cursor.execute(bare_call, [business.pk, next(numbers), *lines])
        return 1

    def ours() -> int:
        lines = ledger.top_up_lines(1000, "bca")
        ledger.post(owner, PostingKind.RETURN, Source("bench", next(numbers)), lines)
        return 1

    def bulk() -> int:
        postings = [
            NewPosting(PostingKind.RETURN, Source("bench", next(numbers)), ledger.top_up_lines(1000, "bca"))
            for _n in range(BULK)
        ]
        return len(ledger.post_many(owner, postings))

    acts: dict[str, tuple[Callable[[], int], int]] = {
        "plain insert + commit, 1 connection": (plain, 1),
        "bare SQL function, 1 connection": (bare, 1),
        "ledger.post, 1 connection": (ours, 1),
        "bare SQL function, 8 connections, 1 business": (bare, 8),
        "ledger.post, 8 connections, 1 business": (ours, 8),
        f"ledger.post_many, {BULK} at once": (bulk, 1),
    }
    taken: dict[str, list[float]] = {name: [] for name in acts}
    with rls.inside(owner):  # type: ignore[arg-type]  # as a scope: it has the business and the mode
        ours()
    for _round in range(arguments.rounds):
        for name, (act, clients) in acts.items():
            taken[name].append(rate(act, clients, business.pk))
    medians = {name: statistics.median(rates) for name, rates in taken.items()}
    print(f"fsync {fsync}, {arguments.rounds} rounds of {SECONDS:.0f} s, median")
    for name, median in medians.items():
        print(f"{name:<46} {median:>8,.0f}/s")
    print(f"ledger.post / bare function: {medians[list(acts)[2]] / medians[list(acts)[1]]:.2f}x on 1 connection, "
          f"{medians[list(acts)[4]] / medians[list(acts)[3]]:.2f}x on 8")  # fmt: skip
    if arguments.entries:
        while (there := Entry.objects.using("operator").count()) < arguments.entries:
            with rls.inside(owner):  # type: ignore[arg-type]  # likewise
                for _n in range(min(40, (arguments.entries - there) // (2 * BULK) + 1)):
                    bulk()
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE deposits_account, deposits_posting, deposits_entry")
        began = time.perf_counter()
        call_command("check_ledger")
        print(json.dumps({"check_ledger_seconds": round(time.perf_counter() - began, 1)}))


FILL = """
    SET session_replication_role = replica;
    INSERT INTO deposits_account (business_id, mode, currency, kind, detail, floor)
        VALUES ({business}, 'live', 'IDR', 'available', '', 0);
    INSERT INTO deposits_posting (id, business_id, mode, currency, kind, source_type, source_id, lines_sha256,
            by_kind, by_name, effective_at)
        SELECT 1000000000 + n, {business}, 'live', 'IDR',
            (ARRAY['hold', 'hold', 'hold', 'hold', 'settlement', 'settlement', 'return', 'top_up'])[1 + n % 8],
            'bench', n, '', 'system', '', now() - interval '30 days' * ({entries} - n) / {entries}
        FROM generate_series(1, {entries}) n;
    INSERT INTO deposits_entry (business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, hash,
            created_at)
        SELECT {business}, 'live', 'IDR', a.id, p.id, p.source_id,
            CASE p.kind WHEN 'hold' THEN -1000 WHEN 'top_up' THEN 2000 ELSE 1000 END, 1000000, '', p.effective_at
        FROM deposits_posting p JOIN deposits_account a USING (business_id)
        WHERE p.business_id = {business} ORDER BY p.source_id;
    INSERT INTO deposits_turnover (business_id, mode, account_id, hour, kind, entries, came_in, went_out)
        SELECT e.business_id, e.mode, e.account_id, date_trunc('hour', e.created_at, 'UTC'), p.kind, count(*),
            sum(greatest(e.amount, 0)), sum(greatest(-e.amount, 0))
        FROM deposits_entry e JOIN deposits_posting p ON p.id = e.posting_id
        WHERE e.business_id = {business} GROUP BY 1, 2, 3, 4, 5;
"""
"""A month of entries, written past the ledger: posting them one by one takes a quarter of an hour."""
MONTHS = {
    "in and out of each day, from the entries": """
        SELECT date_trunc('day', created_at, 'Asia/Jakarta'), sum(amount) FILTER (WHERE amount > 0),
            sum(amount) FILTER (WHERE amount < 0)
        FROM deposits_entry WHERE account_id = {account} AND created_at >= now() - interval '30 days' GROUP BY 1""",
    "in and out of each day and kind, from the entries": """
        SELECT date_trunc('day', e.created_at, 'Asia/Jakarta'), p.kind, count(*),
            sum(e.amount) FILTER (WHERE e.amount > 0), sum(e.amount) FILTER (WHERE e.amount < 0)
        FROM deposits_entry e JOIN deposits_posting p ON p.id = e.posting_id
        WHERE e.account_id = {account} AND e.created_at >= now() - interval '30 days' GROUP BY 1, 2""",
    "today alone by kind, from the entries": """
        SELECT p.kind, count(*), sum(e.amount)
        FROM deposits_entry e JOIN deposits_posting p ON p.id = e.posting_id
        WHERE e.account_id = {account} AND e.created_at >= now() - interval '1 day' GROUP BY 1""",
    "in and out of each day and kind, from the turnover": """
        SELECT date_trunc('day', hour, 'Asia/Jakarta'), kind, sum(entries), sum(came_in), sum(went_out)
        FROM deposits_turnover WHERE account_id = {account} AND hour >= now() - interval '30 days' GROUP BY 1, 2""",
}
"""Ways to say what a month came to."""


def month(entries: int) -> None:
    """Time what the last 30 days of a business with so many entries come to, read in several ways."""
    import psycopg
    from django.db import connection

    from accounts.models import Business
    from deposits.models import Account
    from flipdash import rls

    slug = f"bench-month-{entries}"
    business, _made = Business.objects.get_or_create(slug=slug, defaults={"name": "Bench month"})
    if not Account.objects.using("operator").filter(business=business).exists():
        with psycopg.connect(os.environ["DATABASE_URL"], user="postgres", autocommit=True) as superuser:
            superuser.execute(FILL.format(business=business.pk, entries=entries))
            superuser.execute("VACUUM ANALYZE deposits_account, deposits_posting, deposits_entry, deposits_turnover")
    with rls.inside_of(business.pk, "live"), connection.cursor() as cursor:
        account = Account.objects.get(kind="available").pk
        for name, statement in MONTHS.items():
            taken = []
            for _turn in range(7):
                began = time.perf_counter()
                cursor.execute(statement.format(account=account))
                cursor.fetchall()
                taken.append(1000 * (time.perf_counter() - began))
            print(f"{name:<52} {statistics.median(taken):>8.1f} ms")


def rate(act: Callable[[], int], clients: int, business: int) -> float:
    """Return how many a second so many clients do together, each a thread with its own connection."""
    from django.db import connections

    from flipdash import rls

    barrier, done = Barrier(clients + 1), [0] * clients

    def work(number: int) -> None:
        with rls.inside_of(business, "live"):
            connections["default"].ensure_connection()
            barrier.wait()
            until = time.perf_counter() + SECONDS
            while time.perf_counter() < until:
                done[number] += act()
        connections.close_all()

    threads = [Thread(target=work, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
