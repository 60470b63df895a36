"""Reading an uploaded file: a limited process parses it (imports/reader), and here it becomes rows and words."""

import json
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.utils.translation import gettext_lazy

from flipdash.tables.faults import Fault, Unreadable
from flipdash.tables.reader.tables import Broken, Number, Row, plain

MOST_MEGABYTES = 25
"""The largest upload; a business's 100,000 rows are about 16 MB as .csv and 6 MB as .xlsx (decision 0007)."""

_ = gettext_lazy
REASONS = {
    "empty": _("the file is empty"),
    "nul": _("holds a NUL character; save the file as “CSV UTF-8” and try again"),
    "long line": _("this line is too long"),
    "encoding": _("holds characters that are not %(encoding)s; save the file as “CSV UTF-8” and try again"),
    "long cell": _("a cell is far longer than any name or remark"),
    "quote": _("a quotation mark is opened and not closed, or stands in the middle of a cell"),
    "open quote": _("a quotation mark is opened in this record and not closed (read until line %(end)d)"),
    "columns": _("there are %(count)d columns, and at most %(most)d are read; remove those that aren’t needed"),
    "parts": _("this workbook holds more than %(most)d parts; copy the table into a new workbook and save it as .xlsx"),
    "unpacked": _("this workbook unpacks to more than %(most)d MB; split it, or save it as “CSV UTF-8”"),
    "cells": _("this workbook holds more than %(most)s cells; split it, or save it as “CSV UTF-8”"),
    "strange": _("no spreadsheet program saves workbooks like this one; open it and save it again as .xlsx"),
    "declarations": _("this workbook holds XML declarations that could be harmful; save it again as .xlsx"),
    "damaged": _("this workbook is damaged; open it in a spreadsheet program and save it again as .xlsx"),
    "truncated": _("the end of this workbook is missing; it may not have been saved or sent whole"),
    "password": _("this workbook is protected with a password; remove the password and save it again"),
    "macros": _("this workbook holds macros; save it as .xlsx, which holds none"),
    "xlsb": _("this is an .xlsb workbook; save it as .xlsx and try again"),
    "ods": _("this is an OpenDocument file; save it as .xlsx and try again"),
    "old": _("this was saved by a very old Excel; save it as .xlsx and try again"),
    "web page": _("this is a web page or XML, whatever its name; open it in a spreadsheet and save it as .xlsx"),
    "zip": _("this is an archive and no workbook; unpack it, and choose the .csv, .xls or .xlsx in it"),
    "word": _("this is a document and no table; save its table as .xlsx or .csv"),
    "pdf": _("this is a PDF, whatever its name; export the history as .xlsx or .csv instead"),
    "picture": _("this is a picture, whatever its name; export the history as .xlsx or .csv instead"),
    "program": _("this is a program, whatever its name; choose a .csv, .xls or .xlsx"),
    "merged": _("the cells %(place)s are merged, so that only the first holds a value; unmerge them"),
    "merged header": _("the header’s cells %(place)s are merged; each column needs a name of its own"),
    "sheets": _("several sheets hold records: %(names)s; keep one of them in the file, and import the others apart"),
    "memory": _("reading this file needs too much memory; split it, or save it as “CSV UTF-8”"),
    "time": _("reading this file takes too long; split it, or save it as “CSV UTF-8”"),
}
ENDS = {
    signal.SIGXCPU: "time",
    signal.SIGKILL: "time",
    signal.SIGABRT: "memory",
    signal.SIGSEGV: "memory",
    signal.SIGBUS: "memory",
}
"""What the end of the reading process means. A library that gets no memory aborts."""


class FileRows(Iterator[Row]):
    """The rows of an uploaded file, header first; raises Unreadable.

    `about` is how many records there are, roughly, `ignored_sheets` the other sheets with something in them, and
    `above` what stands above the header, `hidden_sheet` the name of the sheet that is read when it is hidden,
    `hidden_rows` how many records people don't see, and `separator` what stands between a text file's cells: all are
    known when the first row is.
    """

    def __init__(self, stream: BinaryIO, names: Iterable[str], act: str = "read") -> None:
        self.about: int | None = None
        self.ignored_sheets: list[str] = []
        self.above: list[Row] = []
        self.hidden_sheet, self.hidden_rows = "", 0
        self.separator = ""
        self._rows = self._read(stream, act, sorted({plain(name) for name in names}))

    def __next__(self) -> Row:
        return next(self._rows)

    def close(self) -> None:
        """Stop reading before the end."""
        self._rows.close()

    def _read(self, stream: BinaryIO, act: str, names: list[str]) -> "Generator[Row, None, None]":
        last = (1, 1)
        with _start(stream, act, *names) as process:
            try:
                for message in _messages(process.stdout):
                    if isinstance(message, list):
                        row = _row(message)
                        last = row[:2]
                        yield row
                    elif "refused" in message:
                        raise _unreadable(message)
                    else:
                        self.about, self.ignored_sheets = message["about"], message["ignored"]
                        self.hidden_sheet, self.hidden_rows = message["hidden_sheet"], message["hidden_rows"]
                        self.separator = message["separator"]
                        self.above = [_row(row) for row in message["above"]]
            except BaseException:  # also when nobody wants the other rows
                process.kill()
                raise
        if process.returncode:
            raise _ended(process.returncode, *last)


def read_file(stream: BinaryIO, names: Iterable[str]) -> FileRows:
    """Return the rows of a .csv, .xls or .xlsx, in which `names` are those a header may hold."""
    stream.flush()  # the other process reads what is in the file, not what waits here
    return FileRows(stream, names)


def read_statement(stream: BinaryIO, names: Iterable[str]) -> FileRows:
    """Return the rows of a bank's statement: as `read_file`, but cells may be merged, and of an MT940 each line is a
    row."""
    stream.flush()
    return FileRows(stream, names, "statement")


def weigh(stream: BinaryIO) -> None:
    """Judge what kind of file it is, and an archive by its parts, in 2 seconds at most; raises Unreadable."""
    stream.flush()
    with _start(stream, "weigh") as process:
        for message in _messages(process.stdout):
            raise _unreadable(message)
    if process.returncode:
        raise _ended(process.returncode, 1, 1)


def command(*words: str) -> tuple[list[str], dict[str, Any]]:
    """Return how the reading process is called, and where: with our package of readers and nothing else of ours."""
    environment = {"PYTHONPATH": str(Path(__file__).parent)}
    return [sys.executable, "-s", "-P", "-m", "reader", *words], {"env": environment, "cwd": "/"}


def _start(stream: BinaryIO, *words: str) -> "subprocess.Popen[bytes]":
    line, options = command(*words)
    return subprocess.Popen(  # noqa: S603  (our own module, and names of columns that we declare)
        line, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options
    )


def _messages(answers: IO[bytes] | None) -> Iterator[Any]:
    for line in answers or ():
        yield json.loads(line)


def _row(message: list[Any]) -> Row:
    number, line, cells = message
    return Row(number, line, [cell if isinstance(cell, str) else _special(*cell) for cell in cells])


def _special(text: str, broken: int | None = None) -> str:
    return Number(text) if broken is None else Broken(text)


def _unreadable(message: dict[str, Any]) -> Unreadable:
    reason = str(REASONS[message["refused"]]) % message["words"]
    return Unreadable(Fault(message["number"], message["line"], "", reason))


def _ended(code: int, number: int, line: int) -> Unreadable:
    """Return what it means that the reading process was ended, at a record and line."""
    reason = ENDS.get(signal.Signals(-code), "damaged") if code < 0 else "damaged"
    return _unreadable({"refused": reason, "number": number, "line": line, "words": {}})
