"""A browser without scripts: cookies, forms, files. Nothing but Python's own library: nothing helps it along."""

import http.cookiejar
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

CHOSEN = {"checkbox", "radio"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    url: str
    content: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The page."""
        return self.content.decode(errors="replace")


@dataclass
class Form:
    """A form of a page, with what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    """Collects a page's forms."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._is_inside = True
        elif self._is_inside and tag in {"input", "select", "textarea", "button"} and given.get("name"):
            form, name = self.found[-1], given["name"]
            form.names.add(name)
            if tag == "input" and (given.get("type") not in CHOSEN | {"file", "submit"} or "checked" in given):
                form.fields[name] = given.get("value", "on" if given.get("type") in CHOSEN else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False


class Browser:
    """One person's browser."""

    def __init__(self, site: str, certificate: Path) -> None:
        self.site = site
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        context = ssl.create_default_context(cafile=str(certificate))
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), jar
        )

    def open(self, path: str, data: bytes | None = None, kind: str = "", seconds: float = 60) -> Answer:
        """Ask for an address of the site, and follow where it leads. Raises OSError if nobody answers."""
        url = urllib.parse.urljoin(self.site, path)
        asked = urllib.request.Request(url, data, {"Origin": self.site, "Referer": url})
        if kind:
            asked.add_header("Content-Type", kind)
        began = time.monotonic()
        try:
            with self.opener.open(asked, timeout=seconds) as answer:
                return Answer(answer.status, answer.url, answer.read(), time.monotonic() - began)
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.url or url, refused.read(), time.monotonic() - began)

    def submit(self, path: str, *, to: str = "", files: dict[str, Path] | None = None, **values: str) -> Answer:
        """Fill in the form of a page that has these fields, and `to` in its address, and send it.

        Raises LookupError if the page has none.
        """
        page = self.open(path)
        wanted = {*values, *(files or {})}
        for form in forms_of(page.text):
            is_it = to in form.action if to or wanted else not form.action
            if form.method == "post" and wanted <= form.names and is_it:
                body, kind = encoded({**form.fields, **values}, files or {})
                return self.open(urllib.parse.urljoin(page.url, form.action), body, kind)
        raise LookupError(f"{path} ({page.status}) has no form for {to} {', '.join(wanted)}:\n{page.text[:2000]}")


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page."""
    read = _Forms()
    read.feed(page)
    return read.found


def encoded(fields: dict[str, str], files: dict[str, Path]) -> tuple[bytes, str]:
    """Return a form as it is sent, and what kind of body that is."""
    if not files:
        return urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
    line = uuid.uuid4().hex
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, path in files.items():
        head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
        parts.append(f"{head}Content-Type: text/csv\r\n\r\n".encode() + path.read_bytes() + b"\r\n")
    return b"".join([*parts, f"--{line}--\r\n".encode()]), f"multipart/form-data; boundary={line}"
