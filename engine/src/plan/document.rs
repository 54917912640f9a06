//! What is selected of the documents in JSON columns whose content is declared.

use super::planner::Planner;
use super::read::Scope;
use super::selection::Chosen;
use crate::sql::{Reference, labels, readable};
use model::schema::{Form, Inside};
use model::{Cell, Codec, Extract, ExtractKind, ExtractMember, ExtractPart, Fault, Kind, Label};

impl<'a> Planner<'a> {
    /// A JSON column of that form: the column is read, and parts of it are written.
    pub(super) fn document(
        &mut self,
        scope: &mut Scope,
        reference: Reference,
        form: &Form,
        chosen: &Chosen<'a>,
    ) -> Result<Cell, Fault> {
        let table = &self.schema.tables[reference.table];
        let column = &table.columns[reference.column];
        let extract = Extract {
            kind: self.extract_kind(form, chosen)?,
            nullable: column.nullable,
        };
        Ok(Cell::Extract {
            column: scope.select.column(readable(self.schema, reference)),
            name: format!("{}.{}", table.type_name, column.field).into(),
            extract: Box::new(extract),
        })
    }

    fn extract(&mut self, value: &Inside, chosen: &Chosen<'a>) -> Result<Extract, Fault> {
        Ok(Extract {
            kind: self.extract_kind(&value.form, chosen)?,
            nullable: value.nullable,
        })
    }

    fn extract_kind(&mut self, form: &Form, chosen: &Chosen<'a>) -> Result<ExtractKind, Fault> {
        Ok(match form {
            Form::Scalar(scalar) => ExtractKind::Leaf(Codec::Scalar(*scalar)),
            Form::Enum(index) => ExtractKind::Leaf(labels(self.schema, *index)),
            Form::List(item) => ExtractKind::List(Box::new(self.extract(item, chosen)?)),
            Form::Shape(index) => {
                let members = self.deeper(chosen.field(), |planner| {
                    planner.extract_members(*index, chosen)
                });
                ExtractKind::Object(members?)
            }
        })
    }

    fn extract_members(
        &mut self,
        shape: usize,
        chosen: &Chosen<'a>,
    ) -> Result<Vec<ExtractMember>, Fault> {
        let shape = &self.schema.shapes[shape];
        let mut shown = Vec::new();
        for chosen in self.choose(&chosen.below(), &shape.type_name)? {
            let field = chosen.field();
            let part = if field.name == "__typename" {
                ExtractPart::Constant(format!("\"{}\"", shape.type_name).into())
            } else {
                let mut members = shape.members.iter();
                let member = members.find(|member| field.name == *member.field);
                let member = member.ok_or_else(|| {
                    let message = format!("the field {} is not known here", field.name);
                    self.fault(field, "engine.invalid", Kind::Invalid, message)
                })?;
                let extract = self.extract(&member.value, &chosen)?;
                ExtractPart::Member(member.name.as_str().into(), extract)
            };
            shown.push(ExtractMember {
                key: Label::new(chosen.key),
                part,
            });
        }
        Ok(shown)
    }
}
