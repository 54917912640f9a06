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

    /// The rows of a function with their numbers, up to what they are called. Beside its number, a
    /// row is no longer one of its table.
    pub(super) fn given_rows(&mut self, function: usize, arguments: &[Expr], whole: bool) {
        if whole {
            self.push(
                "(SELECT fragaria_rows.*, fragaria_rows AS fragaria_row, \
                 row_number() OVER () AS ordinality FROM ",
            );
            self.call_rows(function, arguments);
            self.push(" AS fragaria_rows) AS ");
        } else {
            self.call_rows(function, arguments);
            self.push(" WITH ORDINALITY AS ");
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
