"""Files are kept whole, or not at all (attack.md A8)."""

import errno
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File

from flipdash.storage import WholeFiles


@pytest.fixture
def storage(tmp_path):
    return WholeFiles(location=tmp_path, file_permissions_mode=0o600)


def there(storage) -> list[str]:
    return sorted(path.name for path in Path(storage.location).rglob("*") if path.is_file())


class Half(File):
    """A file of which the disk takes the first chunk only."""

    def chunks(self, chunk_size=None):
        yield b"the first half"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_behind(storage):
    with pytest.raises(OSError, match="No space left"):
        storage.save("imports/7/one", Half(None, name="one"))
    assert there(storage) == []


def test_a_name_that_is_taken_stays_what_it_is(storage, monkeypatch):
    """Also when it was taken a moment after it was found free."""
    assert storage.save("logo", ContentFile(b"first")) == "logo"
    free = storage.get_available_name
    monkeypatch.setattr(storage, "get_available_name", iterating([lambda name, **kw: name, free]))
    second = storage.save("logo", ContentFile(b"second"))
    assert second != "logo"
    assert (storage.open("logo").read(), storage.open(second).read()) == (b"first", b"second")
    assert len(there(storage)) == 2


def iterating(answers):
    """Return what answers as the next of `answers` would, each time it is called."""
    answers = iter(answers)
    return lambda name, max_length=None: next(answers)(name)


def test_what_is_stored_is_for_its_owner_alone(storage):
    name = storage.save("a/b/c", ContentFile(b"x"))
    assert Path(storage.path(name)).stat().st_mode & 0o777 == 0o600
