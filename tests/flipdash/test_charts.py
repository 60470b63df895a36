"""Small charts: what is drawn is what was given, whatever it is."""

import re

import pytest

from flipdash import charts


def heights(picture: str, look: str) -> list[int]:
    return [int(found) for found in re.findall(rf'class="chart__{look}"[^>]* height="(\d+)"', picture)]


def test_bars_are_as_high_as_their_figures():
    picture = charts.bars([300, 0, 100], [0, 100, 50], ["a", "b", "c"], label="Money", told="Three days")
    assert heights(picture, "in") == [750, 0, 250]
    assert heights(picture, "out") == [0, 250, 125]
    assert re.findall(r"<title>(.*?)</title>", picture) == ["Money", "a", "b", "c"]
    assert "<desc>Three days</desc>" in picture


def test_what_is_hardly_anything_is_still_seen():
    assert heights(charts.bars([1, 10**15], [0, 0], ["a", "b"], label="", told=""), "in") == [12, 1000]


def test_bars_above_and_below_meet_at_one_line():
    picture = charts.bars([10, 20], [20, 5], ["a", "b"], label="", told="")
    line = int(re.search(r"M0 (\d+)H", picture)[1])
    for look, y, height in re.findall(r'class="chart__(in|out)" x="\d+" y="(\d+)" width="\d+" height="(\d+)"', picture):
        assert int(y) + int(height) == line if look == "in" else int(y) == line


@pytest.mark.parametrize("values", [[], [0, 0], [5], [10**18, 0, 3]])
def test_an_area_stays_in_the_picture(values):
    picture = charts.area(values, label="Balance", told="")
    levels = [int(level) for level in re.findall(r"V(\d+)h", picture)]
    assert all(0 <= level <= charts.HEIGHT for level in levels)
    assert len(levels) == 2 * len(values)
    assert levels[: len(values)] == [charts.HEIGHT - charts._part(value, max([*values, 1])) for value in values]


def test_words_are_escaped():
    picture = charts.bars([1], [1], ["<b>&"], label="</title><script>", told='"')
    assert "<script>" not in picture
    assert "&lt;b&gt;&amp;" in picture
