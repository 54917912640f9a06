//! What callers ask for, with what they must be answered: rows, pages, figures, and names they must not
//! know of.

use super::generate::{self, chance, pick};
use super::judge::Judge;
use super::select::{self, Chooser, List, Pick};
use super::world::{Action, Kind, Link, Row, Value, World, letter, plural, singular, type_name};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use serde_json::{Value as Json, json};

/// A root field, and what it must give.
pub(super) struct Probe {
    /// Which way to rows it takes.
    pub(super) way: &'static str,
    pub(super) field: String,
    pub(super) expected: Json,
    /// Whether its rows come in the one order that is expected.
    pub(super) is_ordered: bool,
}

/// A connection that is walked along to its end.
pub(super) struct Walk {
    pub(super) table: usize,
    list: List,
    picks: Vec<Pick>,
    is_backward: bool,
    /// What all its pages must give, in their order.
    pub(super) expected: Vec<Json>,
}

/// Two documents, one of which asks for what the caller must not know of, the other for what is not.
pub(super) struct Hidden {
    pub(super) document: String,
    pub(super) name: String,
    pub(super) absent: String,
    /// How many cells are decided by it.
    pub(super) cells: u64,
}

/// The fields that one caller asks for of every table it knows of.
pub(super) fn probes(judge: Judge<'_>, ids: &[Vec<(Row, String)>], rng: &mut Rng) -> Vec<Probe> {
    let mut chooser = Chooser::new(judge, rng);
    let mut probes = Vec::new();
    for (table, ids) in ids.iter().enumerate() {
        if judge.knows_table(table) {
            probes.push(whole(&chooser, table));
            probes.push(list(&mut chooser, table));
            probes.push(figures(&mut chooser, table));
            for key in judge.table(table).unique_keys() {
                if judge.knows_key(table, &key) {
                    probes.push(by_key(&mut chooser, table, &key));
                    probes.push(by_key(&mut chooser, table, &key));
                }
            }
            if has_ids(judge, table) {
                probes.extend(node(&mut chooser, table, ids));
            }
        }
    }
    probes
}

/// Every cell that is seen.
fn whole(chooser: &Chooser<'_, '_>, table: usize) -> Probe {
    let judge = chooser.judge;
    let picks: Vec<_> = chooser
        .columns(table)
        .into_iter()
        .map(Pick::Column)
        .collect();
    let rows = judge.sequence(table, judge.seen(table), &List::default());
    Probe {
        way: "list",
        field: format!(
            "{} {}",
            plural(table),
            select::text(judge.world, table, &picks)
        ),
        expected: rows
            .iter()
            .map(|row| judge.object(table, row, &picks))
            .collect(),
        is_ordered: judge.orders(table),
    }
}

fn list(chooser: &mut Chooser<'_, '_>, table: usize) -> Probe {
    let judge = chooser.judge;
    let list = chooser.list(table);
    let picks = chooser.selection(table, 2);
    let rows = judge.sequence(table, judge.seen(table), &list).into_iter();
    let rows = rows.take(list.limit.unwrap_or(usize::MAX));
    let arguments = select::arguments(judge.world, table, &list, "limit");
    let text = select::text(judge.world, table, &picks);
    Probe {
        way: "nested list",
        field: format!("{}{arguments} {text}", plural(table)),
        expected: rows.map(|row| judge.object(table, row, &picks)).collect(),
        is_ordered: judge.orders(table),
    }
}

fn figures(chooser: &mut Chooser<'_, '_>, table: usize) -> Probe {
    let judge = chooser.judge;
    let figures = chooser.figures(table);
    let text = select::figures_text(judge.world, table, &figures);
    Probe {
        way: "figures",
        field: format!("{}Aggregate{text}", singular(table)),
        expected: judge.figures(table, judge.seen(table), &figures),
        is_ordered: true,
    }
}

fn by_key(chooser: &mut Chooser<'_, '_>, table: usize, key: &[usize]) -> Probe {
    let judge = chooser.judge;
    let known = &judge.state[table];
    let mut wanted: Vec<_> = key
        .iter()
        .map(|column| generate::stored(chooser.rng, judge.world, table, *column))
        .collect();
    if !known.is_empty() && chance(chooser.rng, 80) {
        let row = pick(chooser.rng, known);
        wanted = key.iter().map(|column| row[*column].clone()).collect();
    }
    for (column, value) in key.iter().zip(&mut wanted) {
        if *value == Value::Null {
            *value = generate::value(chooser.rng, judge.world.column(table, *column).kind);
        }
    }
    let picks = chooser.selection(table, 1);
    let mut found = judge.seen(table).into_iter();
    let found = found.find(|row| {
        key.iter()
            .zip(&wanted)
            .all(|(column, value)| row[*column] == *value)
    });
    let arguments = key.iter().zip(&wanted).map(|(column, value)| {
        let column = judge.world.column(table, *column);
        let value = World::literal(value, column.kind);
        format!("{}: {value}", column.name)
    });
    let arguments: Vec<_> = arguments.collect();
    let name = if key == judge.table(table).key {
        singular(table)
    } else {
        let column = &judge.world.column(table, key[0]).name;
        format!("{}By{}", singular(table), column.to_uppercase())
    };
    let text = select::text(judge.world, table, &picks);
    Probe {
        way: "look-up",
        field: format!("{name}({}) {text}", arguments.join(", ")),
        expected: found
            .map(|row| judge.object(table, row, &picks))
            .unwrap_or_default(),
        is_ordered: true,
    }
}

/// Whether the caller's API has global ids of a table's rows.
pub(super) fn has_ids(judge: Judge<'_>, table: usize) -> bool {
    judge.knows_table(table) && judge.knows_key(table, &judge.table(table).key)
}

/// A row by its global id.
fn node(chooser: &mut Chooser<'_, '_>, table: usize, ids: &[(Row, String)]) -> Option<Probe> {
    let judge = chooser.judge;
    if ids.is_empty() {
        return None;
    }
    let (key, id) = pick(chooser.rng, ids);
    let picks = chooser.selection(table, 1);
    let text = select::text(judge.world, table, &picks);
    let mut seen = judge.seen(table).into_iter();
    let found = seen.find(|row| judge.table(table).key_of(row) == *key);
    let shown = |row: &Row| {
        let mut shown = judge.object(table, row, &picks);
        shown["nodeId"] = json!(id);
        shown
    };
    Some(Probe {
        way: "node",
        field: format!(
            "node(id: \"{id}\") {{ nodeId ... on {} {text} }}",
            type_name(table)
        ),
        expected: found.map(shown).unwrap_or_default(),
        is_ordered: true,
    })
}

/// A walk along the pages of a table.
pub(super) fn walk(judge: Judge<'_>, table: usize, rng: &mut Rng) -> Walk {
    let mut chooser = Chooser::new(judge, rng);
    let mut list = chooser.list(table);
    let picks = chooser.selection(table, 1);
    let rows = judge.sequence(table, judge.seen(table), &list);
    list.limit = Some(chooser.rng.usize(1..4));
    let expected = rows.iter().map(|row| judge.object(table, row, &picks));
    Walk {
        table,
        expected: expected.collect(),
        is_backward: chance(chooser.rng, 30),
        list,
        picks,
    }
}

impl Walk {
    /// The document of its next page, behind that cursor.
    pub(super) fn document(&self, world: &World, cursor: Option<&str>) -> String {
        let (size, beside) = if self.is_backward {
            ("last", "before")
        } else {
            ("first", "after")
        };
        let mut arguments = select::arguments(world, self.table, &self.list, size);
        if let Some(cursor) = cursor {
            arguments.pop();
            arguments = format!("{arguments}, {beside}: \"{cursor}\")");
        }
        let text = select::text(world, self.table, &self.picks);
        format!(
            "{{ page: {}Connection{arguments} {{ totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} nodes {text} }} }}",
            singular(self.table)
        )
    }

    /// Adds what a page shows to what is seen so far; where it goes on, if it does.
    pub(super) fn take(&self, page: &Json, seen: &mut Vec<Json>) -> Option<String> {
        let nodes = page["nodes"].as_array().cloned().unwrap_or_default();
        let (further, cursor) = if self.is_backward {
            seen.splice(0..0, nodes);
            ("hasPreviousPage", "startCursor")
        } else {
            seen.extend(nodes);
            ("hasNextPage", "endCursor")
        };
        let info = &page["pageInfo"];
        let cursor = info[cursor].as_str().map(str::to_owned);
        cursor.filter(|_| info[further] == true)
    }
}

/// Everything that the caller must not know of, each at one place where it could be named.
pub(super) fn hidden(judge: Judge<'_>, ids: &[Vec<(Row, String)>], rng: &mut Rng) -> Vec<Hidden> {
    let mut hidden = Vec::new();
    for (table, ids) in ids.iter().enumerate() {
        if !has_ids(judge, table) {
            hidden.extend(ids.first().map(|(_, id)| of_id(id)));
        }
        if judge.knows_table(table) {
            hidden.extend(columns(judge, table, rng));
            hidden.extend(relations(judge, table, rng));
        } else {
            hidden.push(of_table(judge, table, rng));
        }
        hidden.extend(writes(judge, table));
    }
    hidden
}

fn columns(judge: Judge<'_>, table: usize, rng: &mut Rng) -> Vec<Hidden> {
    let declared = &judge.table(table).columns;
    let unknown = (0..declared.len()).filter(|column| !judge.compares(table, *column));
    let known = (0..declared.len()).filter(|column| judge.knows(table, *column));
    let compared = known.clone().find(|column| judge.compares(table, *column));
    let known = compared.or(known.clone().next());
    let known = &declared[known.expect("the table is known")].name;
    let (many, one) = (plural(table), singular(table));
    // What is known must stay so when the other name is changed.
    let unknown = unknown.filter(|column| declared[*column].name != *known);
    let asked = unknown.map(|column| {
        let (name, kind) = (&declared[column].name, declared[column].kind);
        let figure = if kind.has_extremes() { "min" } else { "countDistinct" };
        let operator = if kind == Kind::Boolean { "ne" } else { "lt" };
        let documents = [
            format!("{{ {many} {{ {name} }} }}"),
            format!("{{ {many}(where: {{{name}: {{isNull: true}}}}) {{ {known} }} }}"),
            format!("{{ {many}(where: {{compare: {{{name}: {{{operator}: {known}}}}}}}) {{ {known} }} }}"),
            format!("{{ {many}(where: {{compare: {{{known}: {{eq: {name}}}}}}}) {{ {known} }} }}"),
            format!("{{ {many}(orderBy: [{{{name}: ASC}}]) {{ {known} }} }}"),
            format!("{{ {one}Aggregate(groupBy: [{{{name}: VALUE}}]) {{ count }} }}"),
            format!("{{ {one}Aggregate {{ {figure} {{ {name} }} }} }}"),
            format!("{{ {one}Aggregate {{ count(where: {{not: {{{name}: {{isNull: true}}}}}}) }} }}"),
        ];
        // What is masked may be asked for, and no more.
        let documents = &documents[usize::from(judge.knows(table, column))..];
        of_name(pick(rng, documents).as_str(), name, judge.state[table].len())
    });
    asked.collect()
}

fn relations(judge: Judge<'_>, table: usize, rng: &mut Rng) -> Vec<Hidden> {
    let declared = judge.table(table).relations.iter().enumerate();
    let unknown = declared.filter(|(relation, _)| !judge.knows_relation(table, *relation));
    let known = Chooser::new(judge, rng).columns(table)[0];
    let known = &judge.world.column(table, known).name;
    let many = plural(table);
    let asked = unknown.map(|(_, relation)| {
        let name = &relation.name;
        let inner = if matches!(relation.link, Link::To(_)) {
            "{}"
        } else {
            "{some: {}}"
        };
        let documents = [
            format!("{{ {many} {{ {name} {{ __typename }} }} }}"),
            format!("{{ {many} {{ {name}Aggregate {{ count }} }} }}"),
            format!("{{ {many}(where: {{{name}: {inner}}}) {{ {known} }} }}"),
            format!("{{ {many}(orderBy: [{{{name}Aggregate: {{count: ASC}}}}]) {{ {known} }} }}"),
        ];
        of_name(pick(rng, &documents).as_str(), name, 0)
    });
    asked.collect()
}

fn of_table(judge: Judge<'_>, table: usize, rng: &mut Rng) -> Hidden {
    let (one, many) = (singular(table), plural(table));
    let documents = [
        format!("{{ {many} {{ __typename }} }}"),
        format!("{{ {one}Aggregate {{ count }} }}"),
        format!("{{ {one}Connection {{ nodes {{ __typename }} }} }}"),
        format!("{{ {one}(id: 1) {{ __typename }} }}"),
        format!(
            "mutation {{ delete{}s(where: {{}}) {{ __typename }} }}",
            type_name(table)
        ),
        format!(
            "{{ __typename ... on {} {{ __typename }} }}",
            type_name(table)
        ),
    ];
    let document = pick(rng, &documents);
    let letter = letter(table);
    let cells = judge.state[table].len() * judge.table(table).columns.len();
    let name = if document.contains(&type_name(table)) {
        type_name(table)
    } else {
        format!("t{letter}")
    };
    of_name(document, &name, cells)
}

/// What the caller may not write.
fn writes(judge: Judge<'_>, table: usize) -> Vec<Hidden> {
    let name = type_name(table);
    let mut hidden = Vec::new();
    if !judge.knows_table(table) {
        return hidden;
    }
    for (action, verb, rest) in [
        (Action::Delete, "delete", "where: {}"),
        (Action::Update, "update", "where: {}, set: {}"),
        (Action::Create, "create", "input: []"),
    ] {
        if !judge.may(table, action) {
            let root = format!("{verb}{name}s");
            let document = format!("mutation {{ {root}({rest}) {{ __typename }} }}");
            hidden.push(of_name(&document, &root, 0));
        }
    }
    let columns = 0..judge.table(table).columns.len();
    let mut settable = columns
        .clone()
        .filter(|column| judge.gives(table, Action::Update, *column));
    if settable.next().is_none() {
        return hidden;
    }
    for column in columns.filter(|column| !judge.gives(table, Action::Update, *column)) {
        let column = &judge.world.column(table, column).name;
        let document = format!(
            "mutation {{ update{name}s(where: {{}}, set: {{{column}: null}}) {{ __typename }} }}"
        );
        hidden.push(of_name(&document, column, 0));
    }
    hidden
}

/// A global id of a type that has none for the caller, and one of no type.
fn of_id(id: &str) -> Hidden {
    let json = URL_SAFE_NO_PAD.decode(id).unwrap();
    let mut parts: Json = serde_json::from_slice(&json).unwrap();
    parts[0] = json!("T9");
    Hidden {
        document: format!("{{ node(id: \"{id}\") {{ nodeId }} }}"),
        name: id.to_owned(),
        absent: URL_SAFE_NO_PAD.encode(parts.to_string()),
        cells: 0,
    }
}

fn of_name(document: &str, name: &str, cells: usize) -> Hidden {
    let mut absent = name.to_owned();
    absent.pop();
    Hidden {
        document: document.to_owned(),
        name: name.to_owned(),
        absent: absent + "z",
        cells: cells as u64,
    }
}
