"""Records: what a BIFF8 stream is made of, and those whose content never changes.

A record is its kind, the length of its content, and the content; a length is at most 8,224 bytes ([MS-XLS] §2.1.4).
"""

import struct

LONGEST = 8_224
"""Bytes that a record holds; what is longer goes on in CONTINUE records."""

CONTINUE = 0x003C
SST, EXTSST = 0x00FC, 0x00FF
LABELSST, NUMBER = 0x00FD, 0x0203
ROW, DBCELL, INDEX = 0x0208, 0x00D7, 0x020B
BOUNDSHEET, MSODRAWINGGROUP, MSODRAWING, OBJ = 0x0085, 0x00EB, 0x00EC, 0x005D


def record(kind: int, form: str = "", *values: object) -> bytes:
    """Return a record whose content is packed little-endian from these values."""
    content = struct.pack(f"<{form}", *values)
    return struct.pack("<HH", kind, len(content)) + content


def short_text(text: str, length: str = "B") -> bytes:
    """Return a name as a length, the option byte and the characters (§2.5.240 ShortXLUnicodeString, or §2.5.294)."""
    try:
        return struct.pack(f"<{length}B", len(text), 0) + text.encode("latin-1")
    except UnicodeEncodeError:
        wide = text.encode("utf-16-le", "replace")
        return struct.pack(f"<{length}B", len(wide) // 2, 1) + wide


BOF_BOOK = record(0x0809, "HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0x00000041, 0x00000006)  # §2.4.21
BOF_SHEET = record(0x0809, "HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0x00000041, 0x00000006)
EOF = record(0x000A)  # §2.4.103


def book_head(sheets: int) -> bytes:
    """Return the workbook's records before the fonts."""
    return b"".join(
        [
            BOF_BOOK,
            record(0x00E1, "H", 1_200),  # INTERFACEHDR §2.4.146: the code page, UTF-16
            record(0x00C1, "H", 0),  # MMS §2.4.169
            record(0x00E2),  # INTERFACEEND §2.4.145
            record(0x005C, "112s", short_text("FlipDash", "H").ljust(112)),  # WRITEACCESS §2.4.349, filled with spaces
            record(0x0042, "H", 1_200),  # CODEPAGE §2.4.52: UTF-16
            record(0x0161, "H", 0),  # DSF §2.4.94
            record(0x013D, f"{sheets}H", *range(1, sheets + 1)),  # RRTABID §2.4.241
            record(0x009C, "H", 14),  # BUILTINFNGROUPCOUNT §2.4.30
            record(0x0019, "H", 0),  # WINPROTECT §2.4.347
            record(0x0012, "H", 0),  # PROTECT §2.4.207
            record(0x0013, "H", 0),  # PASSWORD §2.4.191
            record(0x01AF, "H", 0),  # PROT4REV §2.4.205
            record(0x01BC, "H", 0),  # PROT4REVPASS §2.4.206
            # WINDOW1 §2.4.345: place and size in twips, scroll bars and tabs shown, the first sheet in front
            record(0x003D, "9H", 0x01E0, 0x005A, 0x3FCF, 0x2A4E, 0x0038, 0, 0, 1, 0x0258),
            record(0x0040, "H", 0),  # BACKUP §2.4.14
            record(0x008D, "H", 0),  # HIDEOBJ §2.4.139
            record(0x0022, "H", 0),  # DATE1904 §2.4.77: days count from 1900
            record(0x000E, "H", 1),  # CALCPRECISION §2.4.35
            record(0x01B7, "H", 0),  # REFRESHALL §2.4.217
            record(0x00DA, "H", 0),  # BOOKBOOL §2.4.22
        ]
    )


USESELFS = record(0x0160, "H", 0)  # §2.4.337
COUNTRY = record(0x008C, "HH", 1, 62)  # §2.4.63: written by an English Excel, in Indonesia


def bound_sheet(position: int, name: str) -> bytes:
    """Return BOUNDSHEET8 (§2.4.28): where a visible worksheet begins."""
    return record(BOUNDSHEET, f"IBB{len(short_text(name))}s", position, 0, 0, short_text(name))


def own_references(filters: list[tuple[int, int, int]], sheets: int) -> bytes:
    """Return the names of the filtered ranges, and the references to our own sheets that they stand on.

    A filter is the sheet's number from 0, its rows and its columns. Excel finds an autofilter by the hidden built-in
    name _FilterDatabase of its sheet (LBL §2.4.150, PtgArea3d §2.5.198.28).
    """
    if not filters:
        return b""
    refs = b"".join(struct.pack("<HHH", 0, sheet, sheet) for sheet, _rows, _columns in filters)
    found = [
        record(0x01AE, "HBB", sheets, 0x01, 0x04),  # SUPBOOK §2.4.271: this book itself
        record(0x0017, f"H{len(refs)}s", len(filters), refs),  # EXTERNSHEET §2.4.105
    ]
    for number, (sheet, rows, columns) in enumerate(filters):
        area = struct.pack("<BHHHHH", 0x3B, number, 0, rows - 1, 0, columns - 1)
        # hidden and built-in; no key; a name of one character; the formula's size; of this sheet; that name: 0x0D
        found.append(record(0x0018, "HBBHHHBBBBBB11s", 0x0021, 0, 1, 11, 0, sheet + 1, 0, 0, 0, 0, 0, 0x0D, area))
    return b"".join(found)


SHEET_HEAD = b"".join(  # GLOBALS, then PAGESETUP of §2.1.7.20.5
    [
        record(0x000D, "H", 1),  # CALCMODE §2.4.34: automatic
        record(0x000C, "H", 100),  # CALCCOUNT §2.4.31
        record(0x000F, "H", 1),  # CALCREFMODE §2.4.36: A1
        record(0x0011, "H", 0),  # CALCITER §2.4.33
        record(0x0010, "d", 0.001),  # CALCDELTA §2.4.32
        record(0x005F, "H", 1),  # CALCSAVERECALC §2.4.37
        record(0x002A, "H", 0),  # PRINTROWCOL §2.4.203
        record(0x002B, "H", 0),  # PRINTGRID §2.4.202
        record(0x0082, "H", 1),  # GRIDSET §2.4.132
        record(0x0080, "HHHH", 0, 0, 0, 0),  # GUTS §2.4.134: no outlines
        record(0x0225, "HH", 0, 255),  # DEFAULTROWHEIGHT §2.4.90: 12.75 points
        record(0x0081, "H", 0x04C1),  # WSBOOL §2.4.351
        record(0x0014),  # HEADER §2.4.136
        record(0x0015),  # FOOTER §2.4.124
        record(0x0083, "H", 0),  # HCENTER §2.4.135
        record(0x0084, "H", 0),  # VCENTER §2.4.342
        *(record(kind, "d", inches) for kind, inches in ((0x26, 0.75), (0x27, 0.75), (0x28, 1), (0x29, 1))),  # margins
        # SETUP §2.4.257: A4, 100 %, landscape is left to the person; margins of header and footer in inches
        record(0x00A1, "8HddH", 9, 100, 1, 1, 0, 0x0002, 600, 600, 0.5, 0.5, 1),
    ]
)
DEFCOLWIDTH = record(0x0055, "H", 8)  # §2.4.89


def column_width(column: int, characters: int) -> bytes:
    """Return COLINFO (§2.4.53) with the width in 1/256 of a character."""
    return record(0x007D, "6H", column, column, characters * 256, 15, 0x0002, 0)


def dimensions(rows: int, columns: int) -> bytes:
    """Return DIMENSIONS (§2.4.90): the used range, from the first cell on."""
    return record(0x0200, "IIHHH", 0, rows, 0, columns, 0)


def window(*, is_front: bool, is_frozen: bool) -> bytes:
    """Return WINDOW2 (§2.4.346), and PANE (§2.4.189) with the first row kept in sight, and SELECTION (§2.4.248)."""
    flags = 0x00B6 | (0x0600 if is_front else 0) | (0x0108 if is_frozen else 0)
    view = record(0x023E, "HHHIHHI", flags, 0, 0, 0x40, 0, 0, 0)
    if not is_frozen:
        return view + selection(3, 0)
    return view + record(0x0041, "HHHHBB", 0, 1, 1, 0, 2, 0) + selection(3, 0) + selection(2, 1)


def selection(pane: int, row: int) -> bytes:
    """Return SELECTION (§2.4.248): the first cell of a row, in a pane."""
    return record(0x001D, "BHHHHHHBB", pane, row, 0, 0, 1, row, row, 0, 0)
