"""Invented bank accounts of the operator's, for laptops and tests: nobody's money ever goes there."""

from deposits.models import BankAccount

HOLDER = "PT FlipDash Demo"
ACCOUNTS = {
    "bca": "5440117703",
    "mandiri": "1370012233445",
    "bri": "020601004455309",
    "bni": "0398112244",
    "permata": "9701223344",
    "cimb": "800123456700",
}


def add_bank_accounts(using: str = "operator") -> None:
    """Add the accounts that are missing; existing ones stay as they are."""
    BankAccount.objects.using(using).bulk_create(
        (BankAccount(bank=bank, account_number=number, holder=HOLDER) for bank, number in ACCOUNTS.items()),
        ignore_conflicts=True,
    )
