//! What mutations do, in memory.

use super::change::{Change, Number, Values};
use super::condition::{Condition, Table};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The rows.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) clubs: BTreeMap<i64, Club>,
    pub(super) people: BTreeMap<i64, Person>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Club {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) size: Option<i64>,
    pub(super) version: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) age: Option<i64>,
    pub(super) club: Option<i64>,
}

/// Codes of which one must be told.
pub(super) type Codes = Vec<&'static str>;

const UNIQUE: &str = "store.unique";
const FOREIGN_KEY: &str = "store.foreign_key";
const AT_MOST: &str = "engine.at_most";
const VERSION: &str = "engine.version";

impl State {
    /// Applies all changes and gives the data, or none of them.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<Value, Codes> {
        let mut next = self.clone();
        let mut data = serde_json::Map::new();
        for (index, change) in changes.iter().enumerate() {
            data.insert(format!("r{index}"), next.change(change)?);
        }
        *self = next;
        Ok(Value::Object(data))
    }

    pub(super) fn content(&self) -> Value {
        let clubs = self.clubs.values();
        let clubs: Vec<_> = clubs
            .map(|club| json!({ "id": club.id, "name": club.name, "size": club.size, "version": club.version }))
            .collect();
        let people = self.people.values();
        let people: Vec<_> = people
            .map(
                |one| json!({ "id": one.id, "name": one.name, "age": one.age, "clubId": one.club }),
            )
            .collect();
        json!({ "clubs": clubs, "people": people })
    }

    fn change(&mut self, change: &Change) -> Result<Value, Codes> {
        match change {
            Change::CreateClubs(rows, one) => {
                let clubs = rows.iter().map(Club::new);
                let ids: Vec<_> = clubs.clone().map(|club| club.id).collect();
                let all = self.clubs.values().cloned().chain(clubs).collect();
                self.settle(all, self.people.values().cloned().collect(), Vec::new())?;
                Ok(given(ids.iter().map(|id| self.club(*id)), *one))
            }
            Change::CreatePeople(rows, one) => {
                let people = rows.iter().map(Person::new);
                let ids: Vec<_> = people.clone().map(|person| person.id).collect();
                let all = self.people.values().cloned().chain(people).collect();
                self.settle(self.clubs.values().cloned().collect(), all, Vec::new())?;
                Ok(given(ids.iter().map(|id| self.person(*id)), *one))
            }
            Change::UpdateClub { id, set, expected } => {
                let version = self.clubs.get(id).map(|club| club.version);
                if expected.is_some() && *expected != version {
                    return Err(vec![VERSION]);
                }
                let rows = self.update(Table::Clubs, &BTreeSet::from([*id]), set, Vec::new())?;
                Ok(rows.into_iter().next().unwrap_or_default())
            }
            Change::UpdatePerson(id, set) => {
                let rows = self.update(Table::People, &BTreeSet::from([*id]), set, Vec::new())?;
                Ok(rows.into_iter().next().unwrap_or_default())
            }
            Change::UpdateMany(table, condition, set, at_most) => {
                let (ids, codes) = self.picked(*table, condition, *at_most);
                self.update(*table, &ids, set, codes).map(Value::Array)
            }
            Change::UpsertClubs { inputs, one, .. } => {
                let mut ids = Vec::new();
                for input in inputs {
                    ids.push(self.upsert(change, input)?);
                }
                // A later row may have given an earlier one another key.
                ids.retain(|id| self.clubs.contains_key(id));
                Ok(given(ids.iter().map(|id| self.club(*id)), *one))
            }
            Change::DeleteOne(table, id) => {
                let ids = BTreeSet::from([*id]);
                let rows = self.delete(*table, &ids, Vec::new())?;
                Ok(rows.into_iter().next().unwrap_or_default())
            }
            Change::DeleteMany(table, condition, at_most) => {
                let (ids, codes) = self.picked(*table, condition, *at_most);
                self.delete(*table, &ids, codes).map(Value::Array)
            }
        }
    }

    fn picked(
        &self,
        table: Table,
        condition: &Condition,
        at_most: Option<i64>,
    ) -> (BTreeSet<i64>, Codes) {
        let ids: BTreeSet<i64> = match table {
            Table::Clubs => self
                .clubs
                .values()
                .filter(|club| condition.of_club(club, self) == Some(true))
                .map(|club| club.id)
                .collect(),
            Table::People => self
                .people
                .values()
                .filter(|person| condition.of_person(person, self) == Some(true))
                .map(|person| person.id)
                .collect(),
        };
        let passed = at_most.is_some_and(|most| usize::try_from(most).unwrap() < ids.len());
        (ids, if passed { vec![AT_MOST] } else { Vec::new() })
    }

    /// Sets values of rows, and gives them as they are then.
    fn update(
        &mut self,
        table: Table,
        ids: &BTreeSet<i64>,
        set: &Values,
        codes: Codes,
    ) -> Result<Vec<Value>, Codes> {
        let clubs = self.clubs.values().cloned().map(|mut club| {
            if table == Table::Clubs && ids.contains(&club.id) {
                club.set(set);
            }
            club
        });
        let people = self.people.values().cloned().map(|mut person| {
            if table == Table::People && ids.contains(&person.id) {
                person.set(set);
            }
            person
        });
        let there: Vec<i64> = match table {
            Table::Clubs => self.clubs.keys().copied().collect(),
            Table::People => self.people.keys().copied().collect(),
        };
        let changed = there.iter().filter(|id| ids.contains(id));
        let became: BTreeSet<_> = changed.map(|id| set.id.unwrap_or(*id)).collect();
        self.settle(clubs.collect(), people.collect(), codes)?;
        Ok(became.iter().map(|id| self.row(table, *id)).collect())
    }

    /// Adds a club or changes the one with its key; gives the id it has then.
    fn upsert(&mut self, change: &Change, input: &Values) -> Result<i64, Codes> {
        let Change::UpsertClubs {
            by_name,
            update,
            update_where,
            ..
        } = change
        else {
            unreachable!("an upsert")
        };
        let new = Club::new(input);
        let has_key = |club: &&Club| {
            if *by_name {
                club.name == new.name
            } else {
                club.id == new.id
            }
        };
        let Some(known) = self.clubs.values().find(has_key).cloned() else {
            let clubs = self.clubs.values().cloned().chain([new.clone()]).collect();
            self.settle(clubs, self.people.values().cloned().collect(), Vec::new())?;
            return Ok(new.id);
        };
        let key = if *by_name { "name" } else { "id" };
        let is_set = |column: &str, given: bool| match update {
            Some(columns) => columns.contains(&column),
            None => given && column != key && column != "id",
        };
        let set = Values {
            id: input.id.filter(|_| is_set("id", true)),
            name: input.name.filter(|_| is_set("name", true)),
            number: is_set("size", input.number.is_some())
                .then(|| input.number.unwrap_or(Number(None))),
            club: None,
        };
        let is_nothing = set.id.is_none() && set.name.is_none() && set.number.is_none();
        let holds = update_where
            .as_ref()
            .is_none_or(|condition| condition.of_club(&known, self) == Some(true));
        if (is_nothing && update.is_some()) || !holds {
            return Ok(known.id);
        }
        self.update(Table::Clubs, &BTreeSet::from([known.id]), &set, Vec::new())?;
        Ok(set.id.unwrap_or(known.id))
    }

    /// Removes rows, and gives them as they were.
    fn delete(
        &mut self,
        table: Table,
        ids: &BTreeSet<i64>,
        codes: Codes,
    ) -> Result<Vec<Value>, Codes> {
        let there = |id: &&i64| match table {
            Table::Clubs => self.clubs.contains_key(id),
            Table::People => self.people.contains_key(id),
        };
        let rows = ids
            .iter()
            .filter(there)
            .map(|id| self.row(table, *id))
            .collect();
        let stays = |of: Table, id: i64| of != table || !ids.contains(&id);
        let clubs = self
            .clubs
            .values()
            .filter(|club| stays(Table::Clubs, club.id));
        let people = self
            .people
            .values()
            .filter(|one| stays(Table::People, one.id));
        let (clubs, people) = (clubs.cloned().collect(), people.cloned().collect());
        self.settle(clubs, people, codes)?;
        Ok(rows)
    }

    /// Takes rows over if they keep the constraints.
    fn settle(
        &mut self,
        clubs: Vec<Club>,
        people: Vec<Person>,
        mut codes: Codes,
    ) -> Result<(), Codes> {
        let ids: BTreeSet<_> = clubs.iter().map(|club| club.id).collect();
        let names: BTreeSet<_> = clubs.iter().map(|club| &club.name).collect();
        let persons: BTreeSet<_> = people.iter().map(|person| person.id).collect();
        if ids.len() < clubs.len() || names.len() < clubs.len() || persons.len() < people.len() {
            codes.push(UNIQUE);
        }
        if people
            .iter()
            .filter_map(|person| person.club)
            .any(|club| !ids.contains(&club))
        {
            codes.push(FOREIGN_KEY);
        }
        if !codes.is_empty() {
            return Err(codes);
        }
        self.clubs = clubs.into_iter().map(|club| (club.id, club)).collect();
        self.people = people
            .into_iter()
            .map(|person| (person.id, person))
            .collect();
        Ok(())
    }

    fn row(&self, table: Table, id: i64) -> Value {
        match table {
            Table::Clubs => self.club(id),
            Table::People => self.person(id),
        }
    }

    fn club(&self, id: i64) -> Value {
        let club = &self.clubs[&id];
        let people = self
            .people
            .values()
            .filter(|person| person.club == Some(id));
        let people: Vec<_> = people.map(|person| json!({ "id": person.id })).collect();
        json!({ "id": id, "name": club.name, "size": club.size, "version": club.version, "people": people })
    }

    fn person(&self, id: i64) -> Value {
        let person = &self.people[&id];
        let club = person
            .club
            .map(|id| json!({ "id": id, "version": self.clubs[&id].version }));
        json!({ "id": id, "name": person.name, "age": person.age, "club": club })
    }
}

impl Club {
    fn new(values: &Values) -> Self {
        Self {
            id: values.id.unwrap(),
            name: values.name.unwrap().to_owned(),
            size: values.number.and_then(|number| number.0),
            version: 1,
        }
    }

    fn set(&mut self, values: &Values) {
        self.id = values.id.unwrap_or(self.id);
        self.name = values.name.map_or(self.name.clone(), str::to_owned);
        self.size = values.number.map_or(self.size, |number| number.0);
        self.version += 1;
    }
}

impl Person {
    fn new(values: &Values) -> Self {
        Self {
            id: values.id.unwrap(),
            name: values.name.unwrap().to_owned(),
            age: values.number.map_or(Some(7), |number| number.0),
            club: values.club.and_then(|club| club.0),
        }
    }

    fn set(&mut self, values: &Values) {
        self.id = values.id.unwrap_or(self.id);
        self.name = values.name.map_or(self.name.clone(), str::to_owned);
        self.age = values.number.map_or(self.age, |number| number.0);
        self.club = values.club.map_or(self.club, |club| club.0);
    }
}

/// One row, or a list of them.
fn given(mut rows: impl Iterator<Item = Value>, one: bool) -> Value {
    if one {
        rows.next().unwrap_or_default()
    } else {
        Value::Array(rows.collect())
    }
}
