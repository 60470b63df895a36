"""Pages made into PDF that an archive takes and a screen reader reads: PDF/A-3a and PDF/UA-1 at once.

WeasyPrint never says that a file misses the standard it was asked for. So what is known to miss it is kept away from
it: texts go through `printable`, fonts come from our own files, and every warning of the renderer is an error.
"""

import atexit
import logging
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from fontTools.ttLib import TTFont
from PIL import ImageFile

from documents import pdf_standard
from flipdash import fonts, lines

CSS = settings.BASE_DIR / "static" / "css" / "pdf.css"
LONGEST = 200
"""Characters of one printed text: a page of one word is laid out in no time that anybody waits for."""
MOST_MARKS = 2
"""How many marks a letter carries. More paint over the lines around it."""
EMOJI = range(0x1F000, 0x20000)
"""Drawn by a font of pictures many lines high, if one is there."""
WEIGHTS = {"400": "Regular", "500": "Medium", "600": "SemiBold"}
"""Of the package's static fonts, those that paper is set in."""
FALLBACKS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    *Path("/usr/share/fonts/truetype/noto").glob("NotoSans*-Regular.ttf"),
)
"""Where letters come from that Inter lacks; fontconfig finds the same files."""
_one_at_a_time = threading.Lock()
"""What the renderer says is heard by whoever renders, and its fonts are shared by the whole process."""


class Unprintable(Exception):
    """A template asked for something that a PDF doesn't fetch, or the renderer complained."""


@dataclass(frozen=True)
class Attachment:
    """A file inside of a PDF, of which it says how it belongs: "Data" is what the page was made from."""

    name: str
    content: bytes
    description: str
    made_at: datetime
    """In UTC: a PDF writes it so."""


def render(
    template: str,
    context: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Render a template as PDF; the same bytes for the same words, as long as no package and no font is another.

    It fetches nothing but `files`, by their address (trust.md F5); raises Unprintable.
    """
    return render_page(render_to_string(template, dict(context)), files, attachments)


def render_page(page: str, files: Mapping[str, bytes] | None = None, attachments: Sequence[Attachment] = ()) -> bytes:
    """Render a finished page of HTML; see `render`."""
    import weasyprint  # imported late: it needs system libraries, and a second
    from weasyprint.urls import FatalURLFetchingError

    inside = [
        weasyprint.Attachment(
            string=one.content,
            name=one.name,
            description=one.description,
            relationship="Data",
            created=one.made_at,
            modified=one.made_at,
        )
        for one in sorted(attachments, key=lambda one: one.name)
    ]
    with _one_at_a_time, _complaints() as complaints:
        # WeasyPrint sets this for the whole process, in which a logo that was cut off would then pass as whole.
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            styles, font_config = _styles()
            html = weasyprint.HTML(string=page, url_fetcher=_fetcher(files or {}))
            content = html.write_pdf(
                stylesheets=[styles],
                font_config=font_config,
                pdf_variant="pdf/a-3a",
                attachments=inside,
                finisher=pdf_standard.finish,
            )
        except FatalURLFetchingError as refused:  # a BaseException, which nothing above would catch
            raise Unprintable(str(refused)) from None
    if complaints:
        raise Unprintable("; ".join(complaints))
    return bytes(content)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Hear what the renderer warns of while the block runs."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    ear, logger = Ear(logging.WARNING), logging.getLogger("weasyprint")
    logger.addHandler(ear)
    try:
        yield heard
    finally:
        logger.removeHandler(ear)


def _fetcher(files: Mapping[str, bytes]) -> Any:
    """Return what serves the page the files it was given, and refuses all else for the whole page."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Sealed(URLFetcher):
        """Serves from memory."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url in files:
                return URLFetcherResponse(url, files[url])
            raise FatalURLFetchingError(f"a PDF fetches nothing, and so not {url[:100]}")

    return Sealed()


@cache
def _styles() -> tuple[Any, Any]:
    """Return the stylesheet and the fonts, read once: made anew for each page they cost a quarter more, and grow."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    font_config = FontConfiguration()
    inter = _inter()
    rules = "".join(
        f'@font-face {{ font-family: Inter; font-weight: {weight}; src: url("flipdash:inter-{weight}") }}'
        for weight in WEIGHTS
        if inter
    )
    files = {f"flipdash:inter-{weight}": content for weight, content in inter.items()}
    styles = weasyprint.CSS(string=rules + CSS.read_text(), url_fetcher=_fetcher(files), font_config=font_config)
    return styles, font_config


atexit.register(_styles.cache_clear)  # before the libraries go that its fonts are given back to


def _inter() -> dict[str, bytes]:
    """Return Inter's files by weight; none where the package isn't installed, and pages are set in a fallback then."""
    paths = {weight: fonts.FOLDER / f"Inter-{name}.otf" for weight, name in WEIGHTS.items()}
    return {weight: path.read_bytes() for weight, path in paths.items()} if fonts.is_installed() else {}


@cache
def coverage() -> frozenset[int]:
    """Return the characters for which our fonts have a glyph."""
    found: set[int] = set()
    for path in (fonts.FOLDER / "Inter-Regular.otf", *FALLBACKS):
        if path.is_file():
            with TTFont(path, lazy=True) as font:
                found.update(font.getBestCmap())
    return frozenset(found)


def printable(text: object, longest: int = LONGEST) -> str:
    """Return a text as one line that can be set: without what nobody sees or no font has, and not endlessly long.

    Anybody may have typed it. What turns the writing around, paints over other lines or is drawn as a picture goes; a
    letter that no font of ours has becomes a question mark (`loses_letters` tells).
    """
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", str(text)):
        is_mark = unicodedata.category(character).startswith("M")
        marks = marks + 1 if is_mark else 0
        if character.isspace() or character in "\u2028\u2029":
            kept.append(" ")
        elif _leaves(character) or marks > MOST_MARKS:
            continue
        elif ord(character) in coverage() and ord(character) not in EMOJI:
            kept.append(character)
        elif not is_mark:
            kept.append("?")
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def loses_letters(text: str) -> bool:
    """Return whether a text is printed otherwise than it is written, but for its spaces: no matter for a tax record."""
    return printable(text) != " ".join(unicodedata.normalize("NFC", text).split())


def _leaves(character: str) -> bool:
    """Return whether a character leaves the line: unseen, in no font, or a choice between two looks of another."""
    is_variant = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return is_variant or unicodedata.category(character) in ("Cn", "Co") or lines.is_unseen(character)
