
-- Lends the role that keeps a closed login's tables to the broker, or takes it back. The closed login has its roles again
-- meanwhile: without USAGE on a schema nothing in it can be named. Nobody logs in as it, and its sessions are over.
DECLARE
    login text := {{prefix}} || p_claim;
    keeper text := coalesce(p_keeper, {{prefix}} || 'kept_' || p_claim);
    member text;
    lend text := '';
    give text := '';
BEGIN
    IF num_nulls(p_claim, p_members, p_hold) > 0 OR p_claim !~ '^[0-9a-z]{26}$' OR cardinality(p_members) NOT BETWEEN 1 AND 64
        OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login AND NOT r.rolcanlogin)
        OR (p_keeper IS NOT NULL AND (p_keeper = ANY ({{keepers}})) IS NOT TRUE)
    THEN RAISE EXCEPTION USING ERRCODE = 'JT010', MESSAGE = 'jit: refused'; END IF;
    IF NOT p_hold THEN
        FOREACH member IN ARRAY p_members LOOP
            EXECUTE format('REVOKE %I FROM %I', member, login);
        END LOOP;
        EXECUTE format('REVOKE %I FROM %I', keeper, {{broker}});
        RETURN keeper;
    END IF;
{{may_give}}    IF p_keeper IS NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = keeper) THEN
        EXECUTE format(
            'CREATE ROLE %I NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', keeper);
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_roles r WHERE r.rolname = keeper AND NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole
            OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
            AND NOT EXISTS (SELECT FROM pg_auth_members a WHERE a.member = r.oid))
    THEN RAISE EXCEPTION USING ERRCODE = 'JT009', MESSAGE = 'jit: refused'; END IF;
    IF current_setting('server_version_num')::int >= 160000 THEN
        lend := ' WITH INHERIT TRUE, SET TRUE';
        give := ' WITH INHERIT TRUE, SET FALSE, ADMIN FALSE';
    END IF;
    EXECUTE format('GRANT %I TO %I%s', keeper, {{broker}}, lend);
    FOREACH member IN ARRAY p_members LOOP
        EXECUTE format('GRANT %I TO %I%s', member, login, give);
    END LOOP;
    RETURN keeper;
END
