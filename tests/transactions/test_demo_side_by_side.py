"""On a first start the largest history of the demo is written beside the others, which takes two processors."""

import os

import pytest

from transactions import demo


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Instead of writing them, note which histories a process was asked for."""
    notes = tmp_path / "notes"

    def note(*histories):
        with notes.open("a") as file:
            file.writelines(f"{os.getpid()} {one.slug} {one.mode.value}\n" for one in histories)

    monkeypatch.setattr(demo, "_write", note)
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
