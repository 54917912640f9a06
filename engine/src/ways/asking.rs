//! Documents that go every way of an API, made from its types alone.

mod given;
mod reach;

use crate::access::Shape;
use crate::api::{Api, NOTHING, Whole};
use crate::prepare::Asked;
use apollo_compiler::executable::{
    DirectiveList, Field, InlineFragment, Operation, OperationType, SelectionSet, Value,
};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use apollo_compiler::{ExecutableDocument, Name, Node, name};
use given::id;
use model::schema::{Schema, Table};
use reach::Reach;
use std::collections::{HashMap, HashSet};

pub(crate) use given::{claims, sample};

/// A document and how many root fields it asks for.
pub(super) struct Document {
    pub(super) content: ExecutableDocument,
    pub(super) field: Name,
    pub(super) roots: usize,
}

impl Document {
    fn of(operation_type: OperationType, ty: &Name, roots: Vec<Field>) -> Option<Self> {
        let field = roots.first()?.name.clone();
        let count = roots.len();
        let mut selection_set = SelectionSet::new(ty.clone());
        selection_set.extend(roots);
        let mut content = ExecutableDocument::new();
        content.operations.insert(Operation {
            operation_type,
            name: None,
            variables: Vec::new(),
            directives: DirectiveList::default(),
            selection_set,
        });
        Some(Self {
            content,
            field,
            roots: count,
        })
    }

    /// What of it is planned.
    pub(super) fn asked<'a>(&'a self, shape: &'a Shape) -> Option<Asked<'a>> {
        let mut operations = self.content.operations.iter();
        Some(Asked {
            shape,
            document: &self.content,
            definition: operations.next()?,
        })
    }

    /// The document as its client would write it.
    pub(super) fn text(&self) -> String {
        self.content.serialize().no_indent().to_string()
    }
}

/// Makes documents for one API, as they are when their text is parsed and validated. What stands in
/// several places is made once.
pub(super) struct Asking<'a> {
    api: &'a Api,
    whole: &'a Whole,
    schema: &'a Schema,
    /// The types that are rows of tables.
    rows: HashSet<&'a str>,
    /// Values by the name of their type, and whether they are in a list.
    values: HashMap<(&'a str, bool, Reach), Option<Node<Value>>>,
    selections: HashMap<(&'a str, Reach), Option<SelectionSet>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(shape: &'a Shape) -> Result<Self, String> {
        let schema = &shape.schema;
        let tables = schema.tables.iter();
        let of_table = |table: &'a Table| {
            let variants = table.variants.iter().flat_map(|variants| &variants.types);
            let types = variants.map(|variant| variant.type_name(schema));
            std::iter::once(table.type_name.as_str()).chain(types)
        };
        let unions = schema.unions.iter().map(|union| union.type_name.as_str());
        Ok(Self {
            api: &shape.api,
            whole: shape.api.whole()?,
            schema,
            rows: tables.flat_map(of_table).chain(unions).collect(),
            values: HashMap::new(),
            selections: HashMap::new(),
        })
    }

    /// For each root field a document with all that is one relation below it, or its name where none
    /// can be made.
    pub(super) fn documents(mut self) -> Vec<Result<Document, Name>> {
        let definition = &self.whole.types.schema_definition;
        let kinds = [
            (OperationType::Query, definition.query.as_ref()),
            (OperationType::Mutation, definition.mutation.as_ref()),
        ];
        let mut documents = Vec::new();
        for (kind, name) in kinds {
            let Some(ExtendedType::Object(root)) = name.and_then(|name| self.declared(name)) else {
                continue;
            };
            let fields = root.fields.values();
            for field in fields.filter(|field| !tells_nothing(&field.name)) {
                let asked = self.asked(field);
                let document = asked.and_then(|roots| Document::of(kind, &root.name, roots));
                documents.push(document.ok_or_else(|| field.name.clone()));
            }
        }
        documents
    }

    /// What is defined under a name.
    fn declared(&self, name: &str) -> Option<&'a ExtendedType> {
        self.whole.types.types.get(name)
    }

    fn asked(&mut self, field: &'a Node<FieldDefinition>) -> Option<Vec<Field>> {
        Some(match field.name.as_str() {
            "node" => self.nodes(field),
            name => {
                let shown = Reach::of(self.api.root(name).map(|root| root.verb));
                vec![self.field(field, (Reach::FULL, shown))?]
            }
        })
    }

    /// The object of each type by its id.
    fn nodes(&mut self, field: &'a Node<FieldDefinition>) -> Vec<Field> {
        let tables = self.schema.tables.iter().enumerate();
        let node = |(index, table): (usize, &'a Table)| {
            let ExtendedType::Object(object) = self.declared(&table.type_name)? else {
                return None;
            };
            object.fields.get("nodeId")?;
            let mut node = Field::new(field.name.clone(), field.clone())
                .with_alias(Name::new(&format!("n{index}")).ok()?)
                .with_argument(name!("id"), Value::String(id(table)));
            let typed = self.fragment(&object.name, Reach::OF_ROWS)?;
            node.selection_set.push(typed);
            Some(node)
        };
        tables.filter_map(node).collect()
    }

    /// A field with arguments and all that it shows.
    fn field(
        &mut self,
        definition: &'a Node<FieldDefinition>,
        (given, reach): (Reach, Reach),
    ) -> Option<Field> {
        let mut field = Field::new(definition.name.clone(), definition.clone());
        field.arguments = self.arguments(definition, given)?;
        let ty = definition.ty.inner_named_type();
        if !self.is_leaf(ty) {
            field.selection_set = self.selection(ty, reach)?;
        }
        Some(field)
    }

    fn is_leaf(&self, ty: &str) -> bool {
        self.declared(ty).is_some_and(ExtendedType::is_leaf)
    }

    /// Whether a type is rows of a table, or of several.
    fn has_rows(&self, ty: &str) -> bool {
        self.rows.contains(ty)
    }

    /// What a type shows, as far as it is to lead on.
    fn selection(&mut self, ty: &'a Name, reach: Reach) -> Option<SelectionSet> {
        if let Some(known) = self.selections.get(&(ty.as_str(), reach)) {
            return known.clone();
        }
        let made = self.selected(ty, reach);
        self.selections.insert((ty, reach), made.clone());
        made
    }

    fn selected(&mut self, ty: &'a Name, reach: Reach) -> Option<SelectionSet> {
        let mut members = SelectionSet::new(ty.clone());
        let type_name = members.new_field(&self.whole.types, name!("__typename"));
        members.push(type_name.ok()?);
        let fields = match self.declared(ty)? {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => {
                members.extend(self.fragments(ty, reach));
                &interface.fields
            }
            ExtendedType::Union(union) => {
                let types = union.members.iter();
                members.extend(types.filter_map(|member| self.fragment(member, reach)));
                return Some(members);
            }
            _ => return None,
        };
        for field in fields.values() {
            members.extend(self.member(ty, field, reach));
        }
        Some(members)
    }

    /// A field of a type, where what the type shows leads on to it.
    fn member(
        &mut self,
        ty: &str,
        field: &'a Node<FieldDefinition>,
        reach: Reach,
    ) -> Option<Field> {
        let below = field.ty.inner_named_type().as_str();
        let name = field.name.as_str();
        let is_page = name.ends_with("Connection") || name.ends_with("Aggregate");
        let is_of_rows = self.has_rows(ty);
        let leads_on = is_of_rows && (is_page || self.has_rows(below));
        if is_of_rows && is_page && !reach.has_pages {
            return None;
        }
        let is_figure = ty.ends_with("Aggregate");
        let left = match () {
            () if self.is_leaf(below) => reach,
            () if leads_on => reach.related()?,
            () if is_figure && !reach.is_full => return None,
            // What is grouped by a relation is not selected: only one column of it is asked for.
            () if is_figure && name == "key" => Reach { parts: 0, ..reach },
            () => reach.inside()?,
        };
        // One figure takes every condition, the others one, by which they are narrowed as well.
        let given = Reach {
            is_full: left.is_full && (!is_figure || name == "count"),
            ..left
        };
        self.field(field, (given, left))
    }

    fn fragments(&mut self, interface: &str, reach: Reach) -> Vec<InlineFragment> {
        let Some(types) = self.whole.implementers.get(interface) else {
            return Vec::new();
        };
        let objects = types.objects.iter();
        objects
            .filter_map(|object| self.fragment(object, reach))
            .collect()
    }

    fn fragment(&mut self, object: &'a Name, reach: Reach) -> Option<InlineFragment> {
        let mut fragment = InlineFragment::with_type_condition(object.clone());
        fragment.selection_set = self.selection(object, reach)?;
        Some(fragment)
    }
}

/// Whether a root field shows nothing of any table.
fn tells_nothing(name: &str) -> bool {
    matches!(name, NOTHING | "__typename")
}
