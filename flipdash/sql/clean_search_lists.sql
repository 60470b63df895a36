-- Sort into the search indexes what was inserted since the last time; returns how many pages of lists that took.
-- Postgres lets only the owner of an index do that: this does it for all that belong to its own owner. It never waits:
-- neither for another one that is at it, nor longer than a second for an index that somebody rebuilds.
CREATE OR REPLACE FUNCTION clean_search_lists() RETURNS bigint
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

GRANT EXECUTE ON FUNCTION clean_search_lists TO flipdash_app;
