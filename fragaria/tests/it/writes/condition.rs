//! Conditions on clubs and people: as GraphQL, and as the model judges them, in three values.

use super::model::{Club, Person, State};
use fastrand::Rng;
use std::fmt;

/// A condition; which of them a table has follows from where it stands.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Everything,
    Ids(Vec<i64>),
    Name(&'static str),
    /// The number (size or age) is greater.
    Above(i64),
    NoNumber(bool),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// Of a club: a person of it, or no person of it, fulfils that.
    Some(Box<Condition>),
    None(Box<Condition>),
    /// Of a person: the club fulfils that.
    Club(Box<Condition>),
}

/// The table a condition is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Table {
    Clubs,
    People,
}

impl Condition {
    pub(super) fn random(dice: &mut Rng, table: Table) -> Self {
        match dice.u8(..20) {
            0 => Self::Everything,
            _ => Self::telling(dice, table, 2),
        }
    }

    fn telling(dice: &mut Rng, table: Table, depth: u8) -> Self {
        let deepest = if depth == 0 { 4 } else { 9 };
        let inner =
            |dice: &mut Rng, table| Box::new(Self::telling(dice, table, depth.saturating_sub(1)));
        match dice.u8(..deepest) {
            0 => Self::Ids((0..dice.usize(1..4)).map(|_| dice.i64(0..9)).collect()),
            1 => Self::Name(super::change::name(dice)),
            2 => Self::Above(dice.i64(0..9)),
            3 => Self::NoNumber(dice.bool()),
            4 => Self::Not(inner(dice, table)),
            5 => Self::All(vec![*inner(dice, table), *inner(dice, table)]),
            6 => Self::Any(vec![*inner(dice, table), *inner(dice, table)]),
            7 if table == Table::Clubs => Self::Some(inner(dice, Table::People)),
            8 if table == Table::Clubs => Self::None(inner(dice, Table::People)),
            _ => Self::Club(inner(dice, Table::Clubs)),
        }
    }

    pub(super) fn of_club(&self, club: &Club, state: &State) -> Option<bool> {
        let person = |condition: &Self, person: &Person| {
            person.club == Some(club.id) && condition.of_person(person, state) == Some(true)
        };
        match self {
            Self::Some(condition) => Some(state.people.values().any(|one| person(condition, one))),
            Self::None(condition) => Some(!state.people.values().any(|one| person(condition, one))),
            _ => self.judge((club.id, &club.name, club.size), &|part| {
                part.of_club(club, state)
            }),
        }
    }

    pub(super) fn of_person(&self, person: &Person, state: &State) -> Option<bool> {
        match self {
            Self::Club(condition) => {
                let club = person.club.and_then(|id| state.clubs.get(&id));
                let judged = club.and_then(|club| condition.of_club(club, state));
                Some(judged == Some(true))
            }
            _ => self.judge((person.id, &person.name, person.age), &|part| {
                part.of_person(person, state)
            }),
        }
    }

    fn judge(
        &self,
        (id, name, number): (i64, &str, Option<i64>),
        part: &dyn Fn(&Self) -> Option<bool>,
    ) -> Option<bool> {
        match self {
            Self::Everything => Some(true),
            Self::Ids(ids) => Some(ids.contains(&id)),
            Self::Name(wanted) => Some(*wanted == name),
            Self::Above(least) => number.map(|number| number > *least),
            Self::NoNumber(wanted) => Some(number.is_none() == *wanted),
            Self::Not(inner) => part(inner).map(|judged| !judged),
            Self::All(parts) => {
                let judged: Vec<_> = parts.iter().map(part).collect();
                let is_known = judged.iter().all(Option::is_some);
                let fails = judged.contains(&Some(false));
                (fails || is_known).then_some(!fails)
            }
            Self::Any(parts) => {
                let judged: Vec<_> = parts.iter().map(part).collect();
                let is_known = judged.iter().all(Option::is_some);
                let holds = judged.contains(&Some(true));
                (holds || is_known).then_some(holds)
            }
            Self::Some(_) | Self::None(_) | Self::Club(_) => unreachable!("of another table"),
        }
    }

    /// As GraphQL, for a table whose number is called so.
    pub(super) fn text(&self, number: &'static str) -> Text<'_> {
        Text {
            condition: self,
            number,
        }
    }
}

/// A condition as GraphQL.
pub(super) struct Text<'a> {
    condition: &'a Condition,
    number: &'static str,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        let parts = |parts: &[Condition]| {
            let texts = parts.iter().map(|part| part.text(number).to_string());
            texts.collect::<Vec<_>>().join(", ")
        };
        match self.condition {
            Condition::Everything => write!(f, "{{}}"),
            Condition::Ids(ids) => write!(f, "{{ id: {{ in: {ids:?} }} }}"),
            Condition::Name(name) => write!(f, "{{ name: {{ eq: \"{name}\" }} }}"),
            Condition::Above(least) => write!(f, "{{ {number}: {{ gt: {least} }} }}"),
            Condition::NoNumber(wanted) => write!(f, "{{ {number}: {{ isNull: {wanted} }} }}"),
            Condition::Not(inner) => write!(f, "{{ not: {} }}", inner.text(number)),
            Condition::All(all) => write!(f, "{{ and: [{}] }}", parts(all)),
            Condition::Any(any) => write!(f, "{{ or: [{}] }}", parts(any)),
            Condition::Some(inner) => write!(f, "{{ people: {{ some: {} }} }}", inner.text("age")),
            Condition::None(inner) => write!(f, "{{ people: {{ none: {} }} }}", inner.text("age")),
            Condition::Club(inner) => write!(f, "{{ club: {} }}", inner.text("size")),
        }
    }
}
