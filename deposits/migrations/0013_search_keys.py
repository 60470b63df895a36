"""Text search by a business's own keys instead of trigrams, as transactions/0005_search_keys explains."""

import django.contrib.postgres.indexes
from django.db import migrations, models

import flipdash.histories.search
import flipdash.searchkeys


class Migration(migrations.Migration):
    dependencies = [("deposits", "0012_my_deposit"), ("transactions", "0005_search_keys")]

    operations = [
        migrations.RemoveIndex(model_name="topup", name="topup_text"),
        migrations.AddIndex(
            model_name="topup",
            index=django.contrib.postgres.indexes.GinIndex(
                flipdash.searchkeys.SearchKeys(
                    models.F("business"), models.F("mode"), flipdash.histories.search.SearchText("note")
                ),
                fastupdate=False,
                name="topup_words",
            ),
        ),
    ]
