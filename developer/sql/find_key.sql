-- Whose key has this public part: before that is known nobody is inside of a business, and row level security shows
-- nothing. It tells what is needed to check the key, and the caller goes inside only once it is checked.
CREATE OR REPLACE FUNCTION developer_find_key(p_public text)
RETURNS TABLE (id bigint, business_id bigint, mode text, mac text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id, k.business_id, k.mode::text, k.mac::text FROM public.developer_apikey k
    WHERE k.public = p_public AND (k.ends_at IS NULL OR k.ends_at > now())
$$;

GRANT EXECUTE ON FUNCTION developer_find_key TO flipdash_app;
