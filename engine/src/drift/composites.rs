//! Composite types and their attributes.

use super::{about, enums, in_schema, meant};
use crate::{sdl, types};
use model::schema::{Composite, Form, Member, Shape};
use model::{Catalog, Diagnostic, Scalar, Schema, catalog};

pub(super) fn compare(schema: &Schema, catalog: &Catalog, findings: &mut Vec<Diagnostic>) {
    for shape in &schema.shapes {
        let Some(composite) = &shape.composite else {
            continue;
        };
        let before = findings.len();
        match find(composite, catalog) {
            Some(index) => {
                let both = Both {
                    schema,
                    catalog,
                    shape,
                    found: &catalog.composites[index],
                };
                both.compare(findings);
            }
            None => findings.push(missing(shape, composite, catalog)),
        }
        about(&shape.type_name, &mut findings[before..]);
    }
}

/// Where the catalog has the type.
pub(super) fn find(wanted: &Composite, catalog: &Catalog) -> Option<usize> {
    in_schema(catalog.dialect, wanted.schema.as_deref(), |schema| {
        catalog
            .composites
            .iter()
            .position(|found| found.name == wanted.name && found.schema.as_deref() == schema)
    })
}

fn missing(shape: &Shape, composite: &Composite, catalog: &Catalog) -> Diagnostic {
    let message = format!(
        "the database has no composite type {:?} for `{}`",
        sdl::clip(&composite.name),
        shape.type_name
    );
    let known = catalog.composites.iter();
    let known = known.map(|found| (found.schema.as_deref(), found.name.as_str()));
    Diagnostic {
        help: meant(&composite.name, known),
        ..Diagnostic::error("drift.missing_composite", message)
    }
}

/// A composite type of the schema and the one the database has.
struct Both<'a> {
    schema: &'a Schema,
    catalog: &'a Catalog,
    shape: &'a Shape,
    found: &'a catalog::Composite,
}

impl Both<'_> {
    fn compare(&self, findings: &mut Vec<Diagnostic>) {
        let name = &self.shape.type_name;
        for member in &self.shape.members {
            let before = findings.len();
            let mut attributes = self.found.attributes.iter();
            match attributes.find(|found| found.name == member.name) {
                Some(found) if self.fits(&member.value.form, found) => {}
                Some(found) => {
                    let message = format!(
                        "`{name}.{}` is {} in the database",
                        member.field, found.native
                    );
                    findings.push(
                        Diagnostic::error("drift.type", message)
                            .help("run `fragaria init` to see the type it has now"),
                    );
                }
                None => findings.push(self.missing(member)),
            }
            about(&format!("{name}.{}", member.field), &mut findings[before..]);
        }
        for found in &self.found.attributes {
            if !self
                .shape
                .members
                .iter()
                .any(|known| known.name == found.name)
            {
                let message = format!(
                    "the attribute {:?} of `{name}` is not in the schema: a write makes it NULL",
                    sdl::clip(&found.name)
                );
                let help = "add a field for it, or keep from writing such columns";
                findings.push(Diagnostic::warning("drift.unmapped", message).help(help));
            }
        }
    }

    /// Whether values of an attribute are members of that form.
    fn fits(&self, form: &Form, found: &catalog::Column) -> bool {
        if types::dimensions(self.catalog.dialect, &found.native) > 0 {
            return false;
        }
        let native = types::read(self.catalog.dialect, &found.native)
            .filter(types::stands_in_json)
            .filter(|_| found.enumeration.is_none() && found.composite.is_none());
        let holds = |scalar| {
            native
                .as_ref()
                .is_some_and(|native| native.accepts(scalar, false))
        };
        match form {
            Form::Scalar(scalar) => holds(*scalar),
            Form::Enum(index) => {
                let wanted = &self.schema.enums[*index];
                match (&wanted.name, found.enumeration) {
                    (Some(name), Some(found)) => enums::find(wanted, name, self.catalog)
                        .is_some_and(|known| *known == self.catalog.enums[found]),
                    (None, None) => holds(Scalar::String),
                    _ => false,
                }
            }
            Form::Shape(index) => match &self.schema.shapes[*index].composite {
                Some(wanted) => {
                    found.composite.is_some() && find(wanted, self.catalog) == found.composite
                }
                None => holds(Scalar::Json),
            },
            Form::List(_) => holds(Scalar::Json),
        }
    }

    fn missing(&self, member: &Member) -> Diagnostic {
        let message = format!(
            "the database has no attribute {:?} for `{}.{}`",
            sdl::clip(&member.name),
            self.shape.type_name,
            member.field
        );
        let names = self.found.attributes.iter();
        let names = names.map(|found| found.name.as_str());
        let help = sdl::nearest(&member.name, names).map(|near| format!("did you mean {near:?}?"));
        Diagnostic {
            help,
            ..Diagnostic::error("drift.missing_attribute", message)
        }
    }
}
