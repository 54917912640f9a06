//! What the statements about kept outcomes are given, the same for every server.

use super::{Claim, Round};
use model::{Argument, Parameter, Scalar, Statement, Value};

/// A value and the scalar its parameter has.
pub(crate) type Given = (Scalar, Value);

/// A statement and its arguments.
pub(crate) fn statement<const N: usize>(
    sql: &str,
    values: [Given; N],
) -> (Statement, [Argument; N]) {
    let parameter = |(scalar, _): &Given| Parameter {
        scalar: *scalar,
        list: false,
    };
    let statement = Statement {
        sql: sql.into(),
        parameters: values.iter().map(parameter).collect(),
    };
    (statement, values.map(|(_, value)| Argument::Value(value)))
}

impl Claim {
    /// The primary key of its row.
    pub(crate) fn named(&self) -> [Given; 2] {
        let text = |text: &str| (Scalar::String, Value::Text(text.into()));
        [text(&self.once.caller), text(&self.once.key)]
    }

    pub(crate) fn fingerprint(&self) -> Given {
        (Scalar::Bytes, Value::Bytes(self.once.fingerprint.into()))
    }

    /// Hours after which an outcome is none any more.
    pub(crate) fn hours(&self) -> Given {
        (Scalar::Int, Value::Integer(self.hours.into()))
    }
}

impl Round {
    /// Hours after which outcomes are removed, and how many at most.
    pub(crate) fn bounds(self) -> [Given; 2] {
        let bounds = [i64::from(self.hours), i64::from(self.rows_max)];
        bounds.map(|bound| (Scalar::Int, Value::Integer(bound)))
    }
}

/// An answer as it is kept.
pub(crate) fn response(answer: &[u8]) -> Given {
    (Scalar::Bytes, Value::Bytes(answer.into()))
}
