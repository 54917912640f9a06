//! What a database says of a row that one of its constraints refuses.

use model::{Part, Refusal};
use std::fmt;

/// A refusal by a constraint; its text is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach(Box<Said>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    text: String,
    by: Option<Named>,
}

/// A constraint, as far as its database tells which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Schema of its table.
    pub(crate) schema: Option<String>,
    /// Its table, where that is told; else it is the one that was written.
    pub(crate) table: Option<String>,
    pub(crate) name: String,
}

impl Breach {
    pub(crate) fn new(text: impl Into<String>, by: Option<Named>) -> Self {
        let text = text.into();
        Self(Box::new(Said { text, by }))
    }

    /// The same, once it is known which constraint it was.
    pub(crate) fn by(self, by: Option<Named>) -> Self {
        Self::new(self.0.text, by)
    }

    /// What was said.
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// What a client is told of it, where something is; `part` is what was written.
    pub(crate) fn told<'r>(
        &self,
        refusals: &'r [Refusal],
        part: Option<&Part>,
    ) -> Option<&'r Refusal> {
        let by = self.0.by.as_ref()?;
        let written = part.and_then(|part| part.table);
        let is_it = |refusal: &&Refusal| {
            *refusal.constraint == *by.name
                && match &by.table {
                    Some(table) => *refusal.table == **table,
                    None => written == Some(refusal.of),
                }
        };
        let in_schema = |refusal: &&Refusal| refusal.schema.as_deref() == by.schema.as_deref();
        // Who names no schema means the first on the search path that has the table.
        let anywhere = |refusal: &&Refusal| refusal.schema.is_none();
        let mut named = refusals.iter().filter(is_it);
        named
            .clone()
            .find(in_schema)
            .or_else(|| named.find(anywhere))
    }
}

impl From<String> for Breach {
    fn from(text: String) -> Self {
        Self::new(text, None)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(of: usize, schema: Option<&str>) -> Refusal {
        Refusal {
            of,
            schema: schema.map(Into::into),
            table: "customer".into(),
            constraint: "email_key".into(),
            code: "TAKEN".into(),
            message: "Taken.".into(),
            field: None,
        }
    }

    fn told(schema: Option<&str>, table: Option<&str>, written: Option<usize>) -> Option<usize> {
        let named = Named {
            schema: schema.map(Into::into),
            table: table.map(Into::into),
            name: "email_key".into(),
        };
        let part = Part {
            place: "input".into(),
            several: false,
            table: written,
            members: [].into(),
        };
        let refusals = [refusal(1, Some("other")), refusal(2, None)];
        let told = Breach::new("", Some(named))
            .told(&refusals, Some(&part))?
            .of;
        Some(told)
    }

    #[test]
    fn a_constraint_is_one_of_its_table() {
        assert_eq!(told(Some("other"), Some("customer"), None), Some(1));
        assert_eq!(told(Some("public"), Some("customer"), None), Some(2));
        assert_eq!(told(Some("public"), Some("invoice"), Some(2)), None);
        assert_eq!(told(None, None, Some(2)), Some(2));
        assert_eq!(told(None, None, Some(3)), None);
        assert_eq!(told(None, None, None), None);
    }
}
