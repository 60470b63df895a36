"""Where a payer may be led who has paid: a public https address, judged as callbacks' are (trust.md D5, F1, F2)."""

from django.utils.translation import gettext as _

from flipdash import addresses
from flipdash.addresses import BadAddress, NameNotFound
from flipdash.mode import Mode


def judged(written: str) -> str:
    """Return an address in one spelling; raises BadAddress, whose words say what is wrong with it."""
    if not written.strip().lower().startswith("https://"):
        raise BadAddress(_("The address begins with https://."))
    target = addresses.parse(written, Mode.LIVE)
    try:
        addresses.resolve(target)
    except NameNotFound as problem:
        words = _("No server of the name %(host)s was found. Check how it is written.")
        raise BadAddress(words % {"host": target.host}) from problem
    return target.url
