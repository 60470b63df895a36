"""What a workbook says of its cells and rows that python-calamine doesn't: errors, formulas without a result, hidden
rows. It is read from the sheet's own part of the file: XML in an .xlsx, records in an .xls."""

import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from .refusals import Refused

PIECE = 1 << 18  # bytes
LONGEST_ROW = 16 << 20
"""Bytes of one row of an .xlsx."""
NO_RESULT = "="
"""What stands for a formula whose result the file doesn't hold."""

SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"']*)["']""")
ROW = re.compile(rb"<row\s[^>]*>")
ERROR = re.compile(rb"""<c\s(?=[^>]*\st=["']e["'])([^>]*)>(?:(?!</c>).)*?<v>([^<]*)</v>""", re.DOTALL)
UNKNOWN = re.compile(
    rb"<c\s([^>]*[^/>])>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>", re.DOTALL
)
PLACE = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


@dataclass
class Marks:
    """Of one sheet: its broken cells by row and column, and the rows that are hidden, all from 0."""

    broken: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)

    def add(self, row: int, column: int, words: str) -> None:
        """Note a broken cell."""
        self.broken.setdefault(row, {})[column] = words


def marks_of(stream: BinaryIO, place: int) -> Marks:
    """Return the marks of a workbook's sheet, by its place among all of them; raises Refused."""
    stream.seek(0)
    is_zip = stream.read(2) == b"PK"
    try:
        return _of_xlsx(stream, place) if is_zip else _of_xls(stream, place)
    except (zipfile.BadZipFile, struct.error, IndexError, KeyError, ValueError) as error:
        raise Refused("damaged") from error


# --- .xlsx -----------------------------------------------------------------------------------------------------------


def _of_xlsx(stream: BinaryIO, place: int) -> Marks:
    marks = Marks()
    with zipfile.ZipFile(stream) as archive:
        name = _part_of(archive, place)
        if name is None:
            return marks
        with archive.open(name) as part:
            for rows in _whole_rows(part):
                _read_rows(rows, marks)
    return marks


def _part_of(archive: zipfile.ZipFile, place: int) -> str | None:
    """Return the name of the archive's part that holds a sheet."""
    sheets = [_attributes(tag) for tag in SHEET.findall(archive.read("xl/workbook.xml"))]
    relations = map(_attributes, RELATION.findall(archive.read("xl/_rels/workbook.xml.rels")))
    targets = {relation["Id"]: relation["Target"] for relation in relations}
    wanted = next((value for name, value in sheets[place].items() if name.endswith(":id")), "")
    target = targets.get(wanted, "")
    name = target[1:] if target.startswith("/") else f"xl/{target}"
    return name if name in archive.namelist() else None


def _attributes(tag: bytes) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8", "replace") for name, value in ATTRIBUTE.findall(tag)}


def _whole_rows(part: object) -> Iterator[bytes]:
    """Yield the XML of a sheet in pieces that end where a row does."""
    rest = b""
    while piece := part.read(PIECE):  # type: ignore[attr-defined]  # a part of an archive, open for reading
        rest += piece
        end = rest.rfind(b"<row")
        if end > 0:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > LONGEST_ROW:
            raise Refused("strange")
    yield rest


def _read_rows(rows: bytes, marks: Marks) -> None:
    if b"hidden" in rows:
        for tag in ROW.findall(rows):
            said = _attributes(tag)
            if said.get("hidden") in ("1", "true") and said.get("r", "").isdigit():
                marks.hidden_rows.add(int(said["r"]) - 1)
    if b't="e"' in rows or b"t='e'" in rows:
        for tag, words in ERROR.findall(rows):
            marks.add(*_place(tag), words.decode("utf-8", "replace"))
    if b"<f" in rows:
        for tag in UNKNOWN.findall(rows):
            marks.add(*_place(tag), NO_RESULT)


def _place(tag: bytes) -> tuple[int, int]:
    found = PLACE.fullmatch(dict(ATTRIBUTE.findall(b" " + tag)).get(b"r", b""))
    if found is None:
        raise Refused("strange")
    column = 0
    for letter in found[1]:
        column = column * 26 + letter - 64
    return int(found[2]) - 1, column - 1


# --- .xls ------------------------------------------------------------------------------------------------------------

FORMULA, BOOL_ERR, ROW_RECORD, BOUND_SHEET, END = 0x06, 0x0205, 0x0208, 0x85, 0x0A
HIDDEN = 0x20
"""The bit of a row's flags that says it has no height."""
LAST = 0xFFFFFFFA
"""From here on a number says that no sector follows."""
SMALL, SMALL_SECTOR = 4096, 64  # bytes


def _of_xls(stream: BinaryIO, place: int) -> Marks:
    marks = Marks()
    data = _workbook_in(stream)
    starts = [struct.unpack_from("<I", body)[0] for kind, body in _records(data, 0) if kind == BOUND_SHEET]
    for kind, body in _records(data, starts[place]):
        if kind == BOOL_ERR and body[7]:
            row, column = struct.unpack_from("<HH", body)
            marks.add(row, column, ERRORS.get(body[6], "#N/A"))
        elif kind == FORMULA and body[12:14] == b"\xff\xff" and body[6] == 2:
            row, column = struct.unpack_from("<HH", body)
            marks.add(row, column, ERRORS.get(body[8], "#N/A"))
        elif kind == ROW_RECORD and body[12] & HIDDEN:
            marks.hidden_rows.add(struct.unpack_from("<H", body)[0])
    return marks


def _records(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of one part of the workbook's stream, up to its end."""
    while start + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, start)
        if kind == END:
            return
        yield kind, data[start + 4 : start + 4 + length]
        start += 4 + length


def _workbook_in(stream: BinaryIO) -> bytes:
    """Return the workbook's stream of an OLE file, or nothing where there is none of this kind."""
    stream.seek(0)
    data = stream.read()
    sector = 1 << min(struct.unpack_from("<H", data, 30)[0], 12)
    directory_at, small_at, more_at = (struct.unpack_from("<I", data, place)[0] for place in (48, 60, 68))
    tables = [number for number in struct.unpack_from("<109I", data, 76) if number < LAST]
    while more_at < LAST and len(tables) * sector < len(data):
        more = struct.unpack_from(f"<{sector // 4}I", data, (more_at + 1) * sector)
        tables += [number for number in more[:-1] if number < LAST]
        more_at = more[-1]
    following: list[int] = []
    for number in tables:
        following += struct.unpack_from(f"<{sector // 4}I", data, (number + 1) * sector)
    body = memoryview(data)[sector:]
    directory = _chain(body, following, directory_at, sector)
    for start in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, start + 64)[0]
        name = directory[start : start + max(0, length - 2)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            first, size = struct.unpack_from("<II", directory, start + 116)
            if size >= SMALL:
                return _chain(body, following, first, sector)[:size]
            # What is small lies in small sectors, which make up the stream of the first entry.
            root = _chain(body, following, struct.unpack_from("<I", directory, 116)[0], sector)
            table = _chain(body, following, small_at, sector)
            return _chain(memoryview(root), struct.unpack(f"<{len(table) // 4}I", table), first, SMALL_SECTOR)[:size]
    return b""


def _chain(data: memoryview, following: Sequence[int], number: int, sector: int) -> bytes:
    parts: list[memoryview] = []
    while number < LAST and len(parts) <= len(following):
        parts.append(data[number * sector : (number + 1) * sector])
        number = following[number]
    return b"".join(parts)
