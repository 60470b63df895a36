-- A transaction id is yymmddHHMMSS (UTC) and 7 digits of a cyclic sequence, sent through a keyed permutation, so that the
-- ids of one business don't tell how many others make. The permutation is a Feistel network on 24 bits, walked until it
-- lands under ten million; its key is random, made once, and only the owner reads it.
CREATE SEQUENCE IF NOT EXISTS transaction_number MINVALUE 0 MAXVALUE 9999999 CYCLE CACHE 1;
CREATE TABLE IF NOT EXISTS transaction_number_key (key bigint NOT NULL);
INSERT INTO transaction_number_key SELECT hashtextextended(gen_random_uuid()::text, 0)
WHERE NOT EXISTS (SELECT FROM transaction_number_key);
REVOKE ALL ON transaction_number_key FROM flipdash_app;
REVOKE ALL ON SEQUENCE transaction_number FROM flipdash_app;

CREATE OR REPLACE FUNCTION scramble_transaction_number(number bigint, key bigint) RETURNS bigint
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

CREATE OR REPLACE FUNCTION next_transaction_id(at timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYMMDDHH24MISS')::bigint * 10000000
        + public.scramble_transaction_number(nextval('public.transaction_number'), key)
    FROM public.transaction_number_key
$$;

GRANT EXECUTE ON FUNCTION next_transaction_id TO flipdash_app;
