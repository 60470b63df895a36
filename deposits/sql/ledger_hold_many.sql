-- Many holds of one business as `ledger_post` writes them one by one, in few statements: the same postings, entries,
-- links and balances, but each account is moved once, at the end. All or none; a source that has a hold is refused.
CREATE OR REPLACE FUNCTION ledger_hold_many(
    p_business bigint, p_mode text, p_currency text, p_source_type text, p_sources bigint[], p_amounts bigint[],
    p_by_kind text, p_by_id bigint, p_by_name text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_available public.deposits_account;
    v_held public.deposits_account;
    v_account public.deposits_account;
    v_new public.deposits_posting;
    v_total numeric;
    v_amount bigint;
    v_seal bytea;
    v_count bigint := coalesce(array_length(p_sources, 1), 0);
    v_ids bigint[];
    v_lines bytea[] := '{}';
    v_heads_available bytea[] := '{}';
    v_heads_held bytea[] := '{}';
    v_at timestamptz;
BEGIN
    IF session_user NOT IN ('flipdash_operator', current_user) AND (
        p_business IS NULL OR p_business::text IS DISTINCT FROM current_setting('app.business', true)
        OR p_mode IS DISTINCT FROM current_setting('app.mode', true)
    ) THEN
        RAISE EXCEPTION 'a posting from outside the scope' USING ERRCODE = 'FD004';
    END IF;
    IF p_business IS NULL OR v_count = 0 OR v_count IS DISTINCT FROM array_length(p_amounts, 1) OR EXISTS (
        SELECT FROM unnest(p_sources, p_amounts) AS l (source, amount)
        WHERE l.source IS NULL OR l.amount IS NULL OR l.amount NOT BETWEEN 1 AND 1000000000000000
    ) THEN
        RAISE EXCEPTION 'a hold puts something into held' USING ERRCODE = 'FD003';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || p_business || ' ' || p_mode, 0));
    IF EXISTS (
        SELECT FROM public.deposits_posting p
        WHERE p.business_id = p_business AND p.mode = p_mode AND p.source_type = p_source_type AND p.kind = 'hold'
            AND p.source_id = ANY (p_sources)
    ) OR (SELECT count(DISTINCT s) FROM unnest(p_sources) AS s) <> v_count THEN
        RAISE EXCEPTION 'something is held already for one of these %', p_source_type USING ERRCODE = 'FD002';
    END IF;

    INSERT INTO public.deposits_account (business_id, mode, currency, kind, detail, floor)
    SELECT p_business, p_mode, p_currency, l.kind, '', 0 FROM unnest('{available,held}'::text[]) AS l (kind)
    WHERE NOT EXISTS (
        SELECT FROM public.deposits_account a WHERE a.business_id = p_business AND a.mode = p_mode
            AND a.currency = p_currency AND a.kind = l.kind AND a.detail = ''
    )
    ON CONFLICT (business_id, mode, currency, kind, detail) DO NOTHING;
    FOR v_account IN
        SELECT * FROM public.deposits_account a
        WHERE a.business_id = p_business AND a.mode = p_mode AND a.currency = p_currency
            AND a.kind IN ('available', 'held') AND a.detail = ''
        ORDER BY a.id FOR NO KEY UPDATE OF a
    LOOP
        IF v_account.kind = 'available' THEN v_available := v_account; ELSE v_held := v_account; END IF;
    END LOOP;
    SELECT sum(a) INTO v_total FROM unnest(p_amounts) AS a;
    IF v_available.balance - v_total < v_available.floor THEN
        RAISE EXCEPTION 'not enough available: % of %', v_total, v_available.balance USING ERRCODE = 'FD001',
            DETAIL = json_build_object('account', 'available', 'balance', v_available.balance, 'needed', v_total)::text;
    END IF;

    -- Never before what the accounts have already, as in ledger_post.
    v_at := greatest(clock_timestamp(), (
        SELECT max(e.created_at) FROM public.deposits_entry e
        WHERE (e.account_id, e.seq) IN ((v_available.id, v_available.seq), (v_held.id, v_held.seq))
    ));
    SELECT array_agg(public.next_transaction_id(v_at)) INTO v_ids FROM generate_series(1, v_count);

    v_new.business_id := p_business;
    v_new.mode := p_mode;
    v_new.currency := p_currency;
    v_new.kind := 'hold';
    v_new.source_type := p_source_type;
    v_new.by_kind := p_by_kind;
    v_new.by_id := p_by_id;
    v_new.by_name := p_by_name;
    v_new.effective_at := v_at;
    FOR n IN 1..v_count LOOP
        v_amount := p_amounts[n];
        v_new.id := v_ids[n];
        v_new.source_id := p_sources[n];
        v_new.lines_sha256 := sha256(convert_to(CASE WHEN v_available.id < v_held.id
            THEN v_available.id || ':' || -v_amount || ',' || v_held.id || ':' || v_amount
            ELSE v_held.id || ':' || v_amount || ',' || v_available.id || ':' || -v_amount END, 'UTF8'));
        v_seal := public.ledger_seal(v_new);
        v_available.balance := v_available.balance - v_amount;
        v_available.seq := v_available.seq + 1;
        v_available.head := public.ledger_link(v_available.head, v_seal, v_available.id, v_available.seq, v_new.id,
            -v_amount, v_available.balance);
        v_held.balance := v_held.balance + v_amount;
        v_held.seq := v_held.seq + 1;
        v_held.head := public.ledger_link(v_held.head, v_seal, v_held.id, v_held.seq, v_new.id, v_amount, v_held.balance);
        v_lines[n] := v_new.lines_sha256;
        v_heads_available[n] := v_available.head;
        v_heads_held[n] := v_held.head;
    END LOOP;

    INSERT INTO public.deposits_posting (
        id, business_id, mode, currency, kind, source_type, source_id, lines_sha256, by_kind, by_id, by_name, effective_at
    )
    SELECT l.id, p_business, p_mode, p_currency, 'hold', p_source_type, l.source, l.lines, p_by_kind, p_by_id, p_by_name,
        v_at
    FROM unnest(v_ids, p_sources, v_lines) AS l (id, source, lines);
    INSERT INTO public.deposits_entry (
        business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, hash, created_at
    )
    SELECT p_business, p_mode, p_currency, m.account, l.id, m.seq, m.amount, m.balance, m.head, v_at
    FROM (
        SELECT n, id, amount, available, held, sum(amount) OVER (ORDER BY n) AS moved
        FROM unnest(v_ids, p_amounts, v_heads_available, v_heads_held)
            WITH ORDINALITY AS l (id, amount, available, held, n)
    ) l CROSS JOIN LATERAL (VALUES
        (v_available.id, v_available.seq - v_count + l.n, -l.amount, v_available.balance + v_total - l.moved, l.available),
        (v_held.id, v_held.seq - v_count + l.n, l.amount, v_held.balance - v_total + l.moved, l.held)
    ) AS m (account, seq, amount, balance, head)
    ORDER BY l.n, m.account;
    UPDATE public.deposits_account a SET balance = m.balance, seq = m.seq, head = m.head
    FROM (VALUES
        (v_available.id, v_available.balance, v_available.seq, v_available.head),
        (v_held.id, v_held.balance, v_held.seq, v_held.head)
    ) AS m (id, balance, seq, head)
    WHERE a.id = m.id;
    INSERT INTO public.deposits_turnover AS t (business_id, mode, account_id, hour, kind, entries, came_in, went_out)
    SELECT p_business, p_mode, m.id, date_trunc('hour', v_at, 'UTC'), 'hold', v_count, m.came_in, m.went_out
    FROM (VALUES (v_available.id, 0, v_total), (v_held.id, v_total, 0)) AS m (id, came_in, went_out) ORDER BY m.id
    ON CONFLICT (account_id, hour, kind) DO UPDATE SET entries = t.entries + excluded.entries,
        came_in = t.came_in + excluded.came_in, went_out = t.went_out + excluded.went_out;
    RETURN v_count;
END $$;

GRANT EXECUTE ON FUNCTION ledger_hold_many TO flipdash_app;
