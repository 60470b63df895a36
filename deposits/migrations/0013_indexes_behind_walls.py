"""Indexes that Postgres can use behind the wall (flipdash/walls.py).

There a condition goes to an index only if Postgres knows that it leaks nothing: = and < of a column do; LIKE, `@>` and
abs() don't. So the index of the notes' words was never used, nor was the one of abs(amount).
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deposits", "0012_my_deposit")]

    operations = [
        migrations.RemoveIndex(model_name="topup", name="topup_text"),
        migrations.RemoveIndex(model_name="entry", name="entry_amount"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                models.F("account"),
                models.F("amount"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="entry_amount",
            ),
        ),
    ]
