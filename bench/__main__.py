"""`make bench`: every row of the performance table, side by side, on ten million transfers.

The first run makes the rows, which takes minutes; they are kept in var/bench. Each group of measurements writes its
lines down, and the table in docs/performance.md is made of the last lines of all groups.
"""

import argparse
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import cluster, measure
from devtools.local.processes import stops_on_signals

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
GROUPS = ("page", "lists", "search", "inserts", "hostile", "sheets", "together")
"""Modules of this package with a function `lines(bench)`; the table has their lines in this order."""
TABLE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
FROM, TO = "<!-- table: written by make bench -->\n", "<!-- end of table -->\n"
FULL, QUICK = 10_000_000, 200_000


def main() -> None:
    """Make the rows if they are missing, measure, print and write the table."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("groups", nargs="*", help=f"only these: {' '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} rows instead of {FULL:,}; writes no table")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--build", action="store_true", help="make the rows only")
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}")
    name, rows = ("quick", QUICK) if arguments.quick else ("full", FULL)
    with stops_on_signals(), cluster.services(name) as place:
        bench = prepare(cluster.superuser_url(place), rows, arguments.rounds)
        results = cluster.HOME / f"results-{name}"
        for group in () if arguments.build else arguments.groups or GROUPS:
            print(f"\n{group}", flush=True)
            lines = import_module(f"bench.{group}").lines(bench)
            measure.keep(results / f"{group}.json", lines)
            for line in lines:
                print(
                    f"  {line.row:4}{line.what:64}{line.measured:>14}  {line.ratio}× {line.hold} {line.verdict}",
                    flush=True,
                )
        if name == "full" and not arguments.build:
            write_table([line for group in GROUPS for line in measure.kept(results / f"{group}.json")])


def prepare(url: str, rows: int, rounds: int) -> Any:
    """Bring the database up to date and make the rows that are missing."""
    import django

    django.setup()
    from django.core.management import call_command

    from bench import rows as table
    from bench.subject import Bench

    call_command("migrate", database="owner", verbosity=0)
    table.build(url, rows)
    return Bench(url, rows, rounds)


def write_table(lines: list[measure.Line]) -> None:
    """Put the table into docs/performance.md."""
    if not TABLE.exists():
        return
    before, rest = TABLE.read_text().split(FROM)
    TABLE.write_text(before + FROM + measure.table(lines) + TO + rest.split(TO)[1])


if __name__ == "__main__":
    main()
