"""What people call the browser and the system that they sign in with."""

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from ua_parser import parse

MOST_JUDGED = 300
"""How many characters of what a browser says of itself are read: the time grows with the length."""


def device_name(agent: str) -> str:
    """Return "Chrome on Linux", or as much of it as is known."""
    read = parse(agent[:MOST_JUDGED])
    browser = read.user_agent.family.removeprefix("Headless") if read.user_agent else ""
    system = read.os.family if read.os else ""
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


device_name_lazy = lazy(device_name, str)
"""The same for a mail, whose language is its reader's."""
