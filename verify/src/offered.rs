//! What an API offers, as it says of itself.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The document that asks an API what it offers.
pub const QUESTION: &str = "{ __schema { types { name \
    fields { name args { name type { ...T } } type { ...T } } \
    inputFields { name type { ...T } } enumValues { name } } } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { name } } } }";

/// The types of an API by name.
#[derive(Debug)]
pub struct Offered {
    types: BTreeMap<String, Type>,
}

/// A type of an API.
#[derive(Debug, Default)]
struct Type {
    fields: Vec<Member>,
    inputs: Vec<Member>,
    values: Vec<String>,
}

/// A field, an argument or a member of an input.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type, `[Date!]`.
    pub type_name: String,
    /// Its arguments.
    pub arguments: Vec<Member>,
}

impl Member {
    /// The type without lists and marks, `Date`.
    pub fn named(&self) -> &str {
        self.type_name.trim_matches(['[', ']', '!'])
    }
}

impl Offered {
    /// Reads the answer to [`QUESTION`].
    pub fn read(data: &str) -> serde_json::Result<Self> {
        let data: Data = serde_json::from_str(data)?;
        let types = data.schema.types.into_iter().map(|told| {
            let kind = Type {
                fields: members(told.fields),
                inputs: members(told.input_fields),
                values: told
                    .enum_values
                    .unwrap_or_default()
                    .into_iter()
                    .map(|value| value.name)
                    .collect(),
            };
            (told.name, kind)
        });
        Ok(Self {
            types: types.collect(),
        })
    }

    /// The fields of an object.
    pub fn fields(&self, type_name: &str) -> &[Member] {
        self.types.get(type_name).map_or(&[], |kind| &kind.fields)
    }

    /// The members of an input.
    pub fn inputs(&self, type_name: &str) -> &[Member] {
        self.types.get(type_name).map_or(&[], |kind| &kind.inputs)
    }

    /// The names of an enum.
    pub fn values(&self, type_name: &str) -> &[String] {
        self.types.get(type_name).map_or(&[], |kind| &kind.values)
    }

    /// The names of all types.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// A field of an object.
    pub fn field(&self, type_name: &str, name: &str) -> Option<&Member> {
        self.fields(type_name)
            .iter()
            .find(|field| field.name == name)
    }

    /// A member of an input.
    pub fn input(&self, type_name: &str, name: &str) -> Option<&Member> {
        self.inputs(type_name)
            .iter()
            .find(|input| input.name == name)
    }
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: Types,
}

#[derive(Deserialize)]
struct Types {
    types: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    name: String,
    fields: Option<Vec<ToldMember>>,
    input_fields: Option<Vec<ToldMember>>,
    enum_values: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct ToldMember {
    name: String,
    #[serde(default)]
    args: Vec<ToldMember>,
    #[serde(rename = "type")]
    kind: Reference,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    kind: Option<String>,
    name: Option<String>,
    of_type: Option<Box<Reference>>,
}

impl Reference {
    fn text(&self) -> String {
        let inner = self.of_type.as_ref().map(|inner| inner.text());
        match (self.kind.as_deref(), inner) {
            (Some("NON_NULL"), Some(inner)) => format!("{inner}!"),
            (Some("LIST"), Some(inner)) => format!("[{inner}]"),
            _ => self.name.clone().unwrap_or_default(),
        }
    }
}

fn members(told: Option<Vec<ToldMember>>) -> Vec<Member> {
    let told = told.unwrap_or_default().into_iter();
    told.map(|member| Member {
        type_name: member.kind.text(),
        arguments: members(Some(member.args)),
        name: member.name,
    })
    .collect()
}
