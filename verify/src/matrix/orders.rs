//! Every direction of order, on own and related columns, and pages along it.

use super::walk::{backward, forward};
use super::{Cell, Content, Ground, Group, cell, direction, fields, object, ordered};
use crate::bed::PLAIN;
use crate::request::{Field, Given, Input};

/// The directions whose meaning is known.
pub(super) const DIRECTIONS: [&str; 6] = [
    "ASC",
    "ASC_NULLS_FIRST",
    "ASC_NULLS_LAST",
    "DESC",
    "DESC_NULLS_FIRST",
    "DESC_NULLS_LAST",
];

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let order_type = format!("{}OrderBy", ground.table().type_name);
    let is_offered = ground.offered.input(&order_type, "value").is_some();
    let words = ground.offered.values("OrderDirection").iter();
    let cells = words.flat_map(|word| {
        let alone = |content| vec![cell(Group::Orders, word, "list", content)];
        match DIRECTIONS.into_iter().find(|known| known == word) {
            _ if !is_offered => alone(Content::NotOffered("documents have no order")),
            None => alone(Content::Unknown),
            Some(word) => shapes(ground, word),
        }
    });
    cells.collect()
}

fn shapes(ground: &Ground<'_>, word: &'static str) -> Vec<Cell> {
    let table = ground.table();
    let own = || vec![direction("value", word)];
    let order_type = format!("{}OrderBy!", table.type_name);
    let related = || {
        vec![object(
            "owner",
            order_type.clone(),
            direction("value", word),
        )]
    };
    let list = || Field::named(&*table.plural).selecting(fields(["id", "value"]));
    let connection = |order| {
        let field = Field::named(format!("{}Connection", table.singular));
        ordered(field, table, order)
    };
    let owned = Field::named("owned").selecting(fields(["id"]));
    let nested = Field::named(&*table.plural)
        .selecting(fields(["id"]))
        .selecting([ordered(owned, table, own())]);
    let paged = ordered(list(), table, own())
        .with(Given::new("limit", "Int", Input::count(4)))
        .with(Given::new("offset", "Int", Input::count(3)));
    let asked = |field| Content::Checks(vec![ground.query([field])]);
    [
        ("list", asked(ordered(list(), table, own()))),
        ("to-one", asked(ordered(list(), table, related()))),
        ("nested list", asked(nested)),
        ("limit and offset", asked(paged)),
        ("pages forward", forward(ground, PLAIN, &connection(own()))),
        (
            "pages backward",
            backward(ground, PLAIN, &connection(own())),
        ),
        (
            "pages by to-one",
            forward(ground, PLAIN, &connection(related())),
        ),
    ]
    .map(|(shape, content)| cell(Group::Orders, word, shape, content))
    .into()
}
