"""`make bench`: what a history costs, against a primary-key lookup and against an empty page.

Each round measures everything once, in turn, so that a busy moment hurts all alike; the median of the rounds is
shown with its ratio to its yardstick. The rows are those of the business `bench`, filled by `manage.py seed`.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import django
from django.conf import settings
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
BUSINESS = "bench"


def main() -> None:
    """Fill the business, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    django.setup()
    call_command("migrate", database="owner", verbosity=0)
    call_command("seed", business=BUSINESS, rows=arguments.rows)
    settings.DEBUG = False  # what follows is measured as production runs
    settings.ALLOWED_HOSTS = ["*"]

    from bench import histories

    measures = histories.measures(BUSINESS)
    taken: dict[str, list[float]] = {name: [] for name, _yardstick, _act in measures}
    for _round in range(arguments.rounds):
        for name, _yardstick, act in measures:
            taken[name].append(milliseconds(act))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    print(f"{arguments.rows:,} rows, {arguments.rounds} rounds, median\n")
    for name, yardstick, _act in measures:
        ratio = f"{medians[name] / medians[yardstick]:6.1f}x {yardstick}" if yardstick else "yardstick"
        print(f"{name:<44} {medians[name]:8.2f} ms   {ratio}")


def milliseconds(act: Callable[[], object]) -> float:
    """Return how long the act takes, in milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
