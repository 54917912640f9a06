//! What callers write, and what must become of it.

use super::generate::{chance, is_free, pick, stored};
use super::home::Dialect;
use super::judge::Judge;
use super::select::{self, Chooser, Pick};
use super::world::{Action, Condition, Link, Row, State, Value, World, singular, type_name};
use fastrand::Rng;
use serde_json::Value as Json;

/// Values of columns.
type Given = Vec<(usize, Value)>;

/// A root field that writes.
pub(super) struct Write {
    table: usize,
    deed: Deed,
    picks: Vec<Pick>,
}

enum Deed {
    Create(Given),
    CreateMany(Vec<Given>),
    Update(Vec<Value>, Given),
    UpdateMany(Condition, Given),
    Upsert(Given),
    Delete(Vec<Value>),
    DeleteMany(Condition),
}

/// What becomes of a write.
pub(super) struct Outcome {
    /// The codes of which it is refused with one; it is done where there is none.
    pub(super) refused: Vec<&'static str>,
    /// What it gives, if it is done.
    pub(super) shown: Json,
    /// The rows behind it.
    pub(super) state: State,
    /// Whether it may be refused as well because the row as it would be made meets another one, before
    /// it is seen that it is there.
    pub(super) may_clash: bool,
}

/// Why the database refuses rows, whoever writes them.
fn broken(world: &World, state: &State) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for (index, table) in world.tables.iter().enumerate() {
        let rows = &state[index];
        let is_taken = |(place, row): (usize, &Row)| !is_free(table, &rows[..place], row);
        if rows.iter().enumerate().any(is_taken) {
            codes.push("store.unique");
        }
        let has_null = |row: &Row| {
            let mut cells = row.iter().zip(&table.columns);
            cells.any(|(value, column)| *value == Value::Null && !column.nullable)
        };
        if rows.iter().any(has_null) {
            codes.push("store.not_null");
        }
        for relation in &table.relations {
            let Link::To(column) = relation.link else {
                continue;
            };
            let is_lost = |row: &Row| {
                let mut targets = state[relation.target].iter();
                row[column] != Value::Null && !targets.any(|target| target[0] == row[column])
            };
            if rows.iter().any(is_lost) {
                codes.push("store.foreign_key");
            }
        }
    }
    codes
}

/// A write that the API of a caller has, at random; none where it has none of that table.
/// With `traps`, which rows it reaches may be said by what is calculated of them: nothing was written
/// before it.
pub(super) fn write(judge: Judge<'_>, table: usize, rng: &mut Rng, traps: bool) -> Option<Write> {
    if !judge.knows_table(table) {
        return None;
    }
    let mut chooser = Chooser::new(judge, rng);
    chooser.traps = false;
    let picks = chooser.selection(table, 1);
    chooser.traps = traps;
    let has_key = judge.knows_key(table, &judge.table(table).key);
    let settable = |action: Action| {
        let columns = 0..judge.table(table).columns.len();
        let given = columns.filter(|column| judge.gives(table, action, *column));
        given.collect::<Vec<_>>()
    };
    let deed = match chooser.rng.u8(..12) {
        0..=2 => Deed::Create(row(&mut chooser, table)?),
        3 => rows(&mut chooser, table)?,
        4..=5 if has_key => Deed::Update(
            key(&mut chooser, table),
            set(&mut chooser, table, &settable(Action::Update))?,
        ),
        4..=7 => {
            let condition = telling(&mut chooser, table)?;
            Deed::UpdateMany(
                condition,
                set(&mut chooser, table, &settable(Action::Update))?,
            )
        }
        8..=9 if has_key && judge.may(table, Action::Update) => {
            let given = row(&mut chooser, table)?;
            let key = &judge.table(table).key;
            let has = |column: &usize| given.iter().any(|(known, _)| known == column);
            let is_more = given.iter().any(|(column, _)| !key.contains(column));
            (key.iter().all(has) && is_more).then_some(Deed::Upsert(given))?
        }
        10 if has_key && judge.may(table, Action::Delete) => Deed::Delete(key(&mut chooser, table)),
        10..=11 if judge.may(table, Action::Delete) => {
            Deed::DeleteMany(telling(&mut chooser, table)?)
        }
        _ => return None,
    };
    Some(Write { table, deed, picks })
}

/// A condition that may say which rows are written: one with an empty part is refused.
fn telling(chooser: &mut Chooser<'_, '_>, table: usize) -> Option<Condition> {
    fn tells(condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                !parts.is_empty() && parts.iter().all(tells)
            }
            Condition::Not(inner) | Condition::One(_, inner) | Condition::Many(_, _, inner) => {
                tells(inner)
            }
            Condition::Compare(..)
            | Condition::Beside(..)
            | Condition::IsNull(..)
            | Condition::Trap => true,
        }
    }
    chooser.condition(table, 100).filter(tells)
}

/// The key of a row that is there, seen or not, or of none.
fn key(chooser: &mut Chooser<'_, '_>, table: usize) -> Vec<Value> {
    let judge = chooser.judge;
    let declared = judge.table(table);
    if !judge.state[table].is_empty() && chance(chooser.rng, 85) {
        return declared.key_of(pick(chooser.rng, &judge.state[table]));
    }
    let key = declared.key.iter();
    key.map(|column| stored(chooser.rng, judge.world, table, *column))
        .collect()
}

fn set(chooser: &mut Chooser<'_, '_>, table: usize, settable: &[usize]) -> Option<Given> {
    if settable.is_empty() {
        return None;
    }
    let mut given = Given::new();
    for _ in 0..chooser.rng.usize(1..3) {
        let column = *pick(chooser.rng, settable);
        // Keys are changed at times.
        let is_key = chooser.judge.table(table).key.contains(&column);
        if (!is_key || chance(chooser.rng, 20)) && given.iter().all(|(known, _)| *known != column) {
            given.push((
                column,
                stored(chooser.rng, chooser.judge.world, table, column),
            ));
        }
    }
    (!given.is_empty()).then_some(given)
}

/// A new row, where the caller's API lets one be made that lacks nothing.
fn row(chooser: &mut Chooser<'_, '_>, table: usize) -> Option<Given> {
    let judge = chooser.judge;
    if !judge.may(table, Action::Create) {
        return None;
    }
    let mut given = Given::new();
    for (column, declared) in judge.table(table).columns.iter().enumerate() {
        let gives = judge.gives(table, Action::Create, column);
        let is_required = !declared.nullable;
        if is_required && !gives && !judge.always_sets(table, column) {
            return None;
        }
        if gives && (is_required || chance(chooser.rng, 60)) {
            given.push((column, stored(chooser.rng, judge.world, table, column)));
        }
    }
    (!given.is_empty()).then_some(given)
}

/// Several rows that name the same columns.
fn rows(chooser: &mut Chooser<'_, '_>, table: usize) -> Option<Deed> {
    let first = row(chooser, table)?;
    let count = chooser.rng.usize(1..3);
    let mut rows = vec![first];
    for _ in 0..count {
        let columns = rows[0].iter().map(|(column, _)| *column);
        let given = columns.map(|column| {
            (
                column,
                stored(chooser.rng, chooser.judge.world, table, column),
            )
        });
        let given = given.collect();
        rows.push(given);
    }
    Some(Deed::CreateMany(rows))
}

impl Write {
    /// The field as it is written.
    pub(super) fn text(&self, world: &World) -> String {
        let (one, many) = (type_name(self.table), format!("{}s", type_name(self.table)));
        let value = |(column, value): &(usize, Value)| {
            let column = world.column(self.table, *column);
            format!("{}: {}", column.name, World::literal(value, column.kind))
        };
        let members = |given: &Given| given.iter().map(value).collect::<Vec<_>>().join(", ");
        let key = |key: &[Value]| {
            let columns = world.tables[self.table].key.iter().copied();
            members(&columns.zip(key.iter().cloned()).collect())
        };
        let condition = |condition: &Condition| world.condition(self.table, condition);
        let head = match &self.deed {
            Deed::Create(given) => format!("create{one}(input: {{{}}})", members(given)),
            Deed::CreateMany(rows) => {
                let rows = rows.iter().map(|given| format!("{{{}}}", members(given)));
                format!(
                    "create{many}(input: [{}])",
                    rows.collect::<Vec<_>>().join(", ")
                )
            }
            Deed::Update(named, given) => {
                format!("update{one}({}, set: {{{}}})", key(named), members(given))
            }
            Deed::UpdateMany(rows, given) => {
                format!(
                    "update{many}(where: {}, set: {{{}}})",
                    condition(rows),
                    members(given)
                )
            }
            Deed::Upsert(given) => format!("upsert{one}(input: {{{}}})", members(given)),
            Deed::Delete(named) => format!("delete{one}({})", key(named)),
            Deed::DeleteMany(rows) => format!("delete{many}(where: {})", condition(rows)),
        };
        format!("{head} {}", select::text(world, self.table, &self.picks))
    }

    /// Whether its rows come back in one order.
    pub(super) fn is_ordered(&self, judge: Judge<'_>) -> bool {
        judge.orders(self.table)
    }

    /// How many rows it decides about.
    pub(super) fn decisions(&self, state: &State) -> u64 {
        let count = match &self.deed {
            Deed::UpdateMany(..) | Deed::DeleteMany(_) => state[self.table].len(),
            Deed::CreateMany(rows) => rows.len(),
            _ => 1,
        };
        count as u64
    }

    /// What must become of it.
    pub(super) fn outcome(&self, judge: Judge<'_>) -> Outcome {
        let outcome = match &self.deed {
            Deed::Create(given) => self.create(judge, std::slice::from_ref(given)),
            Deed::CreateMany(rows) => self.create(judge, rows),
            Deed::Update(key, given) => self.update(judge, &self.keyed(judge, key), given),
            Deed::UpdateMany(condition, given) => {
                self.update(judge, &self.found(judge, condition), given)
            }
            Deed::Upsert(given) => self.upsert(judge, given),
            Deed::Delete(key) => self.delete(judge, &self.keyed(judge, key)),
            Deed::DeleteMany(condition) => self.delete(judge, &self.found(judge, condition)),
        };
        let mut outcome = outcome.unwrap_or_else(|code| Outcome {
            refused: vec![code],
            shown: Json::Null,
            state: judge.state.clone(),
            may_clash: false,
        });
        let is_one = !matches!(
            self.deed,
            Deed::CreateMany(_) | Deed::UpdateMany(..) | Deed::DeleteMany(_)
        );
        if is_one && outcome.refused.is_empty() {
            let first = outcome.shown.get_mut(0).map(Json::take);
            outcome.shown = first.unwrap_or_default();
        }
        outcome
    }

    fn keyed(&self, judge: Judge<'_>, key: &[Value]) -> Vec<usize> {
        let rows = judge.state[self.table].iter().enumerate();
        let named = rows.filter(|(_, row)| judge.table(self.table).key_of(row) == key);
        named.map(|(index, _)| index).collect()
    }

    fn found(&self, judge: Judge<'_>, condition: &Condition) -> Vec<usize> {
        let rows = judge.state[self.table].iter().enumerate();
        let found = rows.filter(|(_, row)| judge.fulfils(self.table, row, Some(condition)));
        found.map(|(index, _)| index).collect()
    }

    fn create(&self, judge: Judge<'_>, rows: &[Given]) -> Result<Outcome, &'static str> {
        let mut state = judge.state.clone();
        let mut made = Vec::new();
        for given in rows {
            let (row, columns) = self.made(judge, given)?;
            state[self.table].push(row.clone());
            made.push((row, columns));
        }
        let may_clash = self.refer_to_each_other(judge, &made);
        Ok(Outcome {
            may_clash,
            ..self.looked_at(judge, state, Some(Action::Create), &made)
        })
    }

    /// The row that is made of values, and the columns it names.
    fn made(&self, judge: Judge<'_>, given: &Given) -> Result<(Row, Vec<usize>), &'static str> {
        let values = self.written(judge, Action::Create, given)?;
        let mut row = vec![Value::Null; judge.table(self.table).columns.len()];
        for (column, value) in &values {
            row[*column] = value.clone();
        }
        Ok((row, values.iter().map(|(column, _)| *column).collect()))
    }

    /// The values that are written: what rules give, and what is given where they let it be.
    fn written(
        &self,
        judge: Judge<'_>,
        action: Action,
        given: &Given,
    ) -> Result<Given, &'static str> {
        let presets = judge.presets(self.table, action).ok_or("access.denied")?;
        let mut values = given.clone();
        for (column, value) in presets {
            match values.iter_mut().find(|(known, _)| *known == column) {
                Some(_) if judge.may_give(self.table, action, column) => {}
                Some(known) => known.1 = value,
                None => values.push((column, value)),
            }
        }
        let lets =
            |(column, _): &(usize, Value)| !judge.letting(self.table, action, *column).is_empty();
        if values.iter().all(lets) {
            Ok(values)
        } else {
            Err("access.denied")
        }
    }

    fn update(
        &self,
        judge: Judge<'_>,
        rows: &[usize],
        given: &Given,
    ) -> Result<Outcome, &'static str> {
        let values = self.written(judge, Action::Update, given)?;
        let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
        let mut state = judge.state.clone();
        let mut changed = Vec::new();
        for index in rows {
            let row = &mut state[self.table][*index];
            if !judge.reaches(self.table, row, Action::Update, &columns) {
                continue;
            }
            for (column, value) in &values {
                row[*column] = value.clone();
            }
            changed.push((row.clone(), columns.clone()));
        }
        changed.sort_by_key(|(row, _)| judge.table(self.table).key_of(row));
        Ok(self.looked_at(judge, state, Some(Action::Update), &changed))
    }

    fn upsert(&self, judge: Judge<'_>, given: &Given) -> Result<Outcome, &'static str> {
        let table = judge.table(self.table);
        let (row, created) = self.made(judge, given)?;
        let mut set = given.clone();
        set.retain(|(column, _)| !table.key.contains(column));
        let set = self.written(judge, Action::Update, &set)?;
        let updated: Vec<_> = set.iter().map(|(column, _)| *column).collect();
        let mut state = judge.state.clone();
        let key = table.key_of(&row);
        let known = state[self.table]
            .iter_mut()
            .find(|known| table.key_of(known) == key);
        let mut may_clash = false;
        let is_new = known.is_none();
        let row = match known {
            None => {
                state[self.table].push(row.clone());
                row
            }
            Some(known) => {
                if !judge.reaches(self.table, known, Action::Update, &updated) {
                    return Err("access.taken");
                }
                for (column, value) in &set {
                    known[*column] = value.clone();
                }
                let changed = known.clone();
                let others = judge.state[self.table]
                    .iter()
                    .filter(|other| table.key_of(other) != key);
                may_clash = !is_free(table, &others.cloned().collect::<Vec<_>>(), &row);
                changed
            }
        };
        let [made, changed] = [[(row.clone(), created)], [(row, updated)]];
        let create = self.looked_at(judge, state.clone(), Some(Action::Create), &made);
        let update = self.looked_at(judge, state, Some(Action::Update), &changed);
        // Which of both was done is known on MariaDB alone.
        let tells = judge.world.dialect == Dialect::Mariadb;
        let mut outcome = match is_new {
            true if tells => create,
            false if tells => update,
            _ => {
                let refused = [create.refused, update.refused].concat();
                Outcome { refused, ..create }
            }
        };
        outcome.may_clash = may_clash;
        Ok(outcome)
    }

    fn delete(&self, judge: Judge<'_>, rows: &[usize]) -> Result<Outcome, &'static str> {
        if judge.rules(self.table, Action::Delete).is_empty() {
            return Err("access.denied");
        }
        let known = &judge.state[self.table];
        let mut gone = rows.to_vec();
        gone.retain(|index| judge.reaches(self.table, &known[*index], Action::Delete, &[]));
        let mut state = judge.state.clone();
        let kept = known
            .iter()
            .enumerate()
            .filter(|(index, _)| !gone.contains(index));
        state[self.table] = kept.map(|(_, row)| row.clone()).collect();
        let gone = gone.iter();
        let gone: Vec<_> = gone
            .map(|index| (known[*index].clone(), Vec::new()))
            .collect();
        let may_clash = self.refer_to_each_other(judge, &gone);
        Ok(Outcome {
            may_clash,
            ..self.looked_at(judge, state, None, &gone)
        })
    }

    /// Whether some of the rows refer to others of them, which MariaDB takes for missing as soon as it
    /// has removed them.
    fn refer_to_each_other(&self, judge: Judge<'_>, rows: &[(Row, Vec<usize>)]) -> bool {
        let relations = judge.table(self.table).relations.iter();
        let mut links = relations.filter_map(|relation| match relation.link {
            Link::To(column) if relation.target == self.table => Some(column),
            _ => None,
        });
        links.any(|column| {
            let mut refers = rows.iter().map(|(row, _)| &row[column]);
            refers.any(|id| rows.iter().any(|(row, _)| row[0] == *id))
        })
    }

    /// What becomes of rows once they are written: refused by the database, or by the rules, or shown.
    fn looked_at(
        &self,
        judge: Judge<'_>,
        mut state: State,
        action: Option<Action>,
        rows: &[(Row, Vec<usize>)],
    ) -> Outcome {
        let table = judge.table(self.table);
        let mut refused = broken(judge.world, &state);
        state[self.table].sort_by_key(|row| table.key_of(row));
        let after = Judge {
            state: &state,
            ..judge
        };
        // What is removed is shown as it was.
        let shows = if action.is_some() { after } else { judge };
        if let Some(action) = action {
            let may = |(row, columns): &(Row, Vec<usize>)| {
                after.may_become(self.table, row, action, columns)
            };
            if !rows.iter().all(may) {
                refused.push("access.check");
            }
        }
        let shown = rows
            .iter()
            .map(|(row, _)| shows.object(self.table, row, &self.picks));
        let shown = shown.collect();
        Outcome {
            refused,
            shown,
            state,
            may_clash: false,
        }
    }
}

/// The statement that gives all rows of a table.
pub(super) fn contents(world: &World, table: usize) -> String {
    let name = singular(table);
    let columns = world.tables[table]
        .columns
        .iter()
        .map(|column| &*column.name);
    let columns = columns.collect::<Vec<_>>().join(", ");
    format!("SELECT {columns} FROM {name}")
}
