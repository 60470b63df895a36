"""P15: what the search index costs a single insert, by its settings.

pgbench inserts one transfer a transaction, on four connections, into copies of the table that differ in their indexes:
the key and the list alone, all others without the text's, and all. Each insert is committed and on disk.
"""

import os
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
from django.conf import settings

from bench.measure import Line
from bench.rows import TABLE
from bench.subject import Bench
from devtools.local import postgres

ROUNDS, SECONDS, CLIENTS = 3, 8, 4
QUICK_ROUNDS, QUICK_SECONDS = 1, 3
KEPT = 2_000_000
"""How many of the rows the copies hold: enough that the index is far larger than a pending list."""
LIST = ("UNIQUE INDEX ON {table} (id)", "INDEX ON {table} (business_id, mode, created_at DESC, id DESC)")
FILTERS_AND_WORDS = """
SELECT indexname LIKE '%%_words', substring(indexdef FROM '( USING .*)$')
FROM pg_indexes JOIN pg_index ON indexrelid = indexname::regclass
WHERE tablename = %s AND NOT indisunique AND indexname NOT LIKE '%%_newest' ORDER BY indexname
"""
"""What is there for searches and filters, as the table has it, and whether it is the text's; not keys and the list."""
BARE, PLAIN = "key and list alone", "all but the text's"
CLEANED = "a long list, cleaned every 2 s by another process (ours)"
SETTINGS = {
    "pending list of 4 MB (Postgres's own setting)": "fastupdate = on, gin_pending_list_limit = 4096",
    "pending list of 64 kB": "fastupdate = on, gin_pending_list_limit = 64",
    "no pending list": "fastupdate = off",
    CLEANED: "fastupdate = on, gin_pending_list_limit = 65536",
}
CLEANED_EVERY: float = settings.CELERY_BEAT_SCHEDULE["clean-search-lists"]["schedule"]  # type: ignore[assignment]  # seconds, no crontab
SAMPLE = """
CREATE TABLE bench_sample AS
SELECT row_number() OVER () AS place, t.* FROM (SELECT * FROM transactions_moneytransfer LIMIT 1000) AS t
"""
SCRIPT = r"""
\set who random(1, 200)
\set digits random(1, 999999999)
INSERT INTO {table} ({columns}) SELECT {values} FROM bench_sample WHERE place = 1 + :digits % 1000;
"""
MADE = {
    "id": "nextval('bench_number')",
    "business_id": ":who",
    "mode": "'live'",
    "account_number": ":digits",
    "amount": ":digits",
    "remark": "'INV/2026/' || :digits",
    "external_id": "NULL",
    "created_at": "clock_timestamp()",
}
"""What each insert makes anew, by columns; the others are those of some row."""


def lines(bench: Bench) -> list[Line]:
    """Insert in turn with each setting; compare throughput, p99 and the slowest with the bare table's."""
    is_full = bench.count > 1_000_000
    rounds, seconds = (ROUNDS, SECONDS) if is_full else (QUICK_ROUNDS, QUICK_SECONDS)
    with psycopg.connect(bench.superuser_url, autocommit=True) as connection, _copies(connection):
        runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in (BARE, PLAIN, *SETTINGS)}
        for _round in range(rounds):
            for name, found in runs.items():
                if name in SETTINGS:
                    connection.execute(f"ALTER INDEX bench_full_words SET ({SETTINGS[name]})")
                    connection.execute("SELECT gin_clean_pending_list('bench_full_words')")
                table = {BARE: "bench_bare", PLAIN: "bench_plain"}.get(name, "bench_full")
                connection.execute("CHECKPOINT")
                with _cleaner(bench) if name == CLEANED else nullcontext():
                    found.append(_run(bench, table, seconds))
                tps, p99, slowest = found[-1]
                print(f"    {name}: {tps:,.0f} a second, p99 {p99:.1f} ms, slowest {slowest:.0f} ms", flush=True)
    middle = {name: tuple(statistics.median(part) for part in zip(*found, strict=True)) for name, found in runs.items()}
    return [line for name in (PLAIN, *SETTINGS) for line in _compared(name, middle[name], middle[BARE])]


@contextmanager
def _cleaner(bench: Bench) -> Iterator[None]:
    """Clean the pending list over and over meanwhile, on a connection of its own."""
    done = threading.Event()

    def clean() -> None:
        with psycopg.connect(bench.superuser_url, autocommit=True) as connection:
            while not done.wait(CLEANED_EVERY):
                connection.execute("SELECT gin_clean_pending_list('bench_full_words')")

    cleaner = threading.Thread(target=clean)
    cleaner.start()
    try:
        yield
    finally:
        done.set()
        cleaner.join()


def _compared(name: str, took: tuple[float, ...], bare: tuple[float, ...]) -> Iterator[Line]:
    (tps, p99, slowest), (bare_tps, bare_p99, bare_slowest) = took, bare
    is_held = bare_tps / tps <= 2 and p99 / bare_p99 <= 5 and slowest <= 50
    yield Line(
        "P15",
        f"Single inserts: {name}",
        f"{tps:,.0f}/s, p99 {p99:.1f} ms, slowest {slowest:.0f} ms",
        f"{BARE}: {bare_tps:,.0f}/s, {bare_p99:.1f} ms, {bare_slowest:.0f} ms",
        round(bare_tps / tps, 1),
        f"≤ 2×; p99 ≤ 5× (is {p99 / bare_p99:.1f}×); ≤ 50 ms",
        is_held,
    )


@contextmanager
def _copies(connection: psycopg.Connection) -> Iterator[None]:
    """Make the copies and their indexes, and drop them at the end."""
    names = ("bench_bare", "bench_plain", "bench_full")
    drop = f"DROP TABLE IF EXISTS {', '.join(names)}, bench_sample; DROP SEQUENCE IF EXISTS bench_number"
    connection.execute(drop)
    try:
        connection.execute("CREATE SEQUENCE bench_number START 9000000000000000000 CACHE 100")
        connection.execute(SAMPLE)
        connection.execute("CREATE UNIQUE INDEX ON bench_sample (place)")
        found = connection.execute(FILTERS_AND_WORDS, [TABLE]).fetchall()
        ((words,), others) = ([by for is_words, by in found if is_words == asked] for asked in (True, False))
        for name, indexes in zip(names, (LIST, (*LIST, *_on(others)), (*LIST, *_on(others))), strict=True):
            connection.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
            connection.execute(f"INSERT INTO {name} SELECT * FROM {TABLE} ORDER BY id DESC LIMIT {KEPT}")  # noqa: S608  (ours)
            for index in indexes:
                connection.execute(f"CREATE {index.format(table=name)}")
        connection.execute(f"CREATE INDEX bench_full_words ON bench_full {words}")
        connection.execute(f"VACUUM (ANALYZE) {', '.join(names)}, bench_sample")
        yield
    finally:
        connection.execute(drop)


def _on(indexes: Iterable[str]) -> list[str]:
    return [f"INDEX ON {{table}} {by.replace('{', '{{').replace('}', '}}')}" for by in indexes]


def _script(bench: Bench, table: str) -> str:
    """Return what pgbench does: one insert into a copy, of all columns that the table has."""
    with psycopg.connect(bench.superuser_url) as connection:
        named = "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
        columns = [name for (name,) in connection.execute(named, [TABLE])]
    values = ", ".join(MADE.get(name, name) for name in columns)
    return SCRIPT.format(table=table, columns=", ".join(columns), values=values)


def _run(bench: Bench, table: str, seconds: int) -> tuple[float, float, float]:
    """Return inserts a second, and the 99th percentile and the slowest in milliseconds."""
    place = bench.superuser_url.partition("host=")[2]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "insert.sql")
        script.write_text(_script(bench, table))
        command: list[str] = [
            str(postgres.program("pgbench")),
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CLIENTS),
            "-j",
            "2",
            "-T",
            str(seconds),
        ]
        command += ["-l", "--log-prefix", f"{folder}/log", "-f", str(script), "-h", place, "-U", "postgres"]
        subprocess.run(
            [*command, postgres.DATABASE], check=True, capture_output=True, env={**os.environ, "PGPORT": "5432"}
        )
        took = sorted(
            int(line.split()[2]) / 1000 for log in Path(folder).glob("log*") for line in log.read_text().splitlines()
        )
    return len(took) / seconds, took[int(len(took) * 0.99)], took[-1]
