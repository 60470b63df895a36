"""Why a call to a host that somebody named has no answer, in words."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from flipdash.words import Words


class Problem(StrEnum):
    """Why there is no answer, as far as its receiver can do something about it (trust.md F4)."""

    ADDRESS = "address"
    NAME = "name"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"

    @property
    def label(self) -> Words:
        """What was wrong, in words."""
        return PROBLEMS[self]


PROBLEMS: dict[Problem, Words] = {
    Problem.ADDRESS: _("The address can’t be called: it isn’t a public one."),
    Problem.NAME: _("The name of the server was not found."),
    Problem.REFUSED: _("The server didn’t take the connection."),
    Problem.TLS: _("The connection isn’t safe: the server’s certificate is wrong, too old or for another name."),
    Problem.TIMEOUT: _("The server didn’t answer in time."),
    Problem.BROKEN: _("The server broke off, or didn’t answer in HTTP."),
}
