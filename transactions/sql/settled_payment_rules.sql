-- What belongs to a settlement is known before it is posted, and never grows afterwards: its sum is what the deposit got.
CREATE OR REPLACE FUNCTION settledpayment_check_added() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    late bigint;
BEGIN
    SELECT r.id INTO late FROM (SELECT DISTINCT run_id FROM added) a
    JOIN public.transactions_settlementrun r ON r.id = a.run_id WHERE r.posted_at IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'settlement % is posted, and takes no more payments', late USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
