//! Changes under the rules: which rows they reach, what they may write, and a look at what they wrote.

use super::Guards;
use super::screen::Rows;
use crate::access::Ruled;
use crate::input::Source;
use crate::plan::planner::Planner;
use crate::plan::selection::Chosen;
use crate::plan::{Binding, Form, Slot, Wish};
use crate::sql::walk::{self, Part};
use crate::sql::{self, Alias, Change, Expr, From, Select, Tree};
use model::{Action, Dialect, Expectation, Fault, Kind, Parameter, Scalar, Use, Value};

/// What is told of a row that was written.
const WRITTEN: &str = "a row would be one that you may not write, or not see";

/// What a change does to rows: what is done, and with which columns.
type Written = (Action, Vec<usize>);

impl<'a> Planner<'a> {
    /// Has a change keep the keys of what it writes, where that is looked at afterwards.
    pub(in crate::plan) fn keeping(&mut self, tree: &mut Tree, rows: Use) -> Use {
        let (Tree::Change(change), Use::Discard) = (tree, &rows) else {
            return rows;
        };
        let (table, returning) = match change {
            Change::Insert {
                table, returning, ..
            } => (*table, returning),
            Change::Update {
                table, returning, ..
            } if self.changes_answer() => (*table, returning),
            _ => return rows,
        };
        if self.is_open(table) || self.schema.tables[table].key.is_empty() {
            return rows;
        }
        *returning = self.key_columns(table, None);
        Use::Keep(self.key_codecs(table))
    }

    /// Looks at what a change wrote, by the keys its step keeps.
    pub(in crate::plan) fn look_at_change(
        &mut self,
        chosen: &Chosen<'a>,
        (change, is_sure): (&Change, bool),
        step: usize,
    ) {
        let set = |set: &[(usize, Expr)]| set.iter().map(|(column, _)| *column).collect();
        let (table, written): (usize, Vec<Written>) = match change {
            Change::Insert {
                table,
                columns,
                conflict,
                ..
            } => {
                let changed = conflict.iter().filter(|conflict| !conflict.set.is_empty());
                let changed = changed.map(|conflict| (Action::Update, set(&conflict.set)));
                let created = (Action::Create, columns.clone());
                (*table, std::iter::once(created).chain(changed).collect())
            }
            Change::Update {
                table, set: given, ..
            } if self.changes_answer() => (*table, vec![(Action::Update, set(given))]),
            // What others change is looked at where it is held.
            Change::Update { .. } | Change::Delete { .. } => return,
        };
        if self.is_open(table) {
            return;
        }
        if is_assured(change) {
            let fault = self.unlike(chosen, table, WRITTEN);
            self.assured(step, fault);
            return;
        }
        if is_sure {
            self.must_be_reached(chosen, table, step);
        }
        self.look_at(chosen, (table, (&[step], false)), &written);
    }

    /// Whether what is added, or changed, of a table need not be looked at by a statement of its own, as
    /// its rows tell by themselves what they must be.
    pub(in crate::plan) fn tells_itself(&mut self, table: usize, action: Action) -> bool {
        if self.schema.dialect != Dialect::Postgres || !self.is_always_whole(table) {
            return false;
        }
        let rules = [Action::Read, action].map(|action| self.rules(table, action));
        let conditions = rules.iter().flatten();
        let conditions = conditions.flat_map(|rule| rule.rows.iter().chain(&rule.check));
        let draft = std::mem::take(&mut self.draft);
        let alias = self.draft.alias();
        let mut tells = true;
        for condition in conditions {
            let condition = self.ruled(condition, (table, alias));
            tells &= self.is_of_the_row(&condition);
        }
        self.draft = draft;
        tells
    }

    /// Whether an expression looks at nothing but stored columns of its row.
    fn is_of_the_row(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Column(reference) => return !sql::is_calculated(self.schema, *reference),
            Expr::Call(..) | Expr::Row(_) | Expr::Search(..) => return false,
            _ => {}
        }
        let mut is = true;
        walk::parts(expr, &mut |part| match part {
            Part::Expr(inner) => is &= self.is_of_the_row(inner),
            Part::Select(_) => is = false,
        });
        is
    }

    /// Has a change fail where a row that it wrote is not one that may be written, and seen.
    pub(in crate::plan) fn assure(&mut self, change: &mut Change) {
        let (place, written, returning) = match change {
            Change::Insert {
                table,
                alias,
                columns,
                returning,
                ..
            } => {
                let alias = *alias.get_or_insert_with(|| self.draft.alias());
                let created = (Action::Create, columns.clone());
                ((*table, alias), created, returning)
            }
            Change::Update {
                table,
                alias,
                set,
                returning,
                ..
            } => {
                let set = set.iter().map(|(column, _)| *column).collect();
                ((*table, *alias), (Action::Update, set), returning)
            }
            Change::Delete { .. } => return,
        };
        let conditions = self.kept_to(place, &[written]);
        if !conditions.is_empty() {
            returning.push(Expr::Must(Box::new(Expr::And(conditions))));
        }
    }

    /// Makes a write fail where the row that has its key is not one that the caller may see, or change.
    pub(in crate::plan) fn must_be_reached(
        &mut self,
        chosen: &Chosen<'a>,
        table: usize,
        step: usize,
    ) {
        let name = &self.schema.tables[table].type_name;
        let message = format!("{name}: the key is taken by a row out of your reach");
        let fault = self.fault(chosen.field(), "access.taken", Kind::Conflict, message);
        let one = Expectation {
            least: 1,
            most: None,
            fault,
        };
        self.expect(step, one, None);
    }

    pub(super) fn shield_change(&mut self, change: &mut Change) {
        match change {
            Change::Insert {
                table,
                alias,
                columns,
                condition,
                conflict,
                ..
            } => {
                self.may_write(*table, Action::Create, columns);
                if let Some(condition) = condition {
                    self.shield_expr(condition, Some(&mut Guards::new()));
                }
                if let (Some(conflict), Some(alias)) = (conflict, alias)
                    && !conflict.set.is_empty()
                {
                    let set: Vec<_> = conflict.set.iter().map(|(column, _)| *column).collect();
                    self.may_write(*table, Action::Update, &set);
                    self.narrow_change(
                        &mut conflict.filter,
                        (*table, *alias),
                        Action::Update,
                        &set,
                    );
                }
            }
            Change::Update {
                table,
                alias,
                set,
                filter,
                ..
            } => {
                let set: Vec<_> = set.iter().map(|(column, _)| *column).collect();
                self.may_write(*table, Action::Update, &set);
                self.narrow_change(filter, (*table, *alias), Action::Update, &set);
            }
            Change::Delete {
                table,
                alias,
                filter,
                ..
            } => {
                self.may_write(*table, Action::Delete, &[]);
                self.narrow_change(filter, (*table, *alias), Action::Delete, &[]);
            }
        }
    }

    /// Adds the rules to what the caller says of the rows that a change is to reach.
    fn narrow_change(
        &mut self,
        conditions: &mut Vec<Expr>,
        place: (usize, Alias),
        action: Action,
        written: &[usize],
    ) {
        let reached = self.reached(action, place, written);
        let whole = self.whole(place);
        let (mut guards, mut rows) = (Guards::new(), Rows::new(None));
        for condition in conditions.iter_mut() {
            self.shield_expr(condition, Some(&mut guards));
            self.screen(condition, &mut rows);
        }
        conditions.extend(reached.into_iter().chain(whole));
        self.arrange(conditions);
    }

    /// Refuses to write columns that no rule lets be written, or rows where none lets any be.
    fn may_write(&mut self, table: usize, action: Action, columns: &[usize]) {
        let declared = &self.schema.tables[table];
        let rules = self.rules(table, action);
        let is_written = |column: usize| {
            action == Action::Update && declared.version == Some(column)
                || rules
                    .iter()
                    .any(|rule| rule.has(column) || rule.set.iter().any(|(set, _)| *set == column))
        };
        let verb = match action {
            Action::Create => "added",
            Action::Delete => "removed",
            Action::Read | Action::Update => "changed",
        };
        let name = &declared.type_name;
        let message = if rules.is_empty() {
            format!("rows of {name} may not be {verb} by you")
        } else if columns.iter().all(|column| is_written(*column)) {
            return;
        } else {
            format!("rows of {name} may not be {verb} like that by you")
        };
        self.refuse(Fault::new("access.denied", Kind::Denied, message));
    }

    /// Conditions on the rows that such a change may reach: as they are, each column that is
    /// written may be, and they are seen.
    pub(in crate::plan) fn reached(
        &mut self,
        action: Action,
        (table, alias): (usize, Alias),
        written: &[usize],
    ) -> Vec<Expr> {
        if self.access.is_none() {
            return Vec::new();
        }
        let mut conditions: Vec<_> = self.seen(table, alias).into_iter().collect();
        for rules in self.rules_of_cells(table, action, written) {
            let rows = self.any_of(&rules, (table, alias), |rule| rule.rows.as_ref());
            conditions.extend(rows);
        }
        conditions
    }

    /// For each column that is written the rules that let it be; the same ones only once. Where no
    /// column is, those that let a row be written at all.
    fn rules_of_cells(
        &self,
        table: usize,
        action: Action,
        written: &[usize],
    ) -> Vec<Vec<&'a Ruled>> {
        let all = self.rules(table, action);
        let version = self.schema.tables[table].version;
        let mut sets: Vec<Vec<&'a Ruled>> = Vec::new();
        let counted = |column: &&usize| action == Action::Update && version == Some(**column);
        for column in written.iter().filter(|column| !counted(column)) {
            let lets =
                |rule: &&&Ruled| rule.has(*column) || rule.set.iter().any(|(set, _)| set == column);
            let rules: Vec<_> = all.iter().filter(lets).copied().collect();
            let is_same = |known: &Vec<&Ruled>| {
                let mut pairs = known.iter().zip(&rules);
                known.len() == rules.len() && pairs.all(|(one, other)| std::ptr::eq(*one, *other))
            };
            if !sets.iter().any(is_same) {
                sets.push(rules);
            }
        }
        if sets.is_empty() {
            sets.push(all);
        }
        sets
    }

    /// What columns of written rows are given by the rules, where the caller must not give them.
    pub(in crate::plan) fn presets(
        &mut self,
        table: usize,
        action: Action,
    ) -> Vec<(usize, Source)> {
        let mut presets: Vec<(usize, Source)> = Vec::new();
        let rules = self.rules(table, action);
        for (column, source) in rules.iter().flat_map(|rule| &rule.set) {
            match presets.iter().find(|(known, _)| known == column) {
                Some((_, known)) if known == source => {}
                Some(_) => {
                    let name = &self.schema.tables[table].columns[*column].field;
                    let message = format!("your roles give {name} different values");
                    self.refuse(Fault::new("access.denied", Kind::Denied, message));
                }
                None => presets.push((*column, source.clone())),
            }
        }
        presets
    }

    /// Whether the caller may give a column a value of its own.
    pub(in crate::plan) fn may_give(&self, table: usize, action: Action, column: usize) -> bool {
        let mut rules = self.rules(table, action).into_iter();
        rules.any(|rule| rule.lets_give(action, column))
    }

    /// Whether what a change gives back of a table needs no look at rules: all is seen, and any row
    /// may be written.
    pub(in crate::plan) fn is_open(&self, table: usize) -> bool {
        if self.access.is_none() {
            return true;
        }
        let mut columns = self.schema.tables[table].columns.iter();
        let reading = self.rules(table, Action::Read);
        let is_checked = |action| {
            let rules = self.rules(table, action);
            let mut rules = rules.iter();
            rules.any(|rule| rule.check.is_some() || rule.rows.is_some())
        };
        columns.all(|column| !column.grant.allows(Action::Read) || column.grant.reads_whole())
            && reading.iter().any(|rule| rule.rows.is_none())
            && self.is_always_whole(table)
            && ![Action::Create, Action::Update].into_iter().any(is_checked)
    }

    /// What rows must be once they are written: such as may be written so, and seen.
    pub(in crate::plan) fn kept_to(
        &mut self,
        (table, alias): (usize, Alias),
        written: &[Written],
    ) -> Vec<Expr> {
        let mut conditions: Vec<_> = self.seen(table, alias).into_iter().collect();
        for (action, columns) in written {
            for rules in self.rules_of_cells(table, *action, columns) {
                let check = |rule: &'a Ruled| rule.check.as_ref().or(rule.rows.as_ref());
                let kept = self.any_of(&rules, (table, alias), check);
                conditions.extend(kept.filter(|kept| !conditions.contains(kept)));
            }
        }
        conditions
    }

    /// Looks at rows that a step wrote, and undoes everything where one is not what the rules let it
    /// be. Their keys are those that the steps keep.
    pub(in crate::plan) fn look_at(
        &mut self,
        chosen: &Chosen<'a>,
        (table, kept): (usize, (&[usize], bool)),
        written: &[Written],
    ) {
        if self.access.is_none() {
            return;
        }
        let alias = self.draft.alias();
        let conditions = self.kept_to((table, alias), written);
        let conditions = [conditions, self.whole((table, alias))].concat();
        self.none_unlike(chosen, (table, alias, kept), conditions, WRITTEN);
    }

    /// Refuses a change of held rows where the rules let one of them not be changed so.
    pub(in crate::plan) fn may_reach(
        &mut self,
        chosen: &Chosen<'a>,
        (table, held): (usize, &[usize]),
        (action, written): (Action, &[usize]),
    ) {
        if self.access.is_none() {
            return;
        }
        let alias = self.draft.alias();
        let conditions = self.reached(action, (table, alias), written);
        let message = "a row is one that you may not change so";
        self.none_unlike(chosen, (table, alias, (held, false)), conditions, message);
    }

    /// A step that finds no row, of those that steps keep, of which the conditions do not all hold.
    fn none_unlike(
        &mut self,
        chosen: &Chosen<'a>,
        (table, alias, kept): (usize, Alias, (&[usize], bool)),
        conditions: Vec<Expr>,
        message: &str,
    ) {
        if conditions.is_empty() {
            return;
        }
        let keys = self.kept_keys(table, kept);
        let key = self.key_columns(table, Some(alias));
        let select = Select {
            columns: key.iter().cloned().collect(),
            from: Some(From::Table(table, alias)),
            filter: vec![
                Expr::InKeys(self.comparable_key(table, alias), keys),
                Expr::IsNotTrue(Box::new(Expr::And(conditions))),
            ],
            ..Select::default()
        };
        let keep = Use::Keep(self.key_codecs(table));
        let step = self.push(chosen, &Tree::Select(select), keep);
        let fault = self.unlike(chosen, table, message);
        let slot = Slot::Bound(Binding {
            parameter: Parameter {
                scalar: Scalar::BigInt,
                list: false,
            },
            source: Source::Constant(Value::Integer(0)),
            form: Form::Count(None),
        });
        let place = chosen.field().name.location();
        let none = Expectation {
            least: 0,
            most: None,
            fault,
        };
        self.expect(step, none, Some(Wish { slot, place }));
    }

    /// What is told of rows of which the conditions do not all hold.
    fn unlike(&self, chosen: &Chosen<'a>, table: usize, message: &str) -> Fault {
        let type_name = &self.schema.tables[table].type_name;
        let message = format!("{type_name}: {message}");
        self.fault(chosen.field(), "access.check", Kind::Denied, message)
    }
}

/// Whether a change says itself what its rows must be.
fn is_assured(change: &Change) -> bool {
    let mut returning = change.returning().iter();
    returning.any(|expr| matches!(expr, Expr::Must(_)))
}
