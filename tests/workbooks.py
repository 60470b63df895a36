"""Makers of .xlsx and .xls files, good ones and, by leaving things out or putting things in, hostile ones."""

import io
import zipfile
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import xlwt

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DATE_STYLE = 1
EPOCH = datetime(1899, 12, 30)  # spreadsheets know no zones


def letters(column: int) -> str:
    return (letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def serial(at: datetime) -> float:
    """Return a time as a spreadsheet holds it."""
    return (at - EPOCH).total_seconds() / 86_400


def cell_xml(place: str, value: Any) -> str:
    if value in ("", None):
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if isinstance(value, datetime):
        return f'<c r="{place}" s="{DATE_STYLE}"><v>{serial(value)!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet_xml(rows: list[list[Any]], merged: tuple[str, ...] = (), head: str = "") -> str:
    body = "".join(
        f'<row r="{y}">' + "".join(cell_xml(f"{letters(x)}{y}", value) for x, value in enumerate(row)) + "</row>"
        for y, row in enumerate(rows, start=1)
    )
    ranges = "".join(f'<mergeCell ref="{place}"/>' for place in merged)
    merges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    start = f'<?xml version="1.0" encoding="UTF-8"?>{head}'
    return f'{start}<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{merges}</worksheet>'


def xlsx_parts(sheets: dict[str, str | list[list[Any]]]) -> dict[str, str | bytes]:
    """Return the parts of a workbook; a sheet is its rows, or its XML."""
    names = list(sheets)
    listed = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="rId{i}"/>' for i, n in enumerate(names, 1))
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId900" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="170" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170" applyNumberFormat="1"/></cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{i}.xml": rows if isinstance(rows, str) else sheet_xml(rows)
            for i, rows in enumerate(sheets.values(), 1)
        },
    }


def zipped(parts: dict[str, str | bytes], *, level: int = 6) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def make_xlsx(rows: list[list[Any]] | None = None, **sheets: Any) -> bytes:
    """Make an .xlsx of one sheet with these rows, or of several by name."""
    return zipped(xlsx_parts(sheets if rows is None else {"Sheet1": rows, **sheets}))


def make_xls(rows: list[list[Any]] | None = None, merged: tuple[int, ...] = (), **sheets: Any) -> bytes:
    """Make an .xls; `merged` is first row, last row, first column, last column."""
    book = xlwt.Workbook()
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for name, lines in (sheets if rows is None else {"Sheet1": rows, **sheets}).items():
        sheet = book.add_sheet(name)
        for y, line in enumerate(lines):
            for x, value in enumerate(line):
                if value not in ("", None):
                    sheet.write(y, x, value, *([date] if isinstance(value, datetime) else []))
        if merged:
            sheet.merge(*merged)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
