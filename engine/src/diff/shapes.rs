//! Changes of objects inside JSON; each is shown and written, so most changes break one of the two.

use super::{Changes, by_name};
use crate::api::shown;
use model::Schema;
use model::schema::{Member, Shape};

pub(super) fn compare(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.shapes, &new.shapes, |shape| &shape.type_name) {
        match sides {
            (Some(_), None) => changes.breaking(name, "the type is removed"),
            (None, Some(_)) => changes.safe(name, "the type is new"),
            (Some(was), Some(is)) => members((old, was), (new, is), changes),
            (None, None) => {}
        }
    }
}

fn members((old, was): (&Schema, &Shape), (new, is): (&Schema, &Shape), changes: &mut Changes) {
    for (field, sides) in by_name(&was.members, &is.members, |member| &member.field) {
        let at = format!("{}.{field}", is.type_name);
        match sides {
            (Some(_), None) => changes.breaking(at, "the member is removed"),
            (None, Some(is)) if is.value.nullable => changes.safe(at, "the member is new"),
            (None, Some(_)) => {
                changes.breaking(at, "the member is new, and every document must have it");
            }
            (Some(was), Some(is)) => member(&at, (old, was), (new, is), changes),
            (None, None) => {}
        }
    }
}

fn member(
    at: &str,
    (old, was): (&Schema, &Member),
    (new, is): (&Schema, &Member),
    changes: &mut Changes,
) {
    let types = (shown(old, &was.value), shown(new, &is.value));
    if types.0 == types.1 {
        return;
    }
    if types.0 == format!("{}!", types.1) {
        changes.breaking(at, "the member may now be null");
    } else if types.1 == format!("{}!", types.0) {
        changes.breaking(at, "every document must now have the member");
    } else {
        changes.breaking(at, format!("the type is {}, was {}", types.1, types.0));
    }
}
