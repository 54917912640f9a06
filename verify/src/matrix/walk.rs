//! Walks along a connection, page by page and both ways.

use super::{Check, Content, Ground, fields};
use crate::reference;
use crate::request::{Field, Given, Input, Request};

/// Rows of a page.
const PAGE: usize = 4;

/// From the first row to the last.
pub(super) fn forward(ground: &Ground<'_>, table: usize, field: &Field) -> Content {
    let length = reference::sequence(&ground.world, table, field).len();
    let pages = (0..length.max(1)).step_by(PAGE).map(|start| {
        let field = field.clone().with(count("first"));
        let field = match start {
            0 => field,
            start => field.with(cursor("after", start - 1)),
        };
        page(ground, field, start)
    });
    Content::Checks(pages.collect())
}

/// From the last row to the first.
pub(super) fn backward(ground: &Ground<'_>, table: usize, field: &Field) -> Content {
    let length = reference::sequence(&ground.world, table, field).len();
    let mut pages = Vec::new();
    let mut end = length;
    loop {
        let page_field = field.clone().with(count("last"));
        let page_field = match end {
            end if end == length => page_field,
            end => page_field.with(cursor("before", end)),
        };
        end = end.saturating_sub(PAGE);
        pages.push(page(ground, page_field, end));
        if end == 0 {
            return Content::Checks(pages);
        }
    }
}

/// A page whose rows stand at `start` and behind it.
fn page(ground: &Ground<'_>, field: Field, start: usize) -> Check {
    let info = fields(["hasNextPage", "hasPreviousPage"]);
    let info = Field::named("pageInfo").selecting(info);
    let node = Field::named("node").selecting(fields(["value"]));
    let edges = Field::named("edges").selecting(fields(["cursor"]));
    let edges = edges.selecting([node]);
    let field = field.alias("page").selecting([info, edges]);
    let check = Check::of(&ground.world, Request::query([field]));
    Check {
        cursors: Some(start),
        ..check
    }
}

fn count(name: &str) -> Given {
    Given::new(name, "Int", Input::count(PAGE))
}

fn cursor(name: &str, position: usize) -> Given {
    Given::new(name, "String", Input::Cursor(position))
}
