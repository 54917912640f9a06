//! The part of an API that a document goes by: the types of its fields, fragments, variables and values.

use super::Api;
use apollo_compiler::ast::{
    self, Argument, Definition, Directive, Document, FieldDefinition, InputValueDefinition,
    OperationType, Selection, Value,
};
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::schema::{Component, ExtendedType, ObjectType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema as TypeSystem, name};

/// The type system that validates a document as the whole one would: what the document names and the
/// whole has is there.
pub(super) fn touched(api: &Api, document: &Document) -> Valid<TypeSystem> {
    let mut walk = Walk {
        api,
        types: api.shell().clone(),
        query: root(name!("Query")),
        mutation: root(name!("Mutation")),
        seen: IndexSet::default(),
    };
    for definition in &document.definitions {
        walk.definition(definition);
    }
    let Walk {
        mut types,
        query,
        mutation,
        ..
    } = walk;
    if types.schema_definition.mutation.is_some() {
        let mutation = ExtendedType::Object(Node::new(mutation));
        types.types.insert(name!("Mutation"), mutation);
    }
    let query = ExtendedType::Object(Node::new(query));
    types.types.insert(name!("Query"), query);
    // It is a part of a whole that is valid.
    Valid::assume_valid(types)
}

fn root(name: Name) -> ObjectType {
    ObjectType {
        description: None,
        name,
        implements_interfaces: IndexSet::default(),
        directives: apollo_compiler::schema::DirectiveList::default(),
        fields: IndexMap::default(),
    }
}

struct Walk<'a> {
    api: &'a Api,
    types: TypeSystem,
    query: ObjectType,
    mutation: ObjectType,
    /// Names that were looked up.
    seen: IndexSet<Name>,
}

impl<'a> Walk<'a> {
    fn definition(&mut self, definition: &Definition) {
        match definition {
            Definition::OperationDefinition(operation) => {
                for variable in &operation.variables {
                    let ty = variable.ty.inner_named_type();
                    self.touch(ty);
                    self.directives(&variable.directives);
                    if let Some(value) = &variable.default_value {
                        self.value(ty, value);
                    }
                }
                self.directives(&operation.directives);
                let root = match operation.operation_type {
                    OperationType::Query => Some(name!("Query")),
                    OperationType::Mutation => Some(name!("Mutation")),
                    OperationType::Subscription => None,
                };
                self.selections(root.as_ref(), &operation.selection_set);
            }
            Definition::FragmentDefinition(fragment) => {
                self.touch(&fragment.type_condition);
                self.directives(&fragment.directives);
                self.selections(Some(&fragment.type_condition), &fragment.selection_set);
            }
            _ => {}
        }
    }

    fn selections(&mut self, parent: Option<&Name>, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(parent, field),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    condition.inspect(|condition| self.touch(condition));
                    self.directives(&fragment.directives);
                    self.selections(condition.or(parent), &fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => self.directives(&spread.directives),
            }
        }
    }

    fn field(&mut self, parent: Option<&Name>, field: &ast::Field) {
        self.directives(&field.directives);
        let known = parent.and_then(|parent| self.defined(parent, &field.name));
        let Some(known) = known else {
            return self.selections(None, &field.selection_set);
        };
        let ty = known.ty.inner_named_type();
        self.touch(ty);
        self.arguments(&field.arguments, &known.arguments);
        self.selections(Some(ty), &field.selection_set);
    }

    /// The definition of a field; one of a root becomes a part of it.
    fn defined(&mut self, parent: &Name, field: &Name) -> Option<&'a FieldDefinition> {
        let root = match parent.as_str() {
            "Query" => &mut self.query,
            "Mutation" => &mut self.mutation,
            _ => {
                let fields = match self.api.ty(parent)? {
                    ExtendedType::Object(object) => &object.fields,
                    ExtendedType::Interface(interface) => &interface.fields,
                    _ => return None,
                };
                return fields.get(field).map(|known| &***known);
            }
        };
        let known = self.api.root_field(parent, field)?;
        let fields = &mut root.fields;
        fields.insert(field.clone(), Component::clone(known));
        Some(known)
    }

    fn directives(&mut self, directives: &[Node<Directive>]) {
        for directive in directives {
            let shell = self.api.shell();
            if let Some(known) = shell.directive_definitions.get(&directive.name) {
                self.arguments(&directive.arguments, &known.arguments);
            }
        }
    }

    fn arguments(&mut self, given: &[Node<Argument>], known: &[Node<InputValueDefinition>]) {
        for argument in given {
            let definition = known.iter().find(|known| known.name == argument.name);
            if let Some(definition) = definition {
                let ty = definition.ty.inner_named_type();
                self.touch(ty);
                self.value(ty, &argument.value);
            }
        }
    }

    fn value(&mut self, ty: &Name, value: &Value) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.value(ty, item)),
            Value::Object(members) => {
                let Some(ExtendedType::InputObject(object)) = self.api.ty(ty) else {
                    return;
                };
                for (name, value) in members {
                    if let Some(member) = object.fields.get(name) {
                        let ty = member.ty.inner_named_type();
                        self.touch(ty);
                        self.value(ty, value);
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes a type in, and those that its objects are of.
    fn touch(&mut self, name: &Name) {
        if !self.seen.insert(name.clone()) {
            return;
        }
        let Some(known) = self.api.ty(name) else {
            return;
        };
        self.types.types.insert(name.clone(), known.clone());
        let further = match known {
            ExtendedType::Interface(_) => self.api.possible(name),
            ExtendedType::Union(union) => {
                let members = union.members.iter();
                members.map(|member| member.name.clone()).collect()
            }
            _ => return,
        };
        for name in &further {
            self.touch(name);
        }
    }
}
