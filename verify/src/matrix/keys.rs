//! Rows looked up by keys of the type, and pages in the order of such keys.

use super::walk::{backward, forward};
use super::{Cell, Content, Ground, Group, cell, fields};
use crate::catalogue::Kind;
use crate::reference::token;
use crate::request::{Field, Given, Input, Node, Selection};

/// Why there is none.
const REASON: &str = "the database has no keys of this type";

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let unique = format!("{}ByMark", ground.table().singular);
    let unique = match ground.offered.field("Query", &unique) {
        Some(_) => Content::Checks(vec![ground.query(by(ground, &unique, "mark"))]),
        None => Content::NotOffered(REASON),
    };
    let mut cells = vec![cell(Group::Keys, "by unique key", "row", unique)];
    cells.extend(match ground.bed.keyed() {
        Some(keyed) => primary(ground, keyed),
        None => vec![cell(
            Group::Keys,
            "by key",
            "row",
            Content::NotOffered(REASON),
        )],
    });
    cells
}

fn primary(ground: &Ground<'_>, keyed: usize) -> Vec<Cell> {
    let table = &ground.world.tables[keyed];
    let connection = Field::named(format!("{}Connection", table.singular));
    let nodes = (0..ground.world.rows[keyed].len()).map(|row| node(ground, keyed, row));
    let list = Field::named(&*table.plural).selecting(fields(["value"]));
    // A float is spelled in several ways, and its id with it.
    let list = match ground.kind() {
        Kind::Float => list,
        _ => list.selecting(fields(["nodeId"])),
    };
    let asked = |fields: Vec<Field>| Content::Checks(vec![ground.query(fields)]);
    [
        ("row", asked(by(ground, &table.singular, "value"))),
        ("node", asked(nodes.collect())),
        ("list", asked(vec![list])),
        ("pages forward", forward(ground, keyed, &connection)),
        ("pages backward", backward(ground, keyed, &connection)),
    ]
    .map(|(shape, content)| cell(Group::Keys, "by key", shape, content))
    .into()
}

/// Looks every value up, that of no row too.
fn by(ground: &Ground<'_>, field: &str, argument: &str) -> Vec<Field> {
    let kind = ground.kind();
    let values = ground.values().into_iter().enumerate();
    let looked_up = values.map(|(index, value)| {
        Field::named(field)
            .alias(format!("a{index}"))
            .with(Given::new(
                argument,
                format!("{kind}!"),
                Input::Leaf(kind, value),
            ))
            .selecting(fields(["value"]))
    });
    looked_up.collect()
}

fn node(ground: &Ground<'_>, keyed: usize, row: usize) -> Field {
    let table = &ground.world.tables[keyed];
    let inner = fields(["value", "note"]).map(Field::selected).into();
    let id = Input::Id(token(&ground.world, keyed, row));
    let mut field = Field::named("node")
        .alias(format!("a{row}"))
        .with(Given::new("id", "ID!", id));
    field.selections.push(Selection {
        toggle: None,
        node: Node::Inline(Some(table.type_name.to_string()), inner),
    });
    field
}
