//! The specification's rule that all variable usages are allowed, at every depth of a value.
//!
//! The library compares whole types only where a variable is an argument; inside input objects
//! and lists it compares the names of their inner types.

use apollo_compiler::ast::{Argument, Type, Value, VariableDefinition};
use apollo_compiler::collections::{HashMap, HashSet};
use apollo_compiler::executable::{DirectiveList, Operation, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, InputValueDefinition};
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};

/// A variable where it must not stand, as the message and the place.
pub(super) type Disallowed = (String, Option<SourceSpan>);

/// The first variable of a document that stands where its type does not fit.
pub(super) fn disallowed(types: &Schema, document: &ExecutableDocument) -> Option<Disallowed> {
    let fragments = document.fragments.iter().map(|(name, fragment)| {
        let mut usages = Usages::new(types);
        usages.directives(&fragment.directives);
        usages.selections(&fragment.selection_set);
        (name, usages)
    });
    let fragments: HashMap<_, _> = fragments.collect();
    document
        .operations
        .iter()
        .find_map(|operation| disallowed_in(types, operation, &fragments))
}

/// The same of one operation and the fragments it leads to.
fn disallowed_in(
    types: &Schema,
    operation: &Operation,
    fragments: &HashMap<&Name, Usages>,
) -> Option<Disallowed> {
    let mut own = Usages::new(types);
    own.directives(&operation.directives);
    own.selections(&operation.selection_set);
    let definitions = operation.variables.iter();
    let definitions: HashMap<_, _> = definitions.map(|known| (&known.name, &**known)).collect();
    let mut seen = HashSet::default();
    let mut next = vec![&own];
    while let Some(usages) = next.pop() {
        let refused = usages.all.iter().find_map(|usage| {
            let definition = definitions.get(usage.name)?;
            (!usage.allows(definition)).then(|| usage.refusal(definition))
        });
        if refused.is_some() {
            return refused;
        }
        let spreads = usages.spreads.iter().filter(|name| seen.insert(**name));
        next.extend(spreads.filter_map(|name| fragments.get(name)));
    }
    None
}

/// A variable in a value.
struct Usage<'a> {
    name: &'a Name,
    place: Option<SourceSpan>,
    position: Position<'a>,
}

/// What is expected where a value stands.
#[derive(Clone, Copy)]
struct Position<'a> {
    ty: &'a Type,
    /// Whether something else is taken where the value is left out.
    defaulted: bool,
    /// Whether it is the one member of an object that takes exactly one.
    exclusive: bool,
}

impl<'a> Position<'a> {
    fn of(definition: &'a InputValueDefinition, exclusive: bool) -> Self {
        Self {
            ty: &definition.ty,
            defaulted: definition.default_value.is_some(),
            exclusive,
        }
    }

    fn item(ty: &'a Type) -> Self {
        Self {
            ty,
            defaulted: false,
            exclusive: false,
        }
    }
}

impl Usage<'_> {
    /// `IsVariableUsageAllowed` of the specification.
    fn allows(&self, definition: &VariableDefinition) -> bool {
        let Position { ty, .. } = self.position;
        let required = ty.is_non_null() || self.position.exclusive;
        if !required || definition.ty.is_non_null() {
            return definition.ty.is_assignable_to(ty);
        }
        let default = definition.default_value.as_ref();
        let defaulted = default.is_some_and(|value| !value.is_null());
        (defaulted || self.position.defaulted)
            && definition.ty.is_assignable_to(&ty.clone().nullable())
    }

    fn refusal(&self, definition: &VariableDefinition) -> Disallowed {
        let Position { ty, exclusive, .. } = self.position;
        let expected = if exclusive {
            ty.clone().non_null()
        } else {
            ty.clone()
        };
        let message = format!(
            "variable ${} of type {} cannot stand where {expected} is expected",
            self.name, definition.ty
        );
        (message, self.place)
    }
}

/// The variables of an operation or fragment, and the fragments it spreads.
struct Usages<'a> {
    types: &'a Schema,
    all: Vec<Usage<'a>>,
    spreads: Vec<&'a Name>,
}

impl<'a> Usages<'a> {
    fn new(types: &'a Schema) -> Self {
        Self {
            types,
            all: Vec::new(),
            spreads: Vec::new(),
        }
    }

    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments, &field.definition.arguments);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(spread) => self.spreads.push(&spread.fragment_name),
            }
        }
    }

    fn directives(&mut self, directives: &'a DirectiveList) {
        let types = self.types;
        for directive in directives {
            if let Some(definition) = types.directive_definitions.get(&directive.name) {
                self.arguments(&directive.arguments, &definition.arguments);
            }
        }
    }

    fn arguments(
        &mut self,
        given: &'a [Node<Argument>],
        definitions: &'a [Node<InputValueDefinition>],
    ) {
        for argument in given {
            let mut known = definitions.iter();
            if let Some(definition) = known.find(|known| known.name == argument.name) {
                self.value(Position::of(definition, false), &argument.value);
            }
        }
    }

    fn value(&mut self, position: Position<'a>, value: &'a Node<Value>) {
        match &**value {
            Value::Variable(name) => self.all.push(Usage {
                name,
                place: value.location(),
                position,
            }),
            Value::List(items) => {
                let item = Position::item(position.ty.item_type());
                for value in items {
                    self.value(item, value);
                }
            }
            Value::Object(members) => self.members(position.ty.inner_named_type(), members),
            _ => {}
        }
    }

    fn members(&mut self, name: &Name, members: &'a [(Name, Node<Value>)]) {
        let types = self.types;
        let Some(ExtendedType::InputObject(object)) = types.types.get(name) else {
            return;
        };
        let exclusive = object.directives.has("oneOf");
        for (name, value) in members {
            if let Some(definition) = object.fields.get(name) {
                self.value(Position::of(definition, exclusive), value);
            }
        }
    }
}
