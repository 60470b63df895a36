"""The compound file around a workbook ([MS-CFB], version 3: sectors of 512 bytes)."""

import struct
import uuid
from array import array
from itertools import chain
from typing import BinaryIO

SECTOR = 512
SMALLEST_STREAM = 4_096
"""A shorter stream would have to go into the mini stream, so short ones are filled up with zeros, as Excel does."""
LONGEST_STREAM = 0x7FFFFFFF
FREE, END_OF_CHAIN, IN_FAT, IN_DIFAT, NO_STREAM = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
IN_HEADER = 109
"""Sectors of the FAT that the header names; the DIFAT names the others."""
ENTRIES = SECTOR // 4
WORKBOOK_CLASS = uuid.UUID("00020820-0000-0000-c000-000000000046")
SUMMARY, DOCUMENT_SUMMARY = "\x05SummaryInformation", "\x05DocumentSummaryInformation"


class TooBig(ValueError):
    """The workbook is longer than a stream can be: 2 GiB."""


class CompoundFile:
    """Writes streams one after the other, and what finds them behind them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.streams: list[tuple[str, int, int]] = []  # name, first sector, size
        self.sectors = 0
        file.write(bytes(SECTOR))

    def end_stream(self, name: str) -> None:
        """End the stream of everything written since the last one."""
        begin = SECTOR * (self.sectors + 1)
        size = self.file.tell() - begin
        if size < SMALLEST_STREAM:
            self.file.write(bytes(SMALLEST_STREAM - size))
            size = SMALLEST_STREAM
        if size > LONGEST_STREAM:
            raise TooBig
        self.file.write(bytes(-size % SECTOR))
        self.streams.append((name, self.sectors, size))
        self.sectors += -(-size // SECTOR)

    def close(self) -> None:
        """Write the FAT, the DIFAT, the directory, and the header."""
        directory = self._directory()
        fats, difats = _table_sizes(self.sectors + len(directory) // SECTOR)
        first_fat, first_difat, first_directory = self.sectors, self.sectors + fats, self.sectors + fats + difats
        self.file.write(self._fat(fats, difats, len(directory) // SECTOR))
        fat_sectors = array("I", range(first_fat, first_difat))
        self.file.write(_difat(fat_sectors[IN_HEADER:], first_difat))
        self.file.write(directory)
        in_header = fat_sectors[:IN_HEADER]
        in_header.extend([FREE] * (IN_HEADER - len(in_header)))
        self.file.seek(0)
        self.file.write(  # §2.2
            struct.pack(
                "<8s16xHHHHH6xIIIIIIIII",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
                *(0x003E, 3, 0xFFFE, 9, 6),  # version, byte order, sectors of 2⁹ and mini sectors of 2⁶ bytes
                *(0, fats, first_directory, 0),
                *(SMALLEST_STREAM, END_OF_CHAIN, 0),  # no mini stream
                *(first_difat if difats else END_OF_CHAIN, difats),
            )
            + in_header.tobytes()
        )

    def _fat(self, fats: int, difats: int, directory: int) -> bytes:
        """Return for each sector the one that follows it (§2.3)."""
        fat = array("I", range(1, self.sectors + 1))
        for _name, first, size in self.streams:
            fat[first + -(-size // SECTOR) - 1] = END_OF_CHAIN
        fat.extend([IN_FAT] * fats + [IN_DIFAT] * difats)
        fat.extend(range(len(fat) + 1, len(fat) + directory))
        fat.append(END_OF_CHAIN)
        fat.extend([FREE] * (fats * ENTRIES - len(fat)))
        return fat.tobytes()

    def _directory(self) -> bytes:
        """Return the root and its three streams as a tree by length of name: the middle one on top (§2.6)."""
        (left, top, right) = range(1, 4)
        tree = {left: (NO_STREAM, NO_STREAM), top: (left, right), right: (NO_STREAM, NO_STREAM)}
        entries = [_entry("Root Entry", 5, NO_STREAM, NO_STREAM, top, END_OF_CHAIN, 0, WORKBOOK_CLASS.bytes_le)]
        for number, (name, first, size) in enumerate(sorted(self.streams, key=lambda stream: len(stream[0])), 1):
            entries.append(_entry(name, 2, *tree[number], NO_STREAM, first, size))
        return b"".join(entries)


def properties(format_id: str, values: dict[int, str | int]) -> bytes:
    """Return a property set of numbers and Latin texts, as Excel keeps a document's properties in ([MS-OLEPS])."""
    places, content = b"", b""
    for number, value in values.items():
        places += struct.pack("<II", number, 8 + 8 * len(values) + len(content))
        if isinstance(value, int):
            content += struct.pack("<IHxx", 2, value)
        else:
            text = value.encode("latin-1") + b"\0"
            content += struct.pack("<II", 30, len(text)) + text + bytes(-len(text) % 4)
    head = struct.pack("<HHI16xI16sI", 0xFFFE, 0, 0x00020105, 1, uuid.UUID(format_id).bytes_le, 48)
    return head + struct.pack("<II", 8 + len(places) + len(content), len(values)) + places + content


def _table_sizes(others: int) -> tuple[int, int]:
    """Return how many sectors FAT and DIFAT take, which have to name themselves too."""
    fats = difats = 0
    while True:
        needed = -(-(others + fats + difats) // ENTRIES)
        named = -(-max(0, needed - IN_HEADER) // (ENTRIES - 1))
        if (needed, named) == (fats, difats):
            return fats, difats
        fats, difats = needed, named


def _difat(sectors: array, first: int) -> bytes:
    """Return the sectors that name the FAT's beyond the header's; the last entry of each names the next (§2.5)."""
    pieces = [sectors[at : at + ENTRIES - 1] for at in range(0, len(sectors), ENTRIES - 1)]
    nexts = chain(range(first + 1, first + len(pieces)), [END_OF_CHAIN])
    for piece, following in zip(pieces, nexts, strict=False):
        piece.extend([FREE] * (ENTRIES - 1 - len(piece)) + [following])
    return b"".join(piece.tobytes() for piece in pieces)


def _entry(
    name: str, kind: int, left: int, right: int, child: int, first: int, size: int, class_id: bytes = bytes(16)
) -> bytes:
    """Return an entry of the directory (§2.6.1); all are black, which a tree of three may be."""
    wide = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII16s20xIQ", wide, len(wide), kind, 1, left, right, child, class_id, first, size)
