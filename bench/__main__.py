"""`make bench`: every row of the performance tables, side by side, on ten million transfers of each distribution.

The first run makes the rows, which takes minutes; they are kept in var/bench. Each group of measurements writes its
lines down, and the tables in docs/performance.md are made of the last lines of all groups.
"""

import argparse
import os
from importlib import import_module
from pathlib import Path

from bench import cluster, measure
from devtools.local.processes import stops_on_signals

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
GROUPS = (
    *("page", "browser", "lists", "search", "inserts", "hostile", "sheets", "documents", "together", "api"),
    *("callbacks", "banks", "bulk", "settling"),
)
"""Modules of this package with a function `lines(bench)`; the table has their lines in this order."""
MEASURED = {"usual": GROUPS, "lopsided": ("lists", "search", "hostile")}
"""What is measured on the rows of each distribution: all, or what depends on how rows are shared out."""
TABLE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
FROM, TO = "<!-- table: written by make bench, {name} -->\n", "<!-- end of table -->\n"
FULL, QUICK = 10_000_000, 200_000


def main() -> None:
    """Measure on the rows of one distribution."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("name", choices=MEASURED, help="the distribution of the rows")
    parser.add_argument("groups", nargs="*", help=f"only these: {' '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} rows instead of {FULL:,}; writes no table")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--build", action="store_true", help="make the rows only")
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}")
    asked = [group for group in MEASURED[arguments.name] if group in (arguments.groups or GROUPS)]
    if arguments.build or asked:
        with stops_on_signals():
            run(arguments.name, [] if arguments.build else asked, is_quick=arguments.quick, rounds=arguments.rounds)


def run(name: str, groups: list[str], *, is_quick: bool, rounds: int) -> None:
    """Make the rows of one distribution if they are missing, measure, print and write the table."""
    kept = f"quick-{name}" if is_quick else name
    results = cluster.HOME / f"results-{kept}"
    with cluster.services(kept) as place:
        url, count = cluster.superuser_url(place), QUICK if is_quick else FULL
        prepare(name, url, count)
        from bench.subject import Bench

        bench = Bench(url, count, rounds, results)
        for group in groups:
            print(f"\n{name}: {group}", flush=True)
            lines = import_module(f"bench.{group}").lines(bench)
            measure.keep(results / f"{group}.json", lines)
            for line in lines:
                ratio = "" if line.ratio is None else f"{line.ratio}×"
                print(
                    f"  {line.row:4}{line.what:64}{line.measured:>14}  {ratio} {line.hold} {line.verdict}",
                    flush=True,
                )
        if groups and not is_quick:
            write_table(name, [line for group in MEASURED[name] for line in measure.kept(results / f"{group}.json")])


def prepare(name: str, url: str, rows: int) -> None:
    """Bring the database up to date and make the rows that are missing."""
    import django

    django.setup()
    from django.core.management import call_command

    from bench import rows as table

    call_command("migrate", database="owner", verbosity=0)
    table.build(url, rows, {"usual": table.USUAL, "lopsided": table.LOPSIDED}[name])


def write_table(name: str, lines: list[measure.Line]) -> None:
    """Put the table of one distribution into docs/performance.md."""
    before, rest = TABLE.read_text().split(FROM.format(name=name))
    TABLE.write_text(before + FROM.format(name=name) + measure.table(lines) + TO + rest.split(TO, 1)[1])


if __name__ == "__main__":
    main()
