
-- Closes a login of this house, takes its roles away, and lends what is left of it to the broker, which then ends its
-- sessions and drops what it owns. It is lent only when it has no role of others any more.
DECLARE
    login text := {{prefix}} || p_claim;
    options text := '';
    membership record;
    others text[] := '{}';
    stuck int := 0;
    lent boolean;
BEGIN
    IF num_nulls(p_claim, p_role) > 0 OR p_claim !~ '^[0-9a-z]{26}$'
        OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login AND r.oid::int8 = p_role)
    THEN RAISE EXCEPTION USING ERRCODE = 'JT010', MESSAGE = 'jit: refused'; END IF;
    EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL CONNECTION LIMIT 0 VALID UNTIL ''-infinity''', login);
    FOR membership IN
        SELECT g.rolname::text AS given, u.rolname::text AS receiver,
            CASE WHEN f.rolname <> current_user AND current_setting('server_version_num')::int >= 160000
                THEN format(' GRANTED BY %I', f.rolname) ELSE '' END AS granted_by
        FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles u ON u.oid = a.member
            LEFT JOIN pg_roles f ON f.oid = a.grantor
        WHERE a.member::int8 = p_role OR (a.roleid::int8 = p_role AND u.rolname NOT IN (current_user, {{broker}}))
    LOOP
        IF membership.given = login THEN
            others := others || membership.receiver;
        END IF;
        BEGIN
            EXECUTE format('REVOKE %I FROM %I%s CASCADE', membership.given, membership.receiver, membership.granted_by);
        EXCEPTION WHEN OTHERS THEN
            stuck := stuck + 1;
        END;
    END LOOP;
    lent := NOT EXISTS (SELECT FROM pg_auth_members a WHERE a.member::int8 = p_role);
    IF lent THEN
        IF current_setting('server_version_num')::int >= 160000 THEN
            options := ' WITH INHERIT TRUE, SET TRUE';
        END IF;
        EXECUTE format('GRANT %I TO %I%s', login, {{broker}}, options);
    END IF;
    RETURN jsonb_build_object('members', others, 'stuck', stuck, 'lent', lent);
END
