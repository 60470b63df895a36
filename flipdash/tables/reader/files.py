"""Which reader a file gets: its content decides, never its name."""

import re
from typing import BinaryIO

from . import archives
from .delimited import read_csv, read_lines
from .refusals import Refused
from .tables import Knows, Table
from .workbooks import read_workbook

MT940 = re.compile(rb"\{1:F01|\{4:|:20:")
"""How a file of SWIFT's statements begins."""
PIECE = 1 << 20  # bytes
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHERS = {
    b"MZ": "program",
    b"\x7fELF": "program",
    b"#!": "program",
    b"%PDF": "pdf",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"RIFF": "picture",
    b"\x1f\x8b": "zip",
    b"7z\xbc\xaf": "zip",
    b"Rar!": "zip",
    b"BZh": "zip",
    b"\xfd7zXZ": "zip",
    b"{\\rtf": "word",
    b"\x09\x00\x04\x00": "old",
    b"\x09\x02\x06\x00": "old",
    b"\x09\x04\x06\x00": "old",
    b"\x09\x08\x08\x00": "old",
    b"\x09\x08\x10\x00": "old",
}
"""Beginnings by which files that are no table are told; the last five are Excel 2 to 95 without a container."""


def weigh(stream: BinaryIO) -> int:
    """Refuse what is no table, or a dangerous one, before anything is parsed; return the bytes there are to parse."""
    stream.seek(0)
    start = stream.read(512)
    if start.startswith(ZIP):
        return archives.check_zip(stream)
    if start.startswith(OLE):
        return archives.check_ole(stream)
    if other := next((reason for begin, reason in OTHERS.items() if start.startswith(begin)), None):
        raise Refused(other)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise Refused("web page")
    return stream.seek(0, 2)


def read(stream: BinaryIO, knows: Knows, *, of_a_bank: bool = False) -> Table:
    """Return the table in a file that was weighed; raises Refused, also while its rows are taken.

    A bank's statement may have merged cells, or be an MT940, whose lines are the rows.
    """
    stream.seek(0)
    start = stream.read(512)
    stream.seek(0)
    if start.startswith((*ZIP, OLE)):
        return read_workbook(stream, knows, may_be_merged=of_a_bank)
    lines = sum(piece.count(b"\n") for piece in iter(lambda: stream.read(PIECE), b""))
    stream.seek(0)
    is_mt940 = of_a_bank and MT940.match(start.removeprefix(b"\xef\xbb\xbf").lstrip())
    table = read_lines(stream) if is_mt940 else read_csv(stream, knows)
    table.about = max(0, lines - 1)
    return table
