"""The kinds of history that can be imported."""

from flipdash.tables import register
from transactions.imports.international import InternationalImport
from transactions.imports.money_transfer import MoneyTransferImport
from transactions.imports.payment import PaymentImport

for kind in (MoneyTransferImport, InternationalImport, PaymentImport):
    register(kind)
