//! Conditions on what is inside JSON: they look at the place they name, and at no other.

use super::Proof;
use super::meaning::each;
use crate::input::{Argument, Source};
use crate::plan::{Binding, Form, Slot};
use crate::sql::walk::{self, Part};
use crate::sql::{Expr, JsonKind, JsonPath, JsonPlace, Reference};
use model::{Dialect, Value};

impl Proof<'_> {
    /// The `path` of a filter of JSON.
    pub(super) fn means_paths(&self, paths: &[Argument], expr: &Expr, column: Reference) -> bool {
        each(paths, expr, |path, expr| {
            self.means_path(path, expr, column)
        })
    }

    fn means_path(&self, path: &Argument, expr: &Expr, column: Reference) -> bool {
        let Argument::Object(members) = path else {
            return false;
        };
        let is_place = |(name, _): &&(Box<str>, Argument)| &**name == "at";
        let Some((_, Argument::List(steps))) = members.iter().find(is_place) else {
            return false;
        };
        let Some(path) = words(steps) else {
            return false;
        };
        let conditions: Vec<_> = members.iter().filter(|known| !is_place(known)).collect();
        each(&conditions, expr, |(name, member), expr| {
            let kind = match &**name {
                "string" => JsonKind::String,
                "number" => JsonKind::Number,
                "boolean" => JsonKind::Boolean,
                "isNull" => JsonKind::Any,
                _ => return false,
            };
            let places = places_in(expr);
            let is_there = |place: &JsonPlace| self.is_place(place, &path, kind);
            let is_meant = match member {
                Argument::Leaf(_) => self.means_value(name, member, expr, column),
                Argument::Object(comparisons) => each(comparisons, expr, |(name, value), expr| {
                    self.means_value(name, value, expr, column)
                }),
                _ => false,
            };
            is_meant && !places.is_empty() && places.iter().all(is_there)
        })
    }

    /// Whether a place is that of a path, for a value of that kind.
    fn is_place(&self, place: &JsonPlace, path: &JsonPath, kind: JsonKind) -> bool {
        let told = match self.schema.dialect {
            Dialect::Sqlite => Ok((path.json(), Vec::new())),
            Dialect::Postgres => Ok((path.postgres(kind), Vec::new())),
            Dialect::Mariadb => path
                .mariadb()
                .and_then(|text| Ok((text, path.mariadb_lists()?))),
        };
        let Ok((text, lists)) = told else {
            return false;
        };
        let is_text = |index: usize, text: &str| match self.slots.get(index) {
            Some(Slot::Bound(Binding {
                source: Source::Constant(Value::Text(given)),
                form: Form::Plain,
                ..
            })) => &**given == text,
            _ => false,
        };
        place.kind == kind
            && is_text(place.path, &text)
            && place.lists.len() == lists.len()
            && lists
                .iter()
                .zip(&place.lists)
                .all(|(text, index)| is_text(*index, text))
    }
}

/// Whether something is looked for inside JSON.
pub(super) fn has_place(expr: &Expr) -> bool {
    !places_in(expr).is_empty()
}

fn places_in(expr: &Expr) -> Vec<JsonPlace> {
    let mut found = Vec::new();
    if let Expr::JsonAt(_, place) = expr {
        found.push(place.clone());
    }
    walk::parts(expr, &mut |part| {
        if let Part::Expr(inner) = part {
            found.extend(places_in(inner));
        }
    });
    found
}

fn words(steps: &[Argument]) -> Option<JsonPath> {
    let steps = steps.iter().map(|step| match step {
        Argument::Word(step) => Some(step.clone()),
        _ => None,
    });
    steps.collect::<Option<_>>().map(JsonPath)
}
