"""Files in S3, or in what speaks as it does: for web and workers on machines of their own."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from flipdash.storage import StorageAway

AT_ONCE = 1 << 20
"""How many bytes of a file are held in memory while it is read."""
PART = 8 << 20
"""A larger file goes up in parts of so many bytes, one after the other."""


@contextmanager
def _asked() -> Iterator[None]:
    """Say what went wrong as a disk would: FileNotFoundError, StorageAway, or another OSError."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if status == 404:
            raise FileNotFoundError("There is no such file.") from error
        kind = StorageAway if status >= 500 or status == 429 else OSError
        raise kind(f"S3 refuses: {error.response.get('Error', {}).get('Code', status)}") from error
    except BotoCoreError as error:
        raise StorageAway(f"S3 can't be reached: {type(error).__name__}") from error


class Remote(io.RawIOBase):
    """An object of a bucket, read as it is needed: from where the reader stands, and never whole."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._at = client, {"Bucket": bucket, "Key": key}
        with _asked():
            found = client.head_object(**self._at)
        self.size: int = found["ContentLength"]
        self._at["IfMatch"] = found["ETag"]  # what was replaced meanwhile isn't read on with
        self._place = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is asked for before something is read there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        place = max(base + offset, 0)
        if place != self._place:
            self._let_go()
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        """Read on. Raises StorageAway when the connection ends before the file does."""
        if self._place >= self.size:
            return 0
        with _asked():
            if self._body is None:
                self._body = self._client.get_object(**self._at, Range=f"bytes={self._place}-")["Body"]
            data = self._body.read(len(buffer))
        if not data:
            raise StorageAway("S3 ended before the file did.")
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


class S3Files(S3Storage):
    """django-storages' S3, which here neither overwrites, nor reads a file whole, nor waits for long.

    An object is there whole or not at all, as flipdash.storage.WholeFiles has it on the disk.
    """

    def __init__(self, **options: Any) -> None:
        style = "path" if options.get("endpoint_url") else "auto"
        options["client_config"] = Config(
            connect_timeout=5,  # seconds
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": style},
            signature_version="s3v4",
            # Else what only speaks like S3 refuses what it doesn't know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        options["transfer_config"] = TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART, use_threads=False
        )
        super().__init__(file_overwrite=False, default_acl=None, **options)

    @property
    def client(self) -> Any:
        """This thread's connection."""
        return self.connection.meta.client

    @property
    def bucket(self) -> Any:
        """The bucket, by this thread's connection."""
        return self.connection.Bucket(self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("Files in S3 are opened to be read, and stored whole.")
        remote = Remote(self.client, self.bucket_name, self._normalize_name(name))
        return File(io.BufferedReader(remote, AT_ONCE), name)

    def _save(self, name: str, content: Any) -> str:
        with _asked():
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        """Delete a file; one that isn't there is no error."""
        if name:
            with _asked():
                super().delete(name)

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        with _asked():
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        """Return how many bytes a file has. Raises FileNotFoundError."""
        with _asked():
            return int(super().size(name))

    def walk(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the files below a folder with when each was stored: a thousand for each question."""
        prefix = self._normalize_name(folder) + "/"
        begins = len(prefix) - len(folder) - 1
        with _asked():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"][begins:], entry["LastModified"]

    def check(self) -> None:
        """Raise OSError unless the bucket answers now."""
        with _asked():
            self.client.head_bucket(Bucket=self.bucket_name)
