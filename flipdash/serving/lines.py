"""What is written down: a line of JSON for each record, with its time in UTC."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

EXTRA = "line"
"""The attribute of a record that holds what is said besides its words: a flat dictionary."""


class Lines(logging.Formatter):
    """Writes a record as one line of JSON, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, EXTRA, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
