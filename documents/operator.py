"""Who runs FlipDash: what stands on invoices and under receipts, by settings (docs/running.md)."""

import re
from dataclasses import dataclass

from django.conf import settings

NPWP = re.compile(r"[0-9]{16}", re.ASCII)
NITKU = re.compile(r"[0-9]{22}", re.ASCII)


@dataclass(frozen=True)
class Party:
    """A business as the tax office has it: the operator, or whom it bills."""

    legal_name: str
    address: str
    npwp: str
    nitku: str

    @property
    def missing(self) -> list[str]:
        """What a document that is kept for the tax office can't do without, by name."""
        wrong = {
            "legal name": not self.legal_name,
            "address": not self.address,
            "NPWP of 16 digits": not NPWP.fullmatch(self.npwp),
            "NITKU of 22 digits": not NITKU.fullmatch(self.nitku) or not self.nitku.startswith(self.npwp),
        }
        return [name for name, is_wrong in wrong.items() if is_wrong]


def from_settings() -> Party:
    """Return the operator."""
    return Party(
        settings.OPERATOR_LEGAL_NAME, settings.OPERATOR_ADDRESS, settings.OPERATOR_NPWP, settings.OPERATOR_NITKU
    )
