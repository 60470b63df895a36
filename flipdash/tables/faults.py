"""What can be wrong in a file, and how it is said."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: the record (the header is 1) and the line on which it starts."""

    record: int
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = _("record %(record)d, line %(line)d") % {"record": self.record, "line": self.line}
        return f"{place}, {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


class Unreadable(Exception):
    """The file can't be read from this point on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Doubt(ValueError):
    """A value is wrong in a way that puts other records in doubt, so that skipping this one isn't enough."""


def shown(value: str, most: int = 40) -> str:
    """Return a value from a file as a message may show it: short, with control characters made visible."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[:most])
    return f"“{visible}…”" if len(value) > most else f"“{visible}”"
