-- Whether a line may go where it goes: the top-up and the two people are there that this takes.
-- It runs as the owner, from whom row level security hides nothing that it checks.
CREATE OR REPLACE FUNCTION deposits_check_statementline() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'new' AND NEW.status = 'matched' AND NOT EXISTS (
        SELECT FROM public.deposits_topup t
        WHERE t.id = NEW.top_up_id AND t.mode = OLD.mode AND t.bank = OLD.bank AND t.exact_amount = OLD.amount
            AND t.status IN ('waiting', 'checking')
    ) THEN
        RAISE EXCEPTION 'line % is not what top-up % waits for', OLD.id, NEW.top_up_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'waiting' AND NEW.status = 'matched' AND NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.line_id = OLD.id AND c.top_up_id = NEW.top_up_id AND c.kind = 'credit' AND c.status = 'approved'
    ) THEN
        RAISE EXCEPTION 'line % is matched by hand by two people only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'waiting' AND NEW.status = 'ignored' AND NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.line_id = OLD.id AND c.kind = 'ignore' AND c.status = 'approved'
    ) THEN
        RAISE EXCEPTION 'line % is put away by two people only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'ignored' AND OLD.amount > 0 THEN
        RAISE EXCEPTION 'line % was put away', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'credited' AND (OLD.top_up_id IS DISTINCT FROM NEW.top_up_id OR NOT EXISTS (
        SELECT FROM public.deposits_topup t
        WHERE t.id = OLD.top_up_id AND t.status = 'successful' AND t.credited_amount = OLD.amount
    )) THEN
        RAISE EXCEPTION 'line % is credited by its top-up only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'credited' AND NOT EXISTS (
        SELECT FROM public.deposits_topup t WHERE t.id = OLD.top_up_id AND t.reversed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'line % is credited', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
