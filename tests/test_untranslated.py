"""No text escapes translation: neither in templates nor in what Python writes into pages.

Templates are read: a letter outside {% translate %} and {{ }} is a text that nobody marked. For Python every page is
made with each translated text taken out of it: what is left must be data, a name, or nothing.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.template.base import Lexer, TokenType
from django.utils import translation

from accounts.models import Business, User
from developer.callbacks.snippets import snippets
from developer.models import ApiKey
from developer.reference import calls
from devtools import messages
from documents.reports import summary
from flipdash import histories, rls
from flipdash.mode import Mode
from flipdash.templatetags import kept
from tests import factories
from tests.walk import Survey, make_rows, survey
from transactions import channels
from transactions.destinations import FULL_NAMES
from transactions.destinations import NAMES as DESTINATIONS
from transactions.models import Corridor, MoneyTransfer

TEMPLATES = settings.BASE_DIR / "templates"
ENGLISH_ON_PURPOSE = ("styleguide",)
"""For developers, in development only."""
NAMES = {
    "FlipDash",
    "NPWP",
    "NITKU",
    "PPN",
    "DPP",
    "DPP nilai lain",
    "SHA-256",
    "CAMT.053",
    "MT940",
    "Faktur Pajak",
    "Bukti Potong",
    "c",
    "f",
    "j",
    "k",
    "n",
    "p",
    "Enter",
    "Esc",
    "English",
    "Bahasa Indonesia",
    "WIB",
    "WITA",
    "WIT",
    "UTC",
    "Rp",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "data",
    "whsec_••••••••",
    *(snippet.language for snippet in snippets()),
    "curl",
    "OpenAPI",
    "v2",
    "v3",
    "JSON",
    "HTTP",
}
"""What reads the same in every language: names, keys of the keyboard."""
READ = {"alt", "title", "aria-label", "aria-description", "placeholder", "summary", "label"}
"""Attributes that people read or hear."""
SAID = {"title", "text", "label", "second_label", "action_label", "section"}
"""What a template says to an include, for people to read."""
LETTER = re.compile(r"[^\W\d_]")


class Texts(HTMLParser):
    """Collects what people read in a page: text, and the attributes that they read or hear.

    What says translate="no" is a word of a file or of a machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in {"script", "style"} or ("translate", "no") in attrs:
            self.silent = tag
        self.found += [value for name, value in attrs if name in READ and value]
        if tag == "input" and dict(attrs).get("type") in {"submit", "button"}:
            self.found.append(dict(attrs).get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def texts_of(html: str) -> list[str]:
    parser = Texts()
    parser.feed(html)
    parser.close()
    return [" ".join(text.split()) for text in parser.found if LETTER.search(text)]


# --- Templates ----------------------------------------------------------------------------------------------------


def templates() -> Iterator[str]:
    """Yield the templates that people read, by name."""
    for path in sorted(TEMPLATES.rglob("*")):
        name = str(path.relative_to(TEMPLATES))
        if path.suffix in {".html", ".txt"} and not name.startswith(ENGLISH_ON_PURPOSE):
            yield name


def literals(source: str, *, is_html: bool = True) -> list[str]:
    """Return the literal texts of a template; what is translated or comes from a variable is taken out first."""
    kept, said, inside = [], [], ""
    for token in Lexer(source).tokenize():
        word = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        if word == inside and word:
            inside = ""
        elif token.contents == "block page_class":
            inside = "endblock"
        elif word in {"blocktranslate", "blocktrans", "comment"}:
            inside = f"end{word}"
        elif token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
        elif word == "include":
            said += [text for name, text in re.findall(r'(\w+)="([^"]*)"', token.contents) if name in SAID]
    text = "".join(kept)
    found = texts_of(text) if is_html else [" ".join(line.split()) for line in text.splitlines()]
    return [text for text in [*found, *said] if LETTER.search(without_names(text))]


def without_names(text: str) -> str:
    for name in sorted(NAMES, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", text)
    return text


@pytest.mark.parametrize("name", list(templates()))
def test_no_template_holds_a_text_that_is_not_marked_for_translation(name):
    assert literals((TEMPLATES / name).read_text(), is_html=name.endswith(".html")) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<input placeholder="Amount">',
        "<button {% if x %}disabled{% endif %}>Send</button>",
        '{% include "components/empty.html" with title="Nothing yet" only %}',
        "{% blocktranslate %}Good{% endblocktranslate %} but not this",
        '<img alt="A bank of {{ name }}">',
    ],
)
def test_a_text_that_is_not_marked_is_found(source):
    assert literals(source) != []


# --- What Python writes -----------------------------------------------------------------------------------------


@pytest.fixture
def marked(monkeypatch) -> Iterator[None]:
    """Put every translated text between brackets, whatever the language."""
    kinds: dict[str, Callable[..., str]] = {
        "gettext": lambda text: f"⟦{text}⟧" if text else "",
        "ngettext": lambda one, many, number: f"⟦{one if number == 1 else many}⟧",
        "pgettext": lambda context, text: f"⟦{text}⟧",
        "npgettext": lambda context, one, many, number: f"⟦{one if number == 1 else many}⟧",
    }
    for name, kind in kinds.items():
        getattr(translation._trans, name)
        monkeypatch.setattr(translation._trans, name, kind)
    kept.forget()
    calls._groups.cache_clear()
    yield
    kept.forget()  # no page after this has brackets
    calls._groups.cache_clear()


def without_marked(html: str) -> str:
    """Take out what was translated, with whatever it holds."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", html)) != html:
        html = shorter
    return html


def data() -> set[str]:
    """Return each text that stands in the database, and the names of banks, channels and countries."""
    found = {*NAMES, "My laptop", *FULL_NAMES.values(), *channels.NAMES.values(), *DESTINATIONS.values()}
    found |= {user.initials for user in User.objects.all()}
    for language in ("en", "id"):
        with translation.override(language):
            found |= {str(name) for _code, name in Corridor.countries()}
    for business, mode in itertools.product(Business.objects.all(), Mode):
        with rls.inside_of(business.pk, mode):
            makers = MoneyTransfer._base_manager.values_list("maker_name", flat=True)
            found |= {name.split()[0] for name in makers if name}  # as the table shows them
            found |= {key.shown for key in ApiKey.objects.all()}
            for model in filter(is_readable, apps.get_models()):
                for values in model._base_manager.values_list():
                    found |= {" ".join(str(value).split()) for value in values if value}
    return found


def is_readable(model) -> bool:
    """Whether it is a table of its own that the app role may read; some are the operator's alone."""
    if not model._meta.managed or model._meta.proxy:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [model._meta.db_table])
        return cursor.fetchone()[0]


CODES = re.compile(
    r"\.(csv|xlsx?|pdf|zip)\b|\b[A-Z]\d{6}\b|\b(Rp|GMT|[A-Z]{3}(?= ?\d[\d.,]*\b))|[\d.,]+\s?(bytes|KB|MB)"
)
"""File endings, numbers of reports and imports, currencies before a figure (not the beginning of a slug), sizes."""


def left_over(html: str, known: list[str]) -> Iterator[str]:
    """Yield the texts that were neither translated nor data."""
    for text in texts_of(without_marked(html)):
        rest = CODES.sub("", text)
        if not LETTER.search(without_names(rest)):
            continue
        for value in known:
            if value in rest:
                rest = rest.replace(value, "")
        if LETTER.search(without_names(rest)):
            yield text


def asking(client) -> Callable[[str], tuple[int, str, str]]:
    def ask(address: str) -> tuple[int, str, str]:
        answer = client.get(address)
        kind = answer.get("Content-Type", "")
        return answer.status_code, kind, answer.content.decode() if "text/html" in kind else ""

    return ask


Pages = dict[str, Callable[[], str]]
"""What fetches each page, by its address."""


def pages_of(client, found: Survey) -> Pages:
    return {
        address: lambda address=address: client.get(address).content.decode()
        for pattern, address in found.pages.items()
        if not pattern.startswith(ENGLISH_ON_PURPOSE)
    }


@pytest.fixture
def inside(files, web, admin) -> Pages:
    """Every page of an Admin who reads Indonesian."""
    found = survey(asking(web), make_rows(admin))
    assert found.silent == {}
    admin.user.language = "id"
    admin.user.save()
    return pages_of(web, found)


@pytest.fixture
def outside(client) -> Pages:
    """Every page that needs no sign-in."""
    return pages_of(
        client, survey(asking(client), {}, lambda route: route.mark == "public" and "<" not in route.pattern)
    )


@pytest.mark.django_db
def test_no_page_shows_a_text_that_python_wrote_without_marking_it(inside, outside, request):
    known = sorted((text for text in data() if len(text) > 1), key=len, reverse=True)  # whole ones first
    request.getfixturevalue("marked")
    pages = {**outside, **inside}
    found = {address: left for address, fetch in pages.items() if (left := list(left_over(fetch(), known)))}
    assert found == {}


@pytest.mark.django_db
def test_no_page_in_indonesian_shows_an_english_text_of_the_catalog(inside):
    """A text that is marked, but was read in English too early: a lazy text that isn't, a default at import."""
    english = {
        one
        for message in messages.read()
        if isinstance(one := message.id, str) and message.string not in {"", one} and "%" not in one
    }
    assert len(english) > 300
    found = {address: left for address, fetch in inside.items() if (left := english & {*texts_of(fetch())})}
    assert found == {}


@pytest.mark.django_db
@pytest.mark.parametrize("name", histories.names())
def test_what_a_report_and_a_receipt_say_is_marked(marked, scope, admin, name):
    """They are made from the declaration, and from the lines of the Summary."""
    history = histories.get(name)(scope, QueryDict())
    report = factories.make_report(admin, history=name)
    said = [str(label) for label in (history.title, history.section, history.search_hint)]
    said += [str(column.label) for column in history.columns]
    said += [str(f.label) for f in history.filters]
    if history.receipt:
        said += [str(history.receipt.title), str(history.receipt.business)]
    if history.summary:
        said += [*(str(status.label) for status in history.summary.labels), *history.summary.heads()]
    said += [str(line[0]) for line in summary.lines(report, history, []) if line]
    assert [text for text in said if LETTER.search(without_names(without_marked(text)))] == []
