"""Lines of timelines are signed by an identity, with the name as it was."""

from django.db import migrations, models

from flipdash.actors import actor_known

KIND = models.CharField(default="named", max_length=8)
NAME = models.CharField(max_length=100)


class Migration(migrations.Migration):
    dependencies = [("deposits", "0016_in_order")]

    operations = [
        operation
        for line in ("topupevent",)
        for operation in (
            migrations.RenameField(line, "by", "by_name"),
            migrations.AlterField(line, "by_name", NAME.clone()),
            migrations.AddField(line, "by_kind", KIND.clone(), preserve_default=False),
            migrations.AddField(line, "by_id", models.BigIntegerField(blank=True, null=True)),
            migrations.AddConstraint(line, actor_known(line, "by")),
        )
    ]
