//! A request as a tree: what GraphQL would say, before it is decided what is a variable.

use crate::catalogue::Kind;
use crate::value::Value;

/// An operation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Whether it is a mutation.
    pub writes: bool,
    /// The root fields.
    pub selections: Vec<Selection>,
}

impl Request {
    /// A query of these fields.
    pub fn query(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            writes: false,
            selections: fields.into_iter().map(Field::selected).collect(),
        }
    }

    /// A mutation of these fields.
    pub fn mutation(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            writes: true,
            ..Self::query(fields)
        }
    }
}

/// A selection and its `@skip` or `@include`.
#[derive(Clone, Debug)]
pub struct Selection {
    /// What it depends on.
    pub toggle: Option<Toggle>,
    /// What is selected.
    pub node: Node,
}

/// `@skip(if: …)` or `@include(if: …)`.
#[derive(Clone, Copy, Debug)]
pub struct Toggle {
    /// Whether it is `@skip`.
    pub skip: bool,
    /// What the condition is.
    pub value: bool,
}

impl Toggle {
    /// Whether what it stands at is part of the answer.
    pub fn includes(self) -> bool {
        self.skip != self.value
    }
}

/// A selection.
#[derive(Clone, Debug)]
pub enum Node {
    /// A field.
    Field(Field),
    /// A fragment in place, perhaps with its type.
    Inline(Option<String>, Vec<Selection>),
    /// Name, type and what is in the fragment.
    Spread(String, String, Vec<Selection>),
}

/// A field with its arguments.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The key in the answer, where it is not the name.
    pub alias: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is given.
    pub arguments: Vec<Given>,
    /// What is selected below it.
    pub selections: Vec<Selection>,
}

impl Field {
    /// A field without arguments and selections.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The same field under another key.
    pub fn alias(self, alias: impl Into<String>) -> Self {
        Self {
            alias: Some(alias.into()),
            ..self
        }
    }

    /// The same field with one more argument.
    pub fn with(mut self, argument: Given) -> Self {
        self.arguments.push(argument);
        self
    }

    /// The same field with more selected below it.
    pub fn selecting(mut self, fields: impl IntoIterator<Item = Self>) -> Self {
        let fields = fields.into_iter().map(Self::selected);
        self.selections.extend(fields);
        self
    }

    /// The key in the answer.
    pub fn key(&self) -> &str {
        self.alias.as_ref().unwrap_or(&self.name)
    }

    /// The value of an argument, unless it is missing or null.
    pub fn argument(&self, name: &str) -> Option<&Input> {
        let given = self.arguments.iter().find(|given| given.name == name)?;
        (!matches!(given.value, Input::Null)).then_some(&given.value)
    }

    /// An argument that is a number.
    pub fn count(&self, name: &str) -> Option<usize> {
        match self.argument(name)? {
            Input::Leaf(_, Value::Integer(count)) => usize::try_from(*count).ok(),
            _ => None,
        }
    }

    /// The field as a selection.
    pub fn selected(self) -> Selection {
        Selection {
            toggle: None,
            node: Node::Field(self),
        }
    }
}

/// An argument, or a member of an input object, with its declared type.
#[derive(Clone, Debug)]
pub struct Given {
    /// The name.
    pub name: String,
    /// The type, as the API declares it.
    pub type_name: String,
    /// What is given.
    pub value: Input,
}

impl Given {
    /// A member that is given.
    pub fn new(name: &str, type_name: impl Into<String>, value: Input) -> Self {
        Self {
            name: name.to_owned(),
            type_name: type_name.into(),
            value,
        }
    }
}

/// An input value.
#[derive(Clone, Debug)]
pub enum Input {
    /// `null`.
    Null,
    /// A value of a scalar, or of the enum.
    Leaf(Kind, Value),
    /// A value of one of the API's own enums.
    Word(&'static str),
    /// A global id.
    Id(String),
    /// The cursor of the row at that place of a walk.
    Cursor(usize),
    /// Items and their type.
    List(String, Vec<Input>),
    /// Members in their order.
    Object(Vec<Given>),
}

impl Input {
    /// A number of rows.
    pub fn count(count: usize) -> Self {
        let count = i64::try_from(count).expect("counts of the test are small");
        Self::Leaf(Kind::Int, Value::Integer(count))
    }
}
