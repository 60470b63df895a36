"""An email address in the one spelling in which it is kept, compared and looked for (decision 0076)."""

from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

LONGEST = 254
CANONICAL = "^[[:ascii:]]*$"
"""What Postgres asks of a kept address, so that "once" is once in every spelling; upper case it forgives."""


def canonical(written: str) -> str:
    """Return an address in lower case, its domain in the letters of the DNS: tono@kopí.test is tono@xn--kop-tma.test.

    Some browsers send a domain in one spelling and some in the other, and a person is the same in both. Raises
    ValueError for a domain that nobody can have.
    """
    name, at, domain = written.strip().rpartition("@")
    if not domain.isascii() or "xn--" in domain.lower():
        domain = idna.encode(domain, uts46=True).decode()  # its errors are ValueErrors
    return f"{name}{at}{domain}".lower()


class AddressField(forms.EmailField):
    """Where somebody types the address that a person signs in with."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the canonical address, of which the rest is asked then, or say that it is none."""
        written = super().to_python(value) or ""
        if len(written) > LONGEST:
            return written
        try:
            return canonical(written)
        except ValueError:
            raise ValidationError(EmailValidator.message, code="invalid") from None
