//! Which fields an object is asked for, once fragments, `@skip` and `@include` are resolved.

use super::planner::Planner;
use apollo_compiler::Name;
use apollo_compiler::executable::{DirectiveList, Field, Selection, SelectionSet};
use model::{Fault, Kind};
use std::collections::BTreeSet;

/// A member of the response and the selections that ask for it.
pub(crate) struct Chosen<'a> {
    pub(crate) key: &'a Name,
    /// The same field each time, with the same arguments (validation saw to it).
    pub(crate) fields: Vec<&'a Field>,
}

impl<'a> Chosen<'a> {
    /// The field, for its name and arguments.
    pub(crate) fn field(&self) -> &'a Field {
        self.fields[0]
    }

    /// What is selected below it.
    pub(crate) fn below(&self) -> Vec<&'a SelectionSet> {
        self.fields
            .iter()
            .map(|field| &field.selection_set)
            .collect()
    }
}

impl<'a> Planner<'a> {
    /// The specification's `CollectFields` for an object of that type.
    pub(crate) fn choose(
        &mut self,
        sets: &[&'a SelectionSet],
        type_name: &str,
    ) -> Result<Vec<Chosen<'a>>, Fault> {
        let mut chosen = Vec::new();
        let mut visited = BTreeSet::new();
        for set in sets {
            self.collect(set, type_name, &mut visited, &mut chosen)?;
        }
        Ok(chosen)
    }

    fn collect(
        &mut self,
        set: &'a SelectionSet,
        type_name: &str,
        visited: &mut BTreeSet<&'a str>,
        chosen: &mut Vec<Chosen<'a>>,
    ) -> Result<(), Fault> {
        for selection in &set.selections {
            if !self.is_included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    self.count_field(field)?;
                    add(chosen, field);
                }
                Selection::InlineFragment(fragment) => {
                    if self.applies(fragment.type_condition.as_ref(), type_name) {
                        self.collect(&fragment.selection_set, type_name, visited, chosen)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    let Some(fragment) = fragment else { continue };
                    let fresh = visited.insert(spread.fragment_name.as_str());
                    if fresh && self.applies(Some(&fragment.selection_set.ty), type_name) {
                        self.collect(&fragment.selection_set, type_name, visited, chosen)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a fragment on that type applies to an object of the other.
    fn applies(&self, condition: Option<&Name>, type_name: &str) -> bool {
        condition.is_none_or(|condition| {
            condition == type_name || self.api.is_subtype(condition, type_name)
        })
    }

    fn count_field(&mut self, field: &Field) -> Result<(), Fault> {
        self.fields += 1;
        if self.fields > self.config.fields_max {
            let most = self.config.fields_max;
            let message = format!("the operation selects more than {most} fields");
            return Err(self.fault(field, "engine.fields", Kind::Limit, message));
        }
        Ok(())
    }

    fn is_included(&self, directives: &DirectiveList) -> bool {
        let condition = |name: &str| {
            let value = &directives.get(name)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(variable) => self.variables.boolean(variable),
                None => value.to_bool(),
            }
        };
        condition("skip") != Some(true) && condition("include") != Some(false)
    }
}

fn add<'a>(chosen: &mut Vec<Chosen<'a>>, field: &'a Field) {
    let key = field.response_key();
    match chosen.iter_mut().find(|known| known.key == key) {
        Some(known) => known.fields.push(field),
        None => chosen.push(Chosen {
            key,
            fields: vec![field],
        }),
    }
}
