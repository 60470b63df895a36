"""What strangers upload (trust: U1, U2): each refused, or read where that is right, in 2 s and 200 MB, with words."""

import io
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlwt.CompoundDoc

from flipdash.tables import Unreadable, read_file, reading
from tests.workbooks import MAIN, letters, make_xls, make_xlsx, sheet_xml, xlsx_parts, zipped

NAMES = ("Transaction ID", "Amount", "Remark")
TABLE = [list(NAMES), ["T-1", "5000", "kopi"]]
CSV = "Transaction ID,Amount,Remark\nT-1,5000,kopi\n"
REAL_START = reading._start
MOST_SECONDS, MOST_KILOBYTES = 2.0, 200 << 10
SHEET = "xl/worksheets/sheet1.xml"


def parts(**more: str | bytes) -> dict[str, str | bytes]:
    return {**xlsx_parts({"Data": TABLE}), **more}


def with_sheet(xml: str | bytes) -> bytes:
    return zipped(parts(**{SHEET: xml}))


def with_part(name: str, content: bytes = b"x") -> bytes:
    return zipped(parts(**{name: content}))


def cells(body: str) -> bytes:
    return with_sheet(f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>')


def text_cell(place: str, text: str = "x") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def declaring(size: int) -> bytes:
    """An archive whose index says that the sheet unpacks to so many bytes."""
    data = bytearray(zipped(parts()))
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(SHEET.encode()))
    data[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(data)


def many_parts(count: int, said: int | None = None) -> bytes:
    data = bytearray(zipped(parts(**{f"xl/media/{n}": b"" for n in range(count)})))
    if said is not None:
        struct.pack_into("<HH", data, data.rfind(b"PK\x05\x06") + 8, said, said)
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(zipped(parts()))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 1)
    return bytes(data)


def doubled() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in [*parts().items(), ("xl/worksheets/SHEET1.xml", "other")]:
            archive.writestr(name, content)
    return file.getvalue()


def bad_deflate() -> bytes:
    data = bytearray(zipped(parts()))
    at = data.find(SHEET.encode()) + len(SHEET)
    data[at + 4 : at + 24] = b"\xff" * 20
    return bytes(data)


def bomb() -> bytes:
    zeros = b"0" * (1 << 20)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts().items():
            archive.writestr(name, content)
        with archive.open("xl/media/image1.bin", "w", force_zip64=True) as part:
            for _piece in range(220):
                part.write(zeros)
    return file.getvalue()


def quiet_bomb() -> bytes:
    """A bomb whose index says that all its parts are small."""
    data = bytearray(bomb())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(data)


def ole(*names: str) -> bytes:
    """An OLE file whose directory has entries of these names."""
    data = bytearray(make_xls(TABLE))
    entry = data.find("Workbook".encode("utf-16-le"))
    for place, name in enumerate(names):
        written = name.encode("utf-16-le")
        at = entry + 128 * place
        data[at : at + 66] = written.ljust(64, b"\0") + struct.pack("<H", len(written) + 2)
    return bytes(data)


def xls_with_vba() -> bytes:
    data = bytearray(make_xls(TABLE))
    name = "_VBA_PROJECT_CUR".encode("utf-16-le")
    at = data.find("Workbook".encode("utf-16-le")) + 128  # the directory's next entry is free
    data[at : at + 66] = name.ljust(64, b"\0") + struct.pack("<H", len(name) + 2)
    return bytes(data)


def protected_xls() -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("Data").write(0, 0, "x")
    stream = book.get_biff_data()
    length = struct.unpack_from("<H", stream, 2)[0] + 4
    filepass = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + b"\0" * 48
    file = io.BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(file, stream[:length] + filepass + stream[length:])
    return file.getvalue()


def looping_xls() -> bytes:
    """An .xls whose sectors point at themselves."""
    data = bytearray(make_xls(TABLE))
    fat = 512 * (struct.unpack_from("<I", data, 76)[0] + 1)
    for sector in range(128):
        struct.pack_into("<I", data, fat + 4 * sector, sector)
    return bytes(data)


def wide(count: int) -> str:
    return f'<row r="1">{"".join(text_cell(f"{letters(x)}1") for x in range(count))}</row>'


def deep() -> bytes:
    return with_sheet(sheet_xml(TABLE).replace("<sheetData>", "<x>" * 5000 + "</x>" * 5000 + "<sheetData>"))


def corners(row: int, column: str) -> bytes:
    return cells(
        f'<row r="1">{"".join(text_cell(f"{letters(n)}1", name) for n, name in enumerate(NAMES))}</row>'
        f'<row r="{row}">{text_cell(f"{column}{row}")}</row>'
    )


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HTML = b"\xef\xbb\xbf  <html><table><tr><td>Transaction ID</td></tr></table></html>"
UTF16 = CSV.encode("utf-16")

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip bomb": (bomb, "unpacks to more than 200 MB"),
    "a zip bomb that says it is small": (quiet_bomb, "damaged"),
    "an archive that declares 1 GB": (lambda: declaring(1 << 30), "unpacks to more than 200 MB"),
    "an archive in an archive": (lambda: zipped({"inner.zip": bomb()}), "archive and no workbook"),
    "an archive of a .csv": (lambda: zipped({"data.csv": CSV}), "archive and no workbook"),
    "an empty archive": (lambda: zipped({}), "archive and no workbook"),
    "an archive of 5,000 parts": (lambda: many_parts(5_000), "more than 200 parts"),
    "an archive of 5,000 parts that says it has 3": (lambda: many_parts(5_000, said=3), "more than 200 parts"),
    "a part outside": (lambda: with_part("xl/../../../etc/cron.d/x"), "no spreadsheet program saves"),
    "a part at the root": (lambda: with_part("/etc/passwd"), "no spreadsheet program saves"),
    "a part with a drive": (lambda: with_part("C:\\x"), "no spreadsheet program saves"),
    "two parts of one name": (doubled, "no spreadsheet program saves"),
    "an encrypted archive": (encrypted, "protected with a password"),
    "a truncated workbook": (lambda: zipped(parts())[:-300], "the end of this workbook is missing"),
    "a workbook with a broken part": (bad_deflate, "damaged"),
    "a workbook without its sheet": (lambda: zipped({k: v for k, v in parts().items() if k != SHEET}), "damaged"),
    "a workbook of half a sheet": (lambda: with_sheet(sheet_xml(TABLE)[:-60]), "damaged"),
    "macros in an .xlsm": (lambda: with_part("xl/vbaProject.bin"), "holds macros"),
    "macros of Excel 4": (lambda: with_part("xl/macrosheets/sheet1.xml"), "holds macros"),
    "macros in an .xls": (xls_with_vba, "holds macros"),
    "an .xlsb": (lambda: with_part("xl/workbook.bin"), "an .xlsb workbook"),
    "an .ods": (lambda: zipped({"mimetype": "x", "content.xml": "<x/>"}), "OpenDocument"),
    "a .docx": (lambda: zipped({"word/document.xml": "<x/>"}), "a document and no table"),
    "a .doc": (lambda: ole("WordDocument"), "a document and no table"),
    "an .rtf": (lambda: b"{\\rtf1 x}", "a document and no table"),
    "a password on an .xlsx": (lambda: ole("EncryptedPackage"), "protected with a password"),
    "a password on an .xls": (protected_xls, "protected with a password"),
    "a truncated .xls": (lambda: make_xls(TABLE)[:3000], "damaged"),
    "an .xls that points at itself": (looping_xls, ""),
    "a Windows program as .csv": (lambda: b"MZ\x90\0" + b"\0" * 5000, "a program, whatever its name"),
    "a Linux program as .xlsx": (lambda: b"\x7fELF" + b"\0" * 5000, "a program, whatever its name"),
    "a PDF as .xls": (lambda: b"%PDF-1.7\n" + b"x" * 5000, "a PDF, whatever its name"),
    "a picture as .xlsx": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "a picture, whatever its name"),
    "a web page as .xls": (lambda: HTML, "a web page or XML"),
    "a gzip": (lambda: b"\x1f\x8b\x08" + b"\0" * 500, "an archive and no workbook"),
    "a very old Excel": (lambda: b"\x09\x04\x06\x00" + b"\0" * 500, "a very old Excel"),
    "a billion laughs": (
        lambda: with_sheet(sheet_xml(TABLE, head=f"<!DOCTYPE x [{LAUGHS}]>")),
        "XML declarations that could be harmful",
    ),
    "an entity that reads a file": (
        lambda: zipped(parts(**{"xl/sharedStrings.xml": '<!DOCTYPE x SYSTEM "file:///etc/passwd"><sst/>'})),
        "XML declarations that could be harmful",
    ),
    "20 sheets of records": (
        lambda: make_xlsx(**{f"Data {n}": TABLE for n in range(20)}),
        "several sheets hold records: “Data 0”, “Data 1”",
    ),
    "a merged header": (lambda: with_sheet(sheet_xml(TABLE, ("A1:C1",))), "the header’s cells A1:C1 are merged"),
    "merged records": (lambda: with_sheet(sheet_xml(TABLE, ("A2:C2",))), "the cells A2:C2 are merged"),
    "16,384 columns": (lambda: cells(wide(16_384)), "there are 16384 columns, and at most 300 are read"),
    "16,384 columns in a .csv": (lambda: b"x," * 16_383 + b"x\n", "there are 16384 columns"),
    "two cells in far corners": (lambda: corners(1_048_576, "XFD"), "too much memory"),
    "two cells in less far corners": (lambda: corners(1_048_576, "KN"), "too much memory"),
    "4,000,000 cells": (lambda: cells("<row><c ><v>1</v></c></row>" * 4_000_000), "more than 2,500,000 cells"),
    "a text of 150 MB": (lambda: cells(f'<row r="1">{text_cell("A1", "x" * 150_000_000)}</row>'), "too much memory"),
    "UTF-16 without a mark": (lambda: CSV.encode("utf-16-le"), "NUL character; save the file as “CSV UTF-8”"),
    "NUL bytes": (lambda: CSV.encode() + b"T-2,\0,\n", "line 3: holds a NUL"),
    "another encoding": (lambda: (CSV + "T-2,5,Müller\n").encode("cp1252"), "holds characters that are not UTF-8"),
    "a quote that never closes": (lambda: (CSV + '"' + "x\n" * 500_000).encode(), "line 3: a quotation mark is opened"),
    "a line without end": (lambda: b"x" * 20_000_000, "this line is too long"),
    "noise": (lambda: bytes(n * n % 251 for n in range(50_000)), ""),
}  # fmt: skip

READ: dict[str, tuple[Callable[[], bytes], int]] = {
    "UTF-16 with a mark": (lambda: UTF16, 2),
    "semicolons": (lambda: CSV.replace(",", ";").encode(), 2),
    "a .csv with another name": (lambda: CSV.encode(), 2),
    "20 sheets, one of records": (lambda: make_xlsx(**{f"S{n}": [["x"]] for n in range(19)}, Data=TABLE), 2),
    "an archive beside the sheet": (lambda: with_part("xl/embeddings/x.zip", zipped({"a": "b"})), 2),
    "cells in far rows": (lambda: corners(1_048_576, "C"), 2),
    "5,000 levels of nested XML": (deep, 2),
    "numbers beyond all": (lambda: make_xlsx([[*NAMES], ["T", 1e308, -1e308]]), 2),
    "an empty file": (lambda: b"", 0),
    "an empty workbook": (lambda: make_xlsx([]), 0),
}  # fmt: skip


@pytest.fixture
def stored():
    """Put bytes into a file, as an upload is."""
    with tempfile.TemporaryFile() as stream:

        def store(data: bytes):
            stream.write(data)
            stream.flush()
            return stream

        yield store


MEASURE = """
import os, resource, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=0, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
process.stdout.read()
_, _, used = os.wait4(process.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def cost_of(stream) -> tuple[float, int]:
    """Return the seconds and the kilobytes that the reading process takes, measured by a small parent of its own."""
    stream.seek(0)
    command, options = reading.command("read", "amount", "remark", "transactionid")
    done = subprocess.run(
        [sys.executable, "-I", "-c", MEASURE, *command], stdin=stream, capture_output=True, check=True, **options
    )
    seconds, kilobytes = done.stdout.split()
    return float(seconds), int(kilobytes)


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_quickly_and_in_words(stored, name):
    make, words = REFUSED[name]
    stream = stored(make())
    with pytest.raises(Unreadable) as problem:
        list(read_file(stream, NAMES))
    assert words in str(problem.value)
    seconds, kilobytes = cost_of(stream)
    assert (seconds <= MOST_SECONDS, kilobytes <= MOST_KILOBYTES) == (True, True), (seconds, kilobytes)


@pytest.mark.parametrize("name", READ)
def test_a_strange_file_that_is_right_is_read(stored, name):
    make, rows = READ[name]
    stream = stored(make())
    assert len(list(read_file(stream, NAMES))) == rows
    seconds, kilobytes = cost_of(stream)
    assert (seconds <= MOST_SECONDS, kilobytes <= MOST_KILOBYTES) == (True, True), (seconds, kilobytes)


def test_there_are_forty_hostile_files():
    assert len(REFUSED) >= 40
    assert len(REFUSED) + len(READ) >= 50


def test_the_reading_process_is_limited_and_knows_nothing_of_ours(stored):
    stream = stored((CSV + "T,5,kopi\n" * 500_000).encode())
    process = reading._start(stream, "read", "amount", "remark", "transactionid")
    try:
        process.stdout.readline()  # from now on it waits for us, for the pipe is full
        proc = Path(f"/proc/{process.pid}")
        limits = dict(re.findall(r"^(Max [a-z ]+?) {2,}(\S+)", (proc / "limits").read_text(), re.M))
        environment = (proc / "environ").read_bytes()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert limits["Max address space"] == str(200 << 20)
    assert limits["Max cpu time"] == str(2 + 4_500_000 // (2 << 20))
    assert (limits["Max file size"], limits["Max processes"], limits["Max core file size"]) == ("0", "0", "0")
    assert b"DATABASE" not in environment
    assert b"SECRET" not in environment


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGXCPU, "takes too long"), (signal.SIGABRT, "too much memory"), (signal.SIGTERM, "damaged")],
)
def test_a_reading_process_that_is_ended_never_looks_like_the_end_of_the_file(stored, number, words):
    processes = []

    def start(*args):
        processes.append(REAL_START(*args))
        return processes[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_start", start)
        rows = read_file(stored((CSV + "T,5,kopi\n" * 500_000).encode()), NAMES)
        next(rows)
        processes[0].send_signal(number)
        with pytest.raises(Unreadable, match=words) as problem:
            list(rows)
    assert problem.value.fault.record > 1


def test_a_file_that_nobody_reads_to_its_end_leaves_no_process(stored):
    rows = read_file(stored((CSV + "T,5,kopi\n" * 500_000).encode()), NAMES)
    next(rows)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = set(children.read_text().split())
    rows.close()
    assert len(before - set(children.read_text().split())) == 1
