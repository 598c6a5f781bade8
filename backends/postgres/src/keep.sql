DECLARE
    it record;
BEGIN
    -- What others were granted on the tables.
    FOR it IN
        SELECT DISTINCT c.oid::regclass AS table, coalesce(quote_ident(r.rolname), 'PUBLIC') AS who
        FROM pg_class c
            CROSS JOIN LATERAL (
                SELECT a.grantee FROM aclexplode(c.relacl) a
                UNION
                SELECT a.grantee FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a
                WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL
            ) g
            LEFT JOIN pg_roles r ON r.oid = g.grantee
        WHERE c.relowner = {{oid}}::oid AND c.relkind IN ('r', 'p', 'S') AND g.grantee <> c.relowner
            AND (g.grantee = 0 OR r.oid IS NOT NULL)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', it.table, it.who);
    END LOOP;
    -- What runs when others use the tables.
    FOR it IN
        SELECT format('DROP TRIGGER %I ON %s CASCADE', t.tgname, c.oid::regclass) AS statement
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relowner = {{oid}}::oid AND c.relkind IN ('r', 'p') AND NOT t.tgisinternal AND t.tgparentid = 0
        UNION ALL
        SELECT format('DROP RULE %I ON %s CASCADE', w.rulename, c.oid::regclass)
        FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class
        WHERE c.relowner = {{oid}}::oid AND c.relkind IN ('r', 'p')
        UNION ALL
        SELECT format('DROP POLICY %I ON %s', p.polname, c.oid::regclass)
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        WHERE c.relowner = {{oid}}::oid AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE it.statement;
    END LOOP;
    -- What is no table. A sequence that belongs to a column goes with its table.
    FOR it IN
        SELECT i.type, i.identity, d.classid, d.objid
        FROM pg_shdepend d
            CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
            LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
        WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = {{oid}}::oid AND d.deptype = 'o'
            AND d.dbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
            AND d.classid NOT IN ('pg_type'::regclass, 'pg_namespace'::regclass)
            AND (c.oid IS NULL OR c.relkind NOT IN ('r', 'p', 'i', 'I', 't', 'c'))
            AND NOT (c.relkind IS NOT DISTINCT FROM 'S' AND EXISTS (
                SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
                    AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')))
    LOOP
        IF it.classid = 'pg_largeobject'::regclass THEN
            PERFORM lo_unlink(it.objid);
        ELSE
            EXECUTE format('DROP %s IF EXISTS %s CASCADE', it.type, it.identity);
        END IF;
    END LOOP;
    IF EXISTS (
        SELECT FROM pg_shdepend d LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
        WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = {{oid}}::oid AND d.deptype = 'o'
            AND d.dbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
            AND d.classid NOT IN ('pg_type'::regclass, 'pg_namespace'::regclass)
            AND (c.oid IS NULL OR c.relkind NOT IN ('r', 'p', 'i', 'I', 't', 'c', 'S')))
    THEN RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'jit: more than tables is left'; END IF;
    EXECUTE {{reassign}};
EXCEPTION WHEN OTHERS OR query_canceled THEN
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = 'jit: refused';
END
