-- One row for each rule that a member role, or a role that it is a member of in turn, breaks in this database.
-- $1: the names of the member roles. A null ACL is the object's default: nothing for others on tables and schemas,
-- EXECUTE for PUBLIC on functions. With each row come statements that mend it, sixteen at most; an object whose name could be
-- taken for anything else stands in them as an ellipsis.
WITH RECURSIVE m AS (
    SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
    UNION
    SELECT r.oid, r.rolname FROM m JOIN pg_auth_members a ON a.member = m.oid JOIN pg_roles r ON r.oid = a.roleid
),
-- Who counts: the roles, and PUBLIC (0), whose privileges every login has.
w AS (SELECT oid, rolname FROM m UNION ALL SELECT 0, 'PUBLIC'),
acl AS (
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'table' AS kind,
        'TABLE ' || CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' AND c.relname ~ '^[A-Za-z0-9_.$-]+$' THEN format('%I.%I', n.nspname, c.relname) ELSE '…' END AS what
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'column',
        'TABLE ' || CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' AND t.relname ~ '^[A-Za-z0-9_.$-]+$' THEN format('%I.%I', n.nspname, t.relname) ELSE '…' END
        FROM pg_attribute c JOIN pg_class t ON t.oid = c.attrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            CROSS JOIN LATERAL aclexplode(c.attacl) a WHERE c.attacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'schema',
        'SCHEMA ' || CASE WHEN c.nspname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.nspname) ELSE '…' END
        FROM pg_namespace c CROSS JOIN LATERAL aclexplode(c.nspacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'function',
        'ROUTINE ' || CASE WHEN c.oid::regprocedure::text ~ '^[A-Za-z0-9_.$, ()\[\]-]+$' THEN c.oid::regprocedure::text ELSE '…' END
        FROM pg_proc c CROSS JOIN LATERAL aclexplode(c.proacl) a
        WHERE c.proacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'type',
        'TYPE ' || CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' AND c.typname ~ '^[A-Za-z0-9_.$-]+$' THEN format('%I.%I', n.nspname, c.typname) ELSE '…' END
        FROM pg_type c JOIN pg_namespace n ON n.oid = c.typnamespace CROSS JOIN LATERAL aclexplode(c.typacl) a
        WHERE c.typacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'language',
        'LANGUAGE ' || CASE WHEN c.lanname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.lanname) ELSE '…' END
        FROM pg_language c CROSS JOIN LATERAL aclexplode(c.lanacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'database',
        'DATABASE ' || CASE WHEN c.datname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.datname) ELSE '…' END
        FROM pg_database c CROSS JOIN LATERAL aclexplode(c.datacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'tablespace',
        'TABLESPACE ' || CASE WHEN c.spcname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.spcname) ELSE '…' END
        FROM pg_tablespace c CROSS JOIN LATERAL aclexplode(c.spcacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'fdw',
        'FOREIGN DATA WRAPPER ' || CASE WHEN c.fdwname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.fdwname) ELSE '…' END
        FROM pg_foreign_data_wrapper c CROSS JOIN LATERAL aclexplode(c.fdwacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'server',
        'FOREIGN SERVER ' || CASE WHEN c.srvname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.srvname) ELSE '…' END
        FROM pg_foreign_server c CROSS JOIN LATERAL aclexplode(c.srvacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'parameter',
        'PARAMETER ' || CASE WHEN c.parname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.parname) ELSE '…' END
        FROM pg_parameter_acl c CROSS JOIN LATERAL aclexplode(c.paracl) a
),
-- Who is named in a statement.
named AS (
    SELECT w.oid, w.rolname,
        CASE WHEN w.oid = 0 THEN 'PUBLIC' WHEN w.rolname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(w.rolname) ELSE '…' END AS who
    FROM w
),
broken AS (
    SELECT 'missing' AS rule, n AS role, NULL AS mend
        FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = n)
    UNION ALL
    SELECT 'login', r.rolname::text, NULL FROM m JOIN pg_roles r ON r.oid = m.oid WHERE r.rolcanlogin
    UNION ALL
    SELECT 'attribute', r.rolname::text, NULL FROM m JOIN pg_roles r ON r.oid = m.oid
        WHERE r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
    UNION ALL
    SELECT 'connect', c.role, format('GRANT CONNECT ON DATABASE %s TO %s',
            CASE WHEN current_database() ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(current_database()) ELSE '…' END,
            CASE WHEN c.role ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.role) ELSE '…' END)
        FROM (SELECT min(r.rolname)::text AS role FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
            HAVING NOT bool_or(has_database_privilege(r.oid, current_database(), 'CONNECT'))) c
    UNION ALL
    SELECT 'admin', n.rolname::text, format('REVOKE ADMIN OPTION FOR %s FROM %s',
            CASE WHEN g.rolname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(g.rolname) ELSE '…' END, n.who)
        FROM named n JOIN pg_auth_members a ON a.member = n.oid JOIN pg_roles g ON g.oid = a.roleid WHERE a.admin_option
    UNION ALL
    -- Who is a member of it, since it breaks the rule by itself.
    SELECT 'powerful', m.rolname::text, (
            SELECT string_agg(format('REVOKE %s FROM %s', m.rolname, n.who), '; ')
            FROM pg_auth_members a JOIN named n ON n.oid = a.member WHERE a.roleid = m.oid)
        FROM m WHERE m.rolname IN (
        'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_signal_backend',
        'pg_database_owner', 'pg_create_subscription', 'pg_checkpoint', 'pg_signal_autovacuum_worker', 'pg_maintain',
        'pg_use_reserved_connections')
    UNION ALL
    SELECT 'powerful', n.rolname::text, format('REVOKE ALTER SYSTEM ON %s FROM %s', acl.what, n.who)
        FROM named n JOIN acl ON acl.grantee = n.oid WHERE acl.kind = 'parameter' AND acl.privilege_type = 'ALTER SYSTEM'
    UNION ALL
    SELECT 'owns', m.rolname::text, NULL FROM m
        WHERE EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = m.oid AND d.deptype = 'o')
    UNION ALL
    SELECT 'grant-option', n.rolname::text,
            format('REVOKE GRANT OPTION FOR %s ON %s FROM %s', acl.privilege_type, acl.what, n.who)
        FROM named n JOIN acl ON acl.grantee = n.oid WHERE acl.is_grantable
    UNION ALL
    SELECT 'create', n.rolname::text, format('REVOKE CREATE ON %s FROM %s', acl.what, n.who)
        FROM named n JOIN acl ON acl.grantee = n.oid WHERE acl.privilege_type = 'CREATE'
    UNION ALL
    SELECT 'trigger', n.rolname::text, format('REVOKE TRIGGER ON %s FROM %s', acl.what, n.who)
        FROM named n JOIN acl ON acl.grantee = n.oid WHERE acl.privilege_type = 'TRIGGER'
    UNION ALL
    SELECT 'reach', n.rolname::text, format('REVOKE USAGE ON %s FROM %s', acl.what, n.who)
        FROM named n JOIN acl ON acl.grantee = n.oid
        WHERE acl.kind IN ('fdw', 'server') AND acl.privilege_type = 'USAGE'
    UNION ALL
    SELECT 'reach', m.rolname::text, 'REVOKE USAGE ON SCHEMA cron FROM PUBLIC, ' || m.who FROM named m
        WHERE m.oid <> 0 AND EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'cron' AND has_schema_privilege(m.oid, n.oid, 'USAGE'))
    UNION ALL
    SELECT 'reach', m.rolname::text, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s',
            CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' THEN p.oid::regprocedure::text ELSE '…' END, m.who)
        FROM named m JOIN pg_proc p ON true
            JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
            JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
            JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE m.oid <> 0 AND e.extname = 'dblink'
            AND p.proname IN ('dblink', 'dblink_connect', 'dblink_connect_u', 'dblink_exec')
            AND has_schema_privilege(m.oid, n.oid, 'USAGE') AND has_function_privilege(m.oid, p.oid, 'EXECUTE')
    UNION ALL
    SELECT 'reach', m.rolname::text, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s', p.oid::regprocedure, m.who)
        FROM named m JOIN pg_proc p ON true
        WHERE m.oid <> 0 AND p.pronamespace = 'pg_catalog'::regnamespace
            AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'lo_export', 'lo_import')
            AND has_function_privilege(m.oid, p.oid, 'EXECUTE')
)
SELECT rule, role, (array_agg(DISTINCT mend) FILTER (WHERE mend IS NOT NULL))[1:16]
FROM broken GROUP BY rule, role ORDER BY rule, role
