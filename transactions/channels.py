"""How a payer can pay: virtual accounts, QRIS, e-wallets, cards and tills of shops (reference/flip-api.md §7.7)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from transactions import destinations


class ChannelKind(models.TextChoices):
    """What a payer pays with."""

    VA = "va", _("VA")
    QRIS = "qris", _("QRIS")
    EWALLET = "ewallet", _("E-Wallet")
    CARD = "card", _("Card")
    OUTLET = "outlet", _("Outlet")


CHANNELS: dict[str, dict[str, str]] = {
    ChannelKind.VA: {
        code: destinations.NAMES[code]
        for code in ("bca", "bni", "bri", "bsm", "cimb", "danamon", "mandiri", "muamalat", "permata")
    },
    ChannelKind.QRIS: {"qris": "QRIS"},
    ChannelKind.EWALLET: {code: destinations.EWALLETS[code] for code in ("dana", "linkaja", "ovo", "shopeepay")},
    ChannelKind.CARD: {"visa": "Visa", "mastercard": "Mastercard", "jcb": "JCB", "gpn": "GPN"},
    ChannelKind.OUTLET: {"alfamart": "Alfamart", "indomaret": "Indomaret"},
}
"""The channels of each kind, by their codes."""

NAMES = {code: name for channels in CHANNELS.values() for code, name in channels.items()}
"""The name of every channel, by its code."""

WORDS = {code: destinations.words_of(code) if code in destinations.NAMES else (name,) for code, name in NAMES.items()}
"""What people call every channel, by its code."""
