"""`manage.py migrate`: the tables by Django's migrations, and then the database code that the apps declare."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from flipdash.sql import applying, history


class Command(migrate.Command):
    """Migrate as the owner, and make what database code differs (docs/database.md)."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments; the database is the owner's unless another one is named."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, with the code that tables need before it, and the rest once all tables are there.

        Raises Unusable, having changed nothing, for a database that this version can't go on from.
        """
        history.check(using=options["database"])
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        changed = applying.before_tables(using=options["database"])
        super().handle(*args, **options)
        executor = MigrationExecutor(connections[options["database"]])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Some migrations are left, so the database code isn't brought up to date.")
            return
        changed += applying.after_tables(using=options["database"])
        if options["verbosity"] >= 1:
            self.stdout.write("\n".join(f"  Made {name}" for name in changed) or "  The database code is up to date.")
