"""Is this database one that our migrations can go on from? Asked before anything is changed."""

from collections.abc import Iterator

from django.apps import AppConfig, apps
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader

WHAT_NOW = (
    "Nothing was changed. If nobody needs what is in it, type `make reset`: it deletes the local database, and the "
    "next `make run` makes a new one. Otherwise see docs/database.md."
)
FIRST = ("flipdash", "0001_initial")
"""What every database has that was made since migrations were started anew; another first one names an older one."""
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"


class Unusable(CommandError):
    """The database was made by another version, or only half. Nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} {WHAT_NOW}")


def check(*, using: str = "owner") -> None:
    """Raise Unusable unless this version knows all migrations that were run, and the tables are as they made them."""
    with connections[using].cursor() as cursor:
        cursor.execute(COLUMNS)
        there = set(cursor.fetchall())
    loader = MigrationLoader(connections[using])
    done, known = set(loader.applied_migrations), set(loader.disk_migrations)
    if unknown := sorted(f"{app}.{name}" for app, name in done - known if app in loader.migrated_apps):
        which = "a newer" if FIRST in done else "an older"
        raise Unusable(f"This database was made by {which} version of FlipDash, by {unknown[-1]} for one.")
    try:
        loader.check_consistent_history(connections[using])
    except InconsistentMigrationHistory as problem:
        raise Unusable(f"This database is only half migrated. {problem}") from problem
    for config in apps.get_app_configs():
        ours = {migration for migration in known if migration[0] == config.label}
        columns = set(_columns(config)) if ours else set()
        if not ours & done and columns & there:
            raise Unusable(f"This database is only half migrated: nothing notes what made {_named(columns & there)}.")
        if ours <= done and columns - there:
            raise Unusable(f"This database has other tables than this version: {_named(columns - there)} is missing.")


def _columns(config: AppConfig) -> Iterator[tuple[str, str]]:
    for model in config.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield from ((model._meta.db_table, str(field.column)) for field in model._meta.local_concrete_fields)


def _named(columns: set[tuple[str, str]]) -> str:
    return ".".join(min(columns))
