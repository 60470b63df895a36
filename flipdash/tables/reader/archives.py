"""What is inside a zip archive or an old Excel file, judged before anything is parsed (trust.md U1)."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .refusals import Refused

MOST_PARTS = 200
MOST_UNPACKED = 200 << 20  # bytes
MOST_INDEX = 128 << 10  # bytes: room for 200 parts with long names
PIECE = 1 << 18  # bytes

END = b"PK\x05\x06"
END_LENGTH = 22
DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
CELL = b"<c "
MOST_CELLS = 2_500_000
OTHERS = {"xl/workbook.bin": "xlsb", "content.xml": "ods", "word/document.xml": "word", "ppt/presentation.xml": "word"}
MACROS = ("vbaproject", "macrosheets/")

OLE_NAMES = {
    "EncryptedPackage": "password",
    "_VBA_PROJECT_CUR": "macros",
    "_VBA_PROJECT": "macros",
    "WordDocument": "word",
    "PowerPoint Document": "word",
}
SECTOR = 512  # bytes; what an OLE file holds begins at a multiple of it
GLOBALS = b"\x09\x08\x10\x00\x00\x06\x05\x00"
"""How the stream of an .xls begins."""
WRITE_PROTECT, FILE_PASS = 0x86, 0x2F
OLE_ENTRY = 128  # bytes of one entry in an OLE file's directory
OLE_NAME = 64  # of which its name, padded with NULs, and then the name's length


def check_zip(stream: BinaryIO) -> int:
    """Refuse an archive that is no .xlsx, or whose parts are too many, too big or unusual; return the bytes unpacked.

    First the index is judged, then each part is unpacked and thrown away, for an index can lie.
    """
    size = _check_end(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            _check_index(parts, size)
            return _unpack(archive, parts)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, struct.error, ValueError, OSError) as error:
        raise Refused("damaged") from error


def _check_end(stream: BinaryIO) -> int:
    """Judge the archive's last record, without reading the index it speaks of; return the archive's size."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - (1 << 16) - END_LENGTH))
    tail = stream.read()
    place = tail.rfind(END)
    if place < 0 or len(tail) - place < END_LENGTH:
        raise Refused("truncated")
    parts, index = struct.unpack_from("<HI", tail, place + 10)
    if parts > MOST_PARTS or index > MOST_INDEX:
        raise Refused("parts", most=MOST_PARTS)
    return size


def _check_index(parts: list[zipfile.ZipInfo], size: int) -> None:
    names = [part.filename for part in parts]
    lower = [name.lower() for name in names]
    if len(names) > MOST_PARTS:
        raise Refused("parts", most=MOST_PARTS)
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("password")
    if other := next((OTHERS[name] for name in lower if name in OTHERS), None):
        raise Refused(other)
    if "xl/workbook.xml" not in lower:
        raise Refused("zip")
    if any(macro in name for name in lower for macro in MACROS):
        raise Refused("macros")
    if len(set(lower)) < len(lower) or any(_is_strange(part) for part in parts):
        raise Refused("strange")
    if sum(part.compress_size for part in parts) > size:
        raise Refused("strange")
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused("unpacked", most=MOST_UNPACKED >> 20)


def _is_strange(part: zipfile.ZipInfo) -> bool:
    """Whether no office program would have written the part so."""
    name = part.filename
    stored = part.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    return not stored or name.startswith("/") or ".." in name or "\\" in name or ":" in name or not name.isprintable()


def _unpack(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> int:
    unpacked = cells = 0
    for part in parts:
        end = b""
        for piece in _pieces(archive, part):
            unpacked += len(piece)
            cells += piece.count(CELL)
            if unpacked > MOST_UNPACKED:
                raise Refused("unpacked", most=MOST_UNPACKED >> 20)
            if cells > MOST_CELLS:
                raise Refused("cells", most=f"{MOST_CELLS:,}")
            if any(declaration in piece or declaration in end + piece[:16] for declaration in DECLARATIONS):
                raise Refused("declarations")
            end = piece[-16:]
    return unpacked


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            yield piece


def check_ole(stream: BinaryIO) -> int:
    """Refuse an OLE file that is protected, holds macros, or is no workbook; return its size."""
    stream.seek(0)
    data = stream.read()
    if len(data) % 512 and len(data) < 1536:
        raise Refused("truncated")
    for name, reason in OLE_NAMES.items():
        if _has_entry(data, name):
            raise Refused(reason)
    if not (_has_entry(data, "Workbook") or _has_entry(data, "Book")):
        raise Refused("damaged")
    if _is_encrypted(data):
        raise Refused("password")
    return len(data)


def _has_entry(data: bytes, name: str) -> bool:
    """Whether the file's directory has an entry of this name."""
    written = name.encode("utf-16-le") + b"\0\0"
    return _find(data, written.ljust(OLE_NAME, b"\0") + struct.pack("<H", len(written)), OLE_ENTRY) >= 0


def _is_encrypted(data: bytes) -> bool:
    """Whether the second record of the workbook's stream, or the one after a write protection, says so."""
    place = _find(data, GLOBALS, SECTOR)
    if place < 0:
        return False
    kinds = []
    for _record in range(3):
        if place + 4 > len(data):
            break
        kind, length = struct.unpack_from("<HH", data, place)
        kinds.append(kind)
        place += 4 + length
    return kinds[1:2] == [FILE_PASS] or kinds[1:] == [WRITE_PROTECT, FILE_PASS]


def _find(data: bytes, part: bytes, step: int) -> int:
    """Return where a part stands in the data at a multiple of a step, or -1."""
    place = data.find(part)
    while place >= 0 and place % step:
        place = data.find(part, place + 1)
    return place
