"""The styleguide shows every component, so that a change of one is seen in one place."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from flipdash.templatetags import kept
from tests.factories import make_transfer

CSS = settings.BASE_DIR / "static" / "css" / "components"
TEMPLATES = settings.BASE_DIR / "templates" / "components"
SWITCHED = ("is-", "js")
"""Classes that scripts put on: a state of something that is shown."""

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_transfer(kopi_kita) -> None:
    """The page of a history is shown as it is, so something must be there."""
    make_transfer(kopi_kita, status="successful")


def blocks(path: Path) -> set[str]:
    """Return the components that a style sheet draws: its classes without __part and --variant."""
    rules = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", path.read_text(), flags=re.S)
    names = {re.split("__|--", name)[0] for name in re.findall(r"\.([a-z][\w-]*)", rules)}
    return {name for name in names if not name.startswith(SWITCHED)}


def shown(content: str) -> set[str]:
    return {name for names in re.findall(r'class="([^"]*)"', content) for name in names.split()}


@pytest.mark.parametrize("name", sorted(path.name for path in CSS.glob("*.css")))
def test_the_styleguide_shows_what_each_style_sheet_draws(web, name):
    on_the_page = shown(web.get("/styleguide/").content.decode())
    assert blocks(CSS / name) - on_the_page == set()
    assert f'"components/{name}"' in (CSS.parent / "app.css").read_text()


@pytest.mark.parametrize("name", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")))
def test_the_styleguide_shows_each_component(web, name):
    kept.forget()
    used = {template.name for template in web.get("/styleguide/").templates}
    assert f"components/{name}" in used


def test_nothing_on_it_has_the_id_of_something_else(web):
    ids = re.findall(r'\sid="([^"]+)"', web.get("/styleguide/").content.decode())
    assert {name for name in ids if ids.count(name) > 1} == set()


def test_what_is_too_long_or_empty_or_wrong_is_shown_too(web):
    content = web.get("/styleguide/").content.decode()
    for look in ("empty", "empty--bad", "skeleton", "field--bad", "errors", "notice--warning", "progress", "chip"):
        assert look in shown(content), look
    assert "but your filters hide" in content
    assert "pengiriman-kedua" in content
