
-- Drops a login of this house that was closed before.
DECLARE
    login text := {{prefix}} || p_claim;
BEGIN
    IF num_nulls(p_claim, p_role) > 0 OR p_claim !~ '^[0-9a-z]{26}$'
        OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login AND r.oid::int8 = p_role)
    THEN RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'jit: refused'; END IF;
    IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login AND r.rolcanlogin)
    THEN RAISE EXCEPTION USING ERRCODE = 'JT010', MESSAGE = 'jit: refused'; END IF;
    EXECUTE format('DROP ROLE %I', login);
END
