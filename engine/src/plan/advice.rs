//! The trees of a plan, and those of conditions of rules, for those who look at what they want.

use super::planner::Planner;
use super::{Binding, Form, Inserts, Plan, Slot, Wish};
use crate::config::Config;
use crate::input::{Source, Variables};
use crate::prepare::{Asked, Operation};
use crate::sql::{Alias, Expr};

/// The conditions of the rules of a table on its rows, in their order; none where one is about all rows.
pub(crate) fn conditions(
    config: &Config,
    operation: &Operation,
    variables: &Variables,
    table: usize,
) -> (Alias, Vec<Option<Expr>>) {
    let asked: Asked<'_> = operation.asked();
    let mut planner = Planner::new(config, asked, (variables, Inserts::Together));
    let alias = planner.draft.alias();
    let rules = planner.access.map_or(&[][..], |access| access.of(table));
    let conditions = rules.iter().map(|rule| {
        let rows = rule.rows.as_ref();
        rows.map(|rows| planner.ruled(rows, (table, alias)))
    });
    let conditions = conditions.collect();
    (alias, conditions)
}

/// A parameter that is a number of rows.
pub(crate) struct Count {
    pub(crate) place: usize,
    /// The variable it is, if it is one.
    pub(crate) variable: Option<usize>,
}

/// For each statement of a plan, which of its parameters are numbers of rows.
pub(crate) fn counts(plan: &Plan) -> Vec<Vec<Count>> {
    let count = |(place, wish): (usize, &Wish)| {
        let Slot::Bound(Binding { form, source, .. }) = &wish.slot else {
            return None;
        };
        let variable = match source {
            Source::Variable(variable, _) => Some(*variable),
            _ => None,
        };
        matches!(form, Form::Count(_) | Form::CountAndOne(_)).then_some(Count { place, variable })
    };
    let of_step = |wishes: &Vec<Wish>| wishes.iter().enumerate().filter_map(count).collect();
    plan.wishes.iter().map(of_step).collect()
}
