-- The only writer of the ledger (docs/ledger.md). Each of its statements finds rows by a key, whatever the values are: it
-- is planned once, and by indexes, for planning anew took half of the time, and what is planned while a table is empty
-- would read the whole of it later.
CREATE OR REPLACE FUNCTION ledger_post(
    p_business bigint, p_mode text, p_currency text, p_kind text, p_source_type text, p_source_id bigint,
    p_kinds text[], p_details text[], p_amounts bigint[], p_operators boolean[],
    p_by_kind text, p_by_id bigint, p_by_name text, p_effective_at timestamptz DEFAULT NULL
) RETURNS TABLE (posting_id bigint, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_ids bigint[];
    v_amounts bigint[];
    v_lines bigint;
    v_accounts bigint;
    v_total numeric;
    v_held bigint;
    v_held_lines bigint;
    v_closes bigint;
    v_reverses bigint;
    v_of bigint;
    v_new public.deposits_posting;
    v_old record;
    v_row record;
    v_seal bytea;
    v_short json;
    -- Anybody whom we don't know counts as the app role.
    v_is_operator boolean := session_user IN ('flipdash_operator', current_user);
    -- What no document of the business stands behind.
    v_by_hand text[] := ARRAY['opening', 'adjustment', 'sweep', 'withdrawal'];
BEGIN
    -- Who may: the app role only for whom it is inside of, and never what is the operator's.
    IF NOT v_is_operator AND (
        p_business IS NULL OR p_business::text IS DISTINCT FROM current_setting('app.business', true)
        OR p_mode IS DISTINCT FROM current_setting('app.mode', true)
    ) THEN
        RAISE EXCEPTION 'a posting from outside the scope' USING ERRCODE = 'FD004';
    END IF;
    IF NOT v_is_operator AND (p_kind = ANY (v_by_hand) OR true = ANY (p_operators)) THEN
        RAISE EXCEPTION 'only the operator posts a % like this', p_kind USING ERRCODE = 'FD004';
    END IF;

    -- One after the other for each business and mode, so that a transaction with several postings can't meet another
    -- that takes the same accounts in another order.
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger ' || coalesce(p_business, 0) || ' ' || p_mode, 0));

    IF p_kind = 'reversal' THEN
        SELECT p.id, p.kind INTO v_old FROM public.deposits_posting p
        WHERE p.id = p_source_id AND p.business_id IS NOT DISTINCT FROM p_business AND p.mode = p_mode
            AND p.currency = p_currency AND p_source_type = 'posting';
        IF NOT FOUND OR v_old.kind IN ('hold', 'capture', 'release', 'reversal') THEN
            RAISE EXCEPTION 'posting % can''t be reversed', p_source_id USING ERRCODE = 'FD005';
        END IF;
        IF NOT v_is_operator AND v_old.kind = ANY (v_by_hand) THEN
            RAISE EXCEPTION 'only the operator reverses a %', v_old.kind USING ERRCODE = 'FD004';
        END IF;
        v_reverses := v_old.id;
        SELECT array_agg(e.account_id ORDER BY e.account_id), array_agg(-e.amount ORDER BY e.account_id)
        INTO v_ids, v_amounts FROM public.deposits_entry e WHERE e.posting_id = v_reverses;
    ELSE
        SELECT count(*), sum(l.amount), sum(l.amount) FILTER (WHERE l.kind = 'held'),
            count(*) FILTER (WHERE l.kind = 'held')
        INTO v_lines, v_total, v_held, v_held_lines
        FROM unnest(p_kinds, p_details, p_amounts, p_operators) AS l (kind, detail, amount, is_operators);
        IF v_lines < 2 OR v_total <> 0 OR v_held_lines > 1 OR EXISTS (
            SELECT FROM unnest(p_kinds, p_details, p_amounts, p_operators) AS l (kind, detail, amount, is_operators)
            WHERE l.kind IS NULL OR l.detail IS NULL OR l.is_operators IS NULL OR l.amount IS NULL OR l.amount = 0
                OR l.amount NOT BETWEEN -1000000000000000 AND 1000000000000000
        ) THEN
            RAISE EXCEPTION 'a posting has two lines or more, none of them zero, huge or incomplete, that sum to zero'
                USING ERRCODE = 'FD003';
        END IF;

        -- What is held is moved by three kinds alone, and a hold ends whole.
        IF p_kind IN ('capture', 'release') THEN
            SELECT p.id, e.amount INTO v_old
            FROM public.deposits_posting p
            JOIN public.deposits_entry e ON e.posting_id = p.id
            JOIN public.deposits_account a ON a.id = e.account_id AND a.kind = 'held'
            WHERE p.business_id = p_business AND p.mode = p_mode AND p.currency = p_currency AND p.kind = 'hold'
                AND p.source_type = p_source_type AND p.source_id = p_source_id;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'nothing is held for % %', p_source_type, p_source_id USING ERRCODE = 'FD006';
            END IF;
            v_closes := v_old.id;
            IF EXISTS (SELECT FROM public.deposits_posting p WHERE p.closes_id = v_closes AND p.kind <> p_kind) THEN
                RAISE EXCEPTION 'what was held for % % is not held any more', p_source_type, p_source_id
                    USING ERRCODE = 'FD006';
            END IF;
            IF v_held IS DISTINCT FROM -v_old.amount THEN
                RAISE EXCEPTION 'a hold of % ends whole, not with %', v_old.amount, v_held USING ERRCODE = 'FD003';
            END IF;
        ELSIF p_kind = 'hold' THEN
            IF v_held IS NULL OR v_held <= 0 THEN
                RAISE EXCEPTION 'a hold puts something into held' USING ERRCODE = 'FD003';
            END IF;
        ELSIF v_held_lines > 0 THEN
            RAISE EXCEPTION 'a % can''t move what is held', p_kind USING ERRCODE = 'FD003';
        END IF;

        -- The accounts, made where they are missing.
        FOR v_turn IN 1..3 LOOP
            SELECT array_agg(f.id ORDER BY f.id), array_agg(f.amount ORDER BY f.id), count(DISTINCT f.id)
            INTO v_ids, v_amounts, v_accounts
            FROM (
                SELECT l.amount, CASE
                    WHEN l.is_operators OR p_business IS NULL THEN (
                        SELECT a.id FROM public.deposits_account a
                        WHERE a.business_id IS NULL AND a.mode = p_mode AND a.currency = p_currency
                            AND a.kind = l.kind AND a.detail = l.detail)
                    ELSE (
                        SELECT a.id FROM public.deposits_account a
                        WHERE a.business_id = p_business AND a.mode = p_mode AND a.currency = p_currency
                            AND a.kind = l.kind AND a.detail = l.detail)
                    END AS id
                FROM unnest(p_kinds, p_details, p_amounts, p_operators) AS l (kind, detail, amount, is_operators)
            ) f;
            EXIT WHEN array_position(v_ids, NULL) IS NULL;
            INSERT INTO public.deposits_account (business_id, mode, currency, kind, detail, floor)
            SELECT DISTINCT CASE WHEN l.is_operators THEN NULL ELSE p_business END, p_mode, p_currency, l.kind, l.detail,
                CASE WHEN l.kind IN ('available', 'held', 'refunds_payable') THEN 0 END
            FROM unnest(p_kinds, p_details, p_operators) AS l (kind, detail, is_operators)
            ORDER BY 1, 4, 5
            ON CONFLICT (business_id, mode, currency, kind, detail) DO NOTHING;
        END LOOP;
        IF v_accounts <> v_lines OR array_position(v_ids, NULL) IS NOT NULL THEN
            RAISE EXCEPTION 'a posting moves each account once' USING ERRCODE = 'FD003';
        END IF;
    END IF;

    -- The accounts in the order of their ids, locked: what there isn't enough of.
    FOR v_row IN
        SELECT a.kind, a.balance, a.floor, l.amount
        FROM public.deposits_account a JOIN unnest(v_ids, v_amounts) AS l (id, amount) ON l.id = a.id
        ORDER BY a.id FOR NO KEY UPDATE OF a
    LOOP
        IF v_short IS NULL AND v_row.balance + v_row.amount < v_row.floor THEN
            v_short := json_build_object(
                'account', v_row.kind, 'balance', v_row.balance, 'needed', -v_row.amount);
        END IF;
    END LOOP;

    -- The posting: the same one again is the one that is there.
    v_new.lines_sha256 := sha256(convert_to((
        SELECT string_agg(l.id || ':' || l.amount, ',' ORDER BY l.id) FROM unnest(v_ids, v_amounts) AS l (id, amount)
    ), 'UTF8'));
    -- Never before what its accounts have already, even if a clock steps back or the seed comes late: people read the
    -- entries in the order of time, and each balance has to follow from the one before.
    v_new.effective_at := greatest(coalesce(p_effective_at, clock_timestamp()), (
        SELECT max(e.created_at) FROM public.deposits_account a
        JOIN public.deposits_entry e ON e.account_id = a.id AND e.seq = a.seq
        WHERE a.id = ANY (v_ids)
    ));
    INSERT INTO public.deposits_posting AS p (
        id, business_id, mode, currency, kind, source_type, source_id, lines_sha256, closes_id, reverses_id,
        by_kind, by_id, by_name, effective_at
    ) VALUES (
        public.next_transaction_id(v_new.effective_at), p_business, p_mode, p_currency, p_kind, p_source_type,
        p_source_id, v_new.lines_sha256, v_closes, v_reverses,
        p_by_kind, p_by_id, p_by_name, v_new.effective_at
    ) ON CONFLICT (business_id, mode, source_type, source_id, kind) DO NOTHING RETURNING p.* INTO v_new;
    IF NOT FOUND THEN
        SELECT p.id, p.lines_sha256, p.currency INTO v_old FROM public.deposits_posting p
        WHERE (p.business_id = p_business OR (p_business IS NULL AND p.business_id IS NULL)) AND p.mode = p_mode
            AND p.source_type = p_source_type AND p.source_id = p_source_id AND p.kind = p_kind;
        IF v_old.lines_sha256 IS DISTINCT FROM sha256(convert_to((
            SELECT string_agg(l.id || ':' || l.amount, ',' ORDER BY l.id)
            FROM unnest(v_ids, v_amounts) AS l (id, amount)
        ), 'UTF8')) THEN
            RAISE EXCEPTION '% of % % was posted with other lines', p_kind, p_source_type, p_source_id
                USING ERRCODE = 'FD002';
        END IF;
        RETURN QUERY SELECT v_old.id::bigint, false;
        RETURN;
    END IF;

    -- Is there enough? Then move the accounts, and write the entries.
    IF v_short IS NOT NULL THEN
        RAISE EXCEPTION 'not enough %: % of %', v_short ->> 'account', v_short ->> 'needed', v_short ->> 'balance'
            USING ERRCODE = 'FD001', DETAIL = v_short::text;
    END IF;
    v_seal := public.ledger_seal(v_new);
    WITH moved AS (
        UPDATE public.deposits_account a
        SET balance = a.balance + l.amount, seq = a.seq + 1,
            head = public.ledger_link(a.head, v_seal, a.id, a.seq + 1, v_new.id, l.amount, a.balance + l.amount)
        FROM unnest(v_ids, v_amounts) AS l (id, amount)
        WHERE a.id = l.id
        RETURNING a.id, a.business_id, a.kind, a.seq, l.amount, a.balance, a.head
    ), written AS (
        INSERT INTO public.deposits_entry (
            business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, hash, created_at
        )
        SELECT m.business_id, p_mode, p_currency, m.id, v_new.id, m.seq, m.amount, m.balance, m.head, v_new.effective_at
        FROM moved m ORDER BY m.id
    )
    INSERT INTO public.deposits_turnover AS t (
        business_id, mode, account_id, hour, kind, entries, came_in, went_out
    )
    SELECT m.business_id, p_mode, m.id, date_trunc('hour', v_new.effective_at, 'UTC'), p_kind, 1,
        greatest(m.amount, 0), greatest(-m.amount, 0)
    FROM moved m WHERE m.kind IN ('available', 'held') ORDER BY m.id
    ON CONFLICT (account_id, hour, kind) DO UPDATE SET entries = t.entries + 1,
        came_in = t.came_in + excluded.came_in, went_out = t.went_out + excluded.went_out;
    RETURN QUERY SELECT v_new.id, true;
END $$;

-- Several postings of one business, one after the other.
CREATE OR REPLACE FUNCTION ledger_post_many(p_business bigint, p_mode text, p_currency text, p_postings jsonb)
RETURNS TABLE (posting_id bigint, is_new boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_one jsonb;
BEGIN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p_postings) LOOP
        RETURN QUERY SELECT r.posting_id, r.is_new FROM public.ledger_post(
            p_business, p_mode, p_currency, v_one ->> 'kind', v_one ->> 'source_type', (v_one ->> 'source_id')::bigint,
            ARRAY(SELECT l ->> 0 FROM jsonb_array_elements(v_one -> 'lines') AS l),
            ARRAY(SELECT l ->> 1 FROM jsonb_array_elements(v_one -> 'lines') AS l),
            ARRAY(SELECT (l ->> 2)::bigint FROM jsonb_array_elements(v_one -> 'lines') AS l),
            ARRAY(SELECT (l ->> 3)::boolean FROM jsonb_array_elements(v_one -> 'lines') AS l),
            v_one ->> 'by_kind', (v_one ->> 'by_id')::bigint, v_one ->> 'by_name', (v_one ->> 'effective_at')::timestamptz
        ) AS r;
    END LOOP;
END $$;

GRANT EXECUTE ON FUNCTION ledger_post, ledger_post_many TO flipdash_app;
