//! How much an operation asks for once its fragments are expanded, whatever `@skip` and `@include`
//! leave of it, and what that costs.

use super::located;
use crate::api::Api;
use crate::config::Config;
use crate::cost::{self, Builder, Declared, Formula, Part, Size, Term, Toggles, whole};
use apollo_compiler::Name;
use apollo_compiler::ast::{Argument, Type, Value};
use apollo_compiler::executable::{
    DirectiveList, ExecutableDocument, Field, Operation, Selection, SelectionSet,
};
use apollo_compiler::schema::ExtendedType;
use model::{Fault, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// The cost of an operation; refuses one that asks for too much.
pub(super) fn bound(
    api: &Api,
    config: &Config,
    document: &ExecutableDocument,
    operation: &Operation,
) -> Result<Formula, Fault> {
    let mut extent = Extent {
        api,
        config,
        document,
        fields: 0,
        aliases: 0,
        depth: 0,
        costs: Builder::default(),
    };
    let roots = extent.members(&[&operation.selection_set])?;
    if let Some(over) = roots.get(config.roots_max) {
        let message = format!(
            "the operation has more than {} root fields",
            config.roots_max
        );
        return Err(extent.refused(over.field(), "engine.roots", message));
    }
    let costs = roots.into_iter().map(|root| extent.cost(root, None));
    let costs = costs.collect::<Result<_, _>>()?;
    Ok(extent.costs.finish(costs))
}

/// What was counted so far.
struct Extent<'a> {
    api: &'a Api,
    config: &'a Config,
    document: &'a ExecutableDocument,
    fields: usize,
    aliases: usize,
    /// Nesting of the fields that are looked at.
    depth: usize,
    costs: Builder,
}

/// A member of an object in the answer, and the fields that ask for it.
struct Member<'a> {
    fields: Vec<&'a Field>,
    /// What decides whether it is there, where one field alone asks for it.
    toggles: Toggles,
}

impl<'a> Member<'a> {
    /// One field, for its name, its arguments and its place.
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
    /// Fragments that are among them.
    visited: BTreeSet<&'a str>,
}

impl<'a> Members<'a> {
    fn add(&mut self, type_name: &'a str, field: &'a Field, toggles: Toggles) {
        let key = (field.response_key().as_str(), type_name);
        let index = *self.known.entry(key).or_insert(self.all.len());
        if let Some(member) = self.all.get_mut(index) {
            member.fields.push(field);
            member.toggles.clear();
            return;
        }
        let fields = vec![field];
        self.all.push(Member { fields, toggles });
    }
}

impl<'a> Extent<'a> {
    /// The members that selections ask an object for.
    fn members(&mut self, sets: &[&'a SelectionSet]) -> Result<Vec<Member<'a>>, Fault> {
        let mut members = Members::default();
        for set in sets {
            self.collect(set, &Toggles::new(), &mut members)?;
        }
        Ok(members.all)
    }

    fn collect(
        &mut self,
        set: &'a SelectionSet,
        toggles: &Toggles,
        members: &mut Members<'a>,
    ) -> Result<(), Fault> {
        for selection in &set.selections {
            let toggles = toggled(toggles, selection.directives());
            match selection {
                Selection::Field(field) => {
                    self.count(field)?;
                    members.add(&set.ty, field, toggles);
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.selection_set, &toggles, members)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    let fresh = members.visited.insert(&spread.fragment_name);
                    if let (Some(fragment), true) = (fragment, fresh) {
                        // It may be spread again where nothing takes it away.
                        self.collect(&fragment.selection_set, &Toggles::new(), members)?;
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

    /// What a member costs; `paged` is how many objects stand in the page that it is a member of.
    fn cost(&mut self, member: Member<'a>, paged: Option<&Size>) -> Result<Part, Fault> {
        let field = member.field();
        let declared = Declared::of(&field.definition);
        let told = self.told(field, &declared);
        let mut term = Term {
            once: declared.weight,
            toggles: member.toggles,
            ..Term::default()
        };
        for argument in &field.arguments {
            let definition = field.definition.argument_by_name(&argument.name);
            if let Some(definition) = definition {
                self.input(&definition.ty, &argument.value, &mut term);
            }
        }
        let sets = member.fields.iter().map(|field| &field.selection_set);
        let sets: Vec<_> = sets.filter(|set| !set.selections.is_empty()).collect();
        if !sets.is_empty() {
            term.each = cost::each(self.api, field.ty().inner_named_type());
            term.size = match paged {
                Some(size) => size.clone(),
                None if field.ty().is_list() => told.clone(),
                None => Size::Known(1),
            };
            term.below = self.below(field, &sets, &|name| {
                declared.sized.contains(&name).then_some(&told)
            })?;
        }
        // What tells of the API itself has a bound of its own.
        if field.name.starts_with("__") {
            return Ok(Part::Known(0));
        }
        Ok(self.costs.add(term))
    }

    /// What the members cost that are selected below a field.
    fn below<'s>(
        &mut self,
        field: &Field,
        sets: &[&'a SelectionSet],
        paged: &dyn Fn(&str) -> Option<&'s Size>,
    ) -> Result<Vec<Part>, Fault> {
        if self.depth >= self.config.depth_max {
            let message = format!("fields are nested deeper than {}", self.config.depth_max);
            return Err(self.refused(field, "engine.depth", message));
        }
        self.depth += 1;
        let members = self.members(sets)?.into_iter();
        let costs = members.map(|member| {
            let paged = paged(&member.field().name);
            self.cost(member, paged)
        });
        let costs = costs.collect::<Result<_, _>>()?;
        self.depth -= 1;
        Ok(costs)
    }

    /// How many objects the arguments of a field ask for.
    fn told(&self, field: &Field, declared: &Declared<'_>) -> Size {
        let slicing = |argument: &&Argument| declared.slicing.contains(&argument.name.as_str());
        let arguments = field.arguments.iter().map(|argument| &**argument);
        let (mut least, mut variables) = (None, Vec::new());
        for argument in arguments.filter(slicing) {
            match &*argument.value {
                Value::Variable(name) => variables.push(name.clone()),
                Value::List(items) => least = least.max(Some(items.len() as u64)),
                // One stands for a list of one.
                Value::Object(_) => least = least.max(Some(1)),
                value => least = least.max(whole(value)),
            }
        }
        let unsaid = if declared.sized.is_empty() {
            declared.assumed()
        } else {
            u64::try_from(self.config.page_rows_default).unwrap_or(0)
        };
        let otherwise = least.unwrap_or(unsaid);
        if variables.is_empty() {
            return Size::Known(otherwise);
        }
        let least = least.unwrap_or(0);
        Size::Told {
            least,
            variables,
            otherwise,
        }
    }

    /// Takes in the objects of an argument.
    fn input(&self, ty: &Type, value: &Value, term: &mut Term) {
        let known = self.api.ty(ty.inner_named_type());
        let Some(ExtendedType::InputObject(object)) = known else {
            return;
        };
        match value {
            Value::Variable(name) => term.inputs.push(name.clone()),
            Value::List(items) => items.iter().for_each(|item| self.input(ty, item, term)),
            Value::Object(members) => {
                term.once = term.once.saturating_add(1);
                for (name, member) in members {
                    if let Some(field) = object.fields.get(name) {
                        self.input(&field.ty, member, term);
                    }
                }
            }
            _ => {}
        }
    }

    fn refused(&self, field: &Field, code: &'static str, message: String) -> Fault {
        let fault = Fault::new(code, Kind::Limit, message);
        located(fault, field.name.location(), &self.document.sources)
    }
}

/// The variables that decide about a selection, besides those around it.
fn toggled(around: &Toggles, directives: &DirectiveList) -> Toggles {
    let mut toggles = around.clone();
    for (name, wanted) in [("skip", false), ("include", true)] {
        let condition = directives.get(name);
        let condition = condition.and_then(|known| known.specified_argument_by_name("if"));
        let variable: Option<&Name> = condition.and_then(|value| value.as_variable());
        toggles.extend(variable.map(|name| (name.clone(), wanted)));
    }
    toggles
}
