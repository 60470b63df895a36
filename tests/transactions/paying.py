"""Payment links in tests: made, opened by strangers, paid by the simulated payer."""

import re
import uuid
from typing import Any

from django.test import Client

from accounts.models import Business
from flipdash import rls
from tests import factories
from transactions.models import Payment, PaymentLink
from transactions.payments import charges, paying
from transactions.payments.charges import CHARGES
from transactions.rails import simulated_charges as simulator

PAYER = {"name": "Dewi Lestari", "email": "dewi@example.test", "channel": "bca"}
ADDRESS = "198.51.100.7"


def link(business: Business, mode: str = "test", **fields: Any) -> PaymentLink:
    """Make a link of Rp350.000 in Test Mode, unless said otherwise."""
    return factories.make_link(business, mode=mode, **{"amount": 350_000, **fields})


def start(of: PaymentLink, address: str = ADDRESS, **said: Any) -> Payment:
    """Start a payment, and let its rail be told."""
    draft = {"channel": "bca", "amount": None, "name": "Dewi Lestari", **said}
    with rls.inside_of(of.business_id, of.mode):
        payment = paying.start(of, paying.Draft(**draft), made_key=uuid.uuid4(), address=address, language="en")
    tell()
    return payment


def tell() -> None:
    """Let the charges that are due be told of, or asked for."""
    while CHARGES.work():
        pass


def pay(payment: Payment) -> Payment:
    """Let the simulated payer pay."""
    simulator.pay(charges.key_of(payment))
    payment.refresh_from_db()
    return payment


def inside(payment: Payment | PaymentLink) -> Any:
    """Stand inside the business and mode of a row."""
    return rls.inside_of(payment.business_id, payment.mode)


def page_of(client: Client, of: PaymentLink) -> str:
    return client.get(f"/pay/{of.slug}/").content.decode()


def send(client: Client, of: PaymentLink, **typed: Any) -> Any:
    """Send the form of a link's page as it came, with what a payer types."""
    found = dict(re.findall(r'name="(made_key|terms)" value="([^"]+)"', page_of(client, of)))
    assert len(found) == 2, "the page has no form"
    return client.post(f"/pay/{of.slug}/", {**found, **PAYER, **typed})
