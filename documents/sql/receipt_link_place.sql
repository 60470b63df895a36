-- Whose a link to a receipt is: the business and mode inside of which it can be read. Whoever opens one is nobody's
-- member, so row level security would show nothing. It answers for one secret's hash, and tells nothing besides.
CREATE OR REPLACE FUNCTION documents_receipt_link_place(p_token_hash text)
RETURNS TABLE (business_id bigint, mode text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.business_id, l.mode FROM public.documents_receiptlink l WHERE l.token_hash = p_token_hash
$$;

GRANT EXECUTE ON FUNCTION documents_receipt_link_place TO flipdash_app;
