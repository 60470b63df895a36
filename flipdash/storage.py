"""Files on this machine's disk: whole, or not there."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


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
