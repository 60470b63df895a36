-- What belongs to a settlement is known before it is posted, and never grows afterwards: its sum is what the deposit got.
-- Only what was paid here and waits for that belongs to one. SECURITY DEFINER, for the writer may stand outside.
CREATE OR REPLACE FUNCTION settledpayment_check_added() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong bigint;
BEGIN
    -- Nobody posts it until this is committed, and what somebody posts at this moment is seen.
    PERFORM FROM public.transactions_settlementrun r WHERE r.id IN (SELECT run_id FROM added) ORDER BY r.id FOR SHARE;
    SELECT r.id INTO wrong FROM (SELECT DISTINCT run_id FROM added) a
    JOIN public.transactions_settlementrun r ON r.id = a.run_id WHERE r.posted_at IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'settlement % is posted, and takes no more payments', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.payment_id INTO wrong FROM added a
    LEFT JOIN public.transactions_payment p ON p.id = a.payment_id AND p.business_id = a.business_id AND p.mode = a.mode
        AND p.status = 'successful' AND p.settlement_status = 'pending' AND p.slug IS NOT NULL
    WHERE p.id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % waits for no settlement', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- A payment that was made here is settled by a settlement whose sum is in the deposit, and by nothing else.
CREATE OR REPLACE FUNCTION payment_check_settled() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT a.id INTO wrong FROM added a JOIN before b ON b.id = a.id
    WHERE a.settlement_status = 'settled' AND b.settlement_status <> 'settled' AND a.slug IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM public.transactions_settledpayment d JOIN public.transactions_settlementrun r ON r.id = d.run_id
            WHERE d.payment_id = a.id AND r.posted_at IS NOT NULL
        )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % is settled by no settlement', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- What a settlement says it came to is the sum of its payments, and what its own posting brought into the deposit.
CREATE OR REPLACE FUNCTION settlementrun_check_posted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sums record;
    v_brought numeric;
BEGIN
    SELECT count(*) AS n, coalesce(sum(p.amount), 0) AS amount, coalesce(sum(p.fee), 0) AS fee INTO sums
    FROM public.transactions_settledpayment d JOIN public.transactions_payment p ON p.id = d.payment_id
    WHERE d.run_id = NEW.id;
    IF (NEW.count, NEW.amount, NEW.fee) IS DISTINCT FROM (sums.n::integer, sums.amount::bigint, sums.fee::bigint) THEN
        RAISE EXCEPTION 'settlement % says % payments of % less %, and has % of % less %', NEW.id, NEW.count, NEW.amount,
            NEW.fee, sums.n, sums.amount, sums.fee USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.posting_id IS NOT NULL THEN
        SELECT coalesce(sum(e.amount) FILTER (WHERE a.kind = 'available'), 0) INTO v_brought
        FROM public.deposits_posting g JOIN public.deposits_entry e ON e.posting_id = g.id
        JOIN public.deposits_account a ON a.id = e.account_id
        WHERE g.id = NEW.posting_id AND (g.kind, g.source_type, g.source_id) = ('settlement', 'settlement', NEW.id)
            AND (g.business_id, g.mode) = (NEW.business_id, NEW.mode)
        HAVING count(*) > 0;
        IF v_brought IS DISTINCT FROM NEW.net THEN
            RAISE EXCEPTION 'settlement % of % names posting %, which brought % by it', NEW.id, NEW.net,
                NEW.posting_id, coalesce(v_brought, 0) USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
