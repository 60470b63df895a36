"""From the bytes of a .csv to rows of text."""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from .refusals import Refused
from .tables import MOST_COLUMNS, Knows, Row

MOST_CHARACTERS_IN_A_LINE = 1_000_000

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
DELIMITERS = (",", ";", "\t")


def read_csv(stream: BinaryIO, knows: Knows) -> Iterator[Row]:
    """Yield the rows of a .csv, header first, holding one at a time; raises Refused.

    The text is UTF-8, or UTF-16 if a byte order mark says so. The delimiter is the one with which the header
    row has the most column names that `knows` knows. Empty lines are passed over and not counted as records.
    """
    lines = Lines(stream)
    number, start = 0, 1
    try:
        first = next((line for line in lines if line.strip()), "")
        before = max(lines.count - 1, 0)
        reader = csv.reader(chain([first], lines), delimiter=_delimiter(first, knows), strict=True)
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
        raise Refused(problem.reason, number + 1, problem.line, encoding=problem.encoding) from problem
    except csv.Error as problem:
        is_long = "field limit" in str(problem) and start == lines.count
        reason = "long cell" if is_long else "quote" if start == lines.count else "open quote"
        raise Refused(reason, number + 1, start, end=lines.count) from problem


def _delimiter(header: str, knows: Knows) -> str:
    def known_names(delimiter: str) -> int:
        return sum(knows(name) for name in next(csv.reader([header], delimiter=delimiter), []))

    return max(DELIMITERS, key=known_names)


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
