"""Parts of addresses."""

from django.urls import register_converter
from django.urls.converters import IntConverter


class BigId(IntConverter):
    """A transaction's number: digits that fit the database's 64 bits."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Read the number; a larger one than any id is no address."""
        number = super().to_python(value)
        if number >= 2**63:
            raise ValueError(value)
        return number


register_converter(BigId, "bigid")
