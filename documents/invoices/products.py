"""What fees are for: the products of an invoice's lines, by their codes."""

from django.utils.translation import gettext_lazy as _

from flipdash.words import Words

OTHER = "other"
PRODUCTS: dict[str, Words] = {
    "money_transfer.bank": _("Money Transfer, to banks"),
    "money_transfer.ewallet": _("Money Transfer, to e-wallets"),
    "money_transfer.va": _("Money Transfer, to virtual accounts"),
    "international_transfer": _("International Transfer"),
    "payment.va": _("Accept Payment, virtual account"),
    "payment.qris": _("Accept Payment, QRIS"),
    "payment.ewallet": _("Accept Payment, e-wallet"),
    "payment.card": _("Accept Payment, card"),
    "payment.outlet": _("Accept Payment, outlet"),
    "refund": _("Refund"),
    OTHER: _("Other fees"),
}
"""In the order of an invoice."""
SHARES = ("payment.qris", "payment.ewallet", "payment.card")
"""Those whose fee is a share of the amount: one line each, for each transaction has a fee of its own."""


def label_of(code: str) -> str:
    """Return what people call a product."""
    return str(PRODUCTS.get(code, PRODUCTS[OTHER]))


def place_of(code: str) -> int:
    """Return where a product stands among the others."""
    return list(PRODUCTS).index(code if code in PRODUCTS else OTHER)
