"""What a statement of the deposit costs, each format in a process of its own: CPU seconds, and the most memory.

Entries are invented, a thousand at a time, with the words that the demo's have; what reading them from the ledger takes
stands in the ledger's own figures.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.measure import Line
from bench.sheets import peak_memory

PAPER, MANY = 1_000, 20_000
"""Entries: as many as a paper holds, and as a busy month has."""
MOST_SECONDS, MOST_MEMORY = 20, 400  # MB
BATCH = 1_000
OPENING = 10**9


def lines(bench: Any) -> Iterator[Line]:
    """Measure the paper that is as long as one may be, and the other formats of 20,000 entries."""
    for format, count in (("pdf", PAPER), *((format, MANY) for format in ("xlsx", "csv", "sta", "xml"))):
        command = [sys.executable, "-m", "bench.statements", format, str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        cpu, memory = json.loads(done.stdout.splitlines()[-1])
        name = {"sta": "MT940", "xml": "CAMT.053"}.get(format, f".{format}")
        yield Line(
            row="",
            what=f"Statement of {count:,} entries, {name}",
            measured=f"{cpu:,.2f} s CPU, {memory:,.0f} MB",
            yardstick="",
            hold=f"≤ {MOST_SECONDS} s, ≤ {MOST_MEMORY} MB",
            held=cpu <= MOST_SECONDS and memory <= MOST_MEMORY,
        )


def main() -> None:
    """Take one measurement: this is a process that `lines` starts."""
    import django

    django.setup()
    from django.utils import timezone, translation

    from documents.statements import services

    format, count = sys.argv[1], int(sys.argv[2])
    with (
        tempfile.TemporaryDirectory() as folder,
        translation.override("en"),
        timezone.override("Asia/Jakarta"),
    ):
        begun = time.process_time()
        services.WRITERS[format](_content(format, count), Path(folder) / "statement")
        print(json.dumps([time.process_time() - begun, peak_memory()]))


def _content(format: str, count: int) -> Any:
    """Return a statement of entries that no database knows: every fourth sum comes in."""
    from accounts.models import Business
    from deposits.ledger.statement import KindTotal, Movement
    from deposits.models import PostingKind
    from documents.statements.content import Content

    begins, step = datetime(2026, 10, 31, 17, tzinfo=UTC), timedelta(days=30) / count
    kinds = ((PostingKind.SETTLEMENT, 300_000), *((PostingKind.HOLD, -102_500),) * 3)
    words = "Money Transfer · Sri Wahyuni · 0012345678 · Biji kopi Gayo · fee Rp2,500 included"

    def movements() -> Iterator[list[Movement]]:
        balance = OPENING
        for first in range(0, count, BATCH):
            some = []
            for n in range(first, min(first + BATCH, count)):
                kind, amount = kinds[n % 4]
                balance += amount
                pk = 2_611_000_000_000_000_000 + n * 7_919
                some.append(Movement(begins + step * n, kind, "money_transfer", pk, pk + 1, amount, balance, words))
            yield some

    came, went = count // 4 * 300_000, (count - count // 4) * 102_500
    totals = [
        KindTotal(PostingKind.HOLD, count - count // 4, 0, went),
        KindTotal(PostingKind.SETTLEMENT, count // 4, came, 0),
    ]
    statement = SimpleNamespace(
        business=Business(pk=1, name="Kopi Kita", legal_name="PT Kopi Kita Nusantara", npwp="0921345678017000"),
        member=SimpleNamespace(name="Rina Admin"),
        first=date(2026, 11, 1),
        last=date(2026, 11, 30),
        zone="Asia/Jakarta",
        starts_at=begins,
        ends_at=begins + timedelta(days=30),
        reference="S000012",
        title="Statement",
        period="1 – 30 Nov 2026",
        format=format,
        separator=",",
    )
    mode = SimpleNamespace(is_test=False, mode=SimpleNamespace(label="Live Mode"))
    period = SimpleNamespace(opening=OPENING, closing=OPENING + came - went, totals=totals, count=count, scope=mode)
    return Content(statement, period, begins + timedelta(days=31), movements())  # type: ignore[arg-type]  # no rows


if __name__ == "__main__":
    main()
