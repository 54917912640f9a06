//! Indexes that a database lacks: what statements want, beside what their plans do.

use super::naming::{self, Part};
use super::plans::Planned;
use engine::{Want, Why};
use model::schema::Table;
use model::{Dialect, Index, PlanNode, QueryPlan, Schema, Statistics, TableStatistics, Work};

/// An index that is proposed.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub(super) table: usize,
    pub(super) parts: Vec<Part>,
    pub(super) name: String,
    /// The statement that makes it.
    pub(super) sql: String,
    /// What it is for; what reads most comes first.
    pub(super) reasons: Vec<Reason>,
    /// Whether the database was tried with it.
    pub(super) tried: bool,
}

/// An index that lacks, before it has a name.
struct Lacking {
    table: usize,
    parts: Vec<Part>,
    reasons: Vec<Reason>,
}

/// A want of a statement that its plan does not fulfil.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    /// The statement: an index into those that are planned.
    pub(super) planned: usize,
    pub(super) want: Want,
    pub(super) now: Now,
}

/// What a plan does today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) work: Work,
    /// Of about so many rows.
    pub(super) rows: u64,
}

impl Proposal {
    /// How many rows need not be read or sorted any more, each time that everything is asked once.
    pub(super) fn gain(&self) -> u64 {
        self.reasons.iter().map(|reason| reason.now.rows).sum()
    }

    /// Why its columns are compared.
    pub(super) fn whys(&self) -> Vec<Why> {
        let wants = self.reasons.iter().map(|reason| &reason.want);
        let compared = wants.flat_map(|want| want.equal.iter().chain(&want.range));
        let mut whys: Vec<_> = compared.map(|(_, why)| *why).collect();
        whys.sort_unstable();
        whys.dedup();
        whys
    }
}

/// Proposes indexes for what plans lack; those that gain most come first.
pub(super) fn propose(
    schema: &Schema,
    (statistics, planned): (&Statistics, &[Planned]),
    rows_min: u64,
) -> Vec<Proposal> {
    let mut lacking: Vec<Lacking> = Vec::new();
    for (index, one) in planned.iter().enumerate() {
        for want in &one.asked.wants {
            let table = &schema.tables[want.table];
            let known = statistics.of(table.schema.as_deref(), &table.name);
            let (Some(known), Some(now)) = (known, lack(&one.plan, want, known, rows_min)) else {
                continue;
            };
            let parts = parts(schema.dialect, want, known, table);
            let is_served =
                is_one_row(table, want) || is_there(table, known, (&parts, want.equal.len()));
            if parts.is_empty() || is_served {
                continue;
            }
            let reason = Reason {
                planned: index,
                want: want.clone(),
                now,
            };
            let same = |known: &&mut Lacking| (known.table, &known.parts) == (want.table, &parts);
            match lacking.iter_mut().find(same) {
                Some(known) => known.reasons.push(reason),
                None => lacking.push(Lacking {
                    table: want.table,
                    parts,
                    reasons: vec![reason],
                }),
            }
        }
    }
    ordered(named(schema, statistics, merged(lacking)))
}

/// What a plan does in the place of what a statement wants, where that is much.
fn lack(
    plan: &QueryPlan,
    want: &Want,
    known: Option<&TableStatistics>,
    rows_min: u64,
) -> Option<Now> {
    let rows = known?.rows.unwrap_or(0);
    let reads = |work: Work| plan.reading(&want.alias).any(|node| node.work == work);
    let narrows = !want.equal.is_empty() || want.range.is_some();
    if narrows && rows >= rows_min {
        if reads(Work::Scan) {
            let work = Work::Scan;
            return Some(Now { work, rows });
        }
        let walked = walked(plan, want, rows).filter(|walked| *walked >= rows_min);
        if let Some(rows) = walked {
            let work = Work::Walk;
            return Some(Now { work, rows });
        }
    }
    let sorted = sorted(plan, want).unwrap_or(0);
    let sorted = if reads(Work::Scan) { rows } else { sorted };
    let sorts = !want.order.is_empty() && sorts(plan, want).is_some();
    (sorts && sorted >= rows_min).then_some(Now {
        work: Work::Sort,
        rows: sorted,
    })
}

/// How many rows of an index are walked: until as many fit as are asked for, where the database tells
/// how many that are.
fn walked(plan: &QueryPlan, want: &Want, rows: u64) -> Option<u64> {
    let is_walk = |node: &PlanNode| {
        node.work == Work::Walk && plan.reading(&want.alias).any(|one| std::ptr::eq(one, node))
    };
    let place = plan.nodes.iter().position(is_walk)?;
    let node = &plan.nodes[place];
    let mut depth = node.depth;
    // The nodes it works for stand before it, each less deep than the one behind.
    let above = plan.nodes[..place].iter().rev().filter(|above| {
        let is_above = above.depth < depth;
        depth = depth.min(above.depth);
        is_above
    });
    let limit = above
        .filter(|above| above.name == "Limit")
        .find_map(|above| above.rows);
    let (Some(limit), Some(fit)) = (limit, node.rows) else {
        return Some(rows);
    };
    Some(rows.saturating_mul(limit) / fit.max(1)).map(|walked| walked.min(rows))
}

/// The sort that a table stands below, by its place.
pub(super) fn sorts(plan: &QueryPlan, want: &Want) -> Option<usize> {
    let is_of = |node: &PlanNode| plan.reading(&want.alias).any(|one| std::ptr::eq(one, node));
    let sorts = plan.nodes.iter().enumerate();
    let mut sorts = sorts.filter(|(_, node)| node.work == Work::Sort);
    let found = sorts.find(|(place, sort)| {
        let below = plan.nodes.iter().skip(place + 1);
        below.take_while(|node| node.depth > sort.depth).any(is_of)
    });
    found.map(|(place, _)| place)
}

/// How many rows of a table are sorted, where the database tells.
fn sorted(plan: &QueryPlan, want: &Want) -> Option<u64> {
    let sort = plan.nodes.get(sorts(plan, want)?)?;
    let read = plan.reading(&want.alias).filter_map(|node| node.rows).max();
    sort.rows.or(read)
}

/// The columns of the index that a statement wants.
fn parts(dialect: Dialect, want: &Want, known: &TableStatistics, table: &Table) -> Vec<Part> {
    let is_long = |column: usize| known.long_columns.contains(&table.columns[column].name);
    let mut parts: Vec<Part> = want
        .equal
        .iter()
        .map(|(column, _)| (*column, false))
        .collect();
    // The beginning of a long text finds it, and tells nothing about what comes behind.
    if let Some(place) = parts.iter().position(|(column, _)| is_long(*column)) {
        let long = parts.remove(place);
        parts.retain(|(column, _)| !is_long(*column));
        parts.push(long);
        return parts;
    }
    let mut order = want.order.clone();
    if order.iter().all(|(_, descending)| *descending) {
        // An index is walked backwards as well.
        for part in &mut order {
            part.1 = false;
        }
    }
    if order.iter().any(|(column, _)| is_long(*column)) {
        order.clear();
    }
    let key: Vec<Part> = table.key.iter().map(|column| (*column, false)).collect();
    if dialect == Dialect::Mariadb && order.ends_with(&key) {
        // An index holds the key besides.
        order.truncate(order.len() - key.len());
    }
    match want.range {
        // Rows within a range come in no other order.
        Some((range, _)) if order.first().is_none_or(|(first, _)| *first != range) => {
            if !is_long(range) {
                parts.push((range, false));
            }
        }
        _ => parts.extend(order),
    }
    let mut seen = Vec::new();
    parts.retain(|(column, _)| {
        let is_new = !seen.contains(column);
        seen.push(*column);
        is_new
    });
    parts
}

/// Whether all columns of a key are equal to something, so that its index finds the one row.
fn is_one_row(table: &Table, want: &Want) -> bool {
    let is_equal = |column: &usize| want.equal.iter().any(|(known, _)| known == column);
    let mut keys = table.uniques.iter().chain([&table.key]);
    keys.any(|key| !key.is_empty() && key.iter().all(is_equal))
}

/// Whether an index, or the key, has these columns already: the first of them in any order.
fn is_there(table: &Table, known: &TableStatistics, (parts, equal): (&[Part], usize)) -> bool {
    let name = |column: usize| table.columns[column].name.as_str();
    let serves = |columns: &[Option<&str>]| {
        let (first, rest) = parts.split_at(equal.min(parts.len()));
        let has = columns.get(..parts.len()).unwrap_or_default();
        let (heads, tails) = has.split_at(first.len().min(has.len()));
        has.len() == parts.len()
            && first
                .iter()
                .all(|(column, _)| heads.contains(&Some(name(*column))))
            && rest
                .iter()
                .map(|(column, _)| Some(name(*column)))
                .eq(tails.iter().copied())
    };
    let of_index = |index: &Index| {
        let columns = index.parts.iter().map(|part| part.column.as_deref());
        index.is_whole && goes_alike(index, parts, equal) && serves(&columns.collect::<Vec<_>>())
    };
    let key: Vec<_> = table.key.iter().map(|column| Some(name(*column))).collect();
    serves(&key) || known.indexes.iter().any(of_index)
}

/// Whether an index goes the ways of an order, or all of them the other way round.
fn goes_alike(index: &Index, parts: &[Part], equal: usize) -> bool {
    let pairs = index.parts.iter().zip(parts).skip(equal);
    let ways: Vec<_> = pairs
        .map(|(there, (_, wanted))| there.descending == *wanted)
        .collect();
    ways.iter().all(|same| *same) || ways.iter().all(|same| !same)
}

/// The same without those that are the beginning of another one.
fn merged(mut lacking: Vec<Lacking>) -> Vec<Lacking> {
    lacking.sort_by_key(|one| std::cmp::Reverse(one.parts.len()));
    let mut kept: Vec<Lacking> = Vec::new();
    for one in lacking {
        let holds =
            |other: &&mut Lacking| other.table == one.table && other.parts.starts_with(&one.parts);
        match kept.iter_mut().find(holds) {
            Some(other) => other.reasons.extend(one.reasons),
            None => kept.push(one),
        }
    }
    kept
}

/// The same as proposals, each with a name of its own.
fn named(schema: &Schema, statistics: &Statistics, lacking: Vec<Lacking>) -> Vec<Proposal> {
    let mut proposals = Vec::with_capacity(lacking.len());
    for one in lacking {
        let of = (one.table, one.parts.as_slice());
        let (name, sql) = naming::index(schema, of, (statistics, &proposals));
        proposals.push(Proposal {
            table: one.table,
            parts: one.parts,
            name,
            sql,
            reasons: one.reasons,
            tried: false,
        });
    }
    proposals
}

/// Those that gain most first.
pub(super) fn ordered(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    for one in &mut proposals {
        one.reasons
            .sort_by_key(|reason| (std::cmp::Reverse(reason.now.rows), reason.planned));
    }
    proposals.sort_by(|one, other| (other.gain(), &one.sql).cmp(&(one.gain(), &other.sql)));
    proposals
}
