"""Whoever serves may have the search indexes sort in what was inserted since the last time (flipdash/searchkeys.py).

Postgres lets only the owner of an index do that: the function does it for all that belong to its own owner. It never waits:
neither for another one that is at it, nor longer than a second for an index that somebody rebuilds.
"""

from django.db import migrations

CLEAN = """
CREATE FUNCTION clean_search_lists() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    list regclass;
    pages bigint := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('clean_search_lists', 0)) THEN
        RETURN 0;
    END IF;
    FOR list IN
        SELECT index.oid FROM pg_class AS index JOIN pg_am AS method ON method.oid = index.relam
        WHERE method.amname = 'gin' AND index.relkind = 'i' AND index.relpersistence <> 't'
        AND index.relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
    LOOP
        BEGIN
            pages := pages + gin_clean_pending_list(list);
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    RETURN pages;
END $$;

REVOKE EXECUTE ON FUNCTION clean_search_lists FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clean_search_lists TO flipdash_app;
"""


class Migration(migrations.Migration):
    dependencies = [("flipdash", "0003_messages")]

    operations = [migrations.RunSQL(CLEAN, "DROP FUNCTION clean_search_lists")]
