//! Answers that can be written whatever the values in them are, and how large they may become.
//!
//! A write whose answer is one of these needs no transaction around it: nothing is left that could
//! ask for its undoing once the server has carried it out.

use crate::job::Job;
use model::{Act, Cell, Codec, Content, Expectation, Record, Scalar, Use};
use tokio_postgres::types::Type;

/// What a value of a fixed width takes at most: that is a UUID in its quotes.
const VALUE: usize = 38;

/// How many bytes the answer of a job takes at most, if it is one statement whose columns have these
/// types, and nothing in its answer can fail.
pub(super) fn bytes_max(job: &Job, columns: &[&Type]) -> Option<usize> {
    let [step] = job.script.steps.as_slice() else {
        return None;
    };
    let Use::Value(cell) = &step.rows else {
        return None;
    };
    let is_alone = job.claim.is_none() && job.actor.is_none() && !job.script.undone;
    // A row that is not found is an answer like others. One that is not inserted was kept back by a trigger,
    // which may have written elsewhere: that is rare enough to be found out afterwards.
    let mut writes = job.script.footprint.writes.iter();
    let inserts = writes.any(|(_, act)| *act == Act::Insert);
    let wants_one =
        |expected: &Expectation| inserts && expected.least <= 1 && expected.most.is_none();
    if !is_alone || !step.expects.iter().all(wants_one) {
        return None;
    }
    let mut bytes = "{}".len();
    for root in &job.script.roots {
        let value = match &root.content {
            Content::Constant(text) => text.len(),
            Content::Step(_) => of_cell(cell, columns)?,
        };
        bytes += root.key.json().len() + value + 1;
    }
    Some(bytes)
}

fn of_cell(cell: &Cell, columns: &[&Type]) -> Option<usize> {
    match cell {
        Cell::Constant(text) => Some(text.len()),
        Cell::Scalar { column, codec } => is_certain(codec, columns.get(*column)?).then_some(VALUE),
        Cell::Object { record, .. } => of_record(record, columns),
        _ => None,
    }
}

fn of_record(record: &Record, columns: &[&Type]) -> Option<usize> {
    if record.cases.is_some() {
        return None;
    }
    record.fields.iter().try_fold("null".len(), |bytes, field| {
        let value = of_cell(&field.cell, columns)?;
        Some(bytes + field.key.json().len() + value + 1)
    })
}

/// Whether every value of a type has a form in JSON, by that codec.
fn is_certain(codec: &Codec, kind: &Type) -> bool {
    let Codec::Scalar(scalar) = codec else {
        return false;
    };
    match scalar {
        Scalar::Boolean => *kind == Type::BOOL,
        Scalar::Int => [Type::INT2, Type::INT4].contains(kind),
        Scalar::BigInt => [Type::INT2, Type::INT4, Type::INT8].contains(kind),
        Scalar::Uuid => *kind == Type::UUID,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Field, Label};

    fn scalar(column: usize, scalar: Scalar) -> Cell {
        Cell::Scalar {
            column,
            codec: Codec::Scalar(scalar),
        }
    }

    fn object(cells: Vec<Cell>) -> Cell {
        let fields = cells.into_iter().map(|cell| Field {
            key: Label::new("key"),
            cell,
        });
        Cell::Object {
            present: None,
            record: Record {
                fields: fields.collect(),
                cases: None,
            },
        }
    }

    #[test]
    fn only_values_that_always_have_a_form_are_certain() {
        let of = |codec, kind: Type| of_cell(&scalar(0, codec), &[&kind]);
        assert_eq!(of(Scalar::Int, Type::INT4), Some(VALUE));
        assert_eq!(of(Scalar::BigInt, Type::INT8), Some(VALUE));
        assert_eq!(of(Scalar::Uuid, Type::UUID), Some(VALUE));
        for (codec, kind) in [
            (Scalar::Int, Type::INT8),
            (Scalar::String, Type::TEXT),
            (Scalar::Float, Type::FLOAT8),
            (Scalar::Decimal, Type::NUMERIC),
            (Scalar::DateTime, Type::TIMESTAMPTZ),
            (Scalar::Boolean, Type::INT4),
        ] {
            assert_eq!(of(codec, kind.clone()), None, "{codec:?} {kind}");
        }
        assert_eq!(of_cell(&scalar(1, Scalar::Int), &[&Type::INT4]), None);
    }

    #[test]
    fn one_uncertain_member_makes_all_of_it_uncertain() {
        let columns = [&Type::INT4, &Type::TEXT];
        let certain = object(vec![scalar(0, Scalar::Int), Cell::Constant("\"T\"".into())]);
        assert_eq!(
            of_cell(&certain, &columns),
            Some(4 + 6 + VALUE + 1 + 6 + 3 + 1)
        );
        let text = object(vec![certain.clone(), scalar(1, Scalar::String)]);
        assert_eq!(of_cell(&text, &columns), None);
        assert_eq!(
            of_cell(&object(vec![certain]), &columns),
            Some(4 + 6 + 59 + 1)
        );
    }
}
