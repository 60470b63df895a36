-- What a transfer abroad says is what its quote says, and it is made, let go, or given another quote only while that
-- one holds. That each is used once is a unique constraint; a quote of somebody else's is the foreign key's to refuse.
CREATE OR REPLACE FUNCTION transactions_international_quote() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    q public.transactions_quote;
BEGIN
    SELECT * INTO q FROM public.transactions_quote
    WHERE id = NEW.quote_id AND business_id = NEW.business_id AND mode = NEW.mode;
    IF NOT FOUND THEN
        RETURN NEW;
    END IF;
    IF (q.amount, q.rate, q.fee, q.amount_received) IS DISTINCT FROM
       (NEW.amount, NEW.rate, NEW.fee, NEW.amount_received) THEN
        RAISE EXCEPTION 'transactions_internationaltransfer % says something else than its quote', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF q.expires_at <= NEW.created_at THEN
            RAISE EXCEPTION 'transactions_internationaltransfer % has a quote that ran out', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF q.expires_at <= now() AND (
        OLD.quote_id IS DISTINCT FROM NEW.quote_id
        OR OLD.status = 'pending_approval' AND NEW.status IN ('scheduled', 'processing')
    ) THEN
        RAISE EXCEPTION 'transactions_internationaltransfer % has a quote that ran out', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
