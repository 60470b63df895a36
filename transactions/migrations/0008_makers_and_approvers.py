"""Maker and approver are identities, with the names as they were."""

from django.db import migrations, models

from flipdash.actors import actor_known

KIND = models.CharField(max_length=8, default="named")
SENDING = ("moneytransfer", "internationaltransfer")


def signed(model, field, *, blank=False):
    """Sign what has a name already: until now only that was known."""
    kind = KIND.clone() if not blank else models.CharField(max_length=8, blank=True)
    return [
        migrations.AddField(model, f"{field}_kind", kind, preserve_default=False),
        migrations.AddField(model, f"{field}_id", models.BigIntegerField(blank=True, null=True)),
    ]


class Migration(migrations.Migration):
    dependencies = [("transactions", "0007_timelines_by_actors")]

    operations = [
        *(step for model in (*SENDING, "transferbatch", "paymentlink") for step in signed(model, "maker")),
        *(migrations.RenameField(model, "approved_by", "approver_name") for model in SENDING),
        *(step for model in SENDING for step in signed(model, "approver", blank=True)),
        *(
            migrations.RunSQL(
                f"UPDATE transactions_{model} SET approver_kind = 'named' WHERE approver_name <> ''",
                migrations.RunSQL.noop,
            )
            for model in SENDING
        ),
        *(
            migrations.AddConstraint(model, actor_known(model, "maker"))
            for model in (*SENDING, "transferbatch", "paymentlink")
        ),
        *(migrations.AddConstraint(model, actor_known(model, "approver", blank=True)) for model in SENDING),
    ]
