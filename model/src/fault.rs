//! What a client is told when something went wrong.

use std::fmt;

/// A failure as the client sees it: a stable code, what kind it is, and a message with no secret.
///
/// The detail (SQL, table names, paths) stays in the room's own error, which goes to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable and documented, `room.word`; the client finds it in `extensions.code`.
    pub code: &'static str,
    /// Who can mend it; decides the HTTP status.
    pub kind: Kind,
    /// Lower case, no full stop, says the mend where there is one.
    pub message: String,
    /// Positions in the GraphQL document, one-based line and column.
    pub locations: Vec<(usize, usize)>,
    /// The response path, where the failure belongs to one field.
    pub path: Box<[String]>,
    /// The place in the input, where the failure belongs to one: `input.lines[1].product`; the
    /// client finds it in `extensions.input`.
    pub input: Option<Box<str>>,
    /// What the schema calls it; the client finds it in `extensions.code`, in place of `code`.
    pub called: Option<Box<str>>,
}

/// Who can mend a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request as such is malformed: 400.
    Malformed,
    /// Nobody knows who asks: 401.
    Unauthenticated,
    /// The document or its variables are invalid: 400 (200 for `application/json`).
    Invalid,
    /// The request was understood and the data stood in its way, as with a unique key.
    Conflict,
    /// The caller may not do that: 403 (200 for `application/json`).
    Denied,
    /// A stated limit was passed.
    Limit,
    /// A dependency is away; a later try may work: 503.
    Unavailable,
    /// Time ran out: 504.
    Timeout,
    /// Our own failure: 500.
    Internal,
}

impl Fault {
    /// A fault without place.
    pub fn new(code: &'static str, kind: Kind, message: impl Into<String>) -> Self {
        Self {
            code,
            kind,
            message: message.into(),
            locations: Vec::new(),
            path: Box::default(),
            input: None,
            called: None,
        }
    }

    /// The same fault, at a line and column of the document.
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.locations.push((line, column));
        self
    }

    /// The same fault, under a response path.
    pub fn under(mut self, path: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.path = path.into_iter().map(Into::into).collect();
        self
    }

    /// The same fault, as the schema calls it.
    pub fn called(mut self, code: impl Into<Box<str>>) -> Self {
        self.called = Some(code.into());
        self
    }

    /// The same fault, at a place in the input.
    pub fn within(mut self, input: Option<impl Into<Box<str>>>) -> Self {
        self.input = input.map(Into::into);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_code_and_keeps_its_places_in_order() {
        let fault = Fault::new("engine.depth", Kind::Limit, "too deep")
            .at(1, 2)
            .at(3, 4);
        assert_eq!(fault.to_string(), "too deep (engine.depth)");
        assert_eq!(fault.locations, [(1, 2), (3, 4)]);
        assert_eq!(*fault.under(["orders", "items"]).path, ["orders", "items"]);
    }
}
