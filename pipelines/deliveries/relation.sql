-- One row, whether or not there is such a relation: what it is, what the account may do, and the statement to read it.
-- $1 schema, $2 name, $3 most rows. Read on the publisher's server, where the search path is empty.
WITH RECURSIVE
-- By its exact name: nothing is folded to lower case, and no search path has a say.
relation AS (
    SELECT c.oid, c.relkind, c.relowner, n.oid AS schema_oid, n.nspname, c.relname
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text AND c.relname = $2::text
),
-- Every role that the account can take, its own included: SET ROLE is one statement away.
roles AS (
    SELECT oid, rolsuper FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')
),
rights AS (
    SELECT
        bool_or(r.rolsuper) AS is_superuser,
        bool_or(
            r.oid = t.relowner
            OR has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE')
        ) AS writes
    FROM roles AS r
    LEFT JOIN relation AS t ON true
),
attributes AS (
    SELECT a.attname, a.atttypid, row_number() OVER (ORDER BY a.attnum) AS place
    FROM pg_attribute AS a
    JOIN relation AS t ON t.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
),
-- A domain or an array is also what it is made of.
made_of AS (
    SELECT attname, place, atttypid AS type_oid FROM attributes
    UNION
    SELECT m.attname, m.place, inner_type.oid
    FROM made_of AS m
    JOIN pg_type AS t ON t.oid = m.type_oid
    JOIN pg_type AS inner_type ON inner_type.oid IN (t.typbasetype, t.typelem)
),
-- The server turns each value into text, and sorts by bytes: equal content comes in one order from any storage.
selected AS (
    SELECT
        string_agg(format('%I::text COLLATE "C" AS %I', attname, attname), ', ' ORDER BY place) AS columns,
        string_agg(place::text, ', ' ORDER BY place) AS places
    FROM attributes
)
SELECT
    rights.is_superuser,
    relation.oid IS NOT NULL AS is_there,
    relation.relkind IN ('r', 'p', 'v', 'm', 'f') AS is_readable,
    rights.writes,
    has_schema_privilege(relation.schema_oid, 'USAGE')
        AND has_any_column_privilege(relation.oid, 'SELECT') AS may_read,
    (
        SELECT string_agg(DISTINCT attname::text, ', ')
        FROM made_of
        WHERE type_oid = 'bytea'::regtype
    ) AS binary_columns,
    CASE WHEN selected.columns IS NOT NULL THEN format(
        'SELECT %s FROM %I.%I ORDER BY %s LIMIT %s',
        selected.columns, relation.nspname, relation.relname, selected.places, $3::bigint
    ) END AS statement
FROM rights
CROSS JOIN selected
LEFT JOIN relation ON true
