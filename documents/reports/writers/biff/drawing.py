"""The arrows of an autofilter: drop-down controls, one a column.

Excel keeps them as drawn objects (MSODRAWING and OBJ records); a book with the filter's range but without them opens
with no arrows to click. LibreOffice and others write them in the same way, which is what this follows.
"""

import struct

from documents.reports.writers.biff.records import MSODRAWING, MSODRAWINGGROUP, OBJ, record

IDS = 1_024
"""Shape ids that a drawing gets at a time."""
GROUP_SHAPE, TOP_GROUP = 0, 0x0005
CONTROL, HAS_ANCHOR = 201, 0x0A00


def drawing_group(arrows: list[int]) -> bytes:
    """Return MSODRAWINGGROUP (§2.4.172) for as many drawings, each with so many arrows ([MS-ODRAW] §2.2.12)."""
    if not arrows:
        return b""
    shapes = [count + 1 for count in arrows]
    clusters = b"".join(struct.pack("<II", number, count) for number, count in enumerate(shapes, 1))
    last = IDS * len(shapes) + shapes[-1]
    used = struct.pack("<IIII", last, len(shapes) + 1, sum(shapes), len(shapes))
    usual = struct.pack("<HIHIHI", 0x00BF, 0x00080008, 0x0181, 0x08000009, 0x01C0, 0x08000040)
    colours = struct.pack("<IIII", 0x0800000D, 0x0800000C, 0x08000017, 0x100000F7)
    group = (
        _shape_record(0xF006, used + clusters)
        + _shape_record(0xF00B, usual, 3, 3)
        + _shape_record(0xF11E, colours, 0, 4)
    )
    content = _shape_record(0xF000, group, 15)
    return record(MSODRAWINGGROUP, f"{len(content)}s", content)


def arrows(drawing: int, columns: int) -> bytes:
    """Return the arrows in the first row of a sheet, whose drawing has this number from 1.

    One drawing, cut into an MSODRAWING before each OBJ: the lengths in the first speak of the whole.
    """
    ids = IDS * drawing
    top = _shape_record(0xF009, bytes(16), 1) + _shape_record(
        0xF00A, struct.pack("<II", ids, TOP_GROUP), 2, GROUP_SHAPE
    )
    shapes = [_shape_record(0xF004, top, 15)]
    shapes += [_arrow(ids + 1 + column, column) for column in range(columns)]
    all_shapes = _shape_record(0xF003, b"".join(shapes), 15)
    known = _shape_record(0xF008, struct.pack("<II", columns + 1, ids + columns), 0, drawing)
    whole = _shape_record(0xF002, known + all_shapes, 15)
    size = len(shapes[1])
    first = whole[: len(whole) - size * (columns - 1)]
    pieces = [first, *shapes[2:]]
    return b"".join(
        record(MSODRAWING, f"{len(piece)}s", piece) + _control(number) for number, piece in enumerate(pieces, 1)
    )


def _arrow(shape: int, column: int) -> bytes:
    """Return a shape over the first row's cell ([MS-ODRAW] §2.2.14); it neither prints nor groups."""
    options = b"".join(
        struct.pack("<HI", number, value)
        for number, value in (
            (0x007F, 0x01040104),  # locked against grouping and more
            (0x00BF, 0x00080008),
            (0x01BF, 0x00010000),
            (0x01FF, 0x00080000),
            (0x03BF, 0x000A0000),  # not printed
        )
    )
    anchor = struct.pack("<9H", 1, column, 0, 0, 0, column + 1, 0, 1, 0)
    parts = [
        _shape_record(0xF00A, struct.pack("<II", shape, HAS_ANCHOR), 2, CONTROL),
        _shape_record(0xF00B, options, 3, 5),
        _shape_record(0xF010, anchor),
        _shape_record(0xF011, b""),
    ]
    return _shape_record(0xF004, b"".join(parts), 15)


def _control(number: int) -> bytes:
    """Return OBJ (§2.4.181): a drop-down (FtCmo), with its scroll bar (FtSbs) and its list (FtLbsData) of a filter."""
    common = struct.pack("<HHHHH12x", 0x0015, 18, 0x0014, number, 0x2101)
    scroll_bar = struct.pack("<HH4xHHHHHHHH", 0x000C, 20, 0, 0, 100, 1, 10, 0, 16, 1)
    list_box = struct.pack("<HHHHHHHHHH", 0x0013, 0x1FEE, 0, 0, 1, 0x0301, 0, 2, 8, 87)
    content = common + scroll_bar + list_box + bytes(4)
    return record(OBJ, f"{len(content)}s", content)


def _shape_record(kind: int, content: bytes, version: int = 0, instance: int = 0) -> bytes:
    """Return a record of a drawing, whose head is of [MS-ODRAW] §2.2.1."""
    return struct.pack("<HHI", instance << 4 | version, kind, len(content)) + content
