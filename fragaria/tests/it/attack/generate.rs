//! Worlds and callers at random, the same for the same seed.

use super::home::Dialect;
use super::world::{
    About, Action, CLAIMS, Caller, Column, Condition, Kind, Link, Mask, Operand, Operator,
    Quantifier, Relation, Row, Rule, Table, Value, World,
};
use fastrand::Rng;
use serde_json::{Value as Json, json};

const WORDS: [&str; 5] = ["ann", "bob", "cid", "dan", "evangelina"];
const DATES: [&str; 3] = ["2024-02-29", "2025-01-01", "2026-12-31"];
const LARGE: [i64; 4] = [-1, 0, 7, 9_007_199_254_740_993];

const ONE: [Operator; 4] = [Operator::Eq, Operator::Ne, Operator::Lt, Operator::Gte];

/// Whether something of so many percent happens.
pub(super) fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(..100) < percent
}

pub(super) fn pick<'i, T>(rng: &mut Rng, items: &'i [T]) -> &'i T {
    &items[rng.usize(..items.len())]
}

/// A value of few, so that many are equal.
pub(super) fn value(rng: &mut Rng, kind: Kind) -> Value {
    match kind {
        Kind::Int => Value::Number(rng.i64(0..5)),
        Kind::BigInt => Value::Number(*pick(rng, &LARGE)),
        Kind::Text => Value::Text((*pick(rng, &WORDS)).to_owned()),
        Kind::Boolean => Value::Boolean(rng.bool()),
        Kind::Date => Value::Text((*pick(rng, &DATES)).to_owned()),
    }
}

/// A value that a row may have there: of a row that may be there, where it refers to one.
pub(super) fn stored(rng: &mut Rng, world: &World, table: usize, column: usize) -> Value {
    let declared = world.column(table, column);
    if declared.nullable && chance(rng, 20) {
        return Value::Null;
    }
    match world.tables[table].referring(column) {
        Some(_) => Value::Number(rng.i64(1..8)),
        None if declared.unique || world.tables[table].key == [column] => {
            unique(rng, declared.kind)
        }
        None => value(rng, declared.kind),
    }
}

/// A value of more, for columns in which none comes twice.
fn unique(rng: &mut Rng, kind: Kind) -> Value {
    match kind {
        Kind::Text => Value::Text(format!("u{}", rng.u8(0..12))),
        _ => Value::Number(rng.i64(1..12)),
    }
}

pub(super) fn world(rng: &mut Rng, dialect: Dialect) -> World {
    let count = rng.usize(2..5);
    let mut world = World {
        dialect,
        tables: Vec::new(),
        roles: rng.usize(1..5),
        rows: Vec::new(),
    };
    for index in 0..count {
        let is_junction = index >= 2 && index + 1 == count && chance(rng, 40);
        let table = if is_junction {
            junction(rng, index)
        } else {
            plain(rng, index)
        };
        world.tables.push(table);
    }
    link_back(&mut world);
    for index in 0..count {
        let rows = rows(rng, &world, index);
        world.rows.push(rows);
    }
    for index in 0..count {
        world.tables[index].rules = rules(rng, &world, index);
    }
    world
}

fn column(name: &str, kind: Kind, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        nullable,
        unique: false,
    }
}

/// A table with an `id`, or at times with a key of two columns, and what it refers to.
fn plain(rng: &mut Rng, index: usize) -> Table {
    let is_composite = index > 0 && chance(rng, 15);
    let mut columns = if is_composite {
        vec![
            column("ka", Kind::Int, false),
            column("kb", Kind::Text, false),
        ]
    } else {
        vec![column("id", Kind::Int, false)]
    };
    let key = (0..columns.len()).collect();
    for place in 0..rng.usize(2..5) {
        let kinds = [
            Kind::Int,
            Kind::Int,
            Kind::BigInt,
            Kind::Text,
            Kind::Text,
            Kind::Boolean,
            Kind::Date,
        ];
        let kind = *pick(rng, &kinds);
        let mut made = column(&format!("c{place}"), kind, rng.bool());
        made.unique = matches!(kind, Kind::Int | Kind::Text) && chance(rng, 15);
        columns.push(made);
    }
    let mut relations = Vec::new();
    for place in 0..rng.usize(usize::from(index > 0)..3) {
        let target = if is_composite {
            rng.usize(..index)
        } else {
            rng.usize(..=index)
        };
        let nullable = target == index || chance(rng, 60);
        relations.push(Relation {
            name: format!("r{place}"),
            target,
            link: Link::To(columns.len()),
        });
        columns.push(column(&format!("f{place}"), Kind::Int, nullable));
    }
    Table {
        trap: trap(rng, &columns),
        columns,
        key,
        relations,
        rules: Vec::new(),
    }
}

/// A column that is no key, and is 0 at times.
fn trap(rng: &mut Rng, columns: &[Column]) -> Option<usize> {
    let is_fitting = |column: &Column| {
        column.kind == Kind::Int && !column.unique && column.name.starts_with('c')
    };
    let fitting = columns.iter().position(is_fitting);
    fitting.filter(|_| chance(rng, 70))
}

/// A table whose rows tie those of two others together.
fn junction(rng: &mut Rng, index: usize) -> Table {
    let ends = [rng.usize(..index), rng.usize(..index)];
    let relations = ends
        .into_iter()
        .enumerate()
        .map(|(place, target)| Relation {
            name: format!("r{place}"),
            target,
            link: Link::To(place),
        });
    Table {
        columns: vec![
            column("f0", Kind::Int, false),
            column("f1", Kind::Int, false),
            column("c0", *pick(rng, &[Kind::Int, Kind::Text]), true),
        ],
        key: vec![0, 1],
        relations: relations.collect(),
        rules: Vec::new(),
        trap: None,
    }
}

/// The other sides of relations, and ways through junctions. A table without an `id` of its own is
/// referred to by nobody, so each one that is has it first.
fn link_back(world: &mut World) {
    for index in 0..world.tables.len() {
        let has_id = |table: &Table| table.key == [0] && table.columns[0].name == "id";
        for place in 0..world.tables[index].relations.len() {
            let Relation { target, link, .. } = world.tables[index].relations[place];
            if !matches!(link, Link::To(_)) {
                continue;
            }
            if !has_id(&world.tables[target]) {
                world.tables[index].relations[place].target = 0;
            }
            let target = world.tables[index].relations[place].target;
            let relations = &mut world.tables[target].relations;
            let name = format!("m{}", relations.len());
            let link = Link::Back(place);
            relations.push(Relation {
                name,
                target: index,
                link,
            });
        }
    }
    let last = world.tables.len() - 1;
    if world.tables[last].key == [0, 1] && world.tables[last].columns[0].name == "f0" {
        let [near, far] = [0, 1].map(|end| world.tables[last].relations[end].target);
        let back = world.tables[near]
            .relations
            .iter()
            .position(|relation| relation.target == last && relation.link == Link::Back(0));
        let relations = &mut world.tables[near].relations;
        let name = format!("t{}", relations.len());
        let link = Link::Through(back.expect("each relation has another side"), 1);
        relations.push(Relation {
            name,
            target: far,
            link,
        });
    }
}

fn rows(rng: &mut Rng, world: &World, index: usize) -> Vec<Row> {
    let table = &world.tables[index];
    let mut rows: Vec<Row> = Vec::new();
    for number in 0..rng.i64(4..10) {
        let row: Row = (0..table.columns.len())
            .map(|column| {
                let declared = &table.columns[column];
                let value = stored(rng, world, index, column);
                match table.referring(column) {
                    Some(_) if value == Value::Null => value,
                    Some(relation) if relation.target == index => {
                        if number == 0 {
                            Value::Null
                        } else {
                            Value::Number(rng.i64(1..=number))
                        }
                    }
                    Some(relation) => pick(rng, &world.rows[relation.target])[0].clone(),
                    None if declared.name == "id" => Value::Number(number + 1),
                    None => value,
                }
            })
            .collect();
        if is_free(table, &rows, &row) {
            rows.push(row);
        } else if table.key == [0] && table.referring(0).is_none() {
            // The ids have no gaps, so that rows may refer to each one before.
            break;
        }
    }
    rows.sort_by_key(|row| table.key_of(row));
    rows
}

/// Whether no other row has one of the keys of this one.
pub(super) fn is_free(table: &Table, rows: &[Row], row: &Row) -> bool {
    table.unique_keys().iter().all(|key| {
        rows.iter().all(|other| {
            let mut columns = key.iter();
            columns.any(|column| other[*column] != row[*column] || row[*column] == Value::Null)
        })
    })
}

fn rules(rng: &mut Rng, world: &World, index: usize) -> Vec<Rule> {
    let mut rules = Vec::new();
    for role in 0..world.roles {
        for _ in 0..*pick(rng, &[0, 1, 1, 1, 2]) {
            rules.push(rule(rng, world, index, role));
        }
    }
    rules
}

fn rule(rng: &mut Rng, world: &World, index: usize, role: usize) -> Rule {
    let table = &world.tables[index];
    let mut roles = vec![role];
    if chance(rng, 15) && !roles.contains(&0) {
        roles.push(0);
    }
    let mut actions: Vec<_> = Action::ALL
        .into_iter()
        .filter(|_| chance(rng, 50))
        .collect();
    if !actions.contains(&Action::Read) && chance(rng, 60) {
        actions.insert(0, Action::Read);
    }
    if actions.is_empty() {
        actions.push(Action::Read);
    }
    let writes = actions
        .iter()
        .any(|action| matches!(action, Action::Create | Action::Update));
    let rows = Maker::of_rules(world, rng).maybe(index, 70);
    let checks = if writes { 25 } else { 0 };
    let check = Maker::of_rules(world, rng).maybe(index, checks);
    let mut set = Vec::new();
    if writes && chance(rng, 25) {
        let column = rng.usize(table.key.len()..table.columns.len());
        if !table.key.contains(&column) {
            set.push((column, given(rng, world, index, column)));
        }
    }
    let about = *pick(rng, &[About::All, About::All, About::Fields, About::Except]);
    let mut chosen =
        |is_key: bool| about == About::All || chance(rng, if is_key { 85 } else { 60 });
    let columns = (0..table.columns.len()).filter(|column| chosen(table.key.contains(column)));
    let columns: Vec<_> = columns.collect();
    let relations = (0..table.relations.len())
        .filter(|_| chosen(false))
        .collect();
    let masks = if actions.contains(&Action::Read) && chance(rng, 30) {
        masks(rng, table, &columns)
    } else {
        Vec::new()
    };
    Rule {
        roles,
        actions,
        rows,
        check,
        set,
        columns,
        relations,
        masks,
        about,
    }
}

/// Masks on some columns that are in no key.
fn masks(rng: &mut Rng, table: &Table, columns: &[usize]) -> Vec<(usize, Mask)> {
    let mut masks = Vec::new();
    for column in columns.iter().filter(|column| !table.key.contains(column)) {
        if chance(rng, 50) {
            let mask = match table.columns[*column].kind {
                Kind::Text => *pick(rng, &[Mask::Partial, Mask::Hash, Mask::Null]),
                _ => Mask::Null,
            };
            masks.push((*column, mask));
        }
    }
    masks
}

/// What a rule gives a column.
fn given(rng: &mut Rng, world: &World, table: usize, column: usize) -> Operand {
    if chance(rng, 40) {
        return Operand::Claim(named(rng, world.column(table, column).kind, false));
    }
    Operand::Value(match world.tables[table].referring(column) {
        Some(relation) => pick(rng, &world.rows[relation.target])[0].clone(),
        None => stored(rng, world, table, column),
    })
}

/// A claim that rules compare with a column of that kind: mostly one that is such a value.
fn named(rng: &mut Rng, kind: Kind, is_list: bool) -> &'static str {
    let fitting: &[&'static str] = match (kind, is_list) {
        _ if chance(rng, 10) => &CLAIMS,
        (Kind::Int | Kind::BigInt, false) => &["n", "org.id"],
        (Kind::Int | Kind::BigInt, true) => &["org.ids"],
        (Kind::Text, true) => &["words"],
        _ => &["who", "at.home.is"],
    };
    match *fitting {
        [only] => only,
        _ => fitting[rng.usize(..fitting.len())],
    }
}

/// Makes conditions, of rules or of callers.
pub(super) struct Maker<'m> {
    world: &'m World,
    rng: &'m mut Rng,
    has_claims: bool,
    /// Which columns of a table it may name, and which relations.
    columns: Box<dyn Fn(usize, usize) -> bool + 'm>,
    relations: Box<dyn Fn(usize, usize) -> bool + 'm>,
    /// Of which tables it may name what is calculated.
    traps: Box<dyn Fn(usize) -> bool + 'm>,
}

impl<'m> Maker<'m> {
    fn of_rules(world: &'m World, rng: &'m mut Rng) -> Self {
        Self {
            world,
            rng,
            has_claims: true,
            columns: Box::new(|_, _| true),
            relations: Box::new(|_, _| true),
            traps: Box::new(|_| false),
        }
    }

    /// Of somebody who knows of these columns and relations.
    pub(super) fn of_callers(
        world: &'m World,
        rng: &'m mut Rng,
        columns: impl Fn(usize, usize) -> bool + 'm,
        relations: impl Fn(usize, usize) -> bool + 'm,
        traps: impl Fn(usize) -> bool + 'm,
    ) -> Self {
        Self {
            world,
            rng,
            has_claims: false,
            columns: Box::new(columns),
            relations: Box::new(relations),
            traps: Box::new(traps),
        }
    }

    pub(super) fn maybe(&mut self, table: usize, percent: u8) -> Option<Condition> {
        chance(self.rng, percent).then(|| self.condition(table, 2))
    }

    pub(super) fn condition(&mut self, table: usize, depth: usize) -> Condition {
        let world = self.world;
        let known = (0..world.tables[table].relations.len())
            .filter(|index| (self.relations)(table, *index));
        let relations: Vec<usize> = known.collect();
        match self.rng.u8(..20) {
            0..=1 if depth > 0 => Condition::All(self.parts(table, depth)),
            2..=3 if depth > 0 => Condition::Any(self.parts(table, depth)),
            4..=5 if depth > 0 => Condition::Not(Box::new(self.condition(table, depth - 1))),
            6..=10 if depth > 0 && !relations.is_empty() => {
                let index = *pick(self.rng, &relations);
                let relation = world.relation(table, index);
                let inner = Box::new(self.condition(relation.target, depth - 1));
                if matches!(relation.link, Link::To(_)) {
                    return Condition::One(index, inner);
                }
                let quantifiers = [Quantifier::Some, Quantifier::Every, Quantifier::None];
                Condition::Many(index, *pick(self.rng, &quantifiers), inner)
            }
            _ => self.comparison(table),
        }
    }

    fn parts(&mut self, table: usize, depth: usize) -> Vec<Condition> {
        let count = self.rng.usize(1..4);
        (0..count)
            .map(|_| self.condition(table, depth - 1))
            .collect()
    }

    fn comparison(&mut self, table: usize) -> Condition {
        if (self.traps)(table) && chance(self.rng, 30) {
            return Condition::Trap;
        }
        let declared = &self.world.tables[table].columns;
        let known: Vec<_> = (0..declared.len())
            .filter(|column| (self.columns)(table, *column))
            .collect();
        if known.is_empty() {
            return Condition::All(Vec::new());
        }
        let column = *pick(self.rng, &known);
        let kind = declared[column].kind;
        if declared[column].nullable && chance(self.rng, 20) {
            return Condition::IsNull(column, self.rng.bool());
        }
        let alike = known
            .iter()
            .filter(|other| **other != column && declared[**other].kind == kind);
        let alike: Vec<_> = alike.copied().collect();
        if !alike.is_empty() && kind != Kind::Boolean && chance(self.rng, 15) {
            return Condition::Beside(column, *pick(self.rng, &ONE), *pick(self.rng, &alike));
        }
        let is_list = chance(self.rng, 25);
        let operator = match (kind, is_list) {
            (_, true) => *pick(self.rng, &[Operator::In, Operator::NotIn]),
            (Kind::Boolean, _) => *pick(self.rng, &ONE[..2]),
            _ => *pick(self.rng, &ONE),
        };
        Condition::Compare(column, operator, self.operand(table, column, is_list))
    }

    fn operand(&mut self, table: usize, column: usize, is_list: bool) -> Operand {
        if self.has_claims && chance(self.rng, 45) {
            let kind = self.world.column(table, column).kind;
            return Operand::Claim(named(self.rng, kind, is_list));
        }
        let count = self.rng.usize(1..4);
        let mut value = || loop {
            let rows = self.world.rows.get(table).filter(|rows| !rows.is_empty());
            let value = match rows {
                Some(rows) if self.rng.bool() => pick(self.rng, rows)[column].clone(),
                _ => stored(self.rng, self.world, table, column),
            };
            if value != Value::Null {
                return value;
            }
        };
        if is_list {
            return Operand::List((0..count).map(|_| value()).collect());
        }
        Operand::Value(value())
    }
}

/// Somebody who may hold roles, and of whom things may be known.
pub(super) fn caller(rng: &mut Rng, world: &World) -> Caller {
    let mut roles: Vec<_> = (0..world.roles).filter(|_| chance(rng, 45)).collect();
    if roles.is_empty() && chance(rng, 80) {
        roles.push(rng.usize(..world.roles));
    }
    let mut claims = json!({});
    for path in CLAIMS {
        if let Some(claim) = claim(rng, path) {
            put(&mut claims, path, claim);
        }
    }
    Caller { roles, claims }
}

/// A claim as it should be, or of another type, or none.
fn claim(rng: &mut Rng, path: &str) -> Option<Json> {
    let number = rng.i64(0..6);
    let word = *pick(rng, &WORDS);
    let usual = match path {
        "who" if chance(rng, 10) => json!(*pick(rng, &DATES)),
        "n" | "org.id" => json!(number),
        "org.ids" => json!([number, rng.i64(1..8)]),
        "words" => json!([word, *pick(rng, &WORDS)]),
        _ => json!(word),
    };
    Some(match rng.u8(..20) {
        0 => return None,
        1 => Json::Null,
        2 => json!(number.to_string()),
        3 => json!([]),
        4 => json!([null]),
        5 => json!({ "is": word }),
        6 => json!(rng.bool()),
        7 => json!(*pick(rng, &DATES)),
        8 => json!(number),
        9 => json!(*pick(rng, &LARGE)),
        10 => json!([number.to_string(), number]),
        _ => usual,
    })
}

fn put(claims: &mut Json, path: &str, claim: Json) {
    let mut place = claims;
    let mut steps: Vec<_> = path.split('.').collect();
    let last = steps.pop().expect("a path has a last step");
    for step in steps {
        if !place[step].is_object() {
            place[step] = json!({});
        }
        place = &mut place[step];
    }
    place[last] = claim;
}
