-- What every table stands on: who may connect, and what the app role may do with tables to come. The roles themselves are
-- made before, by docker/roles.sql.
DO $$ BEGIN
    IF NOT coalesce((SELECT pg_has_role(rolname, 'flipdash_app', 'USAGE') FROM pg_roles
                     WHERE rolname = 'flipdash_operator'), false) THEN
        RAISE EXCEPTION 'The role flipdash_operator, a member of flipdash_app, is missing: see "Database" in docs/running.md';
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    -- TEMPORARY, because an import holds its rows in a temporary table until they are stored.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO flipdash_app', current_database());
END $$;
GRANT USAGE ON SCHEMA public TO flipdash_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO flipdash_app;
