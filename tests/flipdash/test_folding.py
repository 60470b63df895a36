"""First migrations make a table with all that belongs to it at once: an empty database takes a third of the time."""

from django.db import migrations, models

from devtools import folding


def test_first_migrations_are_folded() -> None:
    unfolded = [
        migration.app_label
        for migration in folding.firsts()
        if len(folding.folded(migration.app_label, migration.operations)) < len(migration.operations)
    ]
    assert unfolded == [], "run: python run.py exec .venv/bin/python -m devtools.folding"
    assert "transactions" in [migration.app_label for migration in folding.firsts()]


def test_what_names_a_column_that_comes_later_stays_behind_it() -> None:
    key = models.AutoField(primary_key=True)
    first = migrations.CreateModel("First", [("id", key), ("name", models.TextField())])
    last = migrations.CreateModel("Last", [("id", key)])
    to_last = migrations.AddField("First", "last", models.ForeignKey("app.Last", models.PROTECT))
    to_first = migrations.AddField("Last", "first", models.ForeignKey("app.First", models.PROTECT))
    of_name = migrations.AddIndex("First", models.Index(fields=["name"], name="of_name"))
    of_last = migrations.AddConstraint("First", models.UniqueConstraint(fields=["last"], name="of_last"))

    one, two, *left = folding.folded("app", [first, last, to_last, to_first, of_name, of_last])

    assert [name for name, _field in one.fields] == ["id", "name"]
    assert [index.name for index in one.options["indexes"]] == ["of_name"]
    assert [name for name, _field in two.fields] == ["id", "first"]
    assert left == [to_last, of_last]
