"""`manage.py migrate`: the tables by Django's migrations, and then the database code that the apps declare."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from flipdash.sql import applying


class Command(migrate.Command):
    """Migrate as the owner, and make what database code differs (docs/database.md)."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments; the database is the owner's unless another one is named."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; the code follows once all tables are there."""
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return
        executor = MigrationExecutor(connections[options["database"]])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Some migrations are left, so the database code isn't brought up to date.")
            return
        changed = applying.after_tables(using=options["database"])
        if options["verbosity"] >= 1:
            self.stdout.write("\n".join(f"  Made {name}" for name in changed) or "  The database code is up to date.")
