//! What is selected of rows, and what must come of it.

use super::generate::{Maker, chance, pick};
use super::judge::{Eyes, Judge};
use super::world::{Condition, Kind, Link, Row, Value, World};
use fastrand::Rng;
use serde_json::{Map, Value as Json, json};
use std::cmp::Ordering;

/// The directions of an order.
const DIRECTIONS: [&str; 6] = [
    "ASC",
    "DESC",
    "ASC_NULLS_FIRST",
    "ASC_NULLS_LAST",
    "DESC_NULLS_FIRST",
    "DESC_NULLS_LAST",
];

/// A part of a selection.
pub(super) enum Pick {
    Column(usize),
    One(usize, Vec<Self>),
    Many(usize, List, Vec<Self>),
    Page(usize, List, Vec<Self>),
    Figures(usize, Figures),
}

/// The arguments of a list.
#[derive(Default)]
pub(super) struct List {
    pub(super) condition: Option<Condition>,
    pub(super) order: Vec<(Sorted, &'static str)>,
    pub(super) limit: Option<usize>,
}

/// What rows are ordered by.
pub(super) enum Sorted {
    /// A column at the end of relations to one row.
    Column(Vec<usize>, usize),
    /// How many rows a relation leads to.
    Count(usize),
}

/// Figures over rows.
pub(super) struct Figures {
    condition: Option<Condition>,
    groups: Vec<(Option<usize>, usize)>,
    counted: Option<Condition>,
    families: Vec<(&'static str, usize)>,
}

/// Makes up what a caller asks for, of what it knows.
pub(super) struct Chooser<'a, 'r> {
    pub(super) judge: Judge<'a>,
    pub(super) rng: &'r mut Rng,
    /// Whether it asks for what is calculated.
    pub(super) traps: bool,
}

impl<'a, 'r> Chooser<'a, 'r> {
    pub(super) fn new(judge: Judge<'a>, rng: &'r mut Rng) -> Self {
        Self {
            judge,
            rng,
            traps: true,
        }
    }

    fn world(&self) -> &'a World {
        self.judge.world
    }

    pub(super) fn columns(&self, table: usize) -> Vec<usize> {
        let columns = 0..self.judge.table(table).columns.len();
        columns
            .filter(|column| self.judge.knows(table, *column))
            .collect()
    }

    /// The columns that it may compare rows by.
    fn compared(&self, table: usize) -> Vec<usize> {
        let columns = self.columns(table).into_iter();
        columns
            .filter(|column| self.judge.compares(table, *column))
            .collect()
    }

    fn relations(&self, table: usize, to_one: bool) -> Vec<usize> {
        let relations = self.judge.table(table).relations.iter().enumerate();
        let of_kind =
            relations.filter(|(_, relation)| matches!(relation.link, Link::To(_)) == to_one);
        let known = of_kind.filter(|(index, _)| self.judge.knows_relation(table, *index));
        known.map(|(index, _)| index).collect()
    }

    pub(super) fn condition(&mut self, table: usize, percent: u8) -> Option<Condition> {
        let judge = self.judge;
        let columns = move |table, column| judge.compares(table, column);
        let relations = move |table, relation| judge.knows_relation(table, relation);
        let has_traps = self.traps;
        let traps = move |table| has_traps && judge.is_calculable(table);
        Maker::of_callers(judge.world, self.rng, columns, relations, traps).maybe(table, percent)
    }

    pub(super) fn selection(&mut self, table: usize, depth: usize) -> Vec<Pick> {
        let known = self.columns(table);
        let mut picks: Vec<_> = known
            .iter()
            .filter(|_| chance(self.rng, 70))
            .map(|column| Pick::Column(*column))
            .collect();
        if picks.is_empty() {
            picks.push(Pick::Column(known[0]));
        }
        if depth == 0 {
            return picks;
        }
        for relation in self.relations(table, true) {
            if chance(self.rng, 40) {
                let target = self.world().relation(table, relation).target;
                picks.push(Pick::One(relation, self.selection(target, depth - 1)));
            }
        }
        for relation in self.relations(table, false) {
            if chance(self.rng, 40) {
                picks.push(self.many(table, relation, depth));
            }
        }
        picks
    }

    fn many(&mut self, table: usize, relation: usize, depth: usize) -> Pick {
        let target = self.world().relation(table, relation).target;
        let has_pages = self.judge.knows_key(target, &self.judge.table(target).key);
        match self.rng.u8(..4) {
            _ if !self.judge.orders(target) => Pick::Figures(relation, self.figures(target)),
            0 => Pick::Figures(relation, self.figures(target)),
            1 if has_pages => {
                let mut list = self.list(target);
                list.limit = Some(self.rng.usize(1..4));
                Pick::Page(relation, list, self.selection(target, depth - 1))
            }
            _ => Pick::Many(
                relation,
                self.list(target),
                self.selection(target, depth - 1),
            ),
        }
    }

    pub(super) fn list(&mut self, table: usize) -> List {
        let condition = self.condition(table, 40);
        let count = *pick(self.rng, &[0, 0, 1, 1, 2]);
        let order = (0..count).filter_map(|_| {
            let sorted = self.sorted(table)?;
            Some((sorted, *pick(self.rng, &DIRECTIONS)))
        });
        let order = order.collect();
        let limit =
            (self.judge.orders(table) && chance(self.rng, 25)).then(|| self.rng.usize(1..5));
        List {
            condition,
            order,
            limit,
        }
    }

    fn sorted(&mut self, table: usize) -> Option<Sorted> {
        let lists = self.relations(table, false);
        if !lists.is_empty() && chance(self.rng, 15) {
            return Some(Sorted::Count(*pick(self.rng, &lists)));
        }
        let (mut path, mut table) = (Vec::new(), table);
        while path.len() < 2 && chance(self.rng, 40) {
            let relations = self.relations(table, true);
            if relations.is_empty() {
                break;
            }
            let relation = *pick(self.rng, &relations);
            path.push(relation);
            table = self.world().relation(table, relation).target;
        }
        let columns = self.compared(table);
        (!columns.is_empty()).then(|| Sorted::Column(path, *pick(self.rng, &columns)))
    }

    pub(super) fn figures(&mut self, table: usize) -> Figures {
        let columns = self.compared(table);
        let mut groups = Vec::new();
        if !columns.is_empty() && chance(self.rng, 60) {
            groups.push((None, *pick(self.rng, &columns)));
        }
        let relations = self.relations(table, true);
        if !relations.is_empty() && chance(self.rng, 35) {
            let relation = *pick(self.rng, &relations);
            let others = self.compared(self.world().relation(table, relation).target);
            if !others.is_empty() {
                groups.push((Some(relation), *pick(self.rng, &others)));
            }
        }
        let mut families = Vec::new();
        for family in ["min", "max", "sum", "countDistinct"] {
            if columns.is_empty() {
                break;
            }
            let column = *pick(self.rng, &columns);
            let kind = self.world().column(table, column).kind;
            let is_offered = match family {
                "sum" => matches!(kind, Kind::Int | Kind::BigInt),
                "countDistinct" => true,
                _ => kind.has_extremes(),
            };
            if is_offered && chance(self.rng, 60) {
                families.push((family, column));
            }
        }
        Figures {
            condition: self.condition(table, 35),
            groups,
            counted: self.condition(table, 30),
            families,
        }
    }
}

/// A selection as it is written.
pub(super) fn text(world: &World, table: usize, picks: &[Pick]) -> String {
    let picks = picks.iter().map(|pick| match pick {
        Pick::Column(column) => world.column(table, *column).name.clone(),
        Pick::One(relation, inner) => {
            let relation = world.relation(table, *relation);
            format!("{} {}", relation.name, text(world, relation.target, inner))
        }
        Pick::Many(relation, list, inner) => {
            let relation = world.relation(table, *relation);
            let arguments = arguments(world, relation.target, list, "limit");
            let inner = text(world, relation.target, inner);
            format!("{}{arguments} {inner}", relation.name)
        }
        Pick::Page(relation, list, inner) => {
            let relation = world.relation(table, *relation);
            let arguments = arguments(world, relation.target, list, "first");
            let inner = text(world, relation.target, inner);
            let name = &relation.name;
            format!("{name}Connection{arguments} {{ totalCount pageInfo {{ hasNextPage }} nodes {inner} }}")
        }
        Pick::Figures(relation, figures) => {
            let relation = world.relation(table, *relation);
            let figures = figures_text(world, relation.target, figures);
            format!("{}Aggregate{figures}", relation.name)
        }
    });
    format!("{{ {} }}", picks.collect::<Vec<_>>().join(" "))
}

/// The arguments of a list, or of a page whose size is told by another word.
pub(super) fn arguments(world: &World, table: usize, list: &List, limit: &str) -> String {
    let mut parts = Vec::new();
    if let Some(condition) = &list.condition {
        parts.push(format!("where: {}", world.condition(table, condition)));
    }
    if !list.order.is_empty() {
        let order = list.order.iter().map(|(sorted, direction)| {
            format!("{{{}}}", sorted_text(world, table, (sorted, direction)))
        });
        parts.push(format!(
            "orderBy: [{}]",
            order.collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(count) = list.limit {
        parts.push(format!("{limit}: {count}"));
    }
    in_parentheses(&parts)
}

pub(super) fn in_parentheses(parts: &[String]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    format!("({})", parts.join(", "))
}

fn sorted_text(world: &World, mut table: usize, (sorted, direction): (&Sorted, &str)) -> String {
    match sorted {
        Sorted::Count(relation) => {
            let name = &world.relation(table, *relation).name;
            format!("{name}Aggregate: {{count: {direction}}}")
        }
        Sorted::Column(path, column) => {
            let mut text = String::new();
            for relation in path {
                let relation = world.relation(table, *relation);
                text = format!("{text}{}: {{", relation.name);
                table = relation.target;
            }
            let name = &world.column(table, *column).name;
            format!("{text}{name}: {direction}{}", "}".repeat(path.len()))
        }
    }
}

/// The arguments of figures, and which are selected.
pub(super) fn figures_text(world: &World, table: usize, figures: &Figures) -> String {
    let mut parts = Vec::new();
    if let Some(condition) = &figures.condition {
        parts.push(format!("where: {}", world.condition(table, condition)));
    }
    let place = |(relation, column): &(Option<usize>, usize)| match relation {
        None => (String::new(), &world.column(table, *column).name),
        Some(relation) => {
            let relation = world.relation(table, *relation);
            (
                relation.name.clone(),
                &world.column(relation.target, *column).name,
            )
        }
    };
    if !figures.groups.is_empty() {
        let groups = figures.groups.iter().map(|group| match place(group) {
            (relation, column) if relation.is_empty() => format!("{{{column}: VALUE}}"),
            (relation, column) => format!("{{{relation}: {{{column}: VALUE}}}}"),
        });
        parts.push(format!(
            "groupBy: [{}]",
            groups.collect::<Vec<_>>().join(", ")
        ));
    }
    let mut shown = vec!["count".to_owned()];
    let keys = figures.groups.iter().map(|group| match place(group) {
        (relation, column) if relation.is_empty() => column.clone(),
        (relation, column) => format!("{relation} {{ {column} }}"),
    });
    let keys: Vec<_> = keys.collect();
    if !keys.is_empty() {
        shown.push(format!("key {{ {} }}", keys.join(" ")));
    }
    if let Some(condition) = &figures.counted {
        shown.push(format!(
            "some: count(where: {})",
            world.condition(table, condition)
        ));
    }
    let families = figures.families.iter();
    let families = families
        .map(|(family, column)| format!("{family} {{ {} }}", world.column(table, *column).name));
    shown.extend(families);
    format!("{} {{ {} }}", in_parentheses(&parts), shown.join(" "))
}

impl<'a> Judge<'a> {
    /// A row as it is shown.
    pub(super) fn object(&self, table: usize, row: &Row, picks: &[Pick]) -> Json {
        let mut members = Map::new();
        for pick in picks {
            let (name, shown) = self.member(table, row, pick);
            members.insert(name, shown);
        }
        Json::Object(members)
    }

    fn member(&self, table: usize, row: &Row, pick: &Pick) -> (String, Json) {
        let partners = |relation: usize| self.partners(table, row, relation, Eyes::Caller);
        let relation = |relation: usize| self.world.relation(table, relation);
        match pick {
            Pick::Column(column) => {
                let declared = self.world.column(table, *column);
                let shown = self.value(table, row, *column).json(declared.kind);
                (declared.name.clone(), shown)
            }
            Pick::One(index, inner) => {
                let target = relation(*index).target;
                let partners = partners(*index);
                let shown = partners
                    .first()
                    .map(|partner| self.object(target, partner, inner));
                (relation(*index).name.clone(), shown.unwrap_or_default())
            }
            Pick::Many(index, list, inner) => {
                let shown = self.listed(relation(*index).target, partners(*index), list, inner);
                (relation(*index).name.clone(), shown)
            }
            Pick::Page(index, list, inner) => {
                let shown = self.page(relation(*index).target, partners(*index), list, inner);
                (format!("{}Connection", relation(*index).name), shown)
            }
            Pick::Figures(index, figures) => {
                let shown = self.figures(relation(*index).target, partners(*index), figures);
                (format!("{}Aggregate", relation(*index).name), shown)
            }
        }
    }

    fn listed(&self, table: usize, rows: Vec<&'a Row>, list: &List, inner: &[Pick]) -> Json {
        let rows = self.sequence(table, rows, list).into_iter();
        let rows = rows.take(list.limit.unwrap_or(usize::MAX));
        rows.map(|row| self.object(table, row, inner)).collect()
    }

    fn page(&self, table: usize, rows: Vec<&'a Row>, list: &List, inner: &[Pick]) -> Json {
        let all = self.sequence(table, rows, list);
        let size = list.limit.unwrap_or(100);
        let nodes: Json = all
            .iter()
            .take(size)
            .map(|row| self.object(table, row, inner))
            .collect();
        json!({
            "totalCount": all.len(),
            "pageInfo": { "hasNextPage": all.len() > size },
            "nodes": nodes,
        })
    }

    /// Those of some rows that fulfil the condition of a list, in its order.
    pub(super) fn sequence(
        &self,
        table: usize,
        mut rows: Vec<&'a Row>,
        list: &List,
    ) -> Vec<&'a Row> {
        rows.retain(|row| self.fulfils(table, row, list.condition.as_ref()));
        rows.sort_by(|one, other| {
            let orders = list.order.iter().map(|(sorted, direction)| {
                let [one, other] = [one, other].map(|row| self.sort_value(table, row, sorted));
                compare(&one, &other, direction)
            });
            let key = |row: &Row| self.table(table).key_of(row);
            let last = std::iter::once_with(|| key(one).cmp(&key(other)));
            let mut decided = orders.chain(last).filter(|order| order.is_ne());
            decided.next().unwrap_or(Ordering::Equal)
        });
        rows
    }

    pub(super) fn fulfils(&self, table: usize, row: &Row, condition: Option<&Condition>) -> bool {
        condition
            .is_none_or(|condition| self.holds(table, row, condition, Eyes::Caller) == Some(true))
    }

    fn sort_value(&self, table: usize, row: &Row, sorted: &Sorted) -> Value {
        match sorted {
            Sorted::Count(relation) => {
                let count = self.partners(table, row, *relation, Eyes::Caller).len();
                Value::Number(i64::try_from(count).expect("there are few"))
            }
            Sorted::Column(path, column) => match path.split_first() {
                None => self.value(table, row, *column),
                Some((relation, rest)) => {
                    let target = self.world.relation(table, *relation).target;
                    let partners = self.partners(table, row, *relation, Eyes::Caller);
                    let rest = Sorted::Column(rest.to_vec(), *column);
                    let value = |partner: &&Row| self.sort_value(target, partner, &rest);
                    partners.first().map_or(Value::Null, value)
                }
            },
        }
    }

    pub(super) fn figures(&self, table: usize, mut rows: Vec<&'a Row>, figures: &Figures) -> Json {
        rows.retain(|row| self.fulfils(table, row, figures.condition.as_ref()));
        let mut groups: Vec<(Vec<Value>, Vec<&Row>)> = Vec::new();
        if figures.groups.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        for row in rows {
            let key = figures.groups.iter().map(|(relation, column)| {
                let path = relation.iter().copied().collect();
                self.sort_value(table, row, &Sorted::Column(path, *column))
            });
            let key: Vec<_> = key.collect();
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        groups.sort();
        let groups = groups.iter();
        groups
            .map(|(key, rows)| self.group(table, (key, rows), figures))
            .collect()
    }

    fn group(&self, table: usize, (key, rows): (&[Value], &[&Row]), figures: &Figures) -> Json {
        let mut shown = json!({ "count": rows.len() });
        for ((relation, column), value) in figures.groups.iter().zip(key) {
            match relation {
                None => {
                    let column = self.world.column(table, *column);
                    shown["key"][&column.name] = value.json(column.kind);
                }
                Some(relation) => {
                    let relation = self.world.relation(table, *relation);
                    let column = self.world.column(relation.target, *column);
                    shown["key"][&relation.name][&column.name] = value.json(column.kind);
                }
            }
        }
        if let Some(condition) = &figures.counted {
            let some = rows
                .iter()
                .filter(|row| self.fulfils(table, row, Some(condition)));
            shown["some"] = some.count().into();
        }
        for (family, column) in &figures.families {
            let values = rows.iter().map(|row| self.value(table, row, *column));
            let values = values.filter(|value| *value != Value::Null).collect();
            let column = self.world.column(table, *column);
            shown[*family][&column.name] = figure(family, values, column.kind);
        }
        shown
    }
}

fn figure(family: &str, mut values: Vec<Value>, kind: Kind) -> Json {
    values.sort();
    let shown = |value: Option<&Value>| value.map_or(Json::Null, |value| value.json(kind));
    match family {
        "min" => shown(values.first()),
        "max" => shown(values.last()),
        "sum" => {
            let numbers = values.iter().map(|value| match value {
                Value::Number(number) => i128::from(*number),
                _ => 0,
            });
            if values.is_empty() {
                Json::Null
            } else {
                numbers.sum::<i128>().to_string().into()
            }
        }
        _ => {
            values.dedup();
            values.len().into()
        }
    }
}

/// NULL is larger than every value unless the direction says otherwise.
fn compare(one: &Value, other: &Value, direction: &str) -> Ordering {
    let is_descending = direction.starts_with("DESC");
    let ordered = if is_descending {
        other.cmp(one)
    } else {
        one.cmp(other)
    };
    let nulls = (*one == Value::Null).cmp(&(*other == Value::Null));
    match direction.split_once("_NULLS_") {
        Some((_, "FIRST")) => nulls.reverse().then(ordered),
        Some(_) => nulls.then(ordered),
        None => ordered,
    }
}
