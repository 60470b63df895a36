"""The permission table as a page, and the 403 page that leads to it."""

import pytest

from accounts.permissions import TABLE, Permission, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_table_with_their_column_marked(client_of, people, role):
    page = client_of(people[role]).get("/permissions/").content.decode()
    assert "What may I do?" in page
    assert page.count("is-own") == len(TABLE) + 1
    for permission in Permission:
        assert permission.label.replace("&", "&amp;") in page
    assert "Last 7 days, unless searching" in page


def test_the_table_says_what_the_literal_says(client_of, people):
    page = client_of(people[Role.ADMIN]).get("/permissions/").content.decode()
    cells = [cell for row in TABLE.values() for cell in row.split()]
    body = page[page.index("<tbody>") :]
    assert (body.count(">Yes</td>"), body.count(">No</td>")) == (cells.count("yes"), cells.count("-"))


def test_a_refusal_leads_to_the_table(client_of, admin, kopi_kita):
    page = client_of(factories.make_member(kopi_kita, Role.MAKER)).get("/members/").content.decode()
    assert "Multi Account Settings" in page
    assert admin.user.email in page
    assert 'href="/permissions/"' in page
