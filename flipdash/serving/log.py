"""gunicorn's lines, written as all others are: JSON in UTC in production, and masked (settings.LOGGING)."""

import logging
import re
from logging.config import dictConfig

from gunicorn.config import Config
from gunicorn.glogging import Logger

from flipdash import settings

TYPED = re.compile(r"\?[^\s'\"]+")
"""What stands behind the path of an address: a person may have typed it."""


def without_what_was_typed(record: logging.LogRecord) -> bool:
    """Cut it from a record; a filter as logging takes it, which lets every record pass."""
    record.msg, record.args = TYPED.sub("?…", record.getMessage()), ()
    return True


class Log(Logger):
    """gunicorn's logger, without handlers of its own."""

    def setup(self, cfg: Config) -> None:
        """Hand on what is said to whoever writes for all."""
        super().setup(cfg)
        dictConfig(settings.LOGGING)  # in gunicorn's first process, too, which loads no application
        for log in (self.error_log, self.access_log):
            for handler in [*log.handlers]:
                log.removeHandler(handler)
            log.addFilter(without_what_was_typed)
            log.propagate = True
