"""The limited process: the file comes in on standard input, a line of JSON for each row goes out."""

import json
import os
import resource
import sys

from . import files
from .refusals import Refused
from .tables import Broken, Number, Row, Table, plain

MEMORY = 200 << 20  # bytes
SECONDS = 2
"""For a file's structure, and for small files altogether."""
BYTES_A_SECOND = 2 << 20
"""Each so many bytes that are to be parsed give another second."""
NICENESS = 10


def main() -> None:
    """Weigh or read the file on standard input, under limits; the words after that are the names to be known."""
    _limit()
    act, *names = sys.argv[1:]
    known = frozenset(names)
    stream = open(0, "rb", closefd=False)  # noqa: SIM115  (open until the end)
    try:
        weight = files.weigh(stream)
        if act in ("read", "statement"):
            _allow_seconds(SECONDS + weight // BYTES_A_SECOND)
            _send_table(files.read(stream, lambda name: plain(name) in known, of_a_bank=act == "statement"))
    except Refused as refusal:
        _send(refusal.as_message())
    except MemoryError:
        _send(Refused("memory").as_message())
    _flush()


def _limit() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(kind, (0, 0))
    _allow_seconds(SECONDS)


def _allow_seconds(seconds: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))


def _send_table(table: Table) -> None:
    above = [_as_message(row) for row in table.above]
    hidden = {"hidden_sheet": table.hidden_sheet, "hidden_rows": table.hidden_rows}
    _send({"about": table.about, "ignored": table.ignored, "above": above, "separator": table.separator, **hidden})
    for row in table.rows:
        _send(_as_message(row))


def _as_message(row: Row) -> list[object]:
    """Return a row as JSON: a text is a text, a number is a list of one text, a broken cell one of it and a zero."""
    return [row.number, row.line, [_cell_as_message(cell) for cell in row.cells]]


def _cell_as_message(cell: str) -> object:
    return [cell] if isinstance(cell, Number) else [cell, 0] if isinstance(cell, Broken) else cell


def _send(message: object) -> None:
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")


def _flush() -> None:
    sys.stdout.flush()


main()
