-- What is checked of the ledger at the end of each transaction. These look at other rows, so they run as the owner,
-- from whom row level security hides nothing that they check.

CREATE OR REPLACE FUNCTION deposits_check_account() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.deposits_entry e
        WHERE e.account_id = NEW.id AND e.seq = NEW.seq AND e.balance_after = NEW.balance AND e.hash = NEW.head
    ) THEN
        RAISE EXCEPTION 'the balance of account % moved without an entry', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION deposits_check_posting() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entries bigint;
    total numeric;
BEGIN
    SELECT count(*), sum(e.amount) INTO entries, total FROM public.deposits_entry e WHERE e.posting_id = NEW.id;
    IF entries < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'posting % has % entries, whose sum is %', NEW.id, entries, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION deposits_check_entry() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT sum(e.amount) FROM public.deposits_entry e WHERE e.posting_id = NEW.posting_id) <> 0 THEN
        RAISE EXCEPTION 'posting % does not sum to zero', NEW.posting_id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.deposits_account a JOIN public.deposits_posting p ON p.id = NEW.posting_id
        WHERE a.id = NEW.account_id AND a.seq >= NEW.seq AND a.business_id IS NOT DISTINCT FROM NEW.business_id
            AND (a.business_id IS NULL OR a.business_id = p.business_id)
    ) THEN
        RAISE EXCEPTION 'an entry on account % that does not move it, or of another business', NEW.account_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.balance_after - NEW.amount <> coalesce(
        (SELECT e.balance_after FROM public.deposits_entry e WHERE e.account_id = NEW.account_id AND e.seq = NEW.seq - 1),
        CASE NEW.seq WHEN 1 THEN 0 END, NEW.balance_after
    ) THEN
        RAISE EXCEPTION 'entry % of account % does not follow', NEW.seq, NEW.account_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
