//! What is looked at beside the stream, on a connection like any other.

use super::place::Place;
use crate::Error;
use crate::changes::feed::Setback;
use crate::changes::{Reach, Reached, Tie};
use crate::mariadb::Session;
use crate::snag::Snag;
use model::Act;
use std::collections::BTreeMap;

/// The place in the log up to which a snapshot sees everything.
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
const PLACE: &str = "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.SESSION_STATUS \
    WHERE VARIABLE_NAME IN ('BINLOG_SNAPSHOT_FILE', 'BINLOG_SNAPSHOT_POSITION')";

const LOG: &str = "SELECT @@log_bin, CONVERT(LOWER(DATABASE()) USING utf8mb4)";

const TABLES: &str = "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, \
    CAST(t.TABLE_TYPE = 'BASE TABLE' AND t.ENGINE = 'InnoDB' AS CHAR), \
    CAST(EXISTS (SELECT 1 FROM information_schema.TRIGGERS g \
    WHERE g.EVENT_OBJECT_SCHEMA = t.TABLE_SCHEMA AND g.EVENT_OBJECT_TABLE = t.TABLE_NAME) AS CHAR) \
    FROM information_schema.TABLES t \
    WHERE t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

/// What `InnoDB` itself knows of foreign keys: of those the information schema tells each user only what
/// is about tables that he may change. Names stand there as names of files.
const CASCADES: &str = "SELECT \
    CONVERT(CONVERT(SUBSTRING_INDEX(REF_NAME, '/', 1) USING binary) USING filename), \
    CONVERT(CONVERT(SUBSTRING_INDEX(REF_NAME, '/', -1) USING binary) USING filename), \
    CONVERT(CONVERT(SUBSTRING_INDEX(FOR_NAME, '/', 1) USING binary) USING filename), \
    CONVERT(CONVERT(SUBSTRING_INDEX(FOR_NAME, '/', -1) USING binary) USING filename), \
    CAST(TYPE & 3 AS CHAR), CAST(TYPE & 12 AS CHAR) \
    FROM information_schema.INNODB_SYS_FOREIGN";

/// Refuses a server that does not write down what happens to the database.
pub(super) async fn admit(session: &mut Session, database: &str) -> Result<(), Setback> {
    let rows = asked(session, LOG).await?;
    let is_on = rows.first().and_then(|row| row.first());
    if is_on.map(String::as_str) != Some("1") {
        return Err(Setback::lasting(
            "the server keeps no binary log: start it with log_bin and binlog_format = ROW",
        ));
    }
    // File, position, databases that alone are written down, databases that are not.
    let status = asked(session, "SHOW MASTER STATUS").await?;
    let names = |column: usize| {
        let listed = status.first().and_then(|row| row.get(column));
        listed.cloned().unwrap_or_default()
    };
    let (alone, not) = (names(2), names(3));
    let holds = |list: &str| list.split(',').any(|name| name.trim() == database);
    if !alone.is_empty() && !holds(&alone) || holds(&not) {
        return Err(Setback::lasting(format!(
            "binlog_do_db or binlog_ignore_db keeps {database} out of the binary log"
        )));
    }
    Ok(())
}

/// Up to where in the log everything can be seen now.
pub(super) async fn place(session: &mut Session) -> Result<Place, Setback> {
    session.control(BEGIN).await.map_err(setback)?;
    let rows = asked(session, PLACE).await?;
    session.control("COMMIT").await.map_err(setback)?;
    let of = |name: &str| {
        let named = rows
            .iter()
            .find(|row| row.first().is_some_and(|it| it == name));
        named.and_then(|row| row.get(1)).cloned()
    };
    let position = of("BINLOG_SNAPSHOT_POSITION").and_then(|text| text.parse().ok());
    let place = of("BINLOG_SNAPSHOT_FILE").zip(position);
    let place = place.map(|(file, position)| Place { file, position });
    place.ok_or_else(|| Setback::passing("the server tells no place in its binary log"))
}

/// All tables, and what is tied to what.
pub(super) async fn reach(session: &mut Session) -> Result<Reach, Setback> {
    let mut tables = BTreeMap::new();
    for row in asked(session, TABLES).await? {
        let [schema, name, is_followed, has_triggers] = fields(&row)?;
        let table = Reached {
            is_followed: is_followed == "1",
            has_triggers: has_triggers == "1",
            ..Reached::new(schema, name)
        };
        tables.insert([schema.to_owned(), name.to_owned()], table);
    }
    let keys = asked(session, CASCADES).await?;
    for row in &keys {
        let [from_schema, from, to_schema, to, _, _] = fields(row)?;
        // What the user may not see stands between tables that he may.
        for [schema, name] in [[from_schema, from], [to_schema, to]] {
            let place = [schema.to_owned(), name.to_owned()];
            tables
                .entry(place)
                .or_insert_with(|| Reached::new(schema, name));
        }
    }
    let mut reach = Reach::new(tables.into_values().collect());
    for row in &keys {
        let [from_schema, from, to_schema, to, on_delete, on_update] = fields(row)?;
        for (rule, act) in [(on_delete, Act::Delete), (on_update, Act::Update)] {
            if rule != "0" {
                reach.tie(Tie::Cascade(act), [from_schema, from], [to_schema, to]);
            }
        }
    }
    Ok(reach)
}

fn fields<const COUNT: usize>(row: &[String]) -> Result<[&str; COUNT], Setback> {
    let texts: Vec<_> = row.iter().map(String::as_str).collect();
    let fields = texts.try_into().ok();
    fields.ok_or_else(|| Setback::passing("the server answers something else"))
}

/// The texts of an answer; NULL is an empty one.
async fn asked(session: &mut Session, sql: &str) -> Result<Vec<Vec<String>>, Setback> {
    session.ask(sql).await.map_err(setback)?;
    let mut rows = Vec::new();
    while let Some(row) = session.next().await.map_err(setback)? {
        let text = |column| {
            let text = row.text(column)?.unwrap_or_default();
            Ok(String::from_utf8_lossy(text).into_owned())
        };
        let texts: Result<_, Error> = (0..row.width()).map(text).collect();
        rows.push(texts?);
    }
    Ok(rows)
}

/// What somebody must mend, and how; all else may end by itself.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what errors are mapped by"
)]
pub(super) fn setback(snag: Snag) -> Setback {
    let text = snag.error.to_string();
    // The number stands in brackets behind what the server says.
    if text.contains("(1227)") || text.contains("(1045)") {
        return Setback::lasting(format!(
            "{text}: GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS ON *.* gives the user of the \
             database the rights"
        ));
    }
    Setback::passing(text)
}
