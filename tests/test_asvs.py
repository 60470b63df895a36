"""The table of docs/asvs.md: what it names is there, and its sums are right."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "asvs.md").read_text()
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (holds|partly|open|not ours) \| (.+) \|$", re.M)
ROWS = ROW.findall(PAGE)
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_each_item_stands_once_in_its_order():
    items = [tuple(map(int, row[0].split("."))) for row in ROWS]
    assert len(items) > 180
    assert items == sorted(set(items))
    assert len(re.findall(r"^\| \d", PAGE, re.M)) == len(items), "a row that can't be read isn't counted"


def test_each_test_that_is_named_is_there():
    named = {match for row in ROWS for match in NAMED.findall(row[4])}
    assert len(named) > 100
    for path, name in named:
        assert re.search(rf"^def {name}\(", (TESTS / path).read_text(), re.M), f"{path}::{name}"


def test_its_sums_are_right_and_most_items_have_a_test():
    ours = [row for row in ROWS if row[3] != "not ours"]
    tested = [row for row in ours if NAMED.search(row[4])]
    holds = [row for row in ours if row[3] == "holds"]
    of_all = f"Of {len(ours)} items that concern us {len(holds)} hold; {len(tested)} of all"
    assert of_all in PAGE
    assert len(tested) >= 0.85 * len(ours)


def test_what_does_not_hold_whole_is_explained():
    told = PAGE.partition("What is partly or open, and why:")[2].partition("Not asked of us")[0]
    missing = [row[0] for row in ROWS if row[3] in ("partly", "open") and row[0] not in told]
    assert missing == []
