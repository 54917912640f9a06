//! How much an operation asks for once its fragments are expanded, whatever `@skip` and `@include`
//! leave of it.

use super::located;
use crate::config::Config;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use model::{Fault, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Refuses an operation that asks for too much.
pub(super) fn bound(
    config: &Config,
    document: &ExecutableDocument,
    operation: &Operation,
) -> Result<(), Fault> {
    let mut extent = Extent {
        config,
        document,
        fields: 0,
        aliases: 0,
        depth: 0,
    };
    let roots = extent.members(&[&operation.selection_set])?;
    if let Some(over) = roots.get(config.roots_max) {
        let message = format!(
            "the operation has more than {} root fields",
            config.roots_max
        );
        return Err(extent.refused(over.field(), "engine.roots", message));
    }
    roots.iter().try_for_each(|root| extent.below(root))
}

/// What was counted so far.
struct Extent<'a> {
    config: &'a Config,
    document: &'a ExecutableDocument,
    fields: usize,
    aliases: usize,
    /// Nesting of the fields that are looked at.
    depth: usize,
}

/// A member of an object in the answer, and the fields that ask for it.
#[derive(Default)]
struct Member<'a> {
    fields: Vec<&'a Field>,
}

impl<'a> Member<'a> {
    /// One field, for its name and its place.
    fn field(&self) -> &'a Field {
        self.fields[0]
    }
}

/// The members of an object, in the order in which they are asked for.
#[derive(Default)]
struct Members<'a> {
    all: Vec<Member<'a>>,
    /// By their key, and by the type that has the field: objects of several types may stand in one
    /// place, each with a field of its own under the same key.
    known: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Members<'a> {
    fn add(&mut self, type_name: &'a str, field: &'a Field) {
        let key = (field.response_key().as_str(), type_name);
        let index = *self.known.entry(key).or_insert(self.all.len());
        if index == self.all.len() {
            self.all.push(Member::default());
        }
        self.all[index].fields.push(field);
    }
}

impl<'a> Extent<'a> {
    /// The members that selections ask an object for.
    fn members(&mut self, sets: &[&'a SelectionSet]) -> Result<Vec<Member<'a>>, Fault> {
        let mut members = Members::default();
        let mut visited = BTreeSet::new();
        for set in sets {
            self.collect(set, &mut visited, &mut members)?;
        }
        Ok(members.all)
    }

    fn collect(
        &mut self,
        set: &'a SelectionSet,
        visited: &mut BTreeSet<&'a str>,
        members: &mut Members<'a>,
    ) -> Result<(), Fault> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.count(field)?;
                    members.add(&set.ty, field);
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.selection_set, visited, members)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    let fresh = visited.insert(&spread.fragment_name);
                    if let (Some(fragment), true) = (fragment, fresh) {
                        self.collect(&fragment.selection_set, visited, members)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, field: &Field) -> Result<(), Fault> {
        self.fields += 1;
        if self.fields > self.config.fields_max {
            let most = self.config.fields_max;
            let message = format!("the operation selects more than {most} fields");
            return Err(self.refused(field, "engine.fields", message));
        }
        self.aliases += usize::from(field.alias.is_some());
        if self.aliases > self.config.aliases_max {
            let most = self.config.aliases_max;
            let message = format!("the operation has more than {most} aliases");
            return Err(self.refused(field, "engine.aliases", message));
        }
        Ok(())
    }

    /// Looks at what is selected below a member.
    fn below(&mut self, member: &Member<'a>) -> Result<(), Fault> {
        let sets = member.fields.iter().map(|field| &field.selection_set);
        let sets: Vec<_> = sets.filter(|set| !set.selections.is_empty()).collect();
        if sets.is_empty() {
            return Ok(());
        }
        if self.depth >= self.config.depth_max {
            let message = format!("fields are nested deeper than {}", self.config.depth_max);
            return Err(self.refused(member.field(), "engine.depth", message));
        }
        self.depth += 1;
        let members = self.members(&sets)?;
        members.iter().try_for_each(|member| self.below(member))?;
        self.depth -= 1;
        Ok(())
    }

    fn refused(&self, field: &Field, code: &'static str, message: String) -> Fault {
        let fault = Fault::new(code, Kind::Limit, message);
        located(fault, field.name.location(), &self.document.sources)
    }
}
