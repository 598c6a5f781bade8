-- Everything that a prepared role has, a row each: kind, schema (or name), table, column, privilege, grantable.
-- $1: its name. $2: the databases of its entitlement. $3: the broker. $4: who owns the functions. $5: what the house's logins
-- begin with.
WITH r AS (SELECT oid FROM pg_roles WHERE rolname = $1)
SELECT 'itself', '', '', '', '', false FROM r
UNION ALL
SELECT 'schema', n.nspname::text, '', '', a.privilege_type, a.is_grantable
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a JOIN r ON r.oid = a.grantee
UNION ALL
SELECT 'table', n.nspname::text, c.relname::text, '', a.privilege_type, a.is_grantable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a
    JOIN r ON r.oid = a.grantee
UNION ALL
SELECT 'column', n.nspname::text, c.relname::text, t.attname::text, a.privilege_type, a.is_grantable
    FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL aclexplode(t.attacl) a JOIN r ON r.oid = a.grantee
    WHERE t.attacl IS NOT NULL AND NOT t.attisdropped
UNION ALL
SELECT 'database', d.datname::text, '', '', a.privilege_type, a.is_grantable
    FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a JOIN r ON r.oid = a.grantee
    WHERE a.is_grantable OR NOT (a.privilege_type = 'CONNECT' AND d.datname = ANY ($2::text[]))
UNION ALL
SELECT 'no-connect', d.datname::text, '', '', '', false
    FROM pg_database d CROSS JOIN r
    WHERE d.datname = ANY ($2::text[]) AND NOT has_database_privilege(r.oid, d.oid, 'CONNECT')
UNION ALL
SELECT 'member', g.rolname::text, '', '', '', false
    FROM pg_auth_members a JOIN r ON r.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
UNION ALL
SELECT DISTINCT 'holder', u.rolname::text, '', '', '', false
    FROM pg_auth_members a JOIN r ON r.oid = a.roleid JOIN pg_roles u ON u.oid = a.member
    WHERE u.oid::int8 <> $3 AND u.rolname <> $4
        AND NOT (starts_with(u.rolname::text, $5) AND u.rolname ~ '^jit_[0-9a-z]{26}_[0-9a-z]{26}$')
        -- Who made the role has it since 16 with neither; the columns are not there on 15.
        AND (coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true) OR coalesce((to_jsonb(a) ->> 'set_option')::boolean, true))
UNION ALL
SELECT DISTINCT 'elsewhere', b.datname::text, '', '', '', false
    FROM pg_shdepend d JOIN r ON r.oid = d.refobjid JOIN pg_database b ON b.oid = d.dbid
    -- A row policy that names it ('r') gives nothing by itself.
    WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype <> 'r' AND NOT (b.datname = ANY ($2::text[]))
UNION ALL
SELECT DISTINCT 'other', '', '', '', '', false
    FROM pg_shdepend d JOIN r ON r.oid = d.refobjid
    WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype <> 'r'
        AND d.dbid IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
        AND (d.deptype = 'o' OR d.classid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass,
            'pg_database'::regclass, 'pg_auth_members'::regclass))
