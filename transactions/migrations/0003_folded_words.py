"""Search indexes of folded text, with codes and channels among their facets (flipdash/sql/search_keys.sql).

All are made again, for what the functions return has changed.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import F

from flipdash.searchkeys import Facets, RowKeys, SearchText

WORDS = {
    "moneytransfer": (
        SearchText("beneficiary_name", "remark"),
        Facets(
            "status",
            "destination_kind",
            "bank",
            "via",
            "reason",
            codes=("external_id",),
            amounts=("amount",),
            numbers=("account_number",),
            when="created_at",
        ),
    ),
    "internationaltransfer": (SearchText("beneficiary_name"), Facets("status", "country", "reason", codes=("external_id",), when="created_at")),
    "payment": (
        SearchText("title", "sender_name"),
        Facets(
            "status",
            "channel_kind",
            "settlement_status",
            "channel",
            "reason",
            codes=("external_id", "reference", "sender_email"),
            amounts=("amount",),
            when="created_at",
        ),
    ),
}


def remade(model, text, facets):
    keys = RowKeys(F("business"), F("mode"), text, facets)
    index = GinIndex(keys, fastupdate=True, gin_pending_list_limit=65536, name=f"{model}_words")
    return [migrations.RemoveIndex(model, f"{model}_words"), migrations.AddIndex(model, index)]


class Migration(migrations.Migration):
    dependencies = [("transactions", "0002_corridors")]

    operations = [operation for model, (text, facets) in WORDS.items() for operation in remade(model, text, facets)]
