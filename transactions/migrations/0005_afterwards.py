"""An index for the filter by what came after the end: what came back, or what its bank says the opposite of now.

The version before it serves meanwhile: nobody waits for this, and this waits for whoever reads for as long as it takes. What an
attempt before it has left half made is made again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


def added(model):
    name = f"{model}_tagged"
    again = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
    return again, AddIndexConcurrently(
        model,
        models.Index(
            F("business"),
            F("mode"),
            F("created_at").desc(),
            F("id").desc(),
            name=name,
            condition=Q(returned_at__isnull=False) | Q(disputed_at__isnull=False),
        ),
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("transactions", "0004_destinations")]

    operations = [
        migrations.RunSQL("SET lock_timeout = 0", migrations.RunSQL.noop),
        *(step for model in ("moneytransfer", "internationaltransfer", "refund") for step in added(model)),
        migrations.RunSQL("RESET lock_timeout", migrations.RunSQL.noop),
    ]
