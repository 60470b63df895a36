"""From the bytes of a .csv to rows of text."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from .refusals import Refused
from .tables import MOST_COLUMNS, NAMES_OF_A_HEADER, ROWS_ABOVE_A_HEADER, Knows, Row, Table, naming

MOST_CHARACTERS_IN_A_LINE = 1_000_000

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
DELIMITERS = (",", ";", "\t")
SEPARATOR = re.compile(r"\"?sep=([,;\t])\"?", re.IGNORECASE)
"""How Excel is told the delimiter, in the first line."""
LONGEST_HEADER = 20_000
"""Characters of a line that may be a header."""


def read_csv(stream: BinaryIO, knows: Knows) -> Table:
    """Return the rows of a .csv, header first, held one at a time; raises Refused, also while its rows are taken.

    The text is UTF-8, or UTF-16 if a byte order mark says so. The header is the first of the upper lines that holds
    names which `knows` knows, else the one with the most words that could be names; the delimiter is the one with which
    it has the most, or what a line "sep=;" says. Empty lines are passed over and not counted as records.
    """
    lines = Lines(stream)
    head, rest = _upper_lines(lines)
    said = SEPARATOR.fullmatch(head[0].strip()) if head else None
    first = 1 if said else 0
    header, delimiter = _find_header(head, first, (said[1],) if said else DELIMITERS, knows)
    above = [
        Row(0, place + 1, cells)
        for place in range(first, header)
        if head[place].strip() and (cells := next(csv.reader([head[place]], delimiter=delimiter), []))
    ]
    rows = _rows(chain(head[header:], rest), lines, header, delimiter)
    return Table(rows, 0, above=above, separator=delimiter)


def _upper_lines(lines: "Lines") -> tuple[list[str], Iterator[str]]:
    """Return the lines in which a header may stand, and the others; what is no text is met in its place."""
    head: list[str] = []
    try:
        head.extend(islice(lines, ROWS_ABOVE_A_HEADER + 1))
    except NotText as problem:
        return head, _meet(problem)
    return head, lines


def _meet(problem: "NotText") -> Iterator[str]:
    yield from ()
    raise problem


def _find_header(head: list[str], first: int, delimiters: Sequence[str], knows: Knows) -> tuple[int, str]:
    """Return the place of the header among the upper lines, and the delimiter."""
    for place in range(first, len(head)):
        counts = {delimiter: _known_names(head[place], delimiter, knows) for delimiter in delimiters}
        best = max(counts, key=lambda delimiter: counts[delimiter])
        if counts[best] >= NAMES_OF_A_HEADER:
            return place, best
    start = next((place for place in range(first, len(head)) if head[place].strip()), first)
    found, most = (start, delimiters[0]), 1
    for place in range(start, len(head)):
        for delimiter in delimiters:
            if (names := naming(_cells(head[place], delimiter))) > most:
                found, most = (place, delimiter), names
    if most == 1:
        line = head[start] if start < len(head) else ""
        return start, max(
            delimiters, key=lambda delimiter: (_known_names(line, delimiter, knows), line.count(delimiter))
        )
    return found


def _known_names(line: str, delimiter: str, knows: Knows) -> int:
    return sum(map(knows, _cells(line, delimiter)))


def _cells(line: str, delimiter: str) -> list[str]:
    if len(line) > LONGEST_HEADER:
        return []
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _rows(taken: Iterator[str], lines: "Lines", before: int, delimiter: str) -> Iterator[Row]:
    """Yield the rows of the lines from the header on, before which there are so many others."""
    number, start = 0, before + 1
    reader = csv.reader(taken, delimiter=delimiter, strict=True)
    try:
        while True:
            start = before + reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if cells:
                number += 1
                if len(cells) > MOST_COLUMNS:
                    raise Refused("columns", number, start, count=len(cells), most=MOST_COLUMNS)
                yield Row(number, start, cells)
    except NotText as problem:
        raise _not_text(problem, number + 1) from problem
    except csv.Error as problem:
        read = before + reader.line_num
        is_long = "field limit" in str(problem) and start == read
        reason = "long cell" if is_long else "quote" if start == read else "open quote"
        raise Refused(reason, number + 1, start, end=read) from problem


def _not_text(problem: "NotText", number: int) -> Refused:
    return Refused(problem.reason, number, problem.line, encoding=problem.encoding)


def read_lines(stream: BinaryIO) -> Table:
    """Return the lines of a text, each as a row of one cell; raises Refused, also while its rows are taken."""
    return Table(_whole_lines(Lines(stream)), 0)


def _whole_lines(lines: "Lines") -> Iterator[Row]:
    try:
        for number, line in enumerate(lines, 1):
            yield Row(number, number, [line.rstrip("\r\n")])
    except NotText as problem:
        raise _not_text(problem, problem.line) from problem


class NotText(ValueError):
    """A file holds bytes that are no text, on the line named."""

    def __init__(self, line: int, reason: str, encoding: str = "") -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason
        self.encoding = encoding.upper().removesuffix("-LE").removesuffix("-BE")


class Lines(Iterator[str]):
    """The lines of a byte stream, with their ends, decoded piece by piece; `count` is how many were taken."""

    piece = 1 << 16  # bytes

    def __init__(self, stream: BinaryIO) -> None:
        self.count = 0
        self._lines = self._read(stream)

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        if "\0" in line:
            raise NotText(self.count, "nul")
        return line

    def _read(self, stream: BinaryIO) -> Iterator[str]:
        rest = ""
        for text in self._texts(stream):
            # StringIO ends lines at \n, \r and \r\n only; str.splitlines would at six other characters too.
            *whole, rest = list(io.StringIO(rest + text, newline="")) or [""]
            yield from whole
            if len(rest) > MOST_CHARACTERS_IN_A_LINE:
                raise NotText(self.count + 1, "long line")
        if rest:
            yield rest

    def _texts(self, stream: BinaryIO) -> Iterator[str]:
        data = stream.read(self.piece)
        bom = next((bom for bom in BOMS if data.startswith(bom)), b"")
        encoding = BOMS.get(bom, "utf-8")
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=False)
        data = data[len(bom) :]
        while True:
            try:
                yield decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                # First the good lines above, so that the record and line are known when the bad one is met.
                yield error.object[: error.start].decode(encoding)
                raise NotText(self.count + 1, "encoding", encoding) from error
            if not data:
                return
            data = stream.read(self.piece)
