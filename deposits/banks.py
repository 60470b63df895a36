"""The banks whose accounts a deposit can be topped up to."""

from typing import Final

NAMES: Final = {
    "bca": "BCA",
    "mandiri": "Mandiri",
    "bri": "BRI",
    "bni": "BNI",
    "permata": "Permata",
    "cimb": "CIMB Niaga",
}
"""The banks' names by our code for them, in the order in which they are offered."""

FULL_NAMES: Final = {
    "bca": "Bank Central Asia",
    "mandiri": "Bank Mandiri",
    "bri": "Bank Rakyat Indonesia",
    "bni": "Bank Negara Indonesia",
    "permata": "Bank Permata",
    "cimb": "Bank CIMB Niaga",
}


def in_fours(account_number: str) -> str:
    """Return an account number as it is read aloud: 5440 1177 03."""
    return " ".join(account_number[start : start + 4] for start in range(0, len(account_number), 4))
