//! Plans of statements, as `EXPLAIN QUERY PLAN` tells them.

use super::place::Place;
use super::session::{Role, Session};
use super::translate::translate;
use crate::{Config, Error};
use model::{Explained, PlanNode, QueryPlan, Work};
use rusqlite::{Connection, Result};

/// One line of a plan.
struct Line {
    id: i64,
    parent: i64,
    detail: String,
}

/// How a statement would be run; its parameters are given nothing, as no plan depends on them.
pub(super) fn plan(
    session: &Session,
    explained: &Explained,
) -> std::result::Result<QueryPlan, Error> {
    let read = || {
        let indexes = names(&session.connection)?;
        let sql = format!("EXPLAIN QUERY PLAN {}", explained.statement.sql);
        let mut statement = session.connection.prepare(&sql)?;
        let line = |row: &rusqlite::Row<'_>| {
            Ok(Line {
                id: row.get(0)?,
                parent: row.get(1)?,
                detail: row.get(3)?,
            })
        };
        let lines: Vec<Line> = statement.raw_query().mapped(line).collect::<Result<_>>()?;
        let mut nodes = Vec::new();
        under(0, 0, (&lines, &indexes), &mut nodes);
        Ok(QueryPlan {
            nodes,
            cost: None,
            rows: None,
        })
    };
    read().map_err(|error| translate(error, &session.watch))
}

/// A database in memory with the tables, indexes and statistics of another one, some indexes more, and
/// no rows.
pub(super) fn copy(
    session: &Session,
    config: &Config,
    indexes: &[String],
) -> std::result::Result<Session, Error> {
    let place = Place::parse("sqlite::memory:")?;
    let copy = Session::open(&place, Role::Writer, config)?;
    copied(&session.connection, &copy.connection, indexes)
        .map_err(|error| translate(error, &copy.watch))?;
    Ok(copy)
}

fn copied(from: &Connection, to: &Connection, indexes: &[String]) -> Result<()> {
    let mut made = from.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index', 'view') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN \
         (SELECT name FROM pragma_table_list WHERE type = 'shadow') \
         ORDER BY type = 'view', type = 'index', rowid",
    )?;
    let mut rows = made.query([])?;
    while let Some(row) = rows.next()? {
        to.execute_batch(&row.get::<_, String>(0)?)?;
    }
    for index in indexes {
        to.execute_batch(index)?;
    }
    // It makes the tables of statistics, which those of the other database then fill.
    to.execute_batch("ANALYZE")?;
    if names_of(from, "name = 'sqlite_stat1'")?.is_empty() {
        return to.execute_batch("DELETE FROM sqlite_stat1; ANALYZE sqlite_schema");
    }
    to.execute_batch("DELETE FROM sqlite_stat1")?;
    let mut known = from.prepare("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY rowid")?;
    let mut rows = known.query([])?;
    while let Some(row) = rows.next()? {
        let cell = |column| row.get::<_, Option<String>>(column);
        to.execute(
            "INSERT INTO sqlite_stat1 VALUES (?1, ?2, ?3)",
            (cell(0)?, cell(1)?, cell(2)?),
        )?;
    }
    to.execute_batch("ANALYZE sqlite_schema")
}

/// The names of all indexes, the longest first.
fn names(connection: &Connection) -> Result<Vec<String>> {
    let mut names = names_of(connection, "type = 'index'")?;
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    Ok(names)
}

fn names_of(connection: &Connection, condition: &str) -> Result<Vec<String>> {
    let sql = format!("SELECT name FROM sqlite_schema WHERE {condition} ORDER BY name");
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The lines below one; a sort stands beside what it sorts, and is put before it.
fn under(
    parent: i64,
    depth: usize,
    (lines, indexes): (&[Line], &[String]),
    out: &mut Vec<PlanNode>,
) {
    let of_parent = || lines.iter().filter(|line| line.parent == parent);
    let sort = of_parent().find(|line| is_sort(&line.detail));
    out.extend(sort.map(|line| node(&line.detail, depth, indexes)));
    let depth = depth + usize::from(sort.is_some());
    for line in of_parent().filter(|line| !is_sort(&line.detail)) {
        out.push(node(&line.detail, depth, indexes));
        under(line.id, depth + 1, (lines, indexes), out);
    }
}

fn is_sort(detail: &str) -> bool {
    detail.starts_with("USE TEMP B-TREE FOR") && detail.ends_with("ORDER BY")
}

fn node(detail: &str, depth: usize, indexes: &[String]) -> PlanNode {
    let (word, rest) = detail.split_once(' ').unwrap_or((detail, ""));
    let reads = matches!(word, "SCAN" | "SEARCH");
    let (alias, how) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_virtual = how.starts_with("VIRTUAL TABLE");
    let index = how.split_once("INDEX ").map(|(_, named)| named);
    let index = index.and_then(|named| {
        let mut known = indexes.iter();
        known.find(|name| named.strip_prefix(name.as_str()).is_some_and(ends))
    });
    let work = match word {
        _ if is_sort(detail) => Work::Sort,
        _ if !reads || is_virtual => Work::Other,
        // An index of the moment is made of all rows.
        _ if how.contains("AUTOMATIC") => Work::Scan,
        "SEARCH" => Work::Seek,
        _ if index.is_some() => Work::Walk,
        _ => Work::Scan,
    };
    PlanNode {
        depth,
        work,
        // What a query below another one is numbered as, tells nothing.
        name: if reads {
            word.to_owned()
        } else {
            detail
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .trim_end()
                .to_owned()
        },
        table: None,
        alias: (reads && !is_virtual).then(|| alias.to_owned()),
        index: index.filter(|_| reads).cloned(),
        rows: None,
    }
}

/// Whether the name of an index ends where that begins.
fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_read_is_told_apart() {
        let indexes = ["by (a=?)".to_owned(), "by".to_owned()];
        for (detail, work, index) in [
            ("SCAN t0", Work::Scan, None),
            ("SCAN t0 USING COVERING INDEX by", Work::Walk, Some("by")),
            (
                "SEARCH t0 USING INDEX by (a=?)",
                Work::Seek,
                Some("by (a=?)"),
            ),
            ("SEARCH t0 USING INDEX by (b=?)", Work::Seek, Some("by")),
            (
                "SEARCH t0 USING INTEGER PRIMARY KEY (rowid=?)",
                Work::Seek,
                None,
            ),
            (
                "SEARCH t0 USING AUTOMATIC COVERING INDEX (a=?)",
                Work::Scan,
                None,
            ),
            ("SCAN k VIRTUAL TABLE INDEX 1:", Work::Other, None),
            (
                "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
                Work::Sort,
                None,
            ),
            ("USE TEMP B-TREE FOR GROUP BY", Work::Other, None),
            ("CORRELATED SCALAR SUBQUERY 12", Work::Other, None),
        ] {
            let node = node(detail, 0, &indexes);
            assert_eq!(
                (node.work, node.index.as_deref()),
                (work, index),
                "{detail}"
            );
        }
    }

    #[test]
    fn a_sort_stands_before_what_it_sorts() {
        let line = |id, parent, detail: &str| Line {
            id,
            parent,
            detail: detail.to_owned(),
        };
        let lines = [
            line(3, 0, "SCAN t0"),
            line(9, 0, "USE TEMP B-TREE FOR ORDER BY"),
        ];
        let mut nodes = Vec::new();
        under(0, 0, (&lines, &[]), &mut nodes);
        let told: Vec<_> = nodes.iter().map(|node| (node.depth, node.work)).collect();
        assert_eq!(told, [(0, Work::Sort), (1, Work::Scan)]);
    }
}
