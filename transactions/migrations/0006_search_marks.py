"""Marks of filters beside the keys of words in one index, and accounts in the order of pages (docs/performance.md).

Beside the keys of its words (0005) a row has one for each mark: status=failed, bank=bca. A word's list and a mark's list
are intersected before any row is read: a common word with a rare filter took 0.3 to 19 seconds at ten million rows, and
takes some hundredths. The function is PL/pgSQL now, which makes the keys in half the time; the old one goes when nothing
uses it any more (accounts/0006).

An insert adds its keys to a list, which another process sorts in (flipdash/0004): half as slow again as without words,
instead of three times, and no insert ever waits for it.

Accounts, whole or by their last 4 digits, are kept in the order of pages: what was paid to one supplier ten thousand
times is read a page at a time instead of sorted.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Right

from flipdash.searchkeys import Marks, SearchKeys, SearchText

SEARCH_KEYS = """
CREATE FUNCTION search_keys(business bigint, mode text, words text, marks text[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    seed bigint := business * 2 + (mode = 'test')::int;
    keys bigint[] := '{}';
    part text;
BEGIN
    FOR place IN 1 .. length(words) - 2 LOOP
        part := substr(words, place, 3);
        IF strpos(part, ' ') = 0 THEN
            keys := keys || hashtextextended(part, seed);
        END IF;
    END LOOP;
    FOREACH part IN ARRAY marks LOOP
        keys := keys || hashtextextended(part, seed);
    END LOOP;
    RETURN keys;
END $$
"""

WORDS = {
    "moneytransfer": (("beneficiary_name", "remark"), ("status", "destination_kind", "bank", "via")),
    "internationaltransfer": (("beneficiary_name",), ("status", "country")),
    "payment": (("title", "sender_name"), ("status", "channel_kind", "settlement_status")),
}
ORDER = (F("created_at").desc(), F("id").desc())
ACCOUNTS = {
    "moneytransfer_account": OpClass(F("account_number"), "text_pattern_ops"),
    "moneytransfer_account_end": Right("account_number", 4),
}


def words_index(name, texts, marks):
    keys = SearchKeys(F("business"), F("mode"), SearchText(*texts), Marks(*marks))
    return [
        migrations.RemoveIndex(model_name=name, name=f"{name}_words"),
        migrations.AddIndex(
            model_name=name,
            index=GinIndex(keys, fastupdate=True, gin_pending_list_limit=65536, name=f"{name}_words"),
        ),
    ]


def account_index(name, account):
    return [
        migrations.RemoveIndex(model_name="moneytransfer", name=name),
        migrations.AddIndex(
            model_name="moneytransfer", index=models.Index(F("business"), F("mode"), account, *ORDER, name=name)
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("transactions", "0005_search_keys"), ("flipdash", "0004_search_lists")]

    operations = [
        migrations.RunSQL(SEARCH_KEYS, "DROP FUNCTION search_keys(bigint, text, text, text[])"),
        *(operation for name, (texts, marks) in WORDS.items() for operation in words_index(name, texts, marks)),
        *(operation for name, account in ACCOUNTS.items() for operation in account_index(name, account)),
    ]
