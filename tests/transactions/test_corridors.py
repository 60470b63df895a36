"""Where money can go abroad and what each country asks for, as reference/flip-api.md §6 has it."""

import pytest
from django.utils import translation

from flipdash import world
from transactions.corridor_banks import BANKS
from transactions.corridors import CORRIDORS, FROM_PEOPLE, SENDER, TransferKind
from transactions.international import codes, fields
from transactions.international.codes import CLEAN, WrongCode
from transactions.models import Corridor
from transactions.models.international import WITHOUT_DECIMALS
from transactions.rails import simulated_quotes

OTHERS = (
    "AUS AUD, CHN CNY, HKG HKD, IND INR, JPN JPY, MYS MYR, PHL PHP, SAU SAR, SGP SGD, KOR KRW, THA THB, TUR TRY, "
    "ARE AED, GBR GBP, USA USD, VNM VND"
)
EURO = (
    "AND AUT BEL BGR HRV CYP CZE DNK EST FIN FRA DEU GRC HUN ISL IRL ITA LVA LIE LTU LUX MLT MCO NLD NOR POL PRT ROU "
    "SMR SVK SVN ESP SWE CHE VAT"
)
"""As the document lists them."""
B2X = {TransferKind.B2C, TransferKind.B2B}
C2X = set(FROM_PEOPLE)


def asked(country: str, kind: str) -> dict[str, bool]:
    return {one.name: one.is_required for one in CORRIDORS[country].asked(kind)}


def test_the_table_is_the_documents():
    ours = {rules.iso_code: rules.currency for rules in CORRIDORS.values()}
    assert ours == dict(pair.split() for pair in OTHERS.split(", ")) | dict.fromkeys(EURO.split(), "EUR")
    only = {rules.iso_code: set(rules.kinds) for rules in CORRIDORS.values() if set(rules.kinds) != set(TransferKind)}
    assert only == {"LVA": C2X, "CHN": {TransferKind.C2C, TransferKind.B2B}, "PHL": B2X, "VNM": B2X}
    attached = {(rules.iso_code, kind) for rules in CORRIDORS.values() for kind in rules.with_attachment}
    assert attached == {("MYS", TransferKind.B2B)}
    without = {rules.currency for rules in CORRIDORS.values() if world.decimals_of(rules.currency) == 0}
    assert without == set(WITHOUT_DECIMALS)
    assert {rules.country: rules.country for rules in CORRIDORS.values()} == {key: key for key in CORRIDORS}


@pytest.mark.django_db
def test_the_database_has_the_same_corridors_and_the_simulator_a_rate_for_each():
    kept = dict(Corridor.objects.values_list("country", "currency"))
    assert kept == {rules.country: rules.currency for rules in CORRIDORS.values()}
    assert set(simulated_quotes.RATES) == set(kept.values())


def test_who_pays_decides_what_is_asked_as_the_document_says():
    for country, rules in CORRIDORS.items():
        assert 0 < rules.minimum < rules.maximum
        for kind in rules.kinds:
            names = asked(country, kind)
            assert set(names) <= set(fields.LABELS) | {"iban"}, country
            if kind in C2X:
                assert set(SENDER) <= {name for name, required in names.items() if required}
                for basic in ("nationality", "province", "city", "address", "relationship"):
                    assert names[basic], (country, kind, basic)
                assert "ach_code" not in names
            else:
                assert not [name for name in names if name.startswith("sender_")]
                assert not names.keys() & {"swift_bic_code", "registration_number", "region"}
            assert names["email"] is False
            assert names["postal_code"] is False


@pytest.mark.parametrize(
    ("country", "kind", "own"),
    [
        ("GB", "B2B", {"sort_code"}),
        ("AU", "C2C", {"bsb_number"}),
        ("IN", "B2C", {"ifs_code"}),
        ("US", "B2B", {"ach_code"}),
        ("US", "C2B", {"swift_bic_code"}),
        ("JP", "B2B", {"bank_id", "branch_number"}),
        ("SG", "B2B", {"bank_id"}),
        ("VN", "B2C", {"bank_id"}),
        ("SG", "C2B", {"swift_bic_code", "registration_number"}),
        ("DE", "B2B", {"iban"}),
        ("DE", "C2C", {"iban", "swift_bic_code"}),
        ("MY", "B2B", {"bank_id", "document_reference_number"}),
        ("MY", "C2C", {"swift_bic_code", "id_number"}),
        ("CN", "C2C", {"swift_bic_code", "region", "msisdn", "id_number", "id_expiration_date"}),
        ("PH", "B2C", {"bank_id", "msisdn"}),
    ],
)
def test_what_a_country_asks_for_of_its_own_and_nothing_else(country, kind, own):
    everybodys = {"nationality", "province", "city", "address", "postal_code", "relationship", "email", *SENDER}
    assert asked(country, kind).keys() - everybodys == own


def test_every_account_is_at_a_bank_that_something_says():
    """A bank that somebody only names is a guess: DBS and DSB both look right."""
    surely = {"bank_id", "swift_bic_code", "sort_code", "bsb_number", "ifs_code", "ach_code", "iban"}
    for country, rules in CORRIDORS.items():
        for kind in rules.kinds:
            required = {name for name, is_required in asked(country, kind).items() if is_required}
            assert required & surely, (country, kind)
            assert ("bank_id" in required) == bool(rules.banks(kind)), (country, kind)
    for country, banks in BANKS.items():
        assert len(set(banks.values())) == len(banks) > 7
        for bank_id in banks:
            assert codes.clean_bic(CORRIDORS[country], bank_id) == bank_id
            assert len(bank_id) == 8


@pytest.mark.parametrize(
    ("country", "name", "written", "kept"),
    [
        ("DE", "iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("GB", "sort_code", "20-00-00", "200000"),
        ("AU", "bsb_number", "062 000", "062000"),
        ("IN", "ifs_code", "hdfc0000001", "HDFC0000001"),
        ("US", "ach_code", "021000021", "021000021"),
        ("SG", "swift_bic_code", "dbsssgsg", "DBSSSGSG"),
        ("SG", "swift_bic_code", "DBSSSGSGXXX", "DBSSSGSGXXX"),
        ("JP", "branch_number", "001", "001"),
        ("MY", "msisdn", "012-345 6789", "+60123456789"),
        ("GB", "account", "0123 4567", "01234567"),
    ],
)
def test_a_number_is_kept_in_one_form(country, name, written, kept):
    clean = codes.clean_account if name == "account" else CLEAN[name]
    assert clean(CORRIDORS[country], written) == kept


@pytest.mark.parametrize(
    ("country", "name", "written", "said"),
    [
        ("DE", "iban", "DE88 3704 0044 0532 0130 00", "check digits of this IBAN are wrong"),
        ("DE", "iban", "DE89 3704 0044 0532 0130", "too long or too short"),
        ("DE", "iban", "FR14 2004 1010 0505 0001 3M02 606", "This IBAN is of France; the money goes to Germany"),
        ("DE", "iban", "DE٨٩370400440532013000", "letters A–Z and digits only"),
        ("DE", "iban", "hello", "This is no IBAN"),
        ("GB", "sort_code", "20-00-0", "six digits"),
        ("GB", "sort_code", "２０００００", "six digits"),
        ("AU", "bsb_number", "06200A", "six digits"),
        ("IN", "ifs_code", "HDFC1000001", "four letters, a zero"),
        ("US", "ach_code", "021000022", "check digit of this routing number is wrong"),
        ("US", "ach_code", "02100002", "nine digits"),
        ("US", "ach_code", "990000000", "No bank has a routing number that begins with 99"),
        ("SG", "swift_bic_code", "DEUTDEFF", "a bank in Germany; the money goes to Singapore"),
        ("SG", "swift_bic_code", "DBSS", "This is no SWIFT code"),
        ("JP", "branch_number", "1", "three digits"),
        ("MY", "msisdn", "ring me", "no phone number"),
        ("GB", "account", "1234567", "has 8 digits; this has 7"),
        ("JP", "account", "123456A", "digits only"),
    ],
)
def test_a_wrong_number_is_refused_with_what_is_wrong(country, name, written, said):
    clean = codes.clean_account if name == "account" else CLEAN[name]
    with translation.override("en"), pytest.raises(WrongCode, match=said):
        clean(CORRIDORS[country], written)


def test_every_field_has_words_and_a_field_of_its_own():
    for country, rules in CORRIDORS.items():
        for kind in rules.kinds:
            for one in rules.asked(kind):
                if one.name != "iban":
                    field = fields.field_of(rules, one.name, is_required=one.is_required)
                    assert (field.required, bool(field.label)) == (one.is_required, True), country


def test_countries_are_offered_in_the_readers_language():
    with translation.override("id"):
        assert dict(fields.countries())["JP"] == "Jepang"
    assert not dict(fields.countries()).keys() & fields.NO_COUNTRY
