-- Text as it is searched (flipdash/searchkeys.py): in lower case, without diacritics, with one kind of apostrophe; ß is ss.
-- What is ASCII, as most is, needs no more than lower(). It isn't STRICT, so that Postgres puts its body in its place.
CREATE OR REPLACE FUNCTION search_fold(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(said) = length(said) THEN lower(said) ELSE
        replace(replace(replace(
            translate(
                lower(regexp_replace(normalize(said, NFKD), '[\u0300-\u036f]', '', 'g')),
                'đøłıħ’‘ʼʻ´', 'dolih'''''''''''
            ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    END
$$;

-- Folded text as words between single or more spaces, one at each end.
CREATE OR REPLACE FUNCTION search_words(folded text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ' ' || translate(folded, '.,;:!?()[]{}<>/\|"_#–—-', repeat(' ', 23)) || ' '
$$;

-- The keys by which words and facets (`marks` here) are asked for: a hash for three letters in a row at every `step` of
-- each word, and its last three; one for each sign of scripts that don't part words (and each emoji), and one for each
-- facet, made with the business and the mode. Rows have those of every letter; a search goes by steps of three, for that
-- is all of a word, and every list that an index has to look into costs.
-- Postgres promises the same hashes on every machine of one byte order; after moving the files to another kind of
-- machine, REINDEX. PL/pgSQL makes them in half the time.
CREATE OR REPLACE FUNCTION search_keys(business bigint, mode text, words text, marks text[], step int DEFAULT 1)
RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    seed bigint := business * 2 + (mode = 'test')::int;
    keys bigint[] := '{}';
    part text;
    place int;
    final int;
BEGIN
    FOREACH part IN ARRAY string_to_array(words, ' ') LOOP
        final := length(part) - 2;
        place := 1;
        WHILE place <= final LOOP
            keys := keys || hashtextextended(substr(part, place, 3), seed);
            EXIT WHEN place = final;
            place := least(place + step, final);
        END LOOP;
    END LOOP;
    IF octet_length(words) > length(words) THEN
        FOREACH part IN ARRAY string_to_array(words, NULL) LOOP
            IF ascii(part) >= 11904 THEN -- from the radicals of Chinese on
                keys := keys || hashtextextended(part, seed);
            END IF;
        END LOOP;
    END IF;
    FOREACH part IN ARRAY marks LOOP
        IF part IS NOT NULL THEN
            keys := keys || hashtextextended(part, seed);
        END IF;
    END LOOP;
    RETURN keys;
END $$;

-- The keys under which a search index has a row (flipdash/searchkeys.py): these, with each whole word of one or two
-- letters as one more facet.
CREATE OR REPLACE FUNCTION search_row_keys(business bigint, mode text, words text, marks text[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    word text;
BEGIN
    FOREACH word IN ARRAY string_to_array(public.search_words(words), ' ') LOOP
        IF length(word) IN (1, 2) THEN
            marks := marks || word;
        END IF;
    END LOOP;
    RETURN public.search_keys(business, mode, words, marks);
END $$;

-- These keys from a row's columns: its texts, and what its fields hold, each under its name. Before a name stands what
-- the field is for: ~ for a code, found in any case, # for an amount, ^ for a number that is looked for by both ends.
-- The numbers here are AMOUNTS, EDGE, DAYS and DAY_0 of flipdash/searchkeys.py.
CREATE OR REPLACE FUNCTION search_row(
    business bigint, mode text, texts text[], names text[], held text[], at timestamptz
) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
DECLARE
    marks text[] := '{}';
    name text;
    value text;
    day int;
BEGIN
    FOR place IN 1 .. cardinality(names) LOOP
        value := held[place];
        CONTINUE WHEN value IS NULL OR value = '';
        name := names[place];
        IF starts_with(name, '~') THEN
            marks := marks || public.search_fold(substr(name, 2) || '=' || value);
        ELSIF starts_with(name, '#') THEN
            marks := marks || (substr(name, 2) || '=' || mod(value::bigint, 4093));
        ELSIF starts_with(name, '^') THEN
            marks := marks || (substr(name, 2) || '=' || left(value, 4)) || (substr(name, 2) || '=' || right(value, 4));
        ELSE
            marks := marks || (name || '=' || value);
        END IF;
    END LOOP;
    IF at IS NOT NULL THEN
        day := (at AT TIME ZONE 'UTC')::date - '2000-01-01'::date;
        marks := marks || ('day=' || day) || ('days=' || day / 32);
    END IF;
    RETURN public.search_row_keys(business, mode, public.search_fold(array_to_string(texts, ' ')), marks);
END $$;

GRANT EXECUTE ON FUNCTION search_fold, search_words, search_keys, search_row_keys, search_row TO flipdash_app;
