    -- Only the roles that the setup named, and only while nothing about them is more than a member role may be.
    FOREACH member IN ARRAY p_members LOOP
        IF (member = ANY ({{gives}})) IS NOT TRUE
        THEN RAISE EXCEPTION USING ERRCODE = 'JT009', MESSAGE = 'jit: refused'; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = member)
        THEN RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'jit: refused'; END IF;
    END LOOP;
    IF EXISTS (
        WITH RECURSIVE m AS (
            SELECT r.oid FROM pg_roles r WHERE r.rolname = ANY (p_members)
            UNION
            SELECT a.roleid FROM m JOIN pg_auth_members a ON a.member = m.oid
        )
        SELECT FROM m JOIN pg_roles r ON r.oid = m.oid
        WHERE r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls OR r.rolcanlogin
            OR r.rolname IN (current_user, {{broker}}, 'pg_execute_server_program', 'pg_read_server_files',
                'pg_write_server_files', 'pg_signal_backend', 'pg_database_owner', 'pg_create_subscription',
                'pg_checkpoint', 'pg_signal_autovacuum_worker', 'pg_maintain', 'pg_use_reserved_connections'))
    THEN RAISE EXCEPTION USING ERRCODE = 'JT009', MESSAGE = 'jit: refused'; END IF;
