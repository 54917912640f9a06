//! Columns that an expression stands for.

use super::Text;
use crate::sql::{Cast, Reference, affinity, codec, own_type};
use model::schema::{Column, Piece};
use model::{Codec, Dialect, Scalar};

impl Text<'_> {
    pub(super) fn reference(&mut self, reference: Reference) {
        let schema = self.schema;
        let column = &schema.tables[reference.table].columns[reference.column];
        match &column.computed {
            Some(pieces) => self.computed(column, pieces, reference),
            None => self.stored(reference),
        }
    }

    fn stored(&mut self, reference: Reference) {
        let schema = self.schema;
        if let Some(alias) = reference.alias {
            self.alias(alias);
            self.push(".");
        } else if self.returns && self.sqlite() {
            // SQLite takes a name that stands alone for a text where there is no such column.
            self.identifier(&schema.tables[reference.table].name);
            self.push(".");
        }
        self.column_name(reference.table, reference.column);
    }

    /// The expression, made a value of the type its field has: databases give it others.
    fn computed(&mut self, column: &Column, pieces: &[Piece], reference: Reference) {
        let cast = self.computed_type(column);
        let digits = self.computed_digits(column);
        if !self.postgres() && cast.is_some() {
            self.push("CAST(");
        }
        self.push(if digits.is_some() { "round((" } else { "(" });
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.push(text),
                Piece::Column(column) => self.stored(Reference {
                    column: *column,
                    ..reference
                }),
            }
        }
        self.push(")");
        if let Some(digits) = digits {
            self.push(&format!(", {digits})"));
        }
        match cast {
            Some(cast) if self.postgres() => self.cast_suffix(&cast),
            Some(Cast::Native(native)) => self.push(&format!(" AS {native})")),
            _ => {}
        }
    }

    /// Digits after the point that SQLite must be held to, which calculates with floats.
    fn computed_digits(&self, column: &Column) -> Option<u8> {
        match codec(self.schema, column) {
            Codec::Scaled(digits) => Some(digits),
            _ => None,
        }
    }

    /// MariaDB says the types of its expressions itself, but for numbers.
    fn computed_type(&self, column: &Column) -> Option<Cast> {
        let schema = self.schema;
        let native = |name: &str| Some(Cast::Native(name.to_owned()));
        let scalar = column.scalar;
        match schema.dialect {
            Dialect::Sqlite => native(affinity(column)),
            Dialect::Postgres => Some(own_type(schema, column)),
            Dialect::Mariadb => match (scalar, &column.native) {
                (Scalar::Int | Scalar::BigInt, _) => native("SIGNED"),
                (Scalar::Float, _) => native("DOUBLE"),
                (Scalar::Decimal, Some(given)) => native(given),
                _ => None,
            },
        }
    }
}
