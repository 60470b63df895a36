"""The search index of the Activity Log, of folded text: made again, for what its functions return has changed."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import F

from flipdash.searchkeys import Facets, RowKeys, SearchText

KEYS = RowKeys(F("business"), F("mode"), SearchText("search"), Facets("area"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RemoveIndex("activity", "activity_words"),
        migrations.AddIndex(
            "activity", GinIndex(KEYS, fastupdate=True, gin_pending_list_limit=65536, name="activity_words")
        ),
    ]
