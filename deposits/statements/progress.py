"""How many lines of a statement are read. Its row says it only at the end, for all of it goes in at once."""

from django.core.cache import cache

from deposits.models import StatementImport

KEPT = 600  # seconds


def note(job: StatementImport, lines: int) -> None:
    """Tell that so many lines are read; without a cache nobody is told."""
    cache.set(f"statement/{job.pk}", lines, KEPT)


def of(job: StatementImport) -> int:
    """Return how many lines are read so far; 0 where nobody knows."""
    return int(cache.get(f"statement/{job.pk}") or 0)
