-- Whose a payment link is: the business and mode inside of which it can be read. Whoever opens one is nobody's member,
-- so row level security would show nothing. It answers for one secret slug, and tells nothing besides.
CREATE OR REPLACE FUNCTION transactions_payment_link_place(p_slug text)
RETURNS TABLE (business_id bigint, mode text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.business_id, l.mode FROM public.transactions_paymentlink l WHERE l.slug = p_slug
$$;

GRANT EXECUTE ON FUNCTION transactions_payment_link_place TO flipdash_app;
