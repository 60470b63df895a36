"""The banks and e-wallets that can be paid, all of them operational."""

from django.db import migrations

from flipdash.actors import SYSTEM
from transactions.destinations import NAMES


def add_destinations(apps, schema_editor):
    destination = apps.get_model("transactions", "Destination")
    destination.objects.using(schema_editor.connection.alias).bulk_create(
        destination(code=code, status="operational", **SYSTEM.columns("changer")) for code in NAMES
    )


class Migration(migrations.Migration):
    dependencies = [("transactions", "0003_folded_words")]

    operations = [
        migrations.RunPython(add_destinations, migrations.RunPython.noop),
    ]
