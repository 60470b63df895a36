"""Collect the words of pages, errors and mails into locale/, and compile them: `python -m devtools.messages`.

Django's makemessages needs the gettext programs; Babel does the same from the requirements alone. A template is
turned into Python-like calls by Django's own `templatize`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "flipdash",
    "accounts",
    "lists",
    "deposits",
    "transactions",
    "documents",
    "imports",
    "developer",
    "templates",
)
CATALOG = ROOT / "locale" / "id" / "LC_MESSAGES" / "django.po"
PLURALS = ("ngettext", "ngettext_lazy")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(PLURALS, (1, 2)),
}
Message = Any  # a text, or (one, many)


def main() -> None:
    """Bring the catalog up to date with the sources, keep what is translated, and compile it."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    catalog = read() if CATALOG.exists() else Catalog(locale="id")
    fresh = Catalog(locale="id")
    for message, place in messages():
        fresh.add(message, locations=[(place, 0)])
    catalog.update(fresh, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.fuzzy = False
    CATALOG.parent.mkdir(parents=True, exist_ok=True)
    with CATALOG.open("wb") as file:
        write_po(file, catalog, sort_output=True, include_lineno=False, omit_header=False, width=100)
    with CATALOG.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    print(f"{len(catalog)} messages, {len(untranslated(catalog))} without a translation")


def read() -> Catalog:
    """Return the catalog as it stands."""
    with CATALOG.open("rb") as file:
        return read_po(file, locale="id")


def untranslated(catalog: Catalog) -> list[Message]:
    """Return what has no translation, or a doubtful one."""
    return [m.id for m in catalog if m.id and (m.fuzzy or not all(_strings(m.string)))]


def _strings(string: Any) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)


def messages() -> Iterator[tuple[Message, str]]:
    """Yield every text that is marked for translation, with the file it stands in."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            place = str(path.relative_to(ROOT))
            if path.suffix == ".py" and "migrations" not in path.parts:
                for _line, message, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
                    yield message, place
            elif path.suffix in {".html", ".txt"} and "styleguide" not in place:
                for message in _in_template(path.read_text()):
                    yield message, place


def _in_template(source: str) -> Iterator[Message]:
    """Yield the texts of one template, read from the calls that templatize makes of it."""
    calls = templatize(source)
    for found in re.finditer(r"\b(n?gettext|_)\(", calls):
        call = _whole_call(calls[found.start() :])
        texts = tuple(arg.value for arg in call.args if isinstance(arg, ast.Constant))
        yield texts if len(texts) == 2 else texts[0]


def _whole_call(text: str) -> ast.Call:
    """Return the call that the text begins with."""
    for end in (place.end() for place in re.finditer(r"\)", text)):
        try:
            return ast.parse(text[:end], mode="eval").body  # type: ignore[return-value]  # it begins with a name and its bracket
        except SyntaxError:
            continue
    raise ValueError(text[:60])


if __name__ == "__main__":
    main()
