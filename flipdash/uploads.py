"""No upload is larger than what any page takes: what comes after that is not kept."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from flipdash.tables import MOST_MEGABYTES

MOST = (MOST_MEGABYTES + 1) << 20  # bytes: a form may be a little larger than its file
MOST_READ = 8 * MOST
"""A larger upload isn't even read to its end, whatever the browser then says."""


class LimitedUpload(FileUploadHandler):
    """The first of the upload handlers: it stops an upload before it fills the disk, and lets the page say why."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        """Note how large the request says it is."""
        self.is_too_large, self.is_huge = content_length > MOST, content_length > MOST_READ

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Stop before the first file of a request that is too large; its other fields stay."""
        super().new_file(*args, **kwargs)
        if self.is_too_large and self.request is not None:
            self.request.META["flipdash.upload_was_cut_off"] = True
            raise StopUpload(connection_reset=self.is_huge)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the data on to the other handlers."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the other handlers."""


def was_cut_off(request: HttpRequest) -> bool:
    """Return whether the request brought more than any page takes."""
    return bool(request.META.get("flipdash.upload_was_cut_off"))
