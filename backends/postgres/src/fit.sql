-- What a claim looks at in one database, in one go, from one snapshot. Four columns: kind, name, value, statements.
-- 'rule': a rule (name) that a member role, or a role that it is a member of in turn, breaks (value), with statements that
-- mend it, sixteen at most; an object whose name could be taken for anything else stands in them as an ellipsis.
-- 'shared' and 'local': an aspect (name) of the member roles as a digest (value), on the whole server or in this database.
-- 'cron': there is a list of jobs, and it can be read.
-- $1: the names of the member roles. $2: who gives them to logins. A null ACL is the
-- object's default: nothing for others on tables and schemas,
-- EXECUTE for PUBLIC on functions.
WITH RECURSIVE direct AS MATERIALIZED (
    SELECT r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
        r.rolbypassrls
    FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
),
m AS (
    SELECT d.oid, d.rolname, d.rolcanlogin,
        d.rolsuper OR d.rolcreaterole OR d.rolcreatedb OR d.rolreplication OR d.rolbypassrls AS attribute
    FROM direct d
    UNION
    SELECT r.oid, r.rolname, r.rolcanlogin,
        r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
    FROM m CROSS JOIN LATERAL (SELECT a.roleid FROM pg_auth_members a WHERE a.member = m.oid OFFSET 0) a
        JOIN pg_roles r ON r.oid = a.roleid
),
-- Who counts: the roles, and PUBLIC (0), whose privileges every login has.
w AS (SELECT oid, rolname FROM m UNION ALL SELECT 0, 'PUBLIC'),
-- The long list of functions is gone through once.
routine AS MATERIALIZED (
    SELECT p.oid, p.proowner, p.prosecdef, p.proacl, CASE WHEN p.prosecdef THEN md5(p.prosrc) END AS body
    FROM pg_proc p WHERE p.proacl IS NOT NULL OR p.prosecdef
),
-- Whatever has an ACL, and how a statement names it.
object AS (
    SELECT CASE WHEN c.relpersistence = 't' THEN 'temporary' ELSE 'table' END AS kind, 'TABLE' AS word,
            NULL AS name, c.oid, 0::int2 AS part, c.relacl AS acl
        FROM pg_class c WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT 'column', 'TABLE', NULL, c.attrelid, c.attnum, c.attacl FROM pg_attribute c WHERE c.attacl IS NOT NULL
    UNION ALL
    SELECT 'schema', 'SCHEMA', c.nspname::text, c.oid, 0, c.nspacl FROM pg_namespace c
    UNION ALL
    SELECT 'function', 'ROUTINE', NULL, c.oid, 0, c.proacl FROM routine c
    UNION ALL
    SELECT 'type', 'TYPE', NULL, c.oid, 0, c.typacl FROM pg_type c WHERE c.typacl IS NOT NULL
    UNION ALL
    SELECT 'large object', 'LARGE OBJECT', c.oid::text, c.oid, 0, c.lomacl FROM pg_largeobject_metadata c
    UNION ALL
    SELECT 'language', 'LANGUAGE', c.lanname::text, c.oid, 0, c.lanacl FROM pg_language c
    UNION ALL
    SELECT 'database', 'DATABASE', c.datname::text, c.oid, 0, c.datacl FROM pg_database c
    UNION ALL
    SELECT 'tablespace', 'TABLESPACE', c.spcname::text, c.oid, 0, c.spcacl FROM pg_tablespace c
    UNION ALL
    SELECT 'fdw', 'FOREIGN DATA WRAPPER', c.fdwname::text, c.oid, 0, c.fdwacl FROM pg_foreign_data_wrapper c
    UNION ALL
    SELECT 'server', 'FOREIGN SERVER', c.srvname::text, c.oid, 0, c.srvacl FROM pg_foreign_server c
    UNION ALL
    SELECT 'parameter', 'PARAMETER', c.parname, c.oid, 0, c.paracl FROM pg_parameter_acl c
),
-- What those who count are granted. Every table of the catalogs has an ACL, so this is done once.
granted AS MATERIALIZED (
    SELECT o.kind, o.word, o.name, o.oid, o.part, a.grantor, a.grantee, a.privilege_type, a.is_grantable
    FROM object o CROSS JOIN LATERAL aclexplode(o.acl) a WHERE a.grantee IN (SELECT w.oid FROM w)
),
-- What of it could break a rule.
acl AS MATERIALIZED (
    SELECT g.grantee, g.privilege_type, g.is_grantable, g.kind, g.word || ' ' || CASE
        WHEN g.word = 'TABLE' THEN (
            SELECT CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' AND c.relname ~ '^[A-Za-z0-9_.$-]+$'
                THEN format('%I.%I', n.nspname, c.relname) ELSE '…' END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = g.oid)
        WHEN g.kind = 'type' THEN (
            SELECT CASE WHEN n.nspname ~ '^[A-Za-z0-9_.$-]+$' AND c.typname ~ '^[A-Za-z0-9_.$-]+$'
                THEN format('%I.%I', n.nspname, c.typname) ELSE '…' END
            FROM pg_type c JOIN pg_namespace n ON n.oid = c.typnamespace WHERE c.oid = g.oid)
        WHEN g.kind = 'function' THEN
            CASE WHEN g.oid::regprocedure::text ~ '^[A-Za-z0-9_.$, ()\[\]-]+$' THEN g.oid::regprocedure::text ELSE '…' END
        WHEN g.kind = 'large object' THEN g.name
        WHEN g.name ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(g.name)
        ELSE '…'
        END AS what
    FROM granted g
    WHERE g.is_grantable OR g.privilege_type IN ('CREATE', 'TRIGGER') OR g.kind IN ('fdw', 'server', 'parameter')
),
-- Who is named in a statement.
named AS (
    SELECT w.oid, w.rolname,
        CASE WHEN w.oid = 0 THEN 'PUBLIC' WHEN w.rolname ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(w.rolname) ELSE '…' END AS who
    FROM w
),
broken AS (
    SELECT 'missing' AS rule, n AS role, NULL AS mend
        FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM direct d WHERE d.rolname = n)
    UNION ALL
    SELECT 'login', m.rolname::text, NULL FROM m WHERE m.rolcanlogin
    UNION ALL
    SELECT 'attribute', m.rolname::text, NULL FROM m WHERE m.attribute
    UNION ALL
    SELECT 'connect', c.role, format('GRANT CONNECT ON DATABASE %s TO %s',
            CASE WHEN current_database() ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(current_database()) ELSE '…' END,
            CASE WHEN c.role ~ '^[A-Za-z0-9_.$-]+$' THEN quote_ident(c.role) ELSE '…' END)
        FROM (SELECT min(r.rolname)::text AS role FROM direct r
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
),
-- What the roles look like: rows of text (x) for each aspect. That logins are members of them is no part of it: neither what
-- this house's own giver gave, nor the logins of other houses, whose names are looked at without a regular expression of
-- many states, which would cost as much as all the rest.
seen (place, aspect, x) AS (
    SELECT 'shared', 'attributes', concat_ws(',', d.rolname, d.rolsuper, d.rolinherit, d.rolcreaterole, d.rolcreatedb,
            d.rolcanlogin, d.rolreplication, d.rolbypassrls)
        FROM direct d
    UNION ALL
    SELECT 'shared', 'settings', concat_ws(',', s.setdatabase, s.setrole, s.setconfig)
        FROM pg_db_role_setting s JOIN direct d ON d.oid = s.setrole
    UNION ALL
    SELECT 'shared', 'memberships', concat_ws(',', a.roleid, a.member, a.admin_option)
        FROM (
            SELECT x.roleid, x.member, x.admin_option FROM pg_auth_members x
            WHERE (x.roleid IN (SELECT d.oid FROM direct d) OR x.member IN (SELECT d.oid FROM direct d))
                AND (x.admin_option OR x.grantor <> ALL (ARRAY(SELECT g.oid FROM pg_roles g WHERE g.rolname = ANY ($2::text[]))))
            OFFSET 0
        ) a JOIN pg_roles u ON u.oid = a.member
        WHERE NOT (length(u.rolname::text) = 57 AND starts_with(u.rolname::text, 'jit_')
                AND substr(u.rolname::text, 31, 1) = '_' AND length(replace(u.rolname::text, '_', '')) = 55
                AND u.rolname::text !~ '[^0-9a-z_]')
    UNION ALL
    SELECT 'shared', CASE WHEN s.deptype = 'o' THEN 'owned objects' ELSE 'objects that name them' END,
            concat_ws(',', s.dbid, s.classid, s.objid, s.objsubid, s.deptype)
        FROM pg_shdepend s JOIN direct d ON d.oid = s.refobjid
        WHERE s.refclassid = 'pg_authid'::regclass AND s.classid <> 'pg_auth_members'::regclass
    UNION ALL
    SELECT 'shared', 'replication slots', s.slot_name::text FROM pg_replication_slots s WHERE NOT s.temporary
    UNION ALL
    SELECT 'shared', 'prepared transactions', p.gid FROM pg_prepared_xacts p JOIN direct d ON d.rolname = p.owner
    UNION ALL
    SELECT 'local', 'privileges', concat_ws(',', g.kind, g.oid, g.part, g.grantor, g.grantee, g.privilege_type, g.is_grantable)
        FROM granted g WHERE g.kind IN ('table', 'column', 'schema', 'function', 'type', 'server', 'large object')
    UNION ALL
    SELECT 'local', 'default privileges', concat_ws(',', d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl::text)
        FROM pg_default_acl d
    UNION ALL
    SELECT 'local', 'triggers', concat_ws(',', t.oid, t.tgrelid, t.tgfoid, t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relpersistence <> 't'
    UNION ALL
    SELECT 'local', 'functions that run as their owner', concat_ws(',', p.oid, p.proowner, p.body)
        FROM routine p WHERE p.prosecdef
    UNION ALL
    SELECT 'local', 'row policies', concat_ws(',', p.oid, p.polrelid, p.polcmd, p.polpermissive, p.polroles)
        FROM pg_policy p
),
-- What there is nothing of is an aspect all the same.
aspect (place, name) AS (
    VALUES ('shared', 'attributes'), ('shared', 'settings'), ('shared', 'memberships'), ('shared', 'owned objects'),
        ('shared', 'objects that name them'), ('shared', 'replication slots'), ('shared', 'prepared transactions'),
        ('local', 'privileges'), ('local', 'default privileges'), ('local', 'triggers'),
        ('local', 'functions that run as their owner'), ('local', 'row policies')
)
SELECT 'rule' AS kind, b.rule AS name, b.role AS value, (array_agg(DISTINCT b.mend) FILTER (WHERE b.mend IS NOT NULL))[1:16] AS statements
    FROM broken b GROUP BY b.rule, b.role
UNION ALL
SELECT a.place, a.name, left(encode(sha256(convert_to(
        coalesce(string_agg(s.x, chr(10) ORDER BY s.x COLLATE "C"), ''), getdatabaseencoding())), 'hex'), 16), NULL
    FROM aspect a LEFT JOIN seen s ON (s.place, s.aspect) = (a.place, a.name) GROUP BY a.place, a.name
UNION ALL
SELECT 'cron', '', '', NULL
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
