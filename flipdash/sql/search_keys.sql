-- The keys under which a search index has a row (flipdash/searchkeys.py): a hash for every three letters in a row of its
-- words, and one for each mark, made with the business and the mode. Postgres promises the same hashes on every machine
-- of one byte order; after moving the files to another kind of machine, REINDEX. PL/pgSQL makes them in half the time.
CREATE OR REPLACE FUNCTION search_keys(business bigint, mode text, words text, marks text[]) RETURNS bigint[]
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
END $$;

GRANT EXECUTE ON FUNCTION search_keys TO flipdash_app;
