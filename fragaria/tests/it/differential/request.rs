//! A request as a tree: what GraphQL would say, before it is decided what is a variable.

use super::catalogue::Kind;
use super::value::Value;

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) selections: Vec<Selection>,
}

/// A selection and its `@skip` or `@include`.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) toggle: Option<Toggle>,
    pub(super) node: Node,
}

/// `@skip(if: …)` or `@include(if: …)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Toggle {
    pub(super) skip: bool,
    pub(super) value: bool,
}

impl Toggle {
    /// Whether what it stands at is part of the answer.
    pub(super) fn includes(self) -> bool {
        self.skip != self.value
    }
}

/// A selection.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Field(Field),
    Inline(Option<String>, Vec<Selection>),
    /// Name, type and what is in the fragment.
    Spread(String, String, Vec<Selection>),
}

/// A field with its arguments.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub(super) alias: Option<String>,
    pub(super) name: String,
    pub(super) arguments: Vec<Given>,
    pub(super) selections: Vec<Selection>,
}

impl Field {
    /// The key in the answer.
    pub(super) fn key(&self) -> &str {
        self.alias.as_ref().unwrap_or(&self.name)
    }

    /// The value of an argument, unless it is missing or null.
    pub(super) fn argument(&self, name: &str) -> Option<&Input> {
        let given = self.arguments.iter().find(|given| given.name == name)?;
        (!matches!(given.value, Input::Null)).then_some(&given.value)
    }

    /// An argument that is a number.
    pub(super) fn count(&self, name: &str) -> Option<usize> {
        match self.argument(name)? {
            Input::Leaf(_, Value::Integer(count)) => usize::try_from(*count).ok(),
            _ => None,
        }
    }

    pub(super) fn selected(self) -> Selection {
        Selection {
            toggle: None,
            node: Node::Field(self),
        }
    }
}

/// An argument, or a member of an input object, with its declared type.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) value: Input,
}

impl Given {
    pub(super) fn new(name: &str, type_name: impl Into<String>, value: Input) -> Self {
        Self {
            name: name.to_owned(),
            type_name: type_name.into(),
            value,
        }
    }
}

/// An input value.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Null,
    Leaf(Kind, Value),
    /// A value of one of the API's own enums.
    Word(&'static str),
    /// A global id.
    Id(String),
    /// The cursor of the row at that place of a walk.
    Cursor(usize),
    /// Items and their type.
    List(String, Vec<Input>),
    Object(Vec<Given>),
}

impl Input {
    /// A number of rows.
    pub(super) fn count(count: usize) -> Self {
        let count = i64::try_from(count).expect("counts of the test are small");
        Self::Leaf(Kind::Int, Value::Integer(count))
    }
}
