//! Calls of functions.

use super::Text;
use crate::sql::{Expr, own_type};
use model::schema::Outcome;

impl Text<'_> {
    /// A function whose value is made one of the type its field has.
    pub(super) fn call_function(&mut self, function: usize, arguments: &[Expr]) {
        self.call_rows(function, arguments);
        let schema = self.schema;
        if let (Outcome::Value(column), true) =
            (&schema.functions[function].outcome, self.postgres())
        {
            self.cast_suffix(&own_type(schema, column));
        }
    }

    /// The call itself.
    pub(super) fn call_rows(&mut self, function: usize, arguments: &[Expr]) {
        let schema = self.schema;
        let function = &schema.functions[function];
        self.qualified(function.schema.as_deref(), &function.name);
        self.push("(");
        self.list(arguments, ", ", Self::expr);
        self.push(")");
    }
}
