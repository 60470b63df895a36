"""`python -m devtools.folding`: let each app's first migration make a table with all that belongs to it at once.

`makemigrations` adds indexes, constraints and some columns one by one, after all tables, and for each of those Django
draws up dozens of models anew: 25 of the 33 seconds in which an empty database was made. Run it after the first
migration was made anew; `tests/flipdash/test_folding.py` says when that was forgotten.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import MigrationWriter
from django.db.models import UniqueConstraint

ROOT = Path(__file__).resolve().parent.parent
FIRST = "0001_initial"


def firsts() -> list[Migration]:
    """Return the first migrations of our own apps."""
    loader = MigrationLoader(None)
    found = [loader.get_migration(app, FIRST) for app in sorted(loader.migrated_apps) if (ROOT / app).is_dir()]
    return [migration for migration in found if migration is not None]


def folded(app: str, operations: Sequence[Operation], led_to: frozenset[str] = frozenset()) -> list[Operation]:
    """Return operations that make the same tables, each at once where it can be.

    A column that leads to a table which comes later stays where it is, and so does what names such a column. A key
    that stays needs what makes its target's rows unique before it: `led_to` are the tables that such keys lead to.
    """
    tables: dict[str, CreateModel] = {}
    later: dict[str, set[str]] = {}
    left = list[Operation]()
    for one in operations:
        table = tables.get(getattr(one, "model_name_lower", ""))
        if isinstance(one, CreateModel):
            one = CreateModel(one.name, list(one.fields), dict(one.options), one.bases, one.managers)
            tables[one.name_lower] = one
        elif table and isinstance(one, AddField) and _can_come_first(app, one, table, operations):
            table.fields.append((one.name, one.field))
            continue
        elif isinstance(one, AddField):
            later.setdefault(one.model_name_lower, set()).add(one.name)
        elif table and isinstance(one, AddIndex | AddConstraint):
            kind, what = ("indexes", one.index) if isinstance(one, AddIndex) else ("constraints", one.constraint)
            names_later = any(column in repr(what.deconstruct()) for column in later.get(table.name_lower, ()))
            if not names_later and not (isinstance(what, UniqueConstraint) and table.name_lower in led_to):
                table.options[kind] = [*table.options.get(kind, []), what]
                continue
        left.append(one)
    needed = frozenset(_target(one) for one in left) - {""}
    return left if needed <= led_to else folded(app, operations, needed)


def _target(one: Operation) -> str:
    """Return the table that an operation leads a TenantForeignKey to, or ""."""
    to = getattr(one.constraint, "to", "") if isinstance(one, AddConstraint) else ""
    return str(to).lower().rpartition(".")[2]


def _can_come_first(app: str, one: AddField, table: CreateModel, operations: Sequence[Operation]) -> bool:
    """Return whether a column needs no table that is made after its own."""
    to = one.field.remote_field and str(one.field.remote_field.model).lower()
    made = [f"{app}.{other.name_lower}" for other in operations if isinstance(other, CreateModel)]
    return not to or to not in made or made.index(to) <= made.index(f"{app}.{table.name_lower}")


def main() -> None:
    """Write what can be folded."""
    for migration in firsts():
        operations = folded(migration.app_label, migration.operations)
        if len(operations) < len(migration.operations):
            setattr(migration, "operations", operations)  # noqa: B010  (to mypy it is the class's)
            writer = MigrationWriter(migration)
            Path(writer.path).write_text(writer.as_string())
            sys.stdout.write(f"Folded {Path(writer.path).relative_to(ROOT)}.\n")


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
    django.setup()
    main()
