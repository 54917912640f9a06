//! The types of one object inside JSON: as it is shown, and as it is written.

use super::text::Sdl;
use model::schema::{Column, Form, Inside, Schema, Shape};

/// Declares both.
pub(crate) fn shape(out: &mut Sdl, schema: &Schema, shape: &Shape) {
    let name = &shape.type_name;
    out.describe("", shape.description.as_deref());
    out.line(&format!("type {name} {{"));
    members(out, shape, |value| shown(schema, value));
    out.line(&format!(
        "\"A whole {name}: what is left out is null, and what it had before is gone.\""
    ));
    out.line(&format!("input {} {{", input_name(name)));
    members(out, shape, |value| written(schema, value));
}

fn members(out: &mut Sdl, shape: &Shape, ty: impl Fn(&Inside) -> String) {
    for member in &shape.members {
        out.describe("  ", member.description.as_deref());
        out.line(&format!("  {}: {}", member.field, ty(&member.value)));
    }
    out.last_line("}\n");
}

/// The type a column is shown as, without its `!`.
pub(crate) fn shown_type(schema: &Schema, column: &Column) -> String {
    match &column.form {
        Some(form) => named(schema, form, &shown),
        None => super::filters::column_type(schema, column),
    }
}

/// The type a column is written as, without its `!`.
pub(crate) fn written_type(schema: &Schema, column: &Column) -> String {
    match &column.form {
        Some(Form::Shape(index)) => input_name(&schema.shapes[*index].type_name),
        Some(form) => named(schema, form, &written),
        None => super::filters::column_type(schema, column),
    }
}

/// A value as it is shown.
pub(crate) fn shown(schema: &Schema, value: &Inside) -> String {
    let required = if value.nullable { "" } else { "!" };
    format!("{}{required}", named(schema, &value.form, &shown))
}

/// A value as it is written.
fn written(schema: &Schema, value: &Inside) -> String {
    let required = if value.nullable { "" } else { "!" };
    let name = match &value.form {
        Form::Shape(index) => input_name(&schema.shapes[*index].type_name),
        form => named(schema, form, &written),
    };
    format!("{name}{required}")
}

fn named(schema: &Schema, form: &Form, item: &dyn Fn(&Schema, &Inside) -> String) -> String {
    match form {
        Form::Scalar(scalar) => scalar.name().to_owned(),
        Form::Enum(index) => schema.enums[*index].type_name.clone(),
        Form::Shape(index) => schema.shapes[*index].type_name.clone(),
        Form::List(value) => format!("[{}]", item(schema, value)),
    }
}

fn input_name(name: &str) -> String {
    format!("{name}{INPUT}")
}

/// What the name of an input ends with that is a whole document, or an object inside one.
const INPUT: &str = "Input";

/// The shape whose input has that name.
pub(crate) fn written_shape(schema: &Schema, name: &str) -> Option<usize> {
    let name = name.strip_suffix(INPUT)?;
    schema
        .shapes
        .iter()
        .position(|shape| shape.type_name == name)
}
