"""The house stands as docs/architecture.md draws it, and its ground floor knows no product."""

import ast
import re

import pytest
from django.conf import settings

from devtools import dependencies

GROUND_FLOOR = settings.BASE_DIR / "flipdash"
PROJECT = {"settings.py", "variables.py", "urls.py", "celery.py"}
"""What puts the apps together has to name them."""
PRODUCT = re.compile(
    r"transfer|payment|(?<!s)top_?up|deposit|invoice|refund|beneficiar|payout|callback_url|statement_?(line|file)",
    re.I,
)
OF_LIBRARIES = {"boto3.s3.transfer", "TransferConfig", "transfer_config"}
SHOWN_AS_SAMPLES = {"styleguide.py"}
"""The style guide shows components with words of the product, and does nothing."""


def sources():
    for path in sorted(GROUND_FLOOR.rglob("*.py")):
        place = path.relative_to(GROUND_FLOOR)
        if place.name not in PROJECT | SHOWN_AS_SAMPLES and place.parts[0] != "migrations":
            yield path


def code_words(source):
    """Every name and every text of a module, but not what it says of itself in docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        for field in ("name", "id", "attr", "arg", "module"):
            if isinstance(word := getattr(node, field, None), str):
                yield word
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from accounts import x", False),
        ('"""Such as a transfer."""', False),
        ("TRANSFERS = 1", True),
        ("x = 'top_up'", True),
        ("x.payment_id", True),
        ("from transactions.transfers import history", True),
    ],
)
def test_a_word_of_a_product_is_seen(source, found):
    assert any(PRODUCT.search(word) for word in code_words(source)) == found


def test_no_product_is_named_in_the_ground_floor():
    named = {
        f"{path.relative_to(settings.BASE_DIR)}: {word}"
        for path in sources()
        for word in code_words(path.read_text())
        if PRODUCT.search(word) and word not in OF_LIBRARIES
    }
    assert named == set()


def test_the_map_is_drawn_from_the_code_as_it_is():
    """Renew it by `python -m devtools.dependencies`."""
    page = dependencies.PAGE.read_text()
    assert page == dependencies.drawn(page)


def test_every_app_is_drawn():
    page = dependencies.PAGE.read_text()
    assert re.findall(r"^## (\w+)$", page, re.M)[1:] == dependencies.apps()


def test_an_arrow_that_follows_from_others_is_left_out_and_a_circle_is_not():
    assert dependencies.without_detours({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}
    assert dependencies.without_detours({("a", "b"), ("b", "a")}) == {("a", "b"), ("b", "a")}
