
-- Takes from a prepared role what it has beyond what is written, in this database and on the server as a whole: each by its
-- own REVOKE, in the name of who granted it. DROP OWNED would do it in one word, and would drop the row policies that
-- name the role with it: rows that they hid would be there to read.
DECLARE
    me text := current_user;
    prepared oid;
    had record;
BEGIN
    SELECT r.oid INTO STRICT prepared FROM pg_roles r WHERE r.rolname = {{role}};
    IF EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = prepared AND d.deptype = 'o')
    THEN RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'jit: the role owns objects'; END IF;
    -- Twice: what one who may not do so revokes is a warning only, so the second time nothing may be found.
    FOR pass IN 1..2 LOOP
        FOR had IN
            WITH wanted (kind, place, name, part, privilege) AS (VALUES {{wanted}}),
            acl AS (
                SELECT 'table' AS kind, n.nspname::text AS place, c.relname::text AS name, '' AS part,
                        '' AS head, format('TABLE %I.%I', n.nspname, c.relname) AS what, c.relowner AS owner, c.relacl AS acl
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                UNION ALL
                SELECT 'column', n.nspname::text, c.relname::text, t.attname::text,
                        '', format('TABLE %I.%I', n.nspname, c.relname), c.relowner, t.attacl
                    FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE t.attacl IS NOT NULL AND NOT t.attisdropped
                UNION ALL
                SELECT 'schema', n.nspname::text, '', '', '', format('SCHEMA %I', n.nspname), n.nspowner, n.nspacl
                    FROM pg_namespace n
                UNION ALL
                SELECT 'database', d.datname::text, '', '', '', format('DATABASE %I', d.datname), d.datdba, d.datacl
                    FROM pg_database d
                UNION ALL
                SELECT 'other', '', '', '', '', format('ROUTINE %s', p.oid::regprocedure), p.proowner, p.proacl FROM pg_proc p
                UNION ALL
                SELECT 'other', '', '', '', '', format('TYPE %I.%I', n.nspname, y.typname), y.typowner, y.typacl
                    FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace WHERE y.typacl IS NOT NULL
                UNION ALL
                SELECT 'other', '', '', '', '', format('LANGUAGE %I', l.lanname), l.lanowner, l.lanacl FROM pg_language l
                UNION ALL
                SELECT 'other', '', '', '', '', format('FOREIGN DATA WRAPPER %I', f.fdwname), f.fdwowner, f.fdwacl
                    FROM pg_foreign_data_wrapper f
                UNION ALL
                SELECT 'other', '', '', '', '', format('FOREIGN SERVER %I', s.srvname), s.srvowner, s.srvacl FROM pg_foreign_server s
                UNION ALL
                SELECT 'other', '', '', '', '', format('LARGE OBJECT %s', l.oid), l.lomowner, l.lomacl FROM pg_largeobject_metadata l
                UNION ALL
                SELECT 'other', '', '', '', '', format('TABLESPACE %I', s.spcname), s.spcowner, s.spcacl FROM pg_tablespace s
                UNION ALL
                -- Whoever is a superuser grants them in the name of the first one.
                SELECT 'other', '', '', '', '', format('PARAMETER %s', p.parname), 10::oid, p.paracl FROM pg_parameter_acl p
                UNION ALL
                SELECT 'other', '', '', '',
                        format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s', o.rolname, 'IN SCHEMA ' || quote_ident(n.nspname) || ' '),
                        CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                            WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END, d.defaclrole, d.defaclacl
                    FROM pg_default_acl d JOIN pg_roles o ON o.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
            )
            SELECT CASE WHEN a.grantor <> acl.owner THEN g.rolname END AS grantor,
                format('%sREVOKE %s%s%s ON %s FROM %I CASCADE', acl.head,
                    CASE WHEN w.kind IS NOT NULL THEN 'GRANT OPTION FOR ' END, a.privilege_type,
                    CASE WHEN acl.part <> '' THEN format(' (%I)', acl.part) END, acl.what, {{role}}) AS statement
            FROM acl CROSS JOIN LATERAL aclexplode(acl.acl) a LEFT JOIN pg_roles g ON g.oid = a.grantor
                LEFT JOIN wanted w ON (w.kind, w.place, w.name, w.part, w.privilege)
                    = (acl.kind, acl.place, acl.name, acl.part, a.privilege_type)
            WHERE a.grantee = prepared AND (w.kind IS NULL OR a.is_grantable)
            UNION ALL
            -- What it is a member of, and who, besides the broker and the logins of this house, is a member of it. Who made it
            -- has it since 16 without either option; the columns are not there on 15.
            SELECT NULL, format('REVOKE %I FROM %I%s CASCADE', o.rolname, u.rolname,
                    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN format(' GRANTED BY %I', g.rolname) END)
            FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
                LEFT JOIN pg_roles g ON g.oid = m.grantor
            WHERE m.member = prepared OR (m.roleid = prepared AND u.rolname NOT IN ({{broker}}, {{owner}})
                AND NOT (starts_with(u.rolname::text, {{logins}}) AND u.rolname ~ '^jit_[0-9a-z]{26}_[0-9a-z]{26}$')
                AND (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
                    OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)))
        LOOP
            IF pass = 2
            THEN RAISE EXCEPTION USING ERRCODE = 'JT014', MESSAGE = 'jit: a privilege could not be taken away'; END IF;
            IF had.grantor IS NOT NULL THEN
                EXECUTE format('SET LOCAL ROLE %I', had.grantor);
            END IF;
            EXECUTE had.statement;
            IF had.grantor IS NOT NULL THEN
                EXECUTE format('SET LOCAL ROLE %I', me);
            END IF;
        END LOOP;
    END LOOP;
END
