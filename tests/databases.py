"""The test database: made once, by its owner; with several processes, each works on a copy of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.test.utils import setup_databases, teardown_databases

from deposits import demo


@contextmanager
def made() -> Iterator[None]:
    """Make one test database as its owner, which the other aliases mirror."""
    config = setup_databases(verbosity=0, interactive=False, aliases=set(connections))
    demo.add_bank_accounts(using="owner")
    connections.close_all()  # or it could be neither copied nor dropped
    yield
    connections.close_all()
    teardown_databases(config, verbosity=0)


@contextmanager
def copied(suffix: str) -> Iterator[None]:
    """Work on a copy of the test database that another process has made."""
    owner = connections["owner"]
    template = TEST_DATABASE_PREFIX + owner.settings_dict["NAME"]
    owner.settings_dict["NAME"] = template
    owner.creation.clone_test_db(suffix, verbosity=0)
    for connection in connections.all():
        connection.settings_dict["NAME"] = f"{template}_{suffix}"
    yield
    connections.close_all()
    owner.settings_dict["NAME"] = template
    owner.creation.destroy_test_db(suffix=suffix, verbosity=0)
