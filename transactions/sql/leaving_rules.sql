-- Nothing is told to a rail that the deposit doesn't hold the money of: what is on its way is processing, and its hold of
-- amount and fee is open. Orders of what ended before, as the demo's, tell nobody anything. Asked of many in one query.
-- SECURITY DEFINER, for the ledger is to be seen whole (docs/database.md). By the id of each row, whatever Postgres knows of
-- counts: an index of what is processing would be read whole for each.
CREATE OR REPLACE FUNCTION railorder_check_added() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$ -- also while Postgres knows no counts
DECLARE
    wrong text;
BEGIN
    SELECT a.key INTO wrong FROM added a
    WHERE a.status <> 'done' AND NOT EXISTS (
        SELECT FROM (
            SELECT t.amount + t.fee AS whole FROM public.transactions_moneytransfer t
            WHERE a.source = 'money_transfer' AND t.id = a.source_id AND t.status || '' = 'processing'
            UNION ALL
            SELECT t.amount + t.fee FROM public.transactions_internationaltransfer t
            WHERE a.source = 'international_transfer' AND t.id = a.source_id AND t.status || '' = 'processing'
            UNION ALL
            SELECT t.amount + t.fee FROM public.transactions_refund t
            WHERE a.source = 'refund' AND t.id = a.source_id AND t.status || '' = 'processing'
        ) sent
        JOIN public.deposits_posting h ON h.business_id = a.business_id AND h.mode = a.mode AND h.kind = 'hold'
            AND h.source_type = a.source AND h.source_id = a.source_id
        JOIN public.deposits_entry e ON e.posting_id = h.id AND e.amount = sent.whole
        WHERE NOT EXISTS (SELECT FROM public.deposits_posting c WHERE c.closes_id = h.id OFFSET 0)
    )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % is of nothing that is processing and held', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- What came back is in the deposit: a refund that did frees its payment for another one.
CREATE OR REPLACE FUNCTION transactions_check_returned() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$ -- also while Postgres knows no counts
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.deposits_posting r WHERE r.business_id = NEW.business_id AND r.mode = NEW.mode
            AND r.kind = 'return' AND r.source_type = TG_ARGV[0] AND r.source_id = NEW.id
    ) THEN
        RAISE EXCEPTION '% % came back, and nothing is in the deposit', TG_ARGV[0], NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
