-- A row is added without a place in the chain and gets it once, the right one: not even the owner writes another.
CREATE OR REPLACE FUNCTION activity_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    head accounts_activityhead;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq IS NULL AND NEW.hash = '' AND NEW.sealed_at IS NULL THEN
            RETURN NEW;
        END IF;
    ELSIF OLD.seq IS NULL AND to_jsonb(OLD) - '{seq,hash,sealed_at}'::text[]
            = to_jsonb(NEW) - '{seq,hash,sealed_at}'::text[] THEN
        SELECT * INTO head FROM accounts_activityhead WHERE business_id = NEW.business_id AND mode = NEW.mode;
        IF NEW.seq = head.seq + 1 AND NEW.hash = activity_hash(head.hash, NEW) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the Activity Log is append-only' USING ERRCODE = 'check_violation';
END $$;

-- The head of a chain begins empty, and goes on by one sealed row.
CREATE OR REPLACE FUNCTION activity_head_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq = 0 AND NEW.hash = '' THEN
            RETURN NEW;
        END IF;
    ELSIF (OLD.id, OLD.business_id, OLD.mode, OLD.seq + 1) = (NEW.id, NEW.business_id, NEW.mode, NEW.seq) AND EXISTS (
        SELECT FROM accounts_activity a
        WHERE (a.business_id, a.mode, a.seq, a.hash) = (NEW.business_id, NEW.mode, NEW.seq, NEW.hash)
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the head of the Activity Log only goes on by one' USING ERRCODE = 'check_violation';
END $$;
