"""The area as a mark in the Activity Log's search index, as transactions/0006_search_marks explains.

This was the last index of search keys without marks: their function goes.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import F

from flipdash.searchkeys import Marks, SearchKeys, SearchText

OLD_KEYS = """
CREATE FUNCTION search_keys(business bigint, mode text, words text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT array_agg(hashtextextended(substr(words, place, 3), business * 2 + (mode = 'test')::int))
    FROM generate_series(1, length(words) - 2) AS place
    WHERE strpos(substr(words, place, 3), ' ') = 0
$$
"""
KEYS = SearchKeys(F("business"), F("mode"), SearchText("search"), Marks("area"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_search_keys"), ("transactions", "0006_search_marks")]

    operations = [
        migrations.RemoveIndex(model_name="activity", name="activity_words"),
        migrations.AddIndex(
            model_name="activity",
            index=GinIndex(KEYS, fastupdate=True, gin_pending_list_limit=65536, name="activity_words"),
        ),
        migrations.RunSQL("DROP FUNCTION search_keys(bigint, text, text)", OLD_KEYS),
    ]
