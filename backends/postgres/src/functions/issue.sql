
-- Makes a login, or moves its end. What is NULL is refused first: a comparison with it would let everything through.
DECLARE
    login text := {{prefix}} || p_claim;
    member text;
    options text := '';
    inherit text := 'INHERIT';
    known record;
BEGIN
    IF num_nulls(p_claim, p_members, p_connections, p_deadline, p_until, p_head, p_rest) > 0
        OR p_claim !~ '^[0-9a-z]{26}$' OR p_head !~ '^jit1 [0-9a-f]{64} $' OR p_rest !~ '^[0-9a-f]{64} '
        OR cardinality(p_members) NOT BETWEEN 1 AND 64 OR p_connections NOT BETWEEN 1 AND 1000
        OR NOT isfinite(p_until) OR NOT isfinite(p_deadline)
    THEN RAISE EXCEPTION USING ERRCODE = 'JT007', MESSAGE = 'jit: refused'; END IF;
    IF clock_timestamp() >= p_deadline OR clock_timestamp() >= p_until
    THEN RAISE EXCEPTION USING ERRCODE = 'JT001', MESSAGE = 'jit: refused'; END IF;
    IF p_until > clock_timestamp() + make_interval(secs => {{longest}})
    THEN RAISE EXCEPTION USING ERRCODE = 'JT008', MESSAGE = 'jit: refused'; END IF;
{{may_give}}    -- A text that is no verifier would be taken for a password, and hashed.
    IF p_verifier !~ '^SCRAM-SHA-256\$[0-9]{4,7}:[A-Za-z0-9+/]{22,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$'
    THEN RAISE EXCEPTION USING ERRCODE = 'JT007', MESSAGE = 'jit: refused'; END IF;

    SELECT r.rolcanlogin, shobj_description(r.oid, 'pg_authid') AS note INTO known FROM pg_roles r WHERE r.rolname = login;
    IF FOUND THEN
        IF NOT coalesce(starts_with(known.note, p_head), false)
        THEN RAISE EXCEPTION USING ERRCODE = 'JT002', MESSAGE = 'jit: refused'; END IF;
        IF NOT known.rolcanlogin
        THEN RAISE EXCEPTION USING ERRCODE = 'JT003', MESSAGE = 'jit: refused'; END IF;
        EXECUTE format('ALTER ROLE %I VALID UNTIL %L', login, p_until);
    ELSE
        IF p_verifier IS NULL
        THEN RAISE EXCEPTION USING ERRCODE = 'JT005', MESSAGE = 'jit: refused'; END IF;
        IF EXISTS (
            SELECT FROM (
                SELECT d.objoid FROM pg_shdescription d WHERE d.classoid = 'pg_authid'::regclass
                    AND split_part(d.description, ' ', 3) = split_part(p_rest, ' ', 1) OFFSET 0
            ) d JOIN pg_roles r ON r.oid = d.objoid WHERE r.rolname ~ '^jit_[0-9a-z]{26}_[0-9a-z]{26}$')
        THEN RAISE EXCEPTION USING ERRCODE = 'JT006', MESSAGE = 'jit: refused'; END IF;
        IF current_setting('server_version_num')::int >= 160000 THEN
            inherit := 'NOINHERIT';
            options := ' WITH INHERIT TRUE, SET FALSE, ADMIN FALSE';
        END IF;
        EXECUTE format(
            'CREATE ROLE %I LOGIN %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL '
            'CONNECTION LIMIT %s VALID UNTIL %L', login, inherit, p_connections, p_until);
        FOREACH member IN ARRAY p_members LOOP
            EXECUTE format('GRANT %I TO %I%s', member, login, options);
        END LOOP;
        EXECUTE format('COMMENT ON ROLE %I IS %L', login, p_head || p_rest);
    END IF;
    IF p_verifier IS NOT NULL THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', login, p_verifier);
    END IF;
    IF clock_timestamp() >= p_deadline OR clock_timestamp() >= p_until
    THEN RAISE EXCEPTION USING ERRCODE = 'JT001', MESSAGE = 'jit: refused'; END IF;
-- A statement that failed would be quoted as context of its error: what is raised is ours.
EXCEPTION WHEN OTHERS OR query_canceled THEN
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = 'jit: refused';
END
