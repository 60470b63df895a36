"""Whoever signs in, and how; and that nobody has tried before."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Member
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from flipdash import clock
from tests.accounts.signing_in import PASSWORD


@pytest.fixture(autouse=True)
def nobody_tried_yet() -> None:
    """The limits of sign-in count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def rina(admin) -> Member:
    """The Admin, with a password."""
    admin.user.set_password(PASSWORD)
    admin.user.save()
    return admin


@pytest.fixture
def fresh(web) -> Client:
    """The Admin's browser, just authenticated."""
    session = web.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return web
