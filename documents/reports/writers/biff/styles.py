"""Fonts, number formats and the styles of cells ([MS-XLS] FORMATTING in §2.1.7.20.3)."""

from typing import NamedTuple

from documents.reports.writers.biff.records import record, short_text

FONT, FORMAT, XF, STYLE = 0x0031, 0x041E, 0x00E0, 0x0293
FIRST_OF_OURS = 21
"""The XF records before ours: 15 styles and the usual cell, which every book has, and 5 built-in styles more."""
BUILT_IN_FORMATS = {"General": 0, "0": 1, "#,##0": 3, "#,##0.00": 4, "@": 49}
EXCELS_FORMATS = {  # those that Excel always writes (FORMAT §2.4.126)
    5: '"$"#,##0_);\\("$"#,##0\\)',
    6: '"$"#,##0_);[Red]\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    8: '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)',
    41: '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)',
}
FIRST_OWN_FORMAT = 164
BOLD = 5
"""The fifth font: the number 4 is left out (FontIndex §2.5.129)."""
LOCKED, QUOTED, IS_STYLE = 0x0001, 0x0008, 0xFFF5
BOTTOM, CENTRED = 0x20, 0x10
NO_PATTERN = 0x20C0


class Look(NamedTuple):
    """How a cell looks: its number format, and whether it is bold or one of the headers."""

    number_format: str = "General"
    is_bold: bool = False
    is_header: bool = False

    @property
    def is_quoted(self) -> bool:
        """Whether the cell counts as typed with ' in front, so that editing it wakes no formula (trust.md E1)."""
        return self.number_format == "@"


class Styles:
    """The looks that a book uses, each with its number."""

    def __init__(self) -> None:
        self.looks: dict[Look, int] = {}
        self.formats = dict(BUILT_IN_FORMATS)

    def number_of(self, look: Look) -> int:
        """Return the XF's number of a look."""
        if look not in self.looks:
            self.looks[look] = FIRST_OF_OURS + len(self.looks)
            self.formats.setdefault(look.number_format, FIRST_OWN_FORMAT + len(self.formats) - len(BUILT_IN_FORMATS))
        return self.looks[look]

    def records(self) -> bytes:
        """Return FONT, FORMAT, XF and STYLE records."""
        own = {number: text for text, number in self.formats.items() if number >= FIRST_OWN_FORMAT}
        return b"".join(
            [
                *[_font(is_bold=False)] * 4,
                _font(is_bold=True),
                *(record(FORMAT, f"H{len(short_text(text, 'H'))}s", number, short_text(text, "H"))
                  for number, text in (EXCELS_FORMATS | own).items()),
                *_excels_styles(),
                *(self._cell(look) for look in self.looks),
                *_style_names(),
            ]
        )  # fmt: skip

    def _cell(self, look: Look) -> bytes:
        flags = LOCKED | (QUOTED if look.is_quoted else 0)
        has_own = 0x04 | (0x08 if look.is_bold or look.is_header else 0) | (0x30 if look.is_header else 0)
        return _xf(
            font=BOLD if look.is_bold or look.is_header else 0,
            number_format=self.formats[look.number_format],
            flags=flags,
            alignment=CENTRED if look.is_header else BOTTOM,
            has_own=has_own,
            lines=0x1000 if look.is_header else 0,  # thin at the bottom
            colours=0x40 << 7 if look.is_header else 0,
        )


def _font(*, is_bold: bool) -> bytes:
    """FONT (§2.4.122): Arial, 10 points, in the colour of the window's text."""
    name = short_text("Arial")
    flags, weight = (1, 700) if is_bold else (0, 400)
    return record(FONT, f"HHHHHBBBB{len(name)}s", 200, flags, 0x7FFF, weight, 0, 0, 0, 0, 0, name)


def _xf(
    *, font: int, number_format: int, flags: int, alignment: int, has_own: int, lines: int = 0, colours: int = 0
) -> bytes:
    """XF (§2.4.353), StyleXF (§2.5.250) or CellXF (§2.5.20); bit 3 of the flags is f123Prefix."""
    return record(
        XF, "HHHBBBBIIH", font, number_format, flags, alignment, 0, 0, has_own, lines, colours, NO_PATTERN
    )  # fmt: skip


def _excels_styles() -> list[bytes]:
    """Return the XFs that Excel always writes: Normal, outlines 1 to 7 of rows and columns, the usual cell, figures."""
    usual = {"number_format": 0, "alignment": BOTTOM}
    outlines = [_xf(font=font, flags=IS_STYLE, has_own=0xF4, **usual) for font in (1, 1, 2, 2, *[0] * 10)]
    figures = [
        _xf(font=1, number_format=number, flags=IS_STYLE, alignment=BOTTOM, has_own=0xF8)
        for number in (43, 41, 44, 42, 9)
    ]
    normal, cell = _xf(font=0, flags=IS_STYLE, has_own=0, **usual), _xf(font=0, flags=LOCKED, has_own=0, **usual)
    return [normal, *outlines, cell, *figures]


def _style_names() -> list[bytes]:
    """STYLE (§2.4.269): Comma, Comma [0], Currency, Currency [0], Normal, Percent, by their built-in numbers."""
    built_in = ((16, 3), (17, 6), (18, 4), (19, 7), (0, 0), (20, 5))
    return [record(STYLE, "HBB", 0x8000 | xf, number, 0xFF) for xf, number in built_in]
