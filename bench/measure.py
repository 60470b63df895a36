"""What every group of measurements uses: interleaved rounds, and lines of the table with their hold."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Act = Callable[[], object]


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, against what, and whether the hold holds."""

    row: str
    """P1 … P15, or "" for what has no hold of its own."""
    what: str
    measured: str
    yardstick: str
    ratio: float | None = None
    hold: str = ""
    held: bool | None = None
    day: str = ""

    @property
    def verdict(self) -> str:
        """Say whether it held."""
        return "" if self.held is None else "yes" if self.held else "**no**"


def compare(row: str, what: str, took: float, yardstick: tuple[str, float], *, most: float | None = None) -> Line:
    """Return the line of something that takes so many milliseconds; its ratio may be `most`."""
    name, unit = yardstick
    ratio = took / unit
    return Line(
        row,
        what,
        f"{took:,.2f} ms",
        f"{name}, {unit:,.2f} ms",
        round(ratio, 1),
        f"≤ {most:g}×" if most else "",
        ratio <= most if most else None,
    )


def times(acts: Mapping[str, Act], rounds: int) -> dict[str, list[float]]:
    """Do everything once a round, in turn, so that a busy moment hurts all alike; return milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        act()
    for _round in range(rounds):
        for name, act in acts.items():
            taken[name].append(milliseconds(act))
    return taken


def medians(acts: Mapping[str, Act], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each act, measured in turn."""
    return {name: statistics.median(taken) for name, taken in times(acts, rounds).items()}


def milliseconds(act: Act) -> float:
    """Return how long the act takes, in milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def keep(path: Path, lines: Iterable[Line]) -> None:
    """Write lines down for the table, with today's date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [asdict(line) | {"day": datetime.now(UTC).date().isoformat()} for line in lines]
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1))


def kept(path: Path) -> list[Line]:
    """Read lines that were written down; none if that never happened."""
    return [Line(**line) for line in json.loads(path.read_text())] if path.exists() else []


def table(lines: Iterable[Line]) -> str:
    """Return the lines as a table of Markdown."""
    head = "| # | What | Measured | Yardstick | Ratio | Hold | Held | Day |\n|---|---|---|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cells(line))} |\n" for line in lines)


def _cells(line: Line) -> tuple[str, ...]:
    ratio = "" if line.ratio is None else f"{line.ratio:,.1f}×"
    cells: tuple[Any, ...] = (
        line.row,
        line.what,
        line.measured,
        line.yardstick,
        ratio,
        line.hold,
        line.verdict,
        line.day,
    )
    return tuple(str(cell).replace("|", "\\|") for cell in cells)
