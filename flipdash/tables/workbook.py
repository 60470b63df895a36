"""A small .xlsx whose cells are all texts: a template to fill in, a result that goes back (trust.md E1).

Every cell has the format Text and the style that keeps it from waking as a formula, so that what is typed into a
template keeps its zeros too.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DOCUMENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/>'
    '<xf numFmtId="49" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1" quotePrefix="1"/></cellXfs></styleSheet>'
)
PLAIN, BOLD = 1, 2


class Workbook:
    """Writes sheets one after the other into a file that is open; `close` finishes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.names: list[str] = []

    def sheet(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, width: int = 22) -> None:
        """Write a sheet: its header in bold, and rows of texts. It is streamed: rows may be many."""
        self.names.append(name)
        with self.archive.open(f"xl/worksheets/sheet{len(self.names)}.xml", "w") as part:
            most = max(len(header), 1)
            columns = f'<cols><col min="1" max="{most}" width="{width}" style="{PLAIN}" customWidth="1"/></cols>'
            pane = '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView>'
            start = f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews>{pane}</sheetViews>{columns}<sheetData>'
            part.write((start + _row(header, BOLD)).encode())
            for row in rows:
                part.write(_row(row, PLAIN).encode())
            part.write(b"</sheetData></worksheet>")

    def close(self) -> None:
        """Write what holds the sheets together."""
        numbers = range(1, len(self.names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, self.names, strict=True)
        )
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{DOCUMENT}.worksheet+xml"/>'
            for n in numbers
        )
        ways = "".join(
            f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        files = {
            "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{DOCUMENT}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{DOCUMENT}.styles+xml"/>{parts}</Types>',
            "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
            f"<sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{ways}'
            f'<Relationship Id="rId0" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "xl/styles.xml": STYLES,
        }
        for name, content in files.items():
            self.archive.writestr(name, content)
        self.archive.close()


def _row(cells: Sequence[Any], style: int) -> str:
    written = "".join(
        f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{_text(cell)}</t></is></c>' for cell in cells
    )
    return f"<row>{written}</row>"


def _text(cell: Any) -> str:
    """Write a text so that XML holds it; what it can't hold as _xHHHH_ (ECMA-376 part 1, §22.9.2.19)."""
    return escape(NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", "" if cell is None else str(cell)))
