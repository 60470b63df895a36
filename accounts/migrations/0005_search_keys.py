"""Text search by a business's own keys instead of trigrams, as transactions/0005_search_keys explains."""

import django.contrib.postgres.indexes
from django.db import migrations, models

import flipdash.searchkeys


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_team"), ("transactions", "0005_search_keys")]

    operations = [
        migrations.RemoveIndex(model_name="activity", name="activity_text"),
        migrations.AddIndex(
            model_name="activity",
            index=django.contrib.postgres.indexes.GinIndex(
                flipdash.searchkeys.SearchKeys(
                    models.F("business"), models.F("mode"), flipdash.searchkeys.SearchText("search")
                ),
                fastupdate=False,
                name="activity_words",
            ),
        ),
    ]
