-- A free code at a bank for an amount, at random; none (NULL) when all 999 are in use. Whoever asks for the same
-- amount at the same bank waits for the lock until the other's transaction has ended, so that no two get one code; the
-- unique index stands behind it. It says nothing of whose the other codes are.
CREATE OR REPLACE FUNCTION deposits_free_code(p_mode text, p_bank text, p_amount bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'top-up', p_mode, p_bank, p_amount), 0));
    RETURN (
        SELECT free FROM (
            SELECT generate_series(1, 999)::bigint AS free
            EXCEPT
            SELECT t.exact_amount - p_amount FROM public.deposits_topup t
            WHERE t.mode = p_mode AND t.bank = p_bank AND t.exact_amount BETWEEN p_amount AND p_amount + 999
                AND t.is_code_held
        ) AS codes
        ORDER BY random() LIMIT 1
    );
END $$;

GRANT EXECUTE ON FUNCTION deposits_free_code TO flipdash_app;
