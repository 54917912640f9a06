//! What is looked at beside the stream, on a connection like any other.

use super::unsettled::Snapshot;
use crate::changes::feed::Setback;
use crate::changes::{Reach, Reached, Tie};
use crate::postgres::Session;
use crate::snag::Snag;
use futures_util::TryStreamExt;
use model::Act;
use std::collections::HashMap;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

/// Which server it is.
const SYSTEM: &str = "SELECT system_identifier::text FROM pg_control_system()";

/// Where names without a schema are looked for.
const PATH: &str = "SELECT unnest(current_schemas(false))::text";

/// The position is evaluated after the snapshot is taken: what that shows is before it in the log.
const LOOK: &str = "SELECT pg_current_wal_insert_lsn()::text, pg_current_snapshot()::text, \
                    current_setting('wal_block_size')::int8, \
                    pg_size_bytes(current_setting('wal_segment_size'))";

/// All tables, what kind they are, and whether more is done when they are changed. What policies that hold for
/// us look at nobody tells, so a table that has some is not seen.
const TABLES: &str = "SELECT c.oid::int8, n.nspname::text, c.relname::text, \
    c.relkind IN ('r', 'p', 'm') AND c.relpersistence = 'p' AND NOT row_security_active(c.oid), \
    EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
    OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'), \
    row_security_active(c.oid) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' \
    AND n.nspname <> 'information_schema'";

const PARTS: &str = "SELECT inhparent::int8, inhrelid::int8 FROM pg_inherits";

const CASCADES: &str = "SELECT confrelid::int8, conrelid::int8, \
    confdeltype IN ('c', 'n', 'd'), confupdtype IN ('c', 'n', 'd') \
    FROM pg_constraint WHERE contype = 'f'";

/// A text that is another one once a table of these names is another one, has other columns, types, labels
/// or parts, or is seen by us by other rights. A row of the catalog that is changed gets another xmin;
/// statistics are written in place.
const SHAPE: &str = "WITH RECURSIVE meant AS (\
    SELECT oid FROM pg_class WHERE relname = ANY ($1) AND relnamespace <> 'pg_catalog'::regnamespace \
    UNION SELECT i.inhrelid FROM meant m JOIN pg_inherits i ON i.inhparent = m.oid) \
    SELECT coalesce(md5(string_agg(concat_ws(' ', c.oid, c.xmin, row_security_active(c.oid), \
    has_table_privilege(c.oid, 'SELECT'), \
    (SELECT string_agg(concat_ws(' ', a.xmin, t.xmin, \
    (SELECT string_agg(e.xmin::text, ' ' ORDER BY e.oid) FROM pg_enum e \
    WHERE e.enumtypid IN (t.oid, t.typelem, t.typbasetype))), ' ' ORDER BY a.attnum) \
    FROM pg_attribute a LEFT JOIN pg_type t ON t.oid = a.atttypid \
    WHERE a.attrelid = c.oid)), ',' ORDER BY c.oid)), '') \
    FROM meant JOIN pg_class c USING (oid)";

/// Which server it is, and where it looks for names.
pub(super) struct First {
    pub(super) system: String,
    pub(super) path: Vec<String>,
}

/// A moment: what could be seen, and up to where the log was written.
pub(super) struct Looked {
    pub(super) position: u64,
    pub(super) snapshot: Snapshot,
}

pub(super) async fn first(session: &Session) -> Result<First, Setback> {
    let system = one(&rows(session, SYSTEM).await?, 0)?;
    let path = rows(session, PATH).await?;
    let path: Result<_, _> = path.iter().map(|row| value(row, 0)).collect();
    Ok(First {
        system,
        path: path?,
    })
}

pub(super) async fn look(session: &Session) -> Result<Looked, Setback> {
    let rows = rows(session, LOOK).await?;
    let (text, snapshot): (String, String) = (one(&rows, 0)?, one(&rows, 1)?);
    let (block, segment): (i64, i64) = (one(&rows, 2)?, one(&rows, 3)?);
    let sizes = [block, segment].map(i64::unsigned_abs);
    let position = position(&text).map(|position| written(position, sizes));
    let looked = position.zip(Snapshot::read(&snapshot));
    let looked = looked.map(|(position, snapshot)| Looked { position, snapshot });
    looked.ok_or_else(|| Setback::passing("the server tells no position"))
}

/// What is under way.
pub(super) async fn running(session: &Session) -> Result<Snapshot, Setback> {
    Ok(look(session).await?.snapshot)
}

/// A position in the log, `16/B374D848`.
pub(super) fn position(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let high = u32::from_str_radix(high, 16).ok()?;
    let low = u32::from_str_radix(low, 16).ok()?;
    Some(u64::from(high) << 32 | u64::from(low))
}

/// Where what is written last ends. At the start of a page the server tells where the next record
/// would begin, behind the header of a page that holds nothing.
fn written(position: u64, [block, segment]: [u64; 2]) -> u64 {
    const HEADER: u64 = 24;
    const HEADER_OF_SEGMENT: u64 = 40;
    let within = |size: u64| position.checked_rem(size).unwrap_or(0);
    let empty = within(block) == HEADER || within(segment) == HEADER_OF_SEGMENT;
    position - if empty { within(block) } else { 0 }
}

pub(super) async fn shape(session: &Session, names: &[String]) -> Result<String, Setback> {
    let rows = asked(session, SHAPE, [(names, Type::TEXT_ARRAY)]).await?;
    one(&rows, 0)
}

pub(super) async fn reach(session: &Session) -> Result<Reach, Setback> {
    let (mut tables, mut places) = (Vec::new(), HashMap::new());
    for row in &rows(session, TABLES).await? {
        let (oid, schema, name): (i64, String, String) =
            (value(row, 0)?, value(row, 1)?, value(row, 2)?);
        places.insert(oid, [schema.clone(), name.clone()]);
        tables.push(Reached {
            is_followed: value(row, 3)?,
            has_triggers: value(row, 4)?,
            has_policies: value(row, 5)?,
            ..Reached::new(&schema, &name)
        });
    }
    let mut reach = Reach::new(tables);
    let mut tie = |tie, row: &Row| {
        let (from, to): (i64, i64) = (value(row, 0)?, value(row, 1)?);
        if let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) {
            let [from, to] = [from, to].map(|[schema, name]| [schema.as_str(), name.as_str()]);
            reach.tie(tie, from, to);
        }
        Ok::<_, Setback>(())
    };
    for row in &rows(session, PARTS).await? {
        tie(Tie::Part, row)?;
    }
    for row in &rows(session, CASCADES).await? {
        for (column, act) in [(2, Act::Delete), (3, Act::Update)] {
            if value(row, column)? {
                tie(Tie::Cascade(act), row)?;
            }
        }
    }
    Ok(reach)
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<Row>, Setback> {
    let nothing: [(&str, Type); 0] = [];
    asked(session, sql, nothing).await
}

async fn asked<V: ToSql + Sync>(
    session: &Session,
    sql: &str,
    given: impl IntoIterator<Item = (V, Type)>,
) -> Result<Vec<Row>, Setback> {
    let asked = async {
        let rows = session.client.query_typed_raw(sql, given).await?;
        pin!(rows).try_collect().await
    };
    let failed = |error: tokio_postgres::Error| Snag::from(error).error;
    Ok(asked.await.map_err(failed)?)
}

fn one<'r, T: FromSql<'r>>(rows: &'r [Row], column: usize) -> Result<T, Setback> {
    let row = rows.first();
    let row = row.ok_or_else(|| Setback::passing("the server answers nothing"))?;
    value(row, column)
}

fn value<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Setback> {
    let failed = |error: tokio_postgres::Error| Setback::passing(error.to_string());
    row.try_get(column).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_holds_nothing_is_not_waited_for() {
        let sizes = [8_192, 16 << 20];
        let start = position("16/B3000000").unwrap();
        assert_eq!(start, 0x16_B300_0000);
        for (given, expected) in [
            (40, 0),
            (24, 0),
            (32, 32),
            (8_192 + 24, 8_192),
            (8_232, 8_232),
        ] {
            assert_eq!(written(start + given, sizes), start + expected, "{given}");
        }
        for text in ["", "16", "x/1", "1/123456789"] {
            assert_eq!(position(text), None, "{text}");
        }
    }
}
