"""What is kept in the process is nobody's: pages made of it are those that would be made anew."""

import re
from itertools import product

import pytest
from django.test import Client

from accounts.models import Business, Member
from accounts.permissions import Role
from flipdash.mode import Mode
from flipdash.templatetags import kept
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = (
    "/money-transfers/",
    "/money-transfers/?q=kopi",
    "/money-transfers/?status=failed&columns=id&columns=amount",
    "/money-transfers/?status=nonsense",
    "/deposit/history/",
    "/activity/",
    "/",
)
CHANGING = re.compile(
    r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=before=)[\w:-]+|(?<=after=)[\w:-]+|\d\d[:.]\d\d(?= WI(?:B|TA?),)'
)
"""What differs from one making of a page to the next: tokens, cursors, and the time at which it is printed."""


@pytest.fixture
def everybody(kopi_kita, toko_sebelah) -> list[Member]:
    """A member of each role, in each of two businesses whose rows, views, columns and reports tell whose they are."""
    return [member for business in (kopi_kita, toko_sebelah) for member in people_of(business)]


def people_of(business: Business) -> list[Member]:
    members = [factories.make_member(business, role, name=f"{Role(role).label} of {business.name}") for role in Role]
    for mode in Mode:
        whose = f"{business.name} in {mode}"
        batch = factories.make_batch(business, f"Batch of {whose}", mode)
        for number in range(60 if business.name == "Kopi Kita" else 2):
            factories.make_transfer(business, mode=mode, remark=f"{number} of {whose}", batch=batch)
        factories.make_entry(business, mode=mode)
        factories.make_view(members[0], f"View of {whose}", mode=mode, roles=[Role.MAKER])
        factories.make_report(members[0], mode=mode, file_name=f"Report of {whose}")
    return members


def shown(member: Member, mode: Mode, language: str) -> dict[str, str]:
    """Return what a person sees in a mode and a language, each page by its address."""
    type(member.user).objects.filter(pk=member.user.pk).update(language=language)
    web, prefix = Client(), "/test" if mode == Mode.TEST else ""
    web.force_login(member.user)
    return {url: CHANGING.sub("", web.get(prefix + url).content.decode()) for url in PAGES}


def test_nobody_is_shown_what_was_kept_for_somebody_else(everybody):
    """Twice: the first time everybody's pages fill what is kept, the second time nothing is kept."""
    cases = list(product(everybody, Mode, ("en", "id")))
    kept.forget()
    with_kept = [shown(*case) for case in cases]
    for case, pages in zip(cases, with_kept, strict=True):
        kept.forget()
        anew = shown(*case)
        for url in PAGES:
            assert pages[url] == anew[url], (case, url)


def test_no_page_names_the_other_business(everybody):
    for member, mode in product(everybody, Mode):
        other = "Toko Sebelah" if member.business.name == "Kopi Kita" else "Kopi Kita"
        for url, page in shown(member, mode, "en").items():
            assert other not in page, (member, mode, url)
            assert f"in {'live' if mode == Mode.TEST else 'test'}" not in page, (member, mode, url)
