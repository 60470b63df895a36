"""The demo people: two businesses and their people (design.md §11). Never in production (trust.md A8)."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import CommandError
from django.db import transaction

from accounts.models import Business, Member, PhoneDevice, User
from accounts.permissions import Role
from accounts.sign_in.services import confirm_email
from flipdash import clock

DEMO_PASSWORD = "kopi-tubruk-2026"

HISTORY = timedelta(days=395)
"""How far back the demo history goes: a demo business is made as if it had joined this long ago."""

SECOND_PERSON_FROM = 10_000_000
"""Rupiah from which somebody else must approve what one of the demo's people has made."""


@dataclass(frozen=True)
class DemoBusiness:
    """A business of the demo and its people: the name of each by role."""

    slug: str
    name: str
    legal_name: str
    npwp: str
    address: str
    time_zone: str
    domain: str
    people: dict[Role, str]

    def email(self, role: Role) -> str:
        """The address of the person with this role."""
        return f"{role.value.replace('_', '-')}@{self.domain}"


KOPI_KITA = DemoBusiness(
    slug="kopi-kita",
    name="Kopi Kita",
    legal_name="PT Kopi Kita Nusantara",
    npwp="0921345678017000",
    address="Jalan Braga No. 27, Sumur Bandung, Bandung 40111, Indonesia",
    time_zone=Business.TimeZone.WIB,
    domain="kopikita.test",
    people=dict(
        zip(
            Role,
            (
                "Ratna Sari Dewi",
                "Bayu Prakoso",
                "Maria Simanjuntak",
                "Hendra Gunawan",
                "Putri Ayu Lestari",
                "Dimas Saputra",
                "Fajar Nugroho",
                "Siti Rahmawati",
            ),
            strict=True,
        )
    ),
)

TOKO_SEBELAH = DemoBusiness(
    slug="toko-sebelah",
    name="Toko Sebelah",
    legal_name="CV Toko Sebelah Makassar",
    npwp="0734561289805000",
    address="Jalan Somba Opu No. 112, Ujung Pandang, Makassar 90111, Indonesia",
    time_zone=Business.TimeZone.WITA,
    domain="tokosebelah.test",
    people={
        Role.ADMIN: "Andi Baso Mappanyukki",
        Role.APPROVER: "Nurhayati Daeng Ngai",
        Role.MAKER: "Yohanis Tandi",
    },
)

BUSINESSES = (KOPI_KITA, TOKO_SEBELAH)


def check_allowed() -> None:
    """Refuse to put demo people, whose password everybody knows, into production."""
    if not (settings.LOCAL or settings.TESTING):
        raise CommandError("Demo data is for development only: it is refused unless LOCAL is on.")


@transaction.atomic
def make_people() -> None:
    """Make the businesses and people that are missing; what is there stays, a changed password too."""
    check_allowed()
    password = ""
    for demo in BUSINESSES:
        business = _make_business(demo)
        for role, name in demo.people.items():
            email = demo.email(role)
            if User.objects.filter(email__iexact=email).exists():
                continue
            password = password or make_password(DEMO_PASSWORD)  # one slow hash is enough for all of them
            user = User.objects.create(email=email, name=name, password=password)
            Member.objects.create(business=business, user=user, role=role)
            confirm_email(user)
    _give_phones()


def _give_phones() -> None:
    """Give every demo person who has none a verified phone, so that codes have somewhere to go."""
    for number, demo in enumerate(BUSINESSES):
        for place, role in enumerate(demo.people):
            user = User.objects.filter(email__iexact=demo.email(role), phone_device=None).first()
            if user:
                phone = f"+62812{number + 1:04}{place + 1:04}"
                PhoneDevice.objects.create(user=user, name="phone", number=phone, confirmed_at=clock.now())


def operator() -> User:
    """Return the demo's one person of the operator's, who credits what banks send back. Nobody signs in as them."""
    check_allowed()
    fields = {"name": "Wulan Anggraini", "is_staff": True, "password": make_password(None)}
    people = User.objects.using("operator")
    return people.get_or_create(email="wulan@flipdash.test", defaults=fields)[0]


def _make_business(demo: DemoBusiness) -> Business:
    fields = {
        "name": demo.name,
        "legal_name": demo.legal_name,
        "npwp": demo.npwp,
        "address": demo.address,
        "time_zone": demo.time_zone,
        "created_at": clock.now() - HISTORY,
        "second_person_required": True,
        "second_person_from": SECOND_PERSON_FROM,
    }
    return Business.objects.get_or_create(slug=demo.slug, defaults=fields)[0]
