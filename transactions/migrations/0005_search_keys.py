"""Text search by keys of a business's own instead of plain trigrams (flipdash/searchkeys.py).

A trigram's list in an index holds the rows of all businesses: a word that is common elsewhere and absent here took a
second at ten million rows. The keys are hashes of every three characters in a row of a word, made with the business and
the mode. Postgres promises the same hashes on every machine of one byte order; after moving the files to another
kind of machine, REINDEX.

Without a pending list (fastupdate) no insert has to tidy up after others: the slowest takes 30 ms instead of 400, for a
quarter of the throughput (docs/performance.md).
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

import flipdash.searchkeys
import transactions.models.base

SEARCH_KEYS = """
CREATE FUNCTION search_keys(business bigint, mode text, words text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT array_agg(hashtextextended(substr(words, place, 3), business * 2 + (mode = 'test')::int))
    FROM generate_series(1, length(words) - 2) AS place
    WHERE strpos(substr(words, place, 3), ' ') = 0
$$
"""

TEXTS = {
    "moneytransfer": ("beneficiary_name", "remark"),
    "internationaltransfer": ("beneficiary_name",),
    "payment": ("title", "sender_name"),
}


def replace_index(name, texts):
    keys = flipdash.searchkeys.SearchKeys(
        models.F("business"), models.F("mode"), transactions.models.base.SearchText(*texts)
    )
    return [
        migrations.RemoveIndex(model_name=name, name=f"{name}_text"),
        migrations.AddIndex(
            model_name=name, index=django.contrib.postgres.indexes.GinIndex(keys, fastupdate=False, name=f"{name}_words")
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("transactions", "0004_rules_for_all")]

    operations = [
        migrations.RunSQL(SEARCH_KEYS, "DROP FUNCTION search_keys"),
        *(operation for name, texts in TEXTS.items() for operation in replace_index(name, texts)),
    ]
