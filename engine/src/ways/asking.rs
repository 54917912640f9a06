//! Documents that go every way of an API, made from its types alone.

use crate::access::Shape;
use crate::api::{Api, NOTHING, Verb};
use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::schema::{ExtendedType, FieldDefinition, InputObjectType};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Scalar;
use model::schema::{Column, Schema, Table};
use serde_json::{Map, Value as Json, json};
use std::collections::HashSet;

/// How many relations lead on from one another: from a row to those it has, and not back.
const DEPTH: usize = 1;

/// How many types without rows lead on from one another: pages, edges, figures, what is inside JSON.
const PARTS: usize = 4;

/// How far what is selected leads on.
#[derive(Clone, Copy)]
struct Reach {
    relations: usize,
    parts: usize,
    /// Whether each column is looked at, and not one for all.
    is_full: bool,
    /// Whether pages and figures of relations are asked for, too.
    has_pages: bool,
}

impl Reach {
    const FULL: Self = Self {
        relations: DEPTH,
        parts: PARTS,
        is_full: true,
        has_pages: true,
    };

    /// Rows as a change gives them back: what leads on from them is read as from any row.
    const OF_CHANGE: Self = Self {
        has_pages: false,
        ..Self::FULL
    };

    /// Rows alone.
    const OF_ROWS: Self = Self {
        relations: 0,
        ..Self::FULL
    };

    /// How far what a root field shows leads on: where several show rows in one way, one of them does
    /// for all.
    fn of(verb: Option<Verb>) -> Self {
        match verb {
            Some(Verb::List | Verb::Aggregate | Verb::Function(_)) | None => Self::FULL,
            Some(Verb::Create) => Self::OF_CHANGE,
            Some(_) => Self::OF_ROWS,
        }
    }

    /// What is left behind a relation.
    fn related(self) -> Option<Self> {
        Some(Self {
            relations: self.relations.checked_sub(1)?,
            parts: PARTS,
            is_full: false,
            ..self
        })
    }

    /// What is left inside a type without rows.
    fn inside(self) -> Option<Self> {
        Some(Self {
            parts: self.parts.checked_sub(1)?,
            ..self
        })
    }
}

/// A document and how many root fields it asks for.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) field: String,
    pub(super) roots: usize,
}

/// Writes documents for one API.
pub(super) struct Asking<'a> {
    api: &'a Api,
    schema: &'a Schema,
    /// The types that are rows of tables.
    rows: HashSet<&'a str>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(shape: &'a Shape) -> Self {
        let schema = &shape.schema;
        let tables = schema.tables.iter();
        let of_table = |table: &'a Table| {
            let variants = table.variants.iter().flat_map(|variants| &variants.types);
            let types = variants.map(|variant| variant.type_name(schema));
            std::iter::once(table.type_name.as_str()).chain(types)
        };
        let unions = schema.unions.iter().map(|union| union.type_name.as_str());
        Self {
            api: &shape.api,
            schema,
            rows: tables.flat_map(of_table).chain(unions).collect(),
        }
    }

    /// For each root field a document with all that is one relation below it.
    pub(super) fn documents(&self) -> Vec<Document> {
        let definition = &self.api.types.schema_definition;
        let kinds = [
            ("query", definition.query.as_ref()),
            ("mutation", definition.mutation.as_ref()),
        ];
        let mut documents = Vec::new();
        for (kind, name) in kinds {
            let Some(ExtendedType::Object(root)) =
                name.and_then(|name| self.api.types.types.get(name.as_str()))
            else {
                continue;
            };
            for field in root.fields.values() {
                documents.extend(self.asked(kind, field));
            }
        }
        documents
    }

    fn asked(&self, kind: &str, field: &FieldDefinition) -> Option<Document> {
        let texts = match field.name.as_str() {
            NOTHING | "__typename" => return None,
            "node" => self.nodes(),
            name => {
                let shown = Reach::of(self.api.root(name).map(|root| root.verb));
                vec![self.field(field, (Reach::FULL, shown))?]
            }
        };
        Some(Document {
            text: format!("{kind} {{ {} }}", texts.join(" ")),
            field: field.name.to_string(),
            roots: texts.len(),
        })
    }

    /// The object of each type by its id.
    fn nodes(&self) -> Vec<String> {
        let tables = self.schema.tables.iter().enumerate();
        let node = |(index, table): (usize, &Table)| {
            let name = &table.type_name;
            let ExtendedType::Object(object) = self.api.types.types.get(name.as_str())? else {
                return None;
            };
            object.fields.get("nodeId")?;
            let selection = self.selection(name, Reach::OF_ROWS)?;
            let id = id(table);
            Some(format!(
                "n{index}: node(id: \"{id}\") {{ ... on {name} {selection} }}"
            ))
        };
        tables.filter_map(node).collect()
    }

    /// A field with arguments and all that it shows.
    fn field(&self, field: &FieldDefinition, (given, reach): (Reach, Reach)) -> Option<String> {
        let arguments = self.arguments(field, given)?;
        let (name, ty) = (&field.name, field.ty.inner_named_type().as_str());
        let selection = if self.is_leaf(ty) {
            String::new()
        } else {
            self.selection(ty, reach)?
        };
        Some(format!("{name}{arguments} {selection}"))
    }

    fn is_leaf(&self, ty: &str) -> bool {
        self.api
            .types
            .types
            .get(ty)
            .is_some_and(ExtendedType::is_leaf)
    }

    /// Whether a type is rows of a table, or of several.
    fn has_rows(&self, ty: &str) -> bool {
        self.rows.contains(ty)
    }

    /// What a type shows, as far as it is to lead on.
    fn selection(&self, ty: &str, reach: Reach) -> Option<String> {
        let mut members = vec!["__typename".to_owned()];
        let fields = match self.api.types.types.get(ty)? {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => {
                members.extend(self.fragments(ty, reach));
                &interface.fields
            }
            ExtendedType::Union(union) => {
                let types = union.members.iter();
                members.extend(types.filter_map(|member| self.fragment(member.as_str(), reach)));
                return Some(format!("{{ {} }}", members.join(" ")));
            }
            _ => return None,
        };
        for field in fields.values() {
            let below = field.ty.inner_named_type().as_str();
            let name = field.name.as_str();
            let is_page = name.ends_with("Connection") || name.ends_with("Aggregate");
            let is_of_rows = self.has_rows(ty);
            let leads_on = is_of_rows && (is_page || self.has_rows(below));
            if is_of_rows && is_page && !reach.has_pages {
                continue;
            }
            let is_figure = ty.ends_with("Aggregate");
            let left = match () {
                () if self.is_leaf(below) => Some(reach),
                () if leads_on => reach.related(),
                () if is_figure && !reach.is_full => None,
                // What is grouped by a relation is not selected: only one column of it is asked for.
                () if is_figure && name == "key" => Some(Reach { parts: 0, ..reach }),
                () => reach.inside(),
            };
            // One figure takes every condition, the others one, by which they are narrowed as well.
            let is_full = |left: Reach| left.is_full && (!is_figure || name == "count");
            members.extend(left.and_then(|left| {
                let given = Reach {
                    is_full: is_full(left),
                    ..left
                };
                self.field(field, (given, left))
            }));
        }
        Some(format!("{{ {} }}", members.join(" ")))
    }

    fn fragments(&self, interface: &str, reach: Reach) -> Vec<String> {
        let Some(types) = self.api.implementers.get(interface) else {
            return Vec::new();
        };
        let objects = types.objects.iter();
        objects
            .filter_map(|object| self.fragment(object.as_str(), reach))
            .collect()
    }

    fn fragment(&self, object: &str, reach: Reach) -> Option<String> {
        let selection = self.selection(object, reach)?;
        Some(format!("... on {object} {selection}"))
    }

    /// The arguments of a field: those it must have, and those that look at rows.
    fn arguments(&self, field: &FieldDefinition, reach: Reach) -> Option<String> {
        let mut given = Vec::new();
        for argument in &field.arguments {
            let is_needed = argument.is_required();
            let is_look = matches!(
                argument.name.as_str(),
                "where" | "orderBy" | "groupBy" | "limit"
            );
            if !is_needed && !is_look {
                continue;
            }
            match self.literal(&argument.ty, reach) {
                Some(literal) => given.push(format!("{}: {literal}", argument.name)),
                None if is_needed => return None,
                None => {}
            }
        }
        if given.is_empty() {
            return Some(String::new());
        }
        Some(format!("({})", given.join(", ")))
    }

    /// A value of an input type.
    fn literal(&self, ty: &Type, reach: Reach) -> Option<String> {
        let name = ty.inner_named_type().as_str();
        let declared = self.api.types.types.get(name)?;
        let single = match declared {
            ExtendedType::Scalar(_) => self.scalar(name)?.to_string(),
            ExtendedType::Enum(values) => values.values.keys().next()?.to_string(),
            ExtendedType::InputObject(object) if object.directives.has("oneOf") => {
                let members = self.alternatives(object, reach);
                return if ty.is_list() {
                    (!members.is_empty()).then(|| format!("[{}]", members.join(", ")))
                } else {
                    members.into_iter().next()
                };
            }
            ExtendedType::InputObject(object) => self.object(object, reach)?,
            _ => return None,
        };
        Some(if ty.is_list() {
            format!("[{single}]")
        } else {
            single
        })
    }

    /// Every alternative of an input of which one is given.
    fn alternatives(&self, object: &InputObjectType, reach: Reach) -> Vec<String> {
        let members = object.fields.values();
        let one = |member: &apollo_compiler::schema::Component<InputValueDefinition>| {
            let leads_on = self.is_input_object(&member.ty);
            let below = if leads_on { reach.related()? } else { reach };
            let ty = non_null(&member.ty);
            let literal = self.literal(&ty, below)?;
            Some(format!("{{{}: {literal}}}", member.name))
        };
        let most = if reach.is_full { usize::MAX } else { 1 };
        members.filter_map(one).take(most).collect()
    }

    fn is_input_object(&self, ty: &Type) -> bool {
        let declared = self.api.types.types.get(ty.inner_named_type().as_str());
        matches!(declared, Some(ExtendedType::InputObject(_)))
    }

    fn object(&self, object: &InputObjectType, reach: Reach) -> Option<String> {
        let members: Vec<_> = object.fields.values().map(|member| &**member).collect();
        let has = |name: &str| members.iter().any(|member| member.name == name);
        if has("isNull") {
            return Some("{isNull: false}".to_owned());
        }
        let is_condition = has("and") && has("not");
        let mut given = Vec::new();
        for member in members.iter().copied() {
            let name = member.name.as_str();
            let leads_on = self.is_relation(&member.ty);
            let is_wanted = match (is_condition, leads_on) {
                (true, _) => !matches!(name, "and" | "or" | "not" | "compare" | "search"),
                (false, true) => member.is_required() || matches!(name, "some" | "none" | "every"),
                (false, false) => true,
            };
            let below = match () {
                () if leads_on && !has("some") => reach.related(),
                // What is inside JSON may hold itself.
                () if self.is_input_object(&member.ty) => reach.inside(),
                () => Some(reach),
            };
            let literal = below
                .filter(|_| is_wanted)
                .and_then(|below| self.literal(&member.ty, below));
            if is_condition && !reach.is_full && !given.is_empty() {
                break;
            }
            match literal {
                Some(literal) => given.push(format!("{name}: {literal}")),
                None if member.is_required() => return None,
                None => {}
            }
        }
        Some(format!("{{{}}}", given.join(", ")))
    }

    /// Whether a member of an input leads to rows of a table: an object that is no comparison and no value.
    fn is_relation(&self, ty: &Type) -> bool {
        let name = ty.inner_named_type().as_str();
        let Some(ExtendedType::InputObject(object)) = self.api.types.types.get(name) else {
            return false;
        };
        let is_value = crate::api::written_shape(self.schema, name).is_some();
        !is_value && !object.fields.contains_key("isNull")
    }

    fn scalar(&self, name: &str) -> Option<Json> {
        if name == "ID" {
            let table = self
                .schema
                .tables
                .iter()
                .find(|table| !table.key.is_empty())?;
            return Some(json!(id(table)));
        }
        let customs = &mut self.schema.scalars.iter();
        let custom = customs.find(|custom| custom.type_name == name);
        let scalar = custom
            .map(|custom| custom.scalar)
            .or_else(|| Scalar::from_name(name))?;
        Some(sample(scalar))
    }
}

/// The claims that the rules of a shape look at, each with a value that it may have.
pub(super) fn claims(shape: &Shape) -> Map<String, Json> {
    let claim = |claim: &crate::access::Claim| {
        let name = claim.ty.inner_named_type().as_str();
        let labels = shape
            .schema
            .enums
            .iter()
            .find(|known| known.type_name == name);
        let label = labels.and_then(|known| known.values.first());
        let custom = shape
            .schema
            .scalars
            .iter()
            .find(|known| known.type_name == name);
        let scalar = custom
            .map(|known| known.scalar)
            .or_else(|| Scalar::from_name(name));
        let value = match (label, scalar) {
            (Some(label), _) => json!(label.name),
            (None, Some(scalar)) => sample(scalar),
            (None, None) => json!({}),
        };
        let value = if claim.ty.is_list() {
            json!([value])
        } else {
            value
        };
        (claim.path.clone(), value)
    };
    shape.claims().iter().map(claim).collect()
}

/// The global id of a row.
fn id(table: &Table) -> String {
    let value = |column: &usize| {
        let Column { scalar, .. } = table.columns[*column];
        sample(scalar)
    };
    let values = table.key.iter().map(value);
    let parts: Vec<_> = std::iter::once(json!(table.type_name))
        .chain(values)
        .collect();
    URL_SAFE_NO_PAD.encode(Json::Array(parts).to_string())
}

/// A value of a scalar.
fn sample(scalar: Scalar) -> Json {
    match scalar {
        Scalar::Boolean => json!(true),
        Scalar::Int => json!(1),
        Scalar::Float => json!(1.5),
        Scalar::BigInt | Scalar::Decimal | Scalar::String => json!("1"),
        Scalar::Uuid => json!("6fa459ea-ee8a-3ca4-894e-db77e160355e"),
        Scalar::Date => json!("2026-01-31"),
        Scalar::LocalTime => json!("18:12:18"),
        Scalar::LocalDateTime => json!("2026-01-31T18:12:18"),
        Scalar::DateTime => json!("2026-01-31T18:12:18Z"),
        Scalar::Json => json!(null),
        Scalar::Bytes => json!("AA=="),
    }
}

/// A type whose values are there.
fn non_null(ty: &Node<Type>) -> Type {
    (**ty).clone().non_null()
}
