-- Whether a top-up may go where it goes: the line, the posting and the two people are there that this takes.
-- It runs as the owner, from whom row level security hides nothing that it checks.
CREATE OR REPLACE FUNCTION deposits_check_topup() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'successful' AND NOT (
        EXISTS (
            SELECT FROM public.deposits_statementline l
            WHERE l.top_up_id = OLD.id AND l.status IN ('matched', 'credited') AND l.amount = NEW.credited_amount
        ) AND EXISTS (
            SELECT FROM public.deposits_posting p JOIN public.deposits_entry e ON e.posting_id = p.id
            WHERE p.id = NEW.posting_id AND p.source_type = 'top_up' AND p.source_id = OLD.id AND p.kind = 'top_up'
                AND p.business_id = OLD.business_id AND p.mode = OLD.mode AND e.amount = NEW.credited_amount
        )
    ) THEN
        RAISE EXCEPTION 'top-up % is credited by a line and a posting of its amount only', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status IN ('expired', 'cancelled') AND (OLD.posting_id IS NOT NULL OR NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.top_up_id = OLD.id AND c.kind = 'credit' AND c.status = 'approved'
    )) THEN
        RAISE EXCEPTION 'top-up % was closed: two people credit it, once', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'successful' AND (NEW.reversed_at IS NULL OR NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.top_up_id = OLD.id AND c.kind = 'undo' AND c.status = 'approved'
    ) OR NOT EXISTS (
        SELECT FROM public.deposits_posting p WHERE p.reverses_id = OLD.posting_id
    )) THEN
        RAISE EXCEPTION 'top-up % was credited: two people take it back, by a posting', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
