-- What a transfer abroad says is what its quote says, and it is made, let go, or given another quote only while that
-- one holds; nothing that somebody made here is let go without one, nor begins as let go. That each is used once is a
-- unique constraint; a quote of somebody else's is the foreign key's to refuse. When a row is let go is this function's
-- to say; only the demo says it of earlier ones, in transactions that say so (app.tells_earlier).
CREATE OR REPLACE FUNCTION transactions_international_quote() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    q public.transactions_quote;
    place public.transactions_corridor;
    goes boolean := TG_OP = 'UPDATE' AND OLD.status = 'pending_approval' AND NEW.status IN ('scheduled', 'processing');
    moment timestamptz := statement_timestamp();
    is_earlier boolean := goes AND current_setting('app.tells_earlier', true) IS NOT DISTINCT FROM 'on';
    wrong text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        moment := NEW.created_at;
        IF NEW.transfer_kind <> '' AND NEW.status <> 'pending_approval' THEN
            wrong := 'begins pending_approval';
        END IF;
    ELSIF OLD.transfer_kind <> '' AND NEW.transfer_kind = '' THEN
        wrong := 'has a kind, and keeps one';
    END IF;
    IF NEW.let_go_at IS NOT NULL AND NOT is_earlier AND (TG_OP = 'INSERT' OR OLD.let_go_at IS NULL) THEN
        wrong := 'is let go when this is written, and at no other time';
    ELSIF goes THEN
        NEW.let_go_at := coalesce(NEW.let_go_at, moment);
        moment := NEW.let_go_at;
    END IF;
    SELECT * INTO q FROM public.transactions_quote
    WHERE id = NEW.quote_id AND business_id = NEW.business_id AND mode = NEW.mode;
    IF NOT FOUND THEN
        IF goes AND NEW.quote_id IS NULL AND NEW.transfer_kind <> '' THEN
            wrong := 'has no quote to be let go at';
        END IF;
    ELSE
        SELECT * INTO place FROM public.transactions_corridor WHERE id = q.corridor_id;
        IF (q.amount, q.rate, q.fee, q.amount_received, q.kind, place.country, place.currency) IS DISTINCT FROM
           (NEW.amount, NEW.rate, NEW.fee, NEW.amount_received, NEW.transfer_kind, NEW.country, NEW.currency) THEN
            wrong := 'says something else than its quote';
        ELSIF q.expires_at <= moment
            AND (TG_OP = 'INSERT' OR goes OR OLD.quote_id IS DISTINCT FROM NEW.quote_id) THEN
            wrong := 'has a quote that ran out';
        ELSIF goes AND (moment < NEW.created_at OR moment > statement_timestamp()) THEN
            wrong := 'was let go at no time at which it could be';
        END IF;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transactions_internationaltransfer % %', NEW.id, wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
