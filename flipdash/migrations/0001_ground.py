"""What every table stands on: what the app role may do, the extensions for search, and transaction ids.

An id is yymmddHHMMSS (UTC) and 7 digits of a cyclic sequence, sent through a keyed permutation, so that the
ids of one business don't tell how many others make (design.md §3, trust.md W7). The permutation is a Feistel
network on 24 bits, walked until it lands under ten million; its key is random and only the owner reads it.
"""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations

GRANTS = """
GRANT USAGE ON SCHEMA public TO flipdash_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO flipdash_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO flipdash_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO flipdash_app;
"""

TRANSACTION_IDS = """
CREATE SEQUENCE transaction_number MINVALUE 0 MAXVALUE 9999999 CYCLE CACHE 1;

CREATE TABLE transaction_number_key (key bigint NOT NULL);
INSERT INTO transaction_number_key SELECT hashtextextended(gen_random_uuid()::text, 0);
REVOKE ALL ON transaction_number_key FROM flipdash_app;
REVOKE ALL ON SEQUENCE transaction_number FROM flipdash_app;

CREATE FUNCTION scramble_transaction_number(number bigint, key bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    l bigint;
    r bigint;
    swap bigint;
BEGIN
    LOOP
        l := number >> 12;
        r := number & 4095;
        FOR turn IN 1..4 LOOP
            swap := r;
            r := l # (hashint8extended(r, key + turn) & 4095);
            l := swap;
        END LOOP;
        number := (l << 12) | r;
        EXIT WHEN number < 10000000;
    END LOOP;
    RETURN number;
END $$;

CREATE FUNCTION next_transaction_id(at timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYMMDDHH24MISS')::bigint * 10000000
        + public.scramble_transaction_number(nextval('public.transaction_number'), key)
    FROM public.transaction_number_key
$$;

REVOKE EXECUTE ON FUNCTION scramble_transaction_number FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION next_transaction_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION next_transaction_id TO flipdash_app;
"""

UNDO_TRANSACTION_IDS = """
DROP FUNCTION next_transaction_id;
DROP FUNCTION scramble_transaction_number;
DROP TABLE transaction_number_key;
DROP SEQUENCE transaction_number;
"""


class Migration(migrations.Migration):
    # Before any table of anybody's, so that the default privileges hold for all of them.
    run_before = [("contenttypes", "0001_initial"), ("sessions", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(TRANSACTION_IDS, UNDO_TRANSACTION_IDS),
    ]
