"""The banks whose accounts a deposit can be topped up to."""

from typing import Final

from django.db import models


class Bank(models.TextChoices):
    """Our code for each bank, and its name, in the order in which they are offered."""

    BCA = "bca", "BCA"
    MANDIRI = "mandiri", "Mandiri"
    BRI = "bri", "BRI"
    BNI = "bni", "BNI"
    PERMATA = "permata", "Permata"
    CIMB = "cimb", "CIMB Niaga"


NAMES: Final[dict[str, str]] = {bank.value: str(bank.label) for bank in Bank}
WORDS: Final[dict[str, tuple[str, ...]]] = {
    Bank.BCA: ("BCA", "Bank Central Asia"),
    Bank.MANDIRI: ("Mandiri", "Bank Mandiri"),
    Bank.BRI: ("BRI", "Bank Rakyat Indonesia"),
    Bank.BNI: ("BNI", "Bank Negara Indonesia"),
    Bank.PERMATA: ("Permata", "Bank Permata"),
    Bank.CIMB: ("CIMB", "CIMB Niaga", "Bank CIMB Niaga"),
}
"""What people search each bank by."""


def in_fours(account_number: str) -> str:
    """Return an account number as it is read aloud: 5440 1177 03."""
    return " ".join(account_number[start : start + 4] for start in range(0, len(account_number), 4))
