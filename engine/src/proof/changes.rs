//! Statements that write: which rows they reach, which columns they write, and that what they wrote
//! is looked at.

use super::cells::shown;
use super::{Gap, Proof, Scope, check_of, rows_of};
use crate::access::Ruled;
use crate::sql::{Alias, Change, Expr, From, Select, Tree};
use model::{Action, Dialect, Use};

/// What is owed to a change: that the next statement looks at what it wrote.
#[derive(Debug)]
pub(crate) struct Debt {
    table: usize,
    /// What was done, and with which columns.
    written: Vec<(Action, Vec<usize>)>,
}

impl<'p> Proof<'p> {
    /// Shows it of a change that does that with what it gives back.
    pub(super) fn change(&self, change: &Change, rows: &Use) -> Result<Option<Debt>, Gap> {
        let debt = self.reaches_and_writes(change)?;
        let place = change.place();
        let scope = place.map(|(table, alias)| (alias, table)).into_iter();
        self.gives_back(change.returning(), rows, &scope.collect())?;
        match (debt, place) {
            (Some(debt), Some(place)) => self.left(debt, change.returning(), place),
            (debt, _) => Ok(debt),
        }
    }

    /// Shows that what leaves the database of the rows that a change wrote is seen in each of them.
    fn gives_back(&self, returning: &[Expr], rows: &Use, scope: &Scope) -> Result<(), Gap> {
        let shown = shown(rows).columns(returning.len());
        let mut columns = returning.iter().enumerate();
        columns.try_for_each(|(index, expr)| self.column(expr, shown.get(&index), scope))
    }

    /// What is still owed to a change that may say itself what its rows must be.
    fn left(
        &self,
        debt: Debt,
        returning: &[Expr],
        place: (usize, Alias),
    ) -> Result<Option<Debt>, Gap> {
        let said = returning.iter().find_map(|expr| match expr {
            Expr::Must(said) => Some(&**said),
            _ => None,
        });
        match said {
            // No other database fails there.
            Some(Expr::And(conditions)) if self.schema.dialect == Dialect::Postgres => {
                self.settles(&debt, conditions, place)?;
                Ok(None)
            }
            _ => Ok(Some(debt)),
        }
    }

    fn reaches_and_writes(&self, change: &Change) -> Result<Option<Debt>, Gap> {
        match change {
            Change::Insert {
                table,
                alias,
                columns,
                condition,
                conflict,
                ..
            } => {
                self.writes((*table, Action::Create), columns)?;
                let mut written = vec![(Action::Create, columns.clone())];
                if let Some(condition) = condition {
                    self.condition(condition, &Scope::new(), None)?;
                }
                if let Some(conflict) = conflict.as_ref().filter(|known| !known.set.is_empty()) {
                    let alias = alias.ok_or("a row in the way has no name")?;
                    let set = assigned(&conflict.set);
                    self.reaches((*table, alias), Action::Update, &set, &conflict.filter)?;
                    written.push((Action::Update, set));
                }
                Ok(self.owed(*table, written))
            }
            Change::Update {
                table,
                alias,
                set,
                filter,
                ..
            } => {
                let set = assigned(set);
                self.reaches((*table, *alias), Action::Update, &set, filter)?;
                Ok(self.owed(*table, vec![(Action::Update, set)]))
            }
            Change::Delete {
                table,
                alias,
                filter,
                ..
            } => {
                self.reaches((*table, *alias), Action::Delete, &[], filter)?;
                Ok(None)
            }
        }
    }

    /// Shows that a change reaches rows that are seen and may be changed so.
    fn reaches(
        &self,
        (table, alias): (usize, Alias),
        action: Action,
        written: &[usize],
        filter: &[Expr],
    ) -> Result<(), Gap> {
        self.narrowed(filter, (table, alias), Action::Read)?;
        self.writes((table, action), written)?;
        for rules in self.letting((table, action), written) {
            if !self.is_narrowed(filter, &rules, (table, alias), rows_of) {
                let (name, verb) = (&self.schema.tables[table].type_name, action.name());
                return Err(format!(
                    "rows of {name} are reached that no rule lets the caller {verb}"
                ));
            }
        }
        let scope = vec![(alias, table)];
        self.guards_stay(filter)?;
        filter
            .iter()
            .try_for_each(|condition| self.condition(condition, &scope, None))
    }

    /// Shows that each column that is written may be by some rule.
    fn writes(&self, (table, action): (usize, Action), columns: &[usize]) -> Result<(), Gap> {
        let name = &self.schema.tables[table].type_name;
        let lacking = self
            .letting((table, action), columns)
            .iter()
            .any(Vec::is_empty);
        if lacking {
            return Err(format!(
                "columns of {name} are written that no rule lets be"
            ));
        }
        Ok(())
    }

    /// For each column that is written the rules that let it be; without any, those of the action.
    fn letting(&self, (table, action): (usize, Action), columns: &[usize]) -> Vec<Vec<&'p Ruled>> {
        let all = self.rules(table, action);
        let version = self.schema.tables[table].version;
        let is_counted = |column: &usize| action == Action::Update && version == Some(*column);
        let written: Vec<_> = columns
            .iter()
            .filter(|column| !is_counted(column))
            .collect();
        if written.is_empty() {
            return vec![all];
        }
        let sets = |rule: &Ruled, column| rule.set.iter().any(|(set, _)| *set == column);
        let lets = |rule: &Ruled, column| rule.has(column) || sets(rule, column);
        let of_column = |column: &&usize| {
            let rules = all.iter().filter(|rule| lets(rule, **column));
            rules.copied().collect()
        };
        written.iter().map(of_column).collect()
    }

    /// What is owed to a change, if the rows it wrote could be such as they must not.
    fn owed(&self, table: usize, written: Vec<(Action, Vec<usize>)>) -> Option<Debt> {
        let any = |rules: &[&Ruled], free: fn(&Ruled) -> bool| rules.iter().any(|rule| free(rule));
        let reads = self.rules(table, Action::Read);
        let is_free = any(&reads, |rule| rule.rows.is_none())
            && self.is_always_whole(table)
            && written.iter().all(|(action, columns)| {
                let sets = self.letting((table, *action), columns);
                sets.iter()
                    .all(|rules| any(rules, |rule| check_of(rule).is_none()))
            });
        (!is_free).then_some(Debt { table, written })
    }

    /// Shows that a statement finds whatever a change wrote and should not have.
    pub(crate) fn pays(&self, debt: &Debt, tree: &Tree) -> Result<(), Gap> {
        let looked = match tree {
            Tree::Select(select) => look(select),
            Tree::Change(_) => None,
        };
        let (table, alias, conditions) = looked.ok_or_else(|| self.unpaid(debt))?;
        self.settles(debt, conditions, (table, alias))
    }

    /// Shows that conditions hold of no row but one that a change may have written.
    fn settles(&self, debt: &Debt, conditions: &[Expr], place: (usize, Alias)) -> Result<(), Gap> {
        let (table, _) = place;
        if table != debt.table {
            return Err(self.unpaid(debt));
        }
        self.narrowed(conditions, place, Action::Read)?;
        for (action, columns) in &debt.written {
            for rules in self.letting((table, *action), columns) {
                if !self.is_narrowed(conditions, &rules, place, check_of) {
                    return Err(self.unpaid(debt));
                }
            }
        }
        Ok(())
    }

    fn unpaid(&self, debt: &Debt) -> Gap {
        let name = &self.schema.tables[debt.table].type_name;
        format!("what is written to {name} is not looked at")
    }
}

/// The parts of a select that finds, among kept rows, those of which conditions do not all hold.
pub(super) fn look(select: &Select) -> Option<(usize, Alias, &[Expr])> {
    let Some(From::Table(table, alias)) = &select.from else {
        return None;
    };
    let [Expr::InKeys(..), Expr::IsNotTrue(kept)] = select.filter.as_slice() else {
        return None;
    };
    let Expr::And(conditions) = &**kept else {
        return None;
    };
    let is_plain = select.joins.is_empty() && select.limit.is_none() && select.offset.is_none();
    is_plain.then_some((*table, *alias, conditions))
}

fn assigned(set: &[(usize, Expr)]) -> Vec<usize> {
    set.iter().map(|(column, _)| *column).collect()
}
