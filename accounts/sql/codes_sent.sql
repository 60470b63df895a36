-- How many one-time codes were sent within a time: of all, or of a person, a business, or a range of numbers. The limits
-- hold across businesses, of which row level security shows none but the asker's own. It tells nothing but how many.
CREATE OR REPLACE FUNCTION accounts_codes_sent(p_within interval, p_user bigint, p_business bigint, p_range text)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM public.accounts_otpchallenge c
    WHERE c.created_at > statement_timestamp() - p_within
        AND (p_user IS NULL OR c.user_id = p_user)
        AND (p_business IS NULL OR c.business_id = p_business)
        AND (p_range IS NULL OR starts_with(c."to", p_range))
$$;

-- Of the codes that were sent within a time and can't come back any more: how many there are, and how many came back.
CREATE OR REPLACE FUNCTION accounts_codes_settled(p_within interval) RETURNS TABLE (settled bigint, used bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), count(c.used_at) FROM public.accounts_otpchallenge c
    WHERE c.created_at > statement_timestamp() - p_within AND c.expires_at < statement_timestamp()
$$;

GRANT EXECUTE ON FUNCTION accounts_codes_sent, accounts_codes_settled TO flipdash_app;
