"""Where money can go abroad, and what each country asks for: one table (reference/flip-api.md §6.3 and §6.5).

A corridor's fields have the names of the merchant API, those of the beneficiary without `beneficiary_`. What the API's
documents leave open (which country asks for which of its fields, and the limits) is our own, and told in
docs/decisions/0088 and 0108. Whether a corridor is open now, and how fast it is, stands in the database
(models.Corridor).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from transactions.corridor_banks import BANKS


class TransferKind(models.TextChoices):
    """Who pays whom."""

    B2B = "B2B", _("Business to business")
    B2C = "B2C", _("Business to person")
    C2B = "C2B", _("Person to business")
    C2C = "C2C", _("Person to person")


FROM_PEOPLE = frozenset({TransferKind.C2C, TransferKind.C2B})
TO_PEOPLE = frozenset({TransferKind.C2C, TransferKind.B2C})
FROM_BUSINESSES = frozenset({TransferKind.B2C, TransferKind.B2B})

NEVER_FROM_BUSINESSES = frozenset({"swift_bic_code", "registration_number", "region"})
ONLY_FROM_BUSINESSES = frozenset({"ach_code"})
"""What the API takes of one side only."""
OF_PEOPLE = frozenset({"id_number", "id_expiration_date"})
OF_BUSINESSES = frozenset({"registration_number", "document_reference_number"})
"""What only a person, and only a business, has."""

BASICS: Mapping[bool, str] = {
    True: "nationality province city address postal_code? relationship email?",
    False: "city address postal_code? email?",
}
"""What is asked of every beneficiary, by whether a person pays; `?` where it may be left empty."""
SENDER = (
    *("sender_name", "sender_country", "sender_place_of_birth", "sender_date_of_birth", "sender_address"),
    *("sender_city", "sender_identity_type", "sender_identity_number", "sender_job", "sender_email"),
    "sender_phone_number",
)
"""What is asked of a person who pays; of a business nothing, for we know it."""


@dataclass(frozen=True)
class Asked:
    """One field that a corridor asks for."""

    name: str
    is_required: bool = True


@dataclass(frozen=True)
class CorridorRules:
    """What one country takes."""

    country: str
    """Its two letters, as we keep it."""
    iso_code: str
    """Its three letters, as the API writes it."""
    currency: str
    minimum: Decimal
    maximum: Decimal
    """Of one transfer, in the currency."""
    own: str
    """The fields that this country asks for beside the account; `?` where one may be left empty."""
    digits: tuple[int, int] = (4, 20)
    """How many digits an account number has, at least and at most, where it is no IBAN."""
    kinds: tuple[TransferKind, ...] = tuple(TransferKind)
    with_attachment: frozenset[TransferKind] = frozenset()
    """The kinds that need a document, such as an invoice."""

    def banks(self, kind: str) -> Mapping[str, str]:
        """Return the banks of which one is chosen, by their ids; none where a number that is asked for says it."""
        return BANKS.get(self.country, {}) if kind in FROM_BUSINESSES else {}

    @property
    def has_iban(self) -> bool:
        """Whether an account there is known by its IBAN."""
        return "iban" in self.own.split()

    def asked(self, kind: str) -> tuple[Asked, ...]:
        """Return what is asked of a transfer of this kind besides bank, account and name, in the form's order."""
        from_person = kind in FROM_PEOPLE
        bank = ["bank_id"] if self.banks(kind) else []
        names = [*bank, *self.own.split(), *BASICS[from_person].split(), *(SENDER if from_person else ())]
        found = {name.rstrip("?"): not name.endswith("?") for name in reversed(names)}  # the country's own word counts
        ordered = dict.fromkeys(name.rstrip("?") for name in names)
        return tuple(Asked(name, found[name]) for name in ordered if _is_asked(name, kind))


def _is_asked(name: str, kind: str) -> bool:
    if kind in FROM_BUSINESSES and name in NEVER_FROM_BUSINESSES:
        return False
    if kind in FROM_PEOPLE and name in ONLY_FROM_BUSINESSES:
        return False
    return name not in (OF_BUSINESSES if kind in TO_PEOPLE else OF_PEOPLE)


EURO = """
    AND:AD AUT:AT BEL:BE BGR:BG HRV:HR CYP:CY CZE:CZ DNK:DK EST:EE FIN:FI FRA:FR DEU:DE GRC:GR HUN:HU ISL:IS IRL:IE
    ITA:IT LVA:LV LIE:LI LTU:LT LUX:LU MLT:MT MCO:MC NLD:NL NOR:NO POL:PL PRT:PT ROU:RO SMR:SM SVK:SK SVN:SI ESP:ES
    SWE:SE CHE:CH VAT:VA
"""
"""The countries that are paid in euros, by three and by two letters."""
FROM_PEOPLE_ONLY = {"LV"}


def _euro() -> Iterator[CorridorRules]:
    for pair in EURO.split():
        iso_code, _colon, country = pair.partition(":")
        kinds = tuple(kind for kind in TransferKind if country not in FROM_PEOPLE_ONLY or kind in FROM_PEOPLE)
        yield CorridorRules(country, iso_code, "EUR", Decimal(10), Decimal(50_000), "iban swift_bic_code?", kinds=kinds)


def _of(country: str, iso_code: str, currency: str, least: int, most: int, own: str, **more: object) -> CorridorRules:
    return CorridorRules(country, iso_code, currency, Decimal(least), Decimal(most), own, **more)  # type: ignore[arg-type]


B2X = tuple(kind for kind in TransferKind if kind in FROM_BUSINESSES)

CORRIDORS: Mapping[str, CorridorRules] = {
    rules.country: rules
    for rules in (
        *_euro(),
        _of("AE", "ARE", "AED", 40, 200_000, "iban swift_bic_code"),
        _of("AU", "AUS", "AUD", 15, 80_000, "bsb_number", digits=(5, 10)),
        _of(
            *("CN", "CHN", "CNY", 100, 400_000),
            "swift_bic_code region province msisdn id_number id_expiration_date document_reference_number",
            digits=(16, 19),
            kinds=(TransferKind.B2B, TransferKind.C2C),
        ),
        _of("GB", "GBR", "GBP", 10, 40_000, "sort_code", digits=(8, 8)),
        _of("HK", "HKG", "HKD", 80, 400_000, "swift_bic_code branch_number", digits=(6, 12)),
        _of("IN", "IND", "INR", 1_000, 4_000_000, "ifs_code province", digits=(9, 18)),
        _of("JP", "JPN", "JPY", 1_500, 7_500_000, "swift_bic_code branch_number", digits=(7, 7)),
        _of("KR", "KOR", "KRW", 15_000, 70_000_000, "swift_bic_code msisdn", digits=(10, 16)),
        _of(
            *("MY", "MYS", "MYR", 50, 250_000),
            "swift_bic_code id_number registration_number? document_reference_number",
            digits=(7, 17),
            with_attachment=frozenset({TransferKind.B2B}),
        ),
        _of("PH", "PHL", "PHP", 600, 3_000_000, "msisdn province", digits=(8, 16), kinds=B2X),
        _of("SA", "SAU", "SAR", 40, 200_000, "iban swift_bic_code"),
        _of("SG", "SGP", "SGD", 15, 75_000, "swift_bic_code registration_number?", digits=(7, 14)),
        _of("TH", "THA", "THB", 400, 2_000_000, "swift_bic_code msisdn", digits=(10, 15)),
        _of("TR", "TUR", "TRY", 400, 2_000_000, "iban swift_bic_code"),
        _of("US", "USA", "USD", 10, 50_000, "ach_code swift_bic_code province", digits=(4, 17)),
        _of("VN", "VNM", "VND", 250_000, 1_200_000_000, "province", digits=(6, 19), kinds=B2X),
    )
}
"""All corridors, by the two letters of their country."""
