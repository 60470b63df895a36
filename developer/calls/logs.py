"""What goes into logs, without secrets: a program may put its key into an address, which Django writes at a 404."""

import logging
import re

from developer.calls import masking
from flipdash.serving.lines import Lines

LINKS = re.compile(
    r"(/(?:invitations|receipts|pay/payment|pay|account/confirmation|account/password/[^/\s]+)/)[^/\s?\"']+"
)
"""The addresses that open something for whoever has them: what stands behind is cut."""


def masked(written: str) -> str:
    """Return a text as it may stand in a log."""
    return LINKS.sub(rf"\1{masking.MASK}", masking.text(written))


class Masked(logging.Formatter):
    """Masks what reads as one of our secrets in all that is written: words, their values, and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and what follows it."""
        return masked(super().format(record))


class MaskedLines(Lines):
    """The same for lines of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return masked(super().format(record))
