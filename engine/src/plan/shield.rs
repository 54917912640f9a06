//! The rules in the statements of a plan: every statement comes through here, whatever asked for it.
//!
//! Each table that a select reads is narrowed to the rows that are seen, wherever it stands: in lists,
//! joins, figures, conditions and orders. A column that is seen in some of these rows only is NULL in
//! the others. A change reaches the rows that may be changed and are seen, and what it wrote is looked
//! at before anything else happens.

mod change;
mod family;
mod screen;

use super::planner::Planner;
use crate::access::{Condition, Ruled};
use crate::input::{Source, Strict};
use crate::plan::Form;
use crate::sql::walk::{self, Inside};
use crate::sql::{Alias, Expr, From, Operator, Reference, Select, Tree, Veil};
use model::schema::Outcome;
use model::{Action, Fault, Kind, Mask, Parameter, Scalar, Use, Value};
use screen::Rows;

/// What is shown of columns that are partly seen, made once for each alias.
type Guards = Vec<((Alias, usize), Expr)>;

impl<'a> Planner<'a> {
    /// The rules of a table that let the caller do something: one that needs a claim which the
    /// caller has not got does not.
    pub(super) fn rules(&self, table: usize, action: Action) -> Vec<&'a Ruled> {
        let Some(access) = self.access else {
            return Vec::new();
        };
        let has = |rule: &&Ruled| {
            rule.claims
                .iter()
                .all(|claim| self.variables.is_given(*claim))
        };
        let rules = access.of(table).iter().filter(|rule| rule.lets(action));
        rules.filter(has).collect()
    }

    /// Most rows of a table that one list or mutation brings, where each rule that lets it says one.
    pub(super) fn rows_max(&self, table: usize, action: Action) -> Option<i64> {
        let rules = self.rules(table, action);
        let most: Option<Vec<_>> = rules.iter().map(|rule| rule.rows_max()).collect();
        most?.into_iter().max()
    }

    /// Puts a statement under the rules.
    pub(super) fn shield(&mut self, tree: &mut Tree, rows: &Use) {
        match tree {
            Tree::Select(select) => {
                let shows = !matches!(rows, Use::Keep(_));
                self.shield_select(select, shows);
            }
            Tree::Change(change) => self.shield_change(change),
        }
    }

    fn shield_select(&mut self, select: &mut Select, shows: bool) {
        let sources = self.sources(select);
        let mut guards = Guards::new();
        let columns = std::mem::take(&mut select.columns).into_iter();
        let columns: Vec<_> = columns
            .map(|mut expr| {
                // What stands there once more is not shown: it tells whether something is there.
                let is_shown = shows && !matches!(expr, Expr::Again(..));
                self.shield_expr(&mut expr, is_shown.then_some(&mut guards));
                expr
            })
            .collect();
        let count = columns.len();
        select.columns = columns.into_iter().collect();
        if select.columns.len() != count {
            let message = "columns became the same under the access rules";
            self.refuse(Fault::new("engine.internal", Kind::Internal, message));
        }
        let mut rows = Rows::new(select.from.as_ref().and_then(From::given));
        for expr in select.filter.iter_mut().filter(|expr| !is_link(expr)) {
            self.shield_expr(expr, Some(&mut guards));
            self.screen(expr, &mut rows);
        }
        let further = select.group.iter_mut().chain(&mut select.having);
        let order = select.order.iter_mut().map(|order| &mut order.expr);
        for expr in further.chain(order) {
            self.shield_expr(expr, Some(&mut guards));
        }
        if let Some(From::Call { arguments, .. }) = &mut select.from {
            for argument in arguments {
                self.shield_expr(argument, Some(&mut guards));
            }
        }
        for (place, table, alias) in sources {
            let whole = self.whole((table, alias));
            match place.and_then(|place| select.joins.get_mut(place)) {
                Some(join) if join.outer => join.filter.extend(whole),
                _ => select.filter.extend(whole),
            }
            let Some(seen) = self.seen(table, alias) else {
                continue;
            };
            match place.and_then(|place| select.joins.get_mut(place)) {
                Some(join) if join.outer => join.filter.push(seen),
                _ => select.filter.push(seen),
            }
        }
        self.arrange(&mut select.filter);
    }

    /// The tables a select reads: with the join it is, if it is one.
    fn sources(&self, select: &Select) -> Vec<(Option<usize>, usize, Alias)> {
        let from = match &select.from {
            Some(From::Table(table, alias) | From::Keys { table, alias, .. }) => {
                Some((None, *table, *alias))
            }
            Some(From::Call {
                function, alias, ..
            }) => match self.schema.functions[*function].outcome {
                Outcome::Row(table) | Outcome::Rows(table) => Some((None, table, *alias)),
                Outcome::Value(_) => None,
            },
            None => None,
        };
        let joins = select.joins.iter().enumerate();
        let joins = joins.map(|(place, join)| (Some(place), join.table, join.alias));
        from.into_iter().chain(joins).collect()
    }

    /// Narrows what an expression reads; with `guards`, hides cells that are not seen.
    fn shield_expr(&mut self, expr: &mut Expr, mut guards: Option<&mut Guards>) {
        match expr {
            // What a rule looks at is not for the caller, nor are keys that steps keep.
            Expr::Rule(_) | Expr::InKeys(..) => {}
            Expr::Column(reference) => {
                let reference = *reference;
                if let Some(seen) = guards.and_then(|guards| self.seen_of(reference, guards)) {
                    *expr = seen;
                }
            }
            _ => walk::parts_mut(expr, &mut |inside| match inside {
                Inside::Expr(inner) => self.shield_expr(inner, guards.as_deref_mut()),
                Inside::Select(select) => self.shield_select(select, true),
            }),
        }
    }

    /// What is seen of a column, where that is not all of it whenever its row is seen.
    fn seen_of(&mut self, reference: Reference, guards: &mut Guards) -> Option<Expr> {
        let alias = reference.alias?;
        let column = &self.schema.tables[reference.table].columns[reference.column];
        if column.grant.reads_whole() || !column.grant.allows(Action::Read) {
            return None;
        }
        let place = (alias, reference.column);
        if let Some((_, known)) = guards.iter().find(|(known, _)| *known == place) {
            return Some(known.clone());
        }
        let seen = self.ruled_cell(reference, alias);
        guards.push((place, seen.clone()));
        Some(seen)
    }

    /// A cell as the rules show it: as it is, masked, or not at all.
    fn ruled_cell(&mut self, reference: Reference, alias: Alias) -> Expr {
        let rules = self.rules(reference.table, Action::Read);
        let mut cells = Vec::new();
        for mask in [None, Some(Mask::Partial), Some(Mask::Hash)] {
            let showing = |rule: &&&Ruled| match mask {
                None => rule.shows(reference.column),
                Some(_) => rule.mask(reference.column) == mask,
            };
            let rules: Vec<_> = rules.iter().filter(showing).copied().collect();
            if rules.is_empty() {
                continue;
            }
            let shown = self.masked(reference, mask);
            let rows = self.any_of(&rules, (reference.table, alias), |rule| rule.rows.as_ref());
            let Some(rows) = rows else {
                cells.push(shown);
                break;
            };
            cells.push(Expr::Guarded(Box::new(rows), Box::new(shown)));
        }
        match cells.len() {
            0 => {
                let never = Expr::Rule(Box::new(Expr::Or(Vec::new())));
                Expr::Guarded(Box::new(never), Box::new(Expr::Column(reference)))
            }
            1 => cells.remove(0),
            _ => Expr::First(cells),
        }
    }

    /// A column under a mask.
    fn masked(&mut self, reference: Reference, mask: Option<Mask>) -> Expr {
        let veil = match mask {
            None => return Expr::Column(reference),
            Some(Mask::Hash) => {
                let [inner, outer] = [false, true].map(|outer| self.hash_key(reference, outer));
                Veil::Hash { inner, outer }
            }
            Some(Mask::Partial | Mask::Null) => Veil::Partial,
        };
        Expr::Masked(Box::new(Expr::Column(reference)), veil)
    }

    fn hash_key(&mut self, reference: Reference, outer: bool) -> usize {
        let parameter = Parameter {
            scalar: Scalar::Bytes,
            list: false,
        };
        let column = self.schema.tables[reference.table].place(reference.column);
        let form = Form::HashKey {
            outer,
            column: column.into(),
        };
        let nothing = Source::Constant(Value::Null);
        self.draft.parameter(parameter, nothing, form)
    }

    /// When a relation of a row is seen, where that is not whenever the row is.
    pub(super) fn related_where(
        &mut self,
        (table, relation): (usize, usize),
        alias: Alias,
    ) -> Option<Expr> {
        let grant = self.schema.tables[table].relations[relation].grant;
        if self.access.is_none() || self.ruling || grant.reads_whole() {
            return None;
        }
        let showing = |rule: &&&Ruled| rule.relations().contains(&relation);
        let rules = self.rules(table, Action::Read);
        let rules: Vec<_> = rules.iter().filter(showing).copied().collect();
        self.any_of(&rules, (table, alias), |rule| rule.rows.as_ref())
    }

    /// Which rows of a table are seen; `None` where all are.
    pub(super) fn seen(&mut self, table: usize, alias: Alias) -> Option<Expr> {
        self.access?;
        let rules = self.rules(table, Action::Read);
        self.any_of(&rules, (table, alias), |rule| rule.rows.as_ref())
    }

    /// The rows of which one of some rules holds; `None` where all are, none without any rule.
    fn any_of(
        &mut self,
        rules: &[&'a Ruled],
        place: (usize, Alias),
        condition: impl Fn(&'a Ruled) -> Option<&'a Condition>,
    ) -> Option<Expr> {
        let mut conditions = Vec::with_capacity(rules.len());
        for rule in rules {
            conditions.push(condition(rule)?);
        }
        let mut parts: Vec<_> = conditions
            .into_iter()
            .map(|condition| self.ruled(condition, place))
            .collect();
        let any = match parts.len() {
            1 => parts.remove(0),
            _ => Expr::Or(parts),
        };
        Some(Expr::Rule(Box::new(any)))
    }

    /// The condition of a rule on the rows of an alias.
    pub(super) fn ruled(
        &mut self,
        Condition(argument): &Condition,
        (table, alias): (usize, Alias),
    ) -> Expr {
        let strict = std::mem::replace(&mut self.strict, Strict::Nowhere);
        let (joined, ruling) = (self.joined, std::mem::replace(&mut self.ruling, true));
        let condition = self.condition(argument, table, alias);
        (self.strict, self.joined, self.ruling) = (strict, joined, ruling);
        condition.unwrap_or_else(|problem| {
            let message = format!("an access rule cannot be applied: {problem}");
            self.refuse(Fault::new("engine.internal", Kind::Internal, message));
            Expr::Or(Vec::new())
        })
    }
}

/// Whether a condition ties the rows of a select to the row around it, or of a table to another: one
/// of the caller's compares columns of one row.
fn is_link(expr: &Expr) -> bool {
    let alias = |side: &Expr| match side {
        Expr::Column(reference) => Some(reference.alias),
        _ => None,
    };
    let Expr::Compare(Operator::Equal, left, right) = expr else {
        return false;
    };
    matches!((alias(left), alias(right)), (Some(left), Some(right)) if left != right)
}
