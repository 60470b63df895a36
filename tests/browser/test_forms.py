"""Forms: fields as wide as what belongs into them, one frame for all, and days read back as pages write them."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_transfer

DAYS = {"en": "= 3 May 2026", "id": "= 3 Mei 2026"}


@pytest.fixture
def inside(page, sign_in, admin):
    sign_in(page, admin)
    return page


@pytest.mark.parametrize(
    ("path", "label", "least", "most"),
    [
        ("/settings/account/", "Sign out after this many minutes", 80, 130),
        ("/settings/account/", "NPWP", 200, 280),
        ("/settings/account/", "Time zone", 150, 330),
        ("/settings/account/", "Legal name", 400, 800),
        ("/settings/account/", "From this amount on", 200, 280),
        ("/deposit/top-up/", "Or type another amount", 200, 280),
        ("/my-profile/phone/", "Phone", 200, 280),
    ],
)
def test_a_field_is_as_wide_as_what_belongs_into_it(inside, path, label, least, most):
    inside.goto(path)
    box = inside.get_by_label(label).first.bounding_box()
    assert least <= box["width"] <= most


@pytest.mark.parametrize("language", DAYS)
def test_a_typed_day_is_read_back(inside, admin, kopi_kita, language):
    make_transfer(kopi_kita)
    admin.user.language = language
    admin.user.save()
    inside.goto("/money-transfers/")
    inside.locator("summary", has_text="Filter").click()
    first = inside.locator("input[name=date_from]")
    reading = inside.locator(".field__reading").first
    expect(reading).to_have_text("")
    first.fill("2026-05-03")
    expect(reading).to_have_text(DAYS[language])
    first.fill("")
    expect(reading).to_have_text("")
    first.fill("2026-05-03")
    first.press("Enter")
    expect(inside).to_have_url(re.compile("date_from=2026-05-03"))
    expect(inside.locator(".field__reading").first).to_have_text(DAYS[language])
    assert inside.locator(".field__reading").count() == inside.locator("input[type=date]").count()


FRAMED = ("/deposit/top-up/", "/members/new/", "/my-profile/phone/", "/views/new/?history=money-transfers&query=")


@pytest.mark.parametrize("path", FRAMED)
def test_a_form_stands_in_a_card_with_what_it_does_first(inside, path):
    """The same frame as on Account & Profile: its buttons on the left, Cancel after what one came for."""
    inside.goto(path)
    form = inside.locator("main form.form")
    expect(form).to_have_class(re.compile(r"\bcard\b"))
    buttons = form.locator(".buttons > *")
    expect(buttons.first).to_have_class(re.compile("button--primary"))
    left = form.bounding_box()["x"]
    assert buttons.first.bounding_box()["x"] - left < 30


@pytest.mark.parametrize(
    ("path", "crumbs"),
    [
        ("/settings/account/", ["Settings"]),
        ("/members/", ["Manage Multi Account"]),
        ("/my-profile/security/password/", ["My Profile", "Security"]),
        ("/my-profile/security/app/", ["My Profile", "Security"]),
    ],
)
def test_a_page_of_settings_says_where_it_belongs(inside, path, crumbs):
    inside.goto(path)
    expect(inside.get_by_role("navigation", name="Breadcrumb").get_by_role("listitem")).to_have_text(crumbs)
