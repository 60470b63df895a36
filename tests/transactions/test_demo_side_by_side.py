"""On a first start the largest history of the demo is written beside the others, which takes two processors."""

import os
from contextlib import nullcontext
from threading import Event
from unittest import mock

import pytest

from tests.superuser import connect
from transactions import demo


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Instead of writing them, note which histories a process was asked for."""
    notes = tmp_path / "notes"

    def note(*histories):
        with notes.open("a") as file:
            file.writelines(f"{os.getpid()} {one.slug} {one.mode.value}\n" for one in histories)

    monkeypatch.setattr(demo, "_write", note)
    monkeypatch.setattr(demo, "_counting", nullcontext)
    monkeypatch.setattr(demo.today, "write", lambda: notes.open("a").write("today\n"))
    return notes


def test_each_history_is_written_once_and_the_living_day_last(written):
    demo.write_side_by_side()
    *lines, last = written.read_text().splitlines()
    here = {line.split(" ", 1)[1] for line in lines if line.startswith(f"{os.getpid()} ")}
    assert here == {"kopi-kita live"}
    assert sorted(line.split(" ", 1)[1] for line in lines) == ["kopi-kita live", "kopi-kita test", "toko-sebelah live"]
    assert last == "today"


def test_a_history_that_fails_beside_is_not_passed_over(written, monkeypatch):
    me, note = os.getpid(), demo._write

    def fail_elsewhere(*histories):
        if os.getpid() != me:
            raise ValueError
        note(*histories)

    monkeypatch.setattr(demo, "_write", fail_elsewhere)
    with pytest.raises(ChildProcessError):
        demo.write_side_by_side()
    assert "today" not in written.read_text()


def test_postgres_counts_meanwhile(monkeypatch):
    asked, closed = Event(), Event()
    cursor = mock.MagicMock()
    cursor.__enter__.return_value.execute.side_effect = lambda statement: statement == demo.COUNT and asked.set()
    owner = mock.Mock(cursor=lambda: cursor, close=closed.set)
    monkeypatch.setattr(demo, "connections", {"owner": owner})
    monkeypatch.setattr(demo, "FIRST_COUNT", 0.001)
    with demo._counting():
        assert asked.wait(10)
        assert not closed.is_set()
    assert closed.is_set()


def test_each_table_that_is_counted_has_the_columns_of_its_keys(django_db_setup):
    with connect("DATABASE_OWNER_URL") as owner:
        owner.execute(demo.COUNT)
