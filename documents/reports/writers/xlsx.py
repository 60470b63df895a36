"""Streamed .xlsx (ECMA-376), in plain Python: a template a batch, and the lightest compression.

Nothing is guessed: a text is written as a text, escaped, whatever it looks like (trust.md §3, Files).
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from documents.reports.writers.biff import Look
from documents.reports.writers.cells import Cells
from documents.reports.writers.sheets import BookWriter, Heading

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DOCUMENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FIRST_OWN_FORMAT = 164
BUILT_IN_FORMATS = {"General": 0, "0": 1, "#,##0": 3, "#,##0.00": 4, "@": 49}
TO_ESCAPE = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}_")
NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML can't hold, and what would be taken for the way of writing it (ST_Xstring, ECMA-376 part 1, §22.9.2.19)."""


class _Archive(zipfile.ZipFile):
    """An archive that isn't finished when it is given up: it goes away with its folder, and the disk may be full."""

    def __del__(self) -> None:
        with suppress(OSError):
            if self.fp:
                self.fp.close()


class XlsxWriter(BookWriter):
    """Writes typed cells under frozen headers with an autofilter, straight into the file."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        super().__init__(path, headings)
        self.archive = _Archive(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.looks: dict[Look, int] = {}
        self.names: list[str] = []
        self.filters: dict[int, str] = {}
        self.part: IO[bytes] | None = None
        self.row, self.filled, self.is_data = 1, 0, False

    def _add_sheet(self, name: str, widths: Sequence[int], *, is_data: bool) -> None:
        self._end_sheet()
        self.names.append(name)
        self.row, self.filled, self.is_data = 1, len(widths), is_data
        self.part = self.archive.open(f"xl/worksheets/sheet{len(self.names)}.xml", "w")
        pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' if is_data else ""
        front = ' tabSelected="1"' if len(self.names) == 1 else ""
        columns = "".join(
            f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
            for number, width in enumerate(widths, 1)
        )
        self._write(
            f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView{front} workbookViewId="0">{pane}</sheetView>'
            f'</sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>'
        )

    def _put(self, columns: Sequence[Cells]) -> None:
        rows = range(self.row, self.row + len(columns[0].values))
        template: list[str] = ['<row r="%s">']
        arguments: list[Iterable[Any]] = [rows]
        for number, cells in enumerate(columns):
            piece, more = self._cells(letters(number), cells, rows)
            template.append(piece)
            arguments += more
        template.append("</row>")
        self._write("".join(map("".join(template).__mod__, zip(*arguments, strict=False))))
        self.row = rows.stop

    def _cells(self, letter: str, cells: Cells, rows: range) -> tuple[str, list[Iterable[Any]]]:
        """Return the template for a column's cells, and what goes into it row by row."""
        if cells.is_whole and isinstance(cells.look, Look):
            style = self._style(cells.look)
            if isinstance(cells.values[0], str):
                kept, texts = _escaped(cells.values)
                return f'<c r="{letter}%s" s="{style}" t="inlineStr"><is><t{kept}>%s</t></is></c>', [rows, texts]
            return f'<c r="{letter}%s" s="{style}"><v>%s</v></c>', [rows, _figures(cells.values)]
        if all(value is None for value in cells.values):
            return "", []
        looks = repeat(cells.look) if isinstance(cells.look, Look) else cells.look
        styles = map(self._style, looks)
        in_order = iter(_escaped([value for value in cells.values if isinstance(value, str)])[1])
        return "%s", [
            [
                ""
                if value is None
                else f'<c r="{letter}{row}" s="{style}" t="inlineStr"><is><t{KEPT}>{next(in_order)}</t></is></c>'
                if isinstance(value, str)
                else f'<c r="{letter}{row}" s="{style}"><v>{_figure(value)}</v></c>'
                for row, style, value in zip(rows, styles, cells.values, strict=False)
            ]
        ]

    def _style(self, look: Look) -> int:
        return self.looks.setdefault(look, len(self.looks) + 1)

    def _end_sheet(self) -> None:
        if self.part is None:
            return
        self._write("</sheetData>")
        if self.is_data:
            self.filters[len(self.names) - 1] = f"A1:{letters(self.filled - 1)}{self.row - 1}"
            self._write(f'<autoFilter ref="{self.filters[len(self.names) - 1]}"/>')
        self._write("</worksheet>")
        self.part.close()
        self.part = None

    def _save(self) -> None:
        self._end_sheet()
        for name, content in self._other_parts().items():
            with self.archive.open(name, "w") as part:  # as the sheets: it notes no time, so the bytes are the same
                part.write((HEAD + content).encode())
        self.archive.close()

    def _write(self, text: str) -> None:
        if self.part is not None:
            self.part.write(text.encode())

    def _other_parts(self) -> dict[str, str]:
        count = range(1, len(self.names) + 1)
        sheets = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{DOCUMENT}.worksheet+xml"/>' for n in count
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(self.names, 1))
        related = "".join(
            f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in count
        )
        filtered = "".join(
            f'<definedName name="_xlnm._FilterDatabase" localSheetId="{number}" hidden="1">'
            f"'{self.names[number]}'!{absolute(area)}</definedName>"
            for number, area in self.filters.items()
        )
        return {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{DOCUMENT}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{DOCUMENT}.styles+xml"/>{sheets}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><bookViews><workbookView/></bookViews>'
            f"<sheets>{listed}</sheets><definedNames>{filtered}</definedNames></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
            f'<Relationship Id="rId{len(self.names) + 1}" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "xl/styles.xml": self._styles(),
        }

    def _styles(self) -> str:
        own = [look.number_format for look in self.looks if look.number_format not in BUILT_IN_FORMATS]
        numbers = BUILT_IN_FORMATS | {text: FIRST_OWN_FORMAT + n for n, text in enumerate(dict.fromkeys(own))}
        formats = "".join(
            f'<numFmt numFmtId="{number}" formatCode={quoteattr(text)}/>'
            for text, number in numbers.items()
            if number >= FIRST_OWN_FORMAT
        )
        cells = "".join(_cell_style(look, numbers[look.number_format]) for look in self.looks)
        font = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
        line = '<bottom style="thin"><color auto="1"/></bottom><diagonal/>'
        return (
            f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(numbers) - len(BUILT_IN_FORMATS)}">{formats}</numFmts>'
            f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill>'
            '<fill><patternFill patternType="gray125"/></fill></fills><borders count="2">'
            "<border><left/><right/><top/><bottom/><diagonal/></border>"
            f"<border><left/><right/><top/>{line}</border></borders>"
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{len(self.looks) + 1}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
            f'{cells}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            "</styleSheet>"
        ).replace('<numFmts count="0"></numFmts>', "")


KEPT = ' xml:space="preserve"'


def letters(column: int) -> str:
    """Return a column's letters: 0 is A, 26 is AA."""
    return (letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def absolute(area: str) -> str:
    """Return A1:C9 as $A$1:$C$9."""
    return re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", area)


def _escaped(texts: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the attribute that keeps spaces where one is needed, and the texts as XML."""
    kept = "" if list(map(str.strip, texts)) == list(texts) else KEPT
    if TO_ESCAPE.search("\n".join(texts)):
        texts = [_as_xml(text) if TO_ESCAPE.search(text) else text for text in texts]
    return kept, texts


def _as_xml(text: str) -> str:
    text = text.encode("utf-16-le", "replace").decode("utf-16-le")  # half of a pair of surrogates is no character
    return escape(NOT_IN_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text))


def _figures(values: Sequence[Any]) -> Iterable[Any]:
    return [_figure(value) for value in values] if isinstance(values[0], Decimal) else values


def _figure(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _cell_style(look: Look, number_format: int) -> str:
    is_bold = int(look.is_bold or look.is_header)
    quoted = ' quotePrefix="1"' if look.is_quoted else ""
    centred = ' applyAlignment="1"><alignment vertical="center"/></xf>' if look.is_header else "/>"
    return (
        f'<xf numFmtId="{number_format}" fontId="{is_bold}" fillId="0" borderId="{int(look.is_header)}" xfId="0"'
        f'{quoted} applyNumberFormat="1" applyFont="{is_bold}" applyBorder="{int(look.is_header)}"{centred}'
    )
