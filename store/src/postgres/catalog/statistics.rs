//! How large tables are, and their indexes, as `pg_class` and `pg_index` tell.

use super::{Extent, Session, Snag, get, rows, sql};
use model::{Index, IndexPart, Relation, Statistics, TableStatistics};
use std::collections::HashMap;

/// Object id, schema, name, rows, whether they were counted. A table that was cut into parts has their
/// rows; one that nobody counted has about as many as fit into its file.
const TABLES: &str = r#"
SELECT c.oid, NULLIF(n.nspname, current_schema())::text, c.relname::text,
       s.rows::int8, s.counted
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT COALESCE(sum(CASE WHEN p.reltuples < 0 THEN pg_relation_size(p.oid) / 64
                           ELSE p.reltuples END), 0) AS rows,
         COALESCE(bool_and(p.reltuples >= 0 OR pg_relation_size(p.oid) = 0), true) AS counted
  FROM pg_catalog.pg_class p
  WHERE p.relkind <> 'p' AND (p.oid = c.oid OR c.relkind = 'p' AND p.oid IN (
    SELECT t.relid FROM pg_partition_tree(c.oid) t))) s
WHERE c.relkind IN ('r', 'p', 'm')
  AND c.relnamespace IS NOT NULL
  AND NOT c.relispartition
  AND n.nspname NOT IN ('information_schema', 'fragaria') AND n.nspname NOT LIKE 'pg\_%'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C""#;

/// Object id of the table, name, whether it is whole, columns, directions. A part of another collation
/// or class of operators than its column's serves other conditions, and counts as an expression.
const INDEXES: &str = r#"
SELECT i.indrelid, x.relname::text,
       i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree',
       ARRAY(SELECT CASE WHEN o.opcdefault AND i.indcollation[k.n - 1] = a.attcollation
                         THEN a.attname::text END
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
             JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k.n - 1]
             LEFT JOIN pg_catalog.pg_attribute a
               ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
             WHERE k.n <= i.indnkeyatts ORDER BY k.n),
       ARRAY(SELECT (o.option & 1) = 1
             FROM unnest(i.indoption::int2[]) WITH ORDINALITY AS o(option, n)
             WHERE o.n <= i.indnkeyatts ORDER BY o.n)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm')
  AND c.relnamespace IS NOT NULL
  AND NOT c.relispartition
  AND n.nspname NOT IN ('information_schema', 'fragaria') AND n.nspname NOT LIKE 'pg\_%'
ORDER BY x.relname COLLATE "C""#;

/// Reads them in one snapshot.
pub(crate) async fn read(session: &Session, extent: Extent) -> Result<Statistics, Snag> {
    session.client.batch_execute(sql::BEGIN).await?;
    let mut tables = Vec::new();
    let mut places = HashMap::new();
    for row in rows(session, extent, TABLES).await? {
        let id: u32 = get(&row, 0)?;
        places.insert(id, tables.len());
        tables.push(TableStatistics {
            relation: Relation {
                schema: get(&row, 1)?,
                name: get(&row, 2)?,
            },
            rows: Some(u64::try_from(get::<i64>(&row, 3)?).unwrap_or(0)),
            is_analysed: get(&row, 4)?,
            indexes: Vec::new(),
            long_columns: Vec::new(),
        });
    }
    for row in rows(session, extent, INDEXES).await? {
        let (columns, directions): (Vec<Option<String>>, Vec<bool>) =
            (get(&row, 3)?, get(&row, 4)?);
        let part = |(column, descending)| IndexPart { column, descending };
        let index = Index {
            name: get(&row, 1)?,
            is_whole: get(&row, 2)?,
            parts: columns.into_iter().zip(directions).map(part).collect(),
        };
        let place = places.get(&get::<u32>(&row, 0)?);
        if let Some(table) = place.and_then(|place| tables.get_mut(*place)) {
            table.indexes.push(index);
        }
    }
    let version = rows(
        session,
        Extent::All,
        "SELECT current_setting('server_version')",
    )
    .await?;
    let version: Option<String> = version.first().map(|row| get(row, 0)).transpose()?;
    session.client.batch_execute("COMMIT").await?;
    Ok(Statistics {
        tables,
        server: format!("PostgreSQL {}", version.unwrap_or_default()),
    })
}
