-- The hash of a row, over the hash before it.
CREATE OR REPLACE FUNCTION activity_hash(before text, a accounts_activity) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT encode(sha256(convert_to(before || '|' || jsonb_build_array(
        a.business_id, a.mode, a.seq, a.id, (extract(epoch FROM a.created_at) * 1000000)::bigint, a.kind, a.area,
        a.by_kind, a.by_id, a.by_name, a.by_email, a.role, a.via, a.address, a.agent,
        a.subject_type, a.subject_id, a.subject_label, a.facts, a.search
    )::text, 'UTF8')), 'hex')
$$;

-- Give at most so many rows their places in their chains; 0 if somebody else is at it. Returns how many.
CREATE OR REPLACE FUNCTION seal_activity(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    a accounts_activity;
    head accounts_activityhead;
    sealed integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('seal_activity')) THEN
        RETURN 0;
    END IF;
    FOR a IN SELECT * FROM accounts_activity WHERE seq IS NULL ORDER BY id LIMIT most LOOP
        INSERT INTO accounts_activityhead (business_id, mode, seq, hash) VALUES (a.business_id, a.mode, 0, '')
            ON CONFLICT (business_id, mode) DO NOTHING;
        SELECT * INTO head FROM accounts_activityhead
            WHERE business_id = a.business_id AND mode = a.mode FOR UPDATE;
        a.seq := head.seq + 1;
        a.hash := activity_hash(head.hash, a);
        UPDATE accounts_activity SET seq = a.seq, hash = a.hash, sealed_at = clock_timestamp() WHERE id = a.id;
        UPDATE accounts_activityhead SET seq = a.seq, hash = a.hash WHERE id = head.id;
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END $$;

GRANT EXECUTE ON FUNCTION activity_hash, seal_activity TO flipdash_app;
