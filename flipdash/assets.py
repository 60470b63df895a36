"""What browsers load of ours: one stylesheet and one script, joined from many small sources, and a font.

The sources work as they are, by `@import` and `import`; tests load them so. collectstatic puts the joined files in
their place, names every file by its hash and compresses it, so that a browser asks for it once (docs/pages.md).
"""

import logging
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

import brotli
import lightningcss
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers
from whitenoise.storage import CompressedManifestStaticFilesStorage

from flipdash import fonts

log = logging.getLogger(__name__)

STYLES, SCRIPTS = "css/app.css", "js/app.js"
BRIEF_STYLES, BRIEF_SCRIPTS = "css/brief.css", "js/brief.js"
"""For pages that strangers open on a phone, once: the few parts that these have, and no font."""
SMALLEST = 200
"""Bytes below which an answer isn't worth compressing, as Django has it."""
QUALITY = 5
"""Of Brotli: of 181 kB it makes 16.2 in 1.1 ms, where gzip makes 18.7 in 1.25; the next one wins a hundredth."""
BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?(?:\s*,|\s*$))")

IMPORT = re.compile(r'^import "([^"]+)";$', re.MULTILINE)
IMPORTED = re.compile(r'^@?import "([^"]+)"', re.MULTILINE)
HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.\w+)")
IMPORT_OR_EXPORT = re.compile(r"^(import|export)\b", re.MULTILINE)


class BuiltStorage(CompressedManifestStaticFilesStorage):
    """Joins styles and scripts before files are named by their hash; pages name these files in DEBUG too."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Build what is joined, then do what Django and WhiteNoise do. Raises ValueError for what can't be joined."""
        if not dry_run:
            for name in (SCRIPTS, BRIEF_SCRIPTS):
                self._put(paths, name, joined_scripts(name).encode())
            self._put(paths, BRIEF_STYLES, joined_styles(BRIEF_STYLES).encode())
            styles = joined_styles()
            if fonts.is_installed():
                styles += fonts.styles(self.base_url or "/")
                for name in fonts.names():
                    self._put(paths, name, None if self.exists(name) else fonts.made(name))
            else:
                log.warning("fonts-inter is not installed: pages are set in the font of whoever looks")
            self._put(paths, STYLES, styles.encode())
        yield from super().post_process(paths, dry_run, **options)

    def _put(self, paths: dict[str, Any], name: str, content: bytes | None) -> None:
        """Put a built file among the collected ones; None keeps the one that is there."""
        if content is not None:
            self.delete(name)
            self.save(name, ContentFile(content))
        paths[name] = self, name

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress what browsers ask for and what isn't yet: files named by their hash, without what was joined."""
        joined = joined_sources()
        asked = (path for path in paths if (found := HASHED.fullmatch(path)) and found[1] + found[2] not in joined)
        return super().compress_files([path for path in asked if not self.exists(f"{path}.gz")])

    def preloaded(self) -> list[str]:
        """Return the addresses of the font's files that every page needs; none if it was built without them."""
        return [self.url(name) for name in fonts.names(fonts.FIRST) if self.hash_key(name) in self.hashed_files]

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the address that holds the hash."""
        return super().url(name, force=True)


def joined_sources() -> set[str]:
    """Return the names of the files that were joined, which nobody asks for."""
    return {
        posixpath.normpath(posixpath.join(posixpath.dirname(whole), part))
        for whole in (STYLES, SCRIPTS, BRIEF_STYLES, BRIEF_SCRIPTS)
        for part in IMPORTED.findall(_source(whole).read_text())
    }


def joined_styles(whole: str = STYLES) -> str:
    """Return a whole stylesheet, its layers kept and its spaces left out."""
    return lightningcss.bundle_css(str(_source(whole)))


def joined_scripts(whole: str = "") -> str:
    """Return a module with all its scripts, each in its own block. Raises ValueError for one that imports others."""

    whole = whole or SCRIPTS

    def block(found: re.Match[str]) -> str:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(whole), found[1]))
        source = _source(name).read_text()
        if IMPORT_OR_EXPORT.search(source):
            raise ValueError(f"{name} imports or exports: only {whole} may")
        return f"{{\n{source}\n}}"

    return IMPORT.sub(block, _source(whole).read_text())


def _source(name: str) -> Path:
    path = finders.find(name)
    if path is None:
        raise ValueError(f"there is no static file {name}")
    return Path(path)


class CompressPages(GZipMiddleware):
    """Compresses pages, by Brotli for who reads it, and nothing that is streamed or a file already.

    Some random bytes, each time another number of them, are added to every answer, by Django to gzip and here to
    Brotli, and the CSRF token is masked anew, so that the size tells nothing of what a page holds (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress an answer of HTML."""
        if not isinstance(response, HttpResponse) or not response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            return response
        is_small = len(response.content) < SMALLEST or response.has_header("Content-Encoding")
        if is_small or not BROTLI.search(request.headers.get("Accept-Encoding", "")):
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        padding = f"<!-- {token_hex(randbelow(self.max_random_bytes))} -->".encode()
        response.content = brotli.compress(response.content + padding, quality=QUALITY)
        response.headers["Content-Encoding"] = "br"
        response.headers["Content-Length"] = str(len(response.content))
        return response
