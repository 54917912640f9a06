//! Changes: what a root field of a mutation asks for.

use super::condition::{Condition, Table};
use fastrand::Rng;
use std::fmt;

/// A root field.
#[derive(Clone, Debug)]
pub(super) enum Change {
    CreateClubs(Vec<Values>, bool),
    CreatePeople(Vec<Values>, bool),
    UpdateClub {
        id: i64,
        set: Values,
        expected: Option<i64>,
    },
    UpdatePerson(i64, Values),
    UpdateMany(Table, Condition, Values, Option<i64>),
    UpsertClubs {
        inputs: Vec<Values>,
        one: bool,
        by_name: bool,
        /// The columns that are set; all that are given where there is no list.
        update: Option<Vec<&'static str>>,
        update_where: Option<Condition>,
    },
    DeleteOne(Table, i64),
    DeleteMany(Table, Condition, Option<i64>),
}

/// A number or NULL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub(super) Option<i64>);

/// Values for columns; those left out are not given.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) id: Option<i64>,
    pub(super) name: Option<&'static str>,
    /// Size or age.
    pub(super) number: Option<Number>,
    pub(super) club: Option<Number>,
}

pub(super) fn name(dice: &mut Rng) -> &'static str {
    ["ann", "bob", "cay", "dan", "eve", "fay", "gus", "hal"][dice.usize(..8)]
}

fn id(dice: &mut Rng) -> i64 {
    dice.i64(0..9)
}

fn number(dice: &mut Rng) -> Number {
    Number((dice.u8(..4) > 0).then(|| dice.i64(0..9)))
}

fn sometimes<T>(dice: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    dice.bool().then(|| make(dice))
}

impl Values {
    fn to_add(dice: &mut Rng, table: Table) -> Self {
        Self {
            id: Some(id(dice)),
            name: Some(name(dice)),
            number: sometimes(dice, number),
            club: sometimes(dice, number).filter(|_| table == Table::People),
        }
    }

    /// At least one value to set.
    fn set(dice: &mut Rng, table: Table) -> Self {
        let number_or_club = |dice: &mut Rng| Self {
            number: Some(number(dice)),
            club: sometimes(dice, number).filter(|_| table == Table::People),
            ..Self::default()
        };
        match dice.u8(..8) {
            0 => Self {
                id: Some(id(dice)),
                ..Self::default()
            },
            1 | 2 => Self {
                name: Some(name(dice)),
                ..Self::default()
            },
            _ => number_or_club(dice),
        }
    }
}

impl Change {
    pub(super) fn random(dice: &mut Rng) -> Self {
        let table = [Table::Clubs, Table::People][dice.usize(..2)];
        let at_most = |dice: &mut Rng| (dice.u8(..4) == 0).then(|| dice.i64(0..4));
        match dice.u8(..13) {
            0..=2 => {
                let one = dice.bool();
                let count = if one { 1 } else { dice.usize(1..4) };
                let rows = (0..count).map(|_| Values::to_add(dice, table)).collect();
                match table {
                    Table::Clubs => Self::CreateClubs(rows, one),
                    Table::People => Self::CreatePeople(rows, one),
                }
            }
            3 => Self::UpdateClub {
                id: id(dice),
                set: Values::set(dice, Table::Clubs),
                expected: sometimes(dice, |dice| dice.i64(1..4)),
            },
            4 => Self::UpdatePerson(id(dice), Values::set(dice, Table::People)),
            5..=7 => {
                let condition = Condition::random(dice, table);
                let set = Values::set(dice, table);
                Self::UpdateMany(table, condition, set, at_most(dice))
            }
            8..=10 => Self::upsert(dice),
            11 => Self::DeleteOne(table, id(dice)),
            _ => Self::DeleteMany(table, Condition::random(dice, table), at_most(dice)),
        }
    }

    fn upsert(dice: &mut Rng) -> Self {
        let one = dice.bool();
        let count = if one { 1 } else { dice.usize(1..4) };
        let update: Option<Vec<_>> = sometimes(dice, |dice| {
            let columns = ["id", "name", "size"].into_iter();
            columns.filter(|_| dice.bool()).collect()
        });
        let has_size = update
            .as_ref()
            .is_some_and(|columns| columns.contains(&"size"));
        let input = |dice: &mut Rng| {
            let row = Values::to_add(dice, Table::Clubs);
            // What is listed must be given.
            let given = has_size.then(|| number(dice));
            Values {
                number: row.number.or(given),
                ..row
            }
        };
        let inputs = (0..count).map(|_| input(dice)).collect();
        Self::UpsertClubs {
            inputs,
            one,
            by_name: dice.bool(),
            update,
            update_where: (dice.u8(..3) == 0).then(|| Condition::random(dice, Table::Clubs)),
        }
    }
}

/// Values as GraphQL, for a table whose number is called so.
fn values(values: &Values, number: &str) -> String {
    let or_null =
        |Number(value): Number| value.map_or("null".to_owned(), |value| value.to_string());
    let members = [
        values.id.map(|id| format!("id: {id}")),
        values.name.map(|name| format!("name: \"{name}\"")),
        values
            .number
            .map(|value| format!("{number}: {}", or_null(value))),
        values
            .club
            .map(|value| format!("clubId: {}", or_null(value))),
    ];
    let members: Vec<_> = members.into_iter().flatten().collect();
    format!("{{ {} }}", members.join(", "))
}

fn inputs(rows: &[Values], one: bool, number: &str) -> String {
    let texts: Vec<_> = rows.iter().map(|row| values(row, number)).collect();
    if one {
        texts.concat()
    } else {
        format!("[{}]", texts.join(", "))
    }
}

const CLUB: &str = "{ id name size version people(orderBy: [{ id: ASC }]) { id } }";
const PERSON: &str = "{ id name age club { id version } }";

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound =
            |at_most: &Option<i64>| at_most.map_or(String::new(), |n| format!(", atMost: {n}"));
        match self {
            Self::CreateClubs(rows, one) => {
                let field = if *one { "createClub" } else { "createClubs" };
                write!(f, "{field}(input: {}) {CLUB}", inputs(rows, *one, "size"))
            }
            Self::CreatePeople(rows, one) => {
                let field = if *one { "createPerson" } else { "createPeople" };
                write!(f, "{field}(input: {}) {PERSON}", inputs(rows, *one, "age"))
            }
            Self::UpdateClub { id, set, expected } => {
                let expected =
                    expected.map_or(String::new(), |n| format!(", expectedVersion: {n}"));
                write!(
                    f,
                    "updateClub(id: {id}, set: {}{expected}) {CLUB}",
                    values(set, "size")
                )
            }
            Self::UpdatePerson(id, set) => {
                write!(
                    f,
                    "updatePerson(id: {id}, set: {}) {PERSON}",
                    values(set, "age")
                )
            }
            Self::UpdateMany(table, condition, set, at_most) => {
                let (field, number, shown) = shown(*table);
                let (condition, set) = (condition.text(number), values(set, number));
                let bound = bound(at_most);
                write!(
                    f,
                    "update{field}(where: {condition}, set: {set}{bound}) {shown}"
                )
            }
            Self::UpsertClubs {
                inputs: rows,
                one,
                by_name,
                update,
                update_where,
            } => {
                let field = if *one { "upsertClub" } else { "upsertClubs" };
                write!(f, "{field}(input: {}", inputs(rows, *one, "size"))?;
                if *by_name {
                    write!(f, ", onConflict: NAME")?;
                }
                if let Some(columns) = update {
                    write!(f, ", update: [{}]", columns.join(", "))?;
                }
                if let Some(condition) = update_where {
                    write!(f, ", updateWhere: {}", condition.text("size"))?;
                }
                write!(f, ") {CLUB}")
            }
            Self::DeleteOne(Table::Clubs, id) => write!(f, "deleteClub(id: {id}) {CLUB}"),
            Self::DeleteOne(Table::People, id) => write!(f, "deletePerson(id: {id}) {PERSON}"),
            Self::DeleteMany(table, condition, at_most) => {
                let (field, number, shown) = shown(*table);
                let (condition, bound) = (condition.text(number), bound(at_most));
                write!(f, "delete{field}(where: {condition}{bound}) {shown}")
            }
        }
    }
}

/// How the many of a table are called, its number, and what is selected of it.
fn shown(table: Table) -> (&'static str, &'static str, &'static str) {
    match table {
        Table::Clubs => ("Clubs", "size", CLUB),
        Table::People => ("People", "age", PERSON),
    }
}
