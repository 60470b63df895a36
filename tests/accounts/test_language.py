"""The person's language: chosen in the menu, kept, and used on the next page."""

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_chosen_language_holds_from_the_next_page_on(web, admin):
    assert 'lang="en"' in web.get("/money-transfers/").content.decode()
    answer = web.post("/my-profile/language/", {"language": "id", "next": "/money-transfers/?q=siti"})
    assert answer["Location"] == "/money-transfers/?q=siti"
    assert User.objects.get(pk=admin.user.pk).language == "id"
    assert '<html lang="id">' in web.get("/money-transfers/").content.decode()


@pytest.mark.parametrize("language", ["", "xx", "en-US", "id\x00", "x" * 10_000])
def test_an_unknown_language_changes_nothing_and_says_so(web, admin, language):
    answer = web.post("/my-profile/language/", {"language": language, "next": "/money-transfers/"}, follow=True)
    assert "available" in answer.content.decode()
    assert User.objects.get(pk=admin.user.pk).language == "en"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_the_way_back_stays_here(web, target):
    assert web.post("/my-profile/language/", {"language": "id", "next": target})["Location"] == "/"


def test_figures_follow_the_language(web, admin, kopi_kita):
    from tests.factories import make_transfer

    make_transfer(kopi_kita, amount=1_240_500)
    assert "Rp1,240,500" in web.get("/money-transfers/").content.decode()
    web.post("/my-profile/language/", {"language": "id"})
    assert "Rp1.240.500" in web.get("/money-transfers/").content.decode()


def test_who_is_not_signed_in_gets_the_browsers_language(client):
    assert '<html lang="id">' in client.get("/sign-in/", headers={"Accept-Language": "id"}).content.decode()


def test_who_is_not_signed_in_chooses_the_language_and_keeps_it(client):
    page = client.get("/sign-in/?next=/payments/").content.decode()
    assert 'name="next" value="/sign-in/?next=/payments/"' in page
    answer = client.post("/sign-in/language/", {"language": "id", "next": "/sign-in/?next=/payments/"})
    assert answer["Location"] == "/sign-in/?next=/payments/"
    for url in ("/sign-in/", "/sign-up/", "/account/password/"):
        assert '<html lang="id">' in client.get(url, headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("language", ["", "xx", "en-US", "id\x00", "x" * 10_000])
def test_no_unknown_language_is_kept(client, language):
    answer = client.post("/sign-in/language/", {"language": language, "next": "https://evil.test/"})
    assert answer["Location"] == "/"
    assert not answer.cookies


def test_the_choice_before_sign_in_is_not_the_persons(web, admin):
    web.post("/sign-in/language/", {"language": "id"})
    assert User.objects.get(pk=admin.user.pk).language == "en"
    assert '<html lang="en">' in web.get("/money-transfers/").content.decode()
