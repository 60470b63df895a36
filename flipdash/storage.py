"""Where files are kept: on this machine's disk, whole or not there; or elsewhere (flipdash/s3.py)."""

import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class StorageAway(OSError):
    """Where files are kept doesn't answer now."""


def walk(storage: Any, folder: str) -> Iterator[tuple[str, datetime]]:
    """Yield the names of all files below a folder of a storage, with when each was stored."""
    if hasattr(storage, "walk"):
        yield from storage.walk(folder)
        return
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever stored there
        return
    for file in files:
        name = f"{folder}/{file}"
        try:
            yield name, storage.get_modified_time(name)
        except FileNotFoundError:  # gone a moment ago
            continue
    for inner in folders:
        yield from walk(storage, f"{folder}/{inner}")


def answers(storage: Any) -> bool:
    """Return whether a storage answers now; a disk does."""
    try:
        check = getattr(storage, "check", None)
        if check is not None:
            check()
    except OSError:
        return False
    return True


class WholeFiles(FileSystemStorage):
    """Django's storage; by itself that leaves half a file behind when the disk is full, which no row names."""

    def _save(self, name: str, content: Any) -> str:
        """Write under a name of its own, and only then under the one asked for, or one like it that is free."""
        part = f"{name}.{secrets.token_hex(8)}.part"
        try:
            part = super()._save(part, content)  # type: ignore[misc]  # it is there; the stubs leave it out
            while True:
                try:
                    os.close(os.open(self.path(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                except FileExistsError:
                    name = self.get_available_name(name)
                    continue
                Path(self.path(part)).replace(self.path(name))
                return name
        except BaseException:
            self.delete(part)
            raise
