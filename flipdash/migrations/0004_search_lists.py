"""Whoever serves may have the search indexes sort in what was inserted since the last time (flipdash/searchkeys.py).

Postgres lets only the owner of an index do that: the function does it for all that belong to its own owner.
"""

from django.db import migrations

CLEAN = """
CREATE FUNCTION clean_search_lists() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(gin_clean_pending_list(index.oid)), 0)::bigint
    FROM pg_class AS index JOIN pg_am AS method ON method.oid = index.relam
    WHERE method.amname = 'gin' AND index.relkind = 'i' AND index.relowner = current_user::regrole
$$;

REVOKE EXECUTE ON FUNCTION clean_search_lists FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clean_search_lists TO flipdash_app;
"""


class Migration(migrations.Migration):
    dependencies = [("flipdash", "0003_messages")]

    operations = [migrations.RunSQL(CLEAN, "DROP FUNCTION clean_search_lists")]
