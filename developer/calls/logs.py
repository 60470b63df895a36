"""What goes into logs, without secrets: a program may put its key into an address, which Django writes at a 404."""

import logging

from developer.calls import masking


class Masked(logging.Formatter):
    """Masks what reads as one of our secrets in all that is written: words, their values, and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and what follows it."""
        return masking.text(super().format(record))
