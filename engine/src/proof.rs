//! Shows that a statement is held to the rules of its caller, from its tree alone.
//!
//! Nothing here is shared with what puts the rules into statements but the rules themselves: a
//! statement is refused unless it is seen that each table it reads is narrowed by a condition which
//! means one of the rules, that no cell leaves the database which no rule shows, that lists bring no
//! more rows than the rules say, and that what is written is looked at afterwards. What is not
//! understood is not shown, and refused.

mod cells;
mod changes;
mod failing;
mod family;
mod meaning;
mod paths;
mod rows;

pub(crate) use changes::Debt;

use crate::access::{Access, Ruled};
use crate::input::Variables;
use crate::plan::{Binding, Form, Slot};
use crate::sql::walk::{self, Part};
use crate::sql::{Alias, Expr, From, Operator, Reference, Select, Tree, Veil};
use cells::{Shown, shown};
use model::schema::{Outcome, Schema};
use model::{Action, Mask, Use};

/// What a proof is about.
pub(crate) struct Proof<'p> {
    pub(crate) schema: &'p Schema,
    pub(crate) access: &'p Access,
    pub(crate) variables: &'p Variables,
    /// What the parameters of the statement are given.
    pub(crate) slots: &'p [&'p Slot],
}

/// What could not be shown, as the rest of a sentence.
pub(crate) type Gap = String;

/// A column that is shown, and the mask it is shown under.
type Sight = (Reference, Option<Mask>);

/// Tables in reach of an expression, by their aliases.
type Scope = Vec<(Alias, usize)>;

impl<'p> Proof<'p> {
    /// Shows it of a statement; gives what is owed to it by the next one.
    pub(crate) fn statement(&self, tree: &Tree, rows: &Use) -> Result<Option<Debt>, Gap> {
        match tree {
            Tree::Select(select) if matches!(rows, Use::Keep(_)) && self.is_look(select) => {
                Ok(None)
            }
            Tree::Select(select) => {
                if matches!(rows, Use::Rows(_)) {
                    self.bounded(select)?;
                }
                self.select(select, &shown(rows), &Scope::new())?;
                Ok(None)
            }
            Tree::Change(change) => self.change(change, rows),
        }
    }

    /// The rules that let the caller do something with a table, as far as it has what they need.
    fn rules(&self, table: usize, action: Action) -> Vec<&'p Ruled> {
        let rules = self.access.of(table).iter();
        let rules = rules.filter(|rule| rule.lets(action));
        let has = |rule: &&Ruled| {
            let mut claims = rule.claims.iter();
            claims.all(|claim| self.variables.is_given(*claim))
        };
        rules.filter(has).collect()
    }

    /// Whether a select only looks whether rows that were found, under the rules, are as other rules
    /// say.
    fn is_look(&self, select: &Select) -> bool {
        let Some((table, alias, conditions)) = changes::look(select) else {
            return false;
        };
        let scope = vec![(alias, table)];
        let is_rule = |condition: &Expr| {
            matches!(condition, Expr::Rule(_)) && self.is_some_rule(condition, &scope)
        };
        conditions.iter().all(is_rule)
    }

    fn select(&self, select: &Select, shown: &Shown<'_>, around: &Scope) -> Result<(), Gap> {
        let sources = self.sources(select)?;
        let mut scope = around.clone();
        scope.extend(sources.iter().map(|(_, table, alias)| (*alias, *table)));
        for (join, table, alias) in &sources {
            let outer = join.map(|join| &select.joins[join]);
            let conditions = match outer {
                Some(join) if join.outer => &join.filter,
                _ => &select.filter,
            };
            self.narrowed(conditions, (*table, *alias), Action::Read)?;
        }
        let shown = shown.columns(select.columns.len());
        for (index, expr) in select.columns.iter().enumerate() {
            self.column(expr, shown.get(&index), &scope)?;
        }
        for join in &select.joins {
            for condition in &join.filter {
                self.expr(condition, &scope)?;
            }
        }
        self.guards_stay(&select.filter)?;
        let given = select.from.as_ref().and_then(From::given);
        for condition in select.filter.iter().filter(|expr| !is_link(expr)) {
            self.condition(condition, &scope, given)?;
        }
        // Lists end their order with their key, whoever asks.
        let order = select.order.iter().map(|order| &order.expr);
        let order = order.filter(|expr| !self.is_key(expr));
        let further = select.group.iter().chain(&select.having).chain(order);
        let bounds = select.limit.iter().chain(&select.offset);
        for expr in further.chain(bounds) {
            self.expr(expr, &scope)?;
        }
        if let Some(From::Call { arguments, .. }) = &select.from {
            for argument in arguments {
                self.expr(argument, &scope)?;
            }
        }
        Ok(())
    }

    /// The tables a select reads, with the join each is.
    fn sources(&self, select: &Select) -> Result<Vec<(Option<usize>, usize, Alias)>, Gap> {
        let mut sources = Vec::new();
        match &select.from {
            Some(From::Table(table, alias) | From::Keys { table, alias, .. }) => {
                sources.push((None, *table, *alias));
            }
            Some(From::Call {
                function, alias, ..
            }) => {
                let function = &self.schema.functions[*function];
                if function.is_hidden {
                    return Err(format!("{} is not for the caller", function.field));
                }
                if let Outcome::Row(table) | Outcome::Rows(table) = function.outcome {
                    sources.push((None, table, *alias));
                }
            }
            None => {}
        }
        let joins = select.joins.iter().enumerate();
        sources.extend(joins.map(|(place, join)| (Some(place), join.table, join.alias)));
        Ok(sources)
    }

    /// Shows that conditions hold of no row but those that the rules let be reached.
    fn narrowed(
        &self,
        conditions: &[Expr],
        (table, alias): (usize, Alias),
        action: Action,
    ) -> Result<(), Gap> {
        let rules = self.rules(table, action);
        if self.is_narrowed(conditions, &rules, (table, alias), rows_of) {
            return match action {
                Action::Read => self.whole(conditions, (table, alias)),
                Action::Create | Action::Update | Action::Delete => Ok(()),
            };
        }
        let (name, verb) = (&self.schema.tables[table].type_name, action.name());
        Err(format!(
            "rows of {name} are reached that no rule lets the caller {verb}"
        ))
    }

    /// Whether one of some conditions holds only where one of the rules does.
    fn is_narrowed(
        &self,
        conditions: &[Expr],
        rules: &[&Ruled],
        place: (usize, Alias),
        of: impl Fn(&Ruled) -> Option<&crate::access::Condition> + Copy,
    ) -> bool {
        let free = rules.iter().any(|rule| of(rule).is_none());
        free || conditions
            .iter()
            .any(|condition| self.is_any_of(condition, rules, place, of))
    }

    /// Whether an expression holds only where one of the rules does.
    fn is_any_of(
        &self,
        expr: &Expr,
        rules: &[&Ruled],
        place: (usize, Alias),
        of: impl Fn(&Ruled) -> Option<&crate::access::Condition> + Copy,
    ) -> bool {
        let means = |expr: &Expr| {
            let mut conditions = rules.iter().filter_map(|rule| of(rule));
            conditions.any(|condition| self.means(&condition.0, expr, place))
        };
        match expr {
            Expr::Rule(inner) => self.is_any_of(inner, rules, place, of),
            _ if means(expr) => true,
            Expr::Or(parts) => parts.iter().all(means),
            _ => false,
        }
    }

    /// A column of a select: what of it is shown must be seen.
    fn column(&self, expr: &Expr, shown: Option<&Shown<'_>>, scope: &Scope) -> Result<(), Gap> {
        match (expr, shown) {
            (Expr::Rows(select), Some(shown)) => {
                self.bounded(select)?;
                self.select(select, shown, scope)
            }
            // It is kept, or only tells whether something is there.
            (Expr::Column(_), None) => Ok(()),
            (Expr::Cast(inner, _) | Expr::Again(_, inner), None) => self.column(inner, None, scope),
            (expr, _) => self.expr(expr, scope),
        }
    }

    /// A condition on rows, of which those of an alias may be a function's.
    fn condition(&self, expr: &Expr, scope: &Scope, given: Option<Alias>) -> Result<(), Gap> {
        self.expr(expr, scope)?;
        self.fails_unseen(expr, false, given)
    }

    /// An expression: each cell in it must be seen, and each select held to the rules.
    fn expr(&self, expr: &Expr, scope: &Scope) -> Result<(), Gap> {
        match expr {
            Expr::Column(reference) => self.cell((*reference, None)),
            Expr::Guarded(condition, inner) => match self.sight(inner) {
                Some(sight) if self.guards(condition, sight) => Ok(()),
                _ => Err("a cell is shown under a condition that is no rule".to_owned()),
            },
            Expr::Masked(..) => match self.sight(expr) {
                Some(sight) => self.cell(sight),
                None => Err("a mask is on something that is no column".to_owned()),
            },
            Expr::Rule(_) if self.is_some_rule(expr, scope) => Ok(()),
            Expr::Rule(_) => Err("a condition is called a rule that is none".to_owned()),
            Expr::InKeys(..) => Ok(()),
            Expr::Rows(select) => {
                self.bounded(select)?;
                self.select(select, &Shown::Everything, scope)
            }
            Expr::Call(function, _) if self.schema.functions[*function].is_hidden => {
                Err("a function is called that is not for the caller".to_owned())
            }
            // What a function is given of a row is not shown; what it gives is granted with it.
            Expr::Call(_, arguments) => {
                let mut shown = arguments
                    .iter()
                    .filter(|argument| plain(argument).is_none());
                shown.try_for_each(|argument| self.expr(argument, scope))
            }
            Expr::IsNull(inner) if self.is_key(inner) => Ok(()),
            Expr::Compare(Operator::Equal, left, right) if self.is_tie(left, right) => Ok(()),
            _ => {
                let mut outcome = Ok(());
                walk::parts(expr, &mut |part| match part {
                    _ if outcome.is_err() => {}
                    Part::Expr(inner) => outcome = self.expr(inner, scope),
                    Part::Select(select) => {
                        outcome = self.select(select, &Shown::Everything, scope);
                    }
                });
                outcome
            }
        }
    }

    /// Whether it is a column of a primary key, as it is.
    fn is_key(&self, expr: &Expr) -> bool {
        plain(expr).is_some_and(|reference| {
            self.schema.tables[reference.table]
                .key
                .contains(&reference.column)
        })
    }

    /// Whether a column is compared with what an earlier step found, by which rows belong together.
    fn is_tie(&self, column: &Expr, value: &Expr) -> bool {
        let value = match value {
            Expr::Cast(inner, _) => inner,
            other => other,
        };
        let Expr::Parameter(index) = value else {
            return false;
        };
        let is_kept = self.slots.get(*index).is_some_and(|slot| {
            matches!(
                slot,
                Slot::Kept { .. } | Slot::KeptOne { .. } | Slot::KeptRows { .. }
            )
        });
        is_kept && plain(column).is_some()
    }

    /// The column that is shown, and the mask it is shown under.
    fn sight(&self, expr: &Expr) -> Option<Sight> {
        match expr {
            Expr::Column(reference) => Some((*reference, None)),
            Expr::Masked(inner, veil) => match (&**inner, veil) {
                (Expr::Column(reference), Veil::Partial) => Some((*reference, Some(Mask::Partial))),
                (Expr::Column(reference), Veil::Hash { inner, outer }) => {
                    let is_keyed = self.is_key_of(*inner, false, *reference)
                        && self.is_key_of(*outer, true, *reference);
                    is_keyed.then_some((*reference, Some(Mask::Hash)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a parameter is given the key of a column's hashes.
    fn is_key_of(&self, parameter: usize, outer: bool, reference: Reference) -> bool {
        let Some(Slot::Bound(Binding { form, .. })) = self.slots.get(parameter) else {
            return false;
        };
        let place = self.schema.tables[reference.table].place(reference.column);
        matches!(form, Form::HashKey { outer: is_outer, column } if *is_outer == outer && **column == *place)
    }

    /// Shows that so much of a column is seen in each row that is.
    fn cell(&self, sight: Sight) -> Result<(), Gap> {
        let (reference, _) = sight;
        let reading = self.rules(reference.table, Action::Read);
        let shows = |rule: &&Ruled| shows(rule, sight);
        let is_whole = reading.iter().all(shows)
            || reading
                .iter()
                .any(|rule| shows(rule) && rule.rows.is_none());
        if is_whole {
            return Ok(());
        }
        let table = &self.schema.tables[reference.table];
        let (owner, name) = (&table.type_name, &table.columns[reference.column].field);
        Err(format!("{owner}.{name} is read where no rule shows it"))
    }

    /// Whether a condition holds only where a rule shows so much of a column.
    fn guards(&self, condition: &Expr, sight: Sight) -> bool {
        let (reference, _) = sight;
        let Some(alias) = reference.alias else {
            return false;
        };
        let reading = self.rules(reference.table, Action::Read).into_iter();
        let showing: Vec<_> = reading.filter(|rule| shows(rule, sight)).collect();
        let place = (reference.table, alias);
        self.is_narrowed(std::slice::from_ref(condition), &showing, place, rows_of)
    }

    /// Whether an expression means rules of a table in reach, so that it tells the caller nothing
    /// that these do not.
    fn is_some_rule(&self, expr: &Expr, scope: &Scope) -> bool {
        scope.iter().any(|(alias, table)| {
            let mut actions = Action::ALL.into_iter();
            actions.any(|action| {
                let rules = self.rules(*table, action);
                let place = (*table, *alias);
                self.is_any_of(expr, &rules, place, rows_of)
                    || self.is_any_of(expr, &rules, place, check_of)
            }) || self.tells_some_part(expr, (*table, *alias))
        })
    }
}

/// The column that an expression is, whatever it is converted to.
fn plain(expr: &Expr) -> Option<Reference> {
    match expr {
        Expr::Column(reference) => Some(*reference),
        Expr::Cast(inner, _)
        | Expr::Decimal(inner)
        | Expr::Bytewise(inner)
        | Expr::Rank(inner, _)
        | Expr::Again(_, inner) => plain(inner),
        _ => None,
    }
}

/// Whether a rule shows a column, as it is or under that mask.
fn shows(rule: &Ruled, (reference, mask): Sight) -> bool {
    let has = rule.mask(reference.column);
    rule.has(reference.column) && (has.is_none() || has == mask)
}

/// Which rows a rule is about.
fn rows_of(rule: &Ruled) -> Option<&crate::access::Condition> {
    rule.rows.as_ref()
}

/// Which rows may come of what a rule lets be written.
fn check_of(rule: &Ruled) -> Option<&crate::access::Condition> {
    rule.check.as_ref().or(rule.rows.as_ref())
}

/// Whether a condition ties rows to others by equal columns.
fn is_link(expr: &Expr) -> bool {
    match expr {
        Expr::Compare(Operator::Equal, left, right) => {
            matches!((&**left, &**right), (Expr::Column(one), Expr::Column(other)) if one.alias != other.alias)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
