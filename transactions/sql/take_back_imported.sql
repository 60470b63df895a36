-- Delete what an import brought in, with its timelines: the one way in which a transaction goes (decision 0065).
CREATE OR REPLACE FUNCTION take_back_imported(p_undo bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_job record;
    v_table text;
    v_timeline text;
    v_parent text;
    v_lines bigint;
    v_rows bigint;
    v_records bigint;
BEGIN
    SELECT j.id, j.kind, j.business_id, j.mode INTO v_job
    FROM public.imports_importundo u JOIN public.imports_importjob j ON j.id = u.job_id
    WHERE u.id = p_undo AND u.status = 'running' AND j.status = 'done'
        AND j.business_id = u.business_id AND j.mode = u.mode
        AND j.business_id::text = current_setting('app.business', true) AND j.mode = current_setting('app.mode', true)
    FOR UPDATE OF j;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing to take back' USING ERRCODE = 'check_violation';
    END IF;
    SELECT k.t, k.l, k.p INTO STRICT v_table, v_timeline, v_parent FROM (VALUES
        ('money-transfer', 'transactions_moneytransfer', 'transactions_transferevent', 'transfer_id'),
        ('international-transfer', 'transactions_internationaltransfer', 'transactions_internationalevent', 'transfer_id'),
        ('payment', 'transactions_payment', 'transactions_paymentevent', 'payment_id')
    ) AS k (kind, t, l, p) WHERE k.kind = v_job.kind;

    SELECT count(*) INTO v_records FROM public.imports_importedrecord WHERE job_id = v_job.id;
    EXECUTE format(
        'SELECT count(DISTINCT e.%2$I) FROM public.%1$I e JOIN public.imports_importedrecord r ON r.record = e.%2$I '
        'WHERE r.job_id = $1 AND e.kind = ''imported'' AND e.business_id = $2 AND e.mode = $3', v_timeline, v_parent
    ) INTO v_lines USING v_job.id, v_job.business_id, v_job.mode;
    PERFORM set_config('app.taking_back', 'on', true);  -- until the end of this function, for which the timelines let go
    EXECUTE format(
        'DELETE FROM public.%1$I e USING public.imports_importedrecord r '
        'WHERE r.job_id = $1 AND r.record = e.%2$I AND e.business_id = $2 AND e.mode = $3', v_timeline, v_parent
    ) USING v_job.id, v_job.business_id, v_job.mode;
    PERFORM set_config('app.taking_back', 'off', true);
    EXECUTE format(
        'DELETE FROM public.%1$I t USING public.imports_importedrecord r '
        'WHERE r.job_id = $1 AND r.record = t.id AND t.business_id = $2 AND t.mode = $3', v_table
    ) USING v_job.id, v_job.business_id, v_job.mode;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> v_records OR v_lines <> v_records THEN
        RAISE EXCEPTION 'import % brought in % records, and % of them are there', v_job.id, v_records, least(v_rows, v_lines)
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN v_rows;
END $$;

GRANT EXECUTE ON FUNCTION take_back_imported TO flipdash_app;
