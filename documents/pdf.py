"""Pages made into PDF."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from PIL import ImageFile

from flipdash import lines

CSS = settings.BASE_DIR / "static" / "css" / "pdf.css"
LONGEST = 200
"""Characters of one printed text: a page of one word is laid out in no time that anybody waits for."""
MOST_MARKS = 2
"""How many marks a letter carries. More paint over the lines around it."""
EMOJI = range(0x1F000, 0x20000)
"""Drawn by a font of pictures many lines high, if one is there."""


class Unprintable(Exception):
    """A template asked for something that a PDF doesn't fetch."""


def render(template: str, context: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> bytes:
    """Render a template as PDF. It fetches nothing but `files`, by their address (trust.md F5); raises Unprintable."""
    import weasyprint  # imported late: it needs system libraries, and a second
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Sealed(URLFetcher):
        """Serves what it was given."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if files and url in files:
                return URLFetcherResponse(url, files[url])
            raise FatalURLFetchingError(f"a PDF fetches nothing, and so not {url[:100]}")

    # WeasyPrint sets this for the whole process, in which a logo that was cut off would then pass as whole.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    fetcher = Sealed()
    try:
        html = weasyprint.HTML(string=render_to_string(template, dict(context)), url_fetcher=fetcher)
        return html.write_pdf(stylesheets=[weasyprint.CSS(filename=CSS, url_fetcher=fetcher)])
    except FatalURLFetchingError as refused:  # a BaseException, which nothing above would catch
        raise Unprintable(str(refused)) from None


def printable(text: object) -> str:
    """Return a text as one line that can be set: without what nobody sees or no font has, and not endlessly long.

    Anybody may have typed it. What turns the writing around, paints over other lines or is drawn as a picture goes.
    """
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", str(text)):
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if character.isspace() or character in "\u2028\u2029":
            kept.append(" ")
        elif ord(character) in EMOJI:
            kept.append("?")
        elif not _leaves(character) and marks <= MOST_MARKS:
            kept.append(character)
    line = " ".join("".join(kept).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _leaves(character: str) -> bool:
    """Return whether a character leaves the line: unseen, in no font, or a choice between two looks of another."""
    is_variant = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return is_variant or unicodedata.category(character) == "Cn" or lines.is_unseen(character)
