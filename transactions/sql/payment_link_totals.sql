-- What each payment link has collected, kept by the database whatever writes payments: once for each statement, so that
-- a file of ten thousand changes a link once. SECURITY DEFINER, for the writer may stand outside of all businesses.
CREATE OR REPLACE FUNCTION payment_link_totals_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.transactions_paymentlink l
    SET paid_count = l.paid_count + t.n, collected = l.collected + t.rupiah
    FROM (
        SELECT link_id, count(*) AS n, sum(amount) AS rupiah
        FROM added WHERE link_id IS NOT NULL AND status = 'successful' GROUP BY link_id
    ) t
    WHERE l.id = t.link_id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION payment_link_totals_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.transactions_paymentlink l
    SET paid_count = l.paid_count + t.n, collected = l.collected + t.rupiah
    FROM (
        SELECT a.link_id, count(*) AS n, sum(a.amount) AS rupiah
        FROM added a JOIN before b ON b.id = a.id
        WHERE a.link_id IS NOT NULL AND a.status = 'successful' AND b.status <> 'successful' GROUP BY a.link_id
    ) t
    WHERE l.id = t.link_id;
    RETURN NULL;
END
$$;
