//! A literal that cannot be used: why, and which part of it is to blame.

use apollo_compiler::parser::SourceSpan;
use std::fmt;

/// Why a literal cannot be used.
#[derive(Debug)]
pub(crate) struct Unfit {
    /// The way from the literal to the part that is to blame, the last step first: `.name`, `[1]`.
    steps: Vec<String>,
    message: String,
    /// Where that part stands in the document.
    pub(crate) span: Option<SourceSpan>,
}

impl Unfit {
    /// What the coercion of JSON says, which begins with the path below the value.
    pub(super) fn in_json(told: String) -> Self {
        match told.split_once(": ") {
            Some(("", message)) => message.to_owned().into(),
            Some((path, message)) => Self {
                steps: vec![path.to_owned()],
                ..message.to_owned().into()
            },
            None => told.into(),
        }
    }

    /// The same, seen from the object with that member.
    pub(super) fn below_member(mut self, name: &str) -> Self {
        self.steps.push(format!(".{name}"));
        self
    }

    /// The same, seen from the list with that item.
    pub(super) fn below_item(mut self, index: usize) -> Self {
        self.steps.push(format!("[{index}]"));
        self
    }

    /// The same, at that place unless a narrower one is known.
    pub(super) fn at(mut self, span: Option<SourceSpan>) -> Self {
        self.span = self.span.or(span);
        self
    }

    /// The part that is to blame, as it is written behind the name of the argument.
    pub(crate) fn place(&self) -> String {
        self.steps.iter().rev().map(String::as_str).collect()
    }
}

impl From<String> for Unfit {
    fn from(message: String) -> Self {
        Self {
            steps: Vec::new(),
            message,
            span: None,
        }
    }
}

impl From<&str> for Unfit {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = self.steps.iter().rev().peekable();
        while let Some(step) = steps.next() {
            f.write_str(step.trim_start_matches('.'))?;
            if !steps.peek().is_some_and(|next| next.starts_with('[')) {
                f.write_str(": ")?;
            }
        }
        f.write_str(&self.message)
    }
}
