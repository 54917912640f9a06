//! The statements trees are made of: rows found, picked, inserted and put.

use super::Tie;
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::read::Scope;
use crate::plan::write::Batch;
use crate::plan::write::guard::Guard;
use crate::plan::write::input::{Mentions, Spot, Values, required};
use crate::plan::write::kept::{Held, Wanted};
use crate::plan::write::upsert::Terms;
use crate::sql::{self, Alias, Expr, Operator, Reference, Tree};
use model::{Action, Expectation, Fault, Kind, Use};

/// Which rows of those that belong to a row.
pub(super) enum Pick<'i> {
    /// All, if there are any.
    All,
    /// The only one, which must be there, in that version.
    Only(Option<Source>),
    /// The one with a unique key, which must be there.
    Unique(&'i Argument),
    /// Those of which the condition in an input holds.
    Where(&'i Argument, Action),
}

/// A row that was put.
pub(super) struct Put<'i> {
    /// What tells it.
    pub(super) key: Values,
    /// What is to be written through its relations.
    relations: Mentions<'i>,
}

impl<'a> Planner<'a> {
    /// Inserts a row and holds it.
    pub(super) fn insert_held(
        &mut self,
        spot: Spot<'_, 'a>,
        values: Values,
        keep: &[usize],
    ) -> Held {
        let (schema, table) = (self.schema, spot.table);
        let columns = self.held_columns(table, keep);
        let bare = |column: &usize| sql::readable(schema, Reference::bare(table, *column));
        let returning = columns.iter().map(bare).collect();
        let (names, row) = values.into_iter().unzip();
        let batch = Batch {
            columns: names,
            rows: vec![row],
            first: 0,
        };
        let change = self.insertion_of(table, batch, returning);
        let keep = Use::Keep(self.codecs(table, &columns));
        let step = self.step(spot.chosen, Tree::Change(change), keep);
        Held::new(step, columns)
    }

    /// Finds the row with a unique key, and those columns beside it; it must be there.
    pub(super) fn find(
        &mut self,
        spot: Spot<'_, 'a>,
        key: &Argument,
        fixed: &[(usize, Source)],
        wanted: Wanted<'_>,
    ) -> Result<Held, Fault> {
        let mut key = self.unique(spot, key, fixed)?;
        key.values.extend(fixed.iter().cloned());
        let alias = self.draft.alias();
        let filter = self.key_conditions(alias, spot.table, key.values);
        let found = (wanted, "there is no row with that key");
        Ok(self.hold_one(spot, (alias, filter), key.version, found))
    }

    /// Reads one row and holds it; it must be there, and where a version is expected, in that one.
    pub(super) fn hold_one(
        &mut self,
        spot: Spot<'_, 'a>,
        (alias, mut filter): (Alias, Vec<Expr>),
        version: Option<Source>,
        (wanted, missing): (Wanted<'_>, &str),
    ) -> Held {
        let column = self.schema.tables[spot.table].version;
        let (Some(source), Some(column)) = (version, column) else {
            let held = self.hold(spot, (alias, filter), wanted);
            self.must_be(spot, held.step, missing);
            return held;
        };
        filter.extend(self.key_conditions(alias, spot.table, vec![(column, source)]));
        let held = self.hold(spot, (alias, filter), Wanted::locked(wanted.keep));
        self.guarded(spot.chosen.field(), Guard::versioned(), held.step);
        held
    }

    /// Locks rows of those that belong to a row, and holds them.
    pub(super) fn pick(
        &mut self,
        spot: Spot<'_, 'a>,
        tie: &Tie<'_>,
        pick: Pick<'_>,
        keep: &[usize],
    ) -> Result<Held, Fault> {
        let alias = self.draft.alias();
        let mut filter = self.belonging(spot, alias, tie);
        let wanted = Wanted::locked(keep);
        Ok(match pick {
            Pick::All => self.hold(spot, (alias, filter), wanted),
            Pick::Only(version) => {
                let found = (wanted, "the relation leads to no row");
                self.hold_one(spot, (alias, filter), version, found)
            }
            Pick::Unique(key) => {
                let key = self.unique(spot, key, tie.fixed())?;
                filter.extend(self.key_conditions(alias, spot.table, key.values));
                let missing = "there is no row with that key, or it belongs elsewhere";
                self.hold_one(spot, (alias, filter), key.version, (wanted, missing))
            }
            Pick::Where(input, action) => {
                filter.push(self.within(".where", |planner| {
                    planner.condition_of(spot, required(input, "where"), alias)
                })?);
                let held = self.hold(spot, (alias, filter), wanted);
                let most = match self.stated(spot, input, "atMost")? {
                    Some(Argument::Leaf(source)) => Some(source.clone()),
                    _ => None,
                };
                let bound = self.bound_of(spot.table, &[action]);
                self.guarded(spot.chosen.field(), Guard::at_most(most, bound), held.step);
                held
            }
        })
    }

    fn condition_of(
        &mut self,
        spot: Spot<'_, 'a>,
        condition: &Argument,
        alias: Alias,
    ) -> Result<Expr, Fault> {
        let field = spot.chosen.field();
        self.bound_condition(field, condition, Some(spot.table))?;
        self.strictly(|planner| planner.condition(condition, spot.table, alias))
            .map_err(|message| self.misgiven(field, &message))
    }

    /// The conditions on rows that belong to a row.
    pub(super) fn belonging(
        &mut self,
        spot: Spot<'_, 'a>,
        alias: Alias,
        tie: &Tie<'_>,
    ) -> Vec<Expr> {
        let Some(through) = tie.through() else {
            return self.key_conditions(alias, spot.table, tie.near.clone());
        };
        let junction = self.draft.alias();
        let mut scope = Scope::new(junction, through.table);
        scope.select.filter = self.key_conditions(junction, through.table, tie.near.clone());
        let far = through.columns.iter().map(|(ours, theirs)| {
            let left = Expr::Column(Reference::new(junction, through.table, *ours));
            let right = Expr::Column(Reference::new(alias, spot.table, *theirs));
            Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
        });
        scope.select.filter.extend(far);
        vec![Expr::Exists(Box::new(scope.select))]
    }

    /// Makes a step of a write fail where it finds no row.
    pub(in crate::plan::write) fn must_be(
        &mut self,
        spot: Spot<'_, 'a>,
        step: usize,
        message: &str,
    ) {
        let field = spot.chosen.field();
        let name = &self.schema.tables[spot.table].type_name;
        let message = format!("{name}: {message}");
        let expectation = Expectation {
            least: 1,
            most: None,
            fault: self.fault(field, "engine.not_found", Kind::Conflict, message),
        };
        self.expect(step, expectation, None);
    }

    /// Makes a write fail where a column by which rows refer to a held row is NULL: they would not
    /// belong to it.
    pub(super) fn must_be_referable(&mut self, spot: Spot<'_, 'a>, held: &Held, columns: &[usize]) {
        let declared = &self.schema.tables[spot.table];
        let mut open = columns.to_vec();
        open.retain(|column| declared.columns[*column].nullable);
        if open.is_empty() {
            return;
        }
        let key = declared.key.iter();
        let key = key.map(|column| (*column, held.value(*column))).collect();
        let alias = self.draft.alias();
        let mut filter = self.key_conditions(alias, spot.table, key);
        for column in &open {
            let reference = Expr::Column(Reference::new(alias, spot.table, *column));
            filter.push(Expr::Not(Box::new(Expr::IsNull(Box::new(reference)))));
        }
        let found = self.hold(spot, (alias, filter), self.as_put(&[]));
        let names: Vec<_> = open
            .iter()
            .map(|column| declared.columns[*column].field.as_str())
            .collect();
        let message = format!(
            "no row can refer to one without {}: set it first",
            names.join(" and ")
        );
        self.must_be(spot, found.step, &message);
    }

    /// Inserts a row, or finds the one that has its key, which with `upsert` is changed.
    pub(super) fn put<'i>(
        &mut self,
        spot: Spot<'_, 'a>,
        (op, input): (&str, &'i Argument),
        fixed: &[(usize, Source)],
    ) -> Result<Put<'i>, Fault> {
        let terms = self.put_terms(spot, op, input)?;
        let row = required(input, "input");
        self.within(".input", |planner| {
            let row = planner.row(spot, &terms, row, fixed)?;
            let key = row.of(&terms.key);
            let relations = planner.put_row(spot, &terms, row)?;
            Ok(Put { key, relations })
        })
    }

    /// Holds a row that was put, and writes its relations; it must have the values that tell it.
    pub(super) fn hold_put(
        &mut self,
        spot: Spot<'_, 'a>,
        put: Put<'_>,
        wanted: Wanted<'_>,
        missing: &str,
    ) -> Result<Held, Fault> {
        let keep = [wanted.keep, &self.leading(spot, &put.relations)].concat();
        let held = self.hold_values(spot, put.key, wanted.with(&keep));
        self.must_be(spot, held.step, missing);
        self.within(".input", |planner| {
            planner.branch(spot, &held, put.relations, true)
        })?;
        Ok(held)
    }

    fn put_terms(
        &mut self,
        spot: Spot<'_, 'a>,
        op: &str,
        input: &Argument,
    ) -> Result<Terms, Fault> {
        let (field, table) = (spot.chosen.field(), spot.table);
        let condition = self.stated(spot, input, "updateWhere")?;
        if let Some(condition) = condition {
            self.bound_condition(field, condition, Some(table))?;
        }
        let update = match op {
            "upsert" => {
                let update = self.stated(spot, input, "update")?;
                self.columns_named(field, table, update)?
            }
            _ => Some(Vec::new()),
        };
        let key = self.stated(spot, input, "onConflict")?;
        Ok(Terms {
            key: self.conflict_key(field, table, key)?,
            update,
            condition: condition.cloned(),
        })
    }
}
