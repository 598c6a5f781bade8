-- One row for each rule that a member role, or a role that it is a member of in turn, breaks in this database.
-- $1: the names of the member roles. A null ACL is the object's default: nothing for others on tables and schemas,
-- EXECUTE for PUBLIC on functions.
WITH RECURSIVE m AS (
    SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
    UNION
    SELECT r.oid, r.rolname FROM m JOIN pg_auth_members a ON a.member = m.oid JOIN pg_roles r ON r.oid = a.roleid
),
-- Who counts: the roles, and PUBLIC (0), whose privileges every login has.
w AS (SELECT oid, rolname FROM m UNION ALL SELECT 0, 'PUBLIC'),
acl AS (
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'table' AS kind
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'column'
        FROM pg_attribute c CROSS JOIN LATERAL aclexplode(c.attacl) a WHERE c.attacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'schema'
        FROM pg_namespace c CROSS JOIN LATERAL aclexplode(c.nspacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'function'
        FROM pg_proc c CROSS JOIN LATERAL aclexplode(c.proacl) a WHERE c.proacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'type'
        FROM pg_type c CROSS JOIN LATERAL aclexplode(c.typacl) a WHERE c.typacl IS NOT NULL
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'language'
        FROM pg_language c CROSS JOIN LATERAL aclexplode(c.lanacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'database'
        FROM pg_database c CROSS JOIN LATERAL aclexplode(c.datacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'tablespace'
        FROM pg_tablespace c CROSS JOIN LATERAL aclexplode(c.spcacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'fdw'
        FROM pg_foreign_data_wrapper c CROSS JOIN LATERAL aclexplode(c.fdwacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'server'
        FROM pg_foreign_server c CROSS JOIN LATERAL aclexplode(c.srvacl) a
    UNION ALL
    SELECT a.grantee, a.privilege_type, a.is_grantable, 'parameter'
        FROM pg_parameter_acl c CROSS JOIN LATERAL aclexplode(c.paracl) a
)
SELECT 'missing', n FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = n)
UNION
SELECT 'login', r.rolname::text FROM m JOIN pg_roles r ON r.oid = m.oid WHERE r.rolcanlogin
UNION
SELECT 'attribute', r.rolname::text FROM m JOIN pg_roles r ON r.oid = m.oid
    WHERE r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
UNION
SELECT 'connect', min(r.rolname)::text FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
    HAVING NOT bool_or(has_database_privilege(r.oid, current_database(), 'CONNECT'))
UNION
SELECT 'admin', m.rolname::text FROM m JOIN pg_auth_members a ON a.member = m.oid WHERE a.admin_option
UNION
SELECT 'powerful', m.rolname::text FROM m WHERE m.rolname IN (
    'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_signal_backend',
    'pg_database_owner', 'pg_create_subscription', 'pg_checkpoint', 'pg_signal_autovacuum_worker')
UNION
SELECT 'powerful', w.rolname::text FROM w JOIN acl ON acl.grantee = w.oid WHERE acl.kind = 'parameter' AND acl.privilege_type = 'ALTER SYSTEM'
UNION
SELECT 'owns', m.rolname::text FROM m
    WHERE EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = m.oid AND d.deptype = 'o')
UNION
SELECT 'grant-option', w.rolname::text FROM w JOIN acl ON acl.grantee = w.oid WHERE acl.is_grantable
UNION
SELECT 'create', w.rolname::text FROM w JOIN acl ON acl.grantee = w.oid WHERE acl.privilege_type = 'CREATE'
UNION
SELECT 'trigger', w.rolname::text FROM w JOIN acl ON acl.grantee = w.oid WHERE acl.privilege_type = 'TRIGGER'
UNION
SELECT 'reach', w.rolname::text FROM w JOIN acl ON acl.grantee = w.oid
    WHERE acl.kind IN ('fdw', 'server') AND acl.privilege_type = 'USAGE'
UNION
SELECT 'reach', m.rolname::text FROM m
    WHERE EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'cron' AND has_schema_privilege(m.oid, n.oid, 'USAGE'))
UNION
SELECT 'reach', m.rolname::text FROM m
    WHERE EXISTS (
        SELECT FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
            JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
            JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE e.extname = 'dblink' AND p.proname IN ('dblink', 'dblink_connect', 'dblink_connect_u', 'dblink_exec')
            AND has_schema_privilege(m.oid, n.oid, 'USAGE') AND has_function_privilege(m.oid, p.oid, 'EXECUTE'))
UNION
SELECT 'reach', m.rolname::text FROM m
    WHERE EXISTS (
        SELECT FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
            AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'lo_export', 'lo_import')
            AND has_function_privilege(m.oid, p.oid, 'EXECUTE'))
ORDER BY 1, 2
