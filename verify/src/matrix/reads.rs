//! Values as they come out, wherever a row can stand.

use super::{Cell, Check, Content, Expected, Ground, Group, cell, fields, narrowed, object};
use crate::bed::PLAIN;
use crate::catalogue::Kind;
use crate::reference::token;
use crate::request::{Field, Given, Input, Node, Request, Selection};
use crate::value::Value;

/// The operator of all reads.
const VALUE: &str = "value";

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let table = ground.table();
    let list = || Field::named(&*table.plural).selecting(fields(["id", VALUE]));
    let below = |name| list().selecting([Field::named(name).selecting(fields(["id", VALUE]))]);
    let nodes = Field::named("nodes").selecting(fields(["id", VALUE]));
    let connection = Field::named(format!("{}Connection", table.singular)).selecting([nodes]);
    let inner = Field::named("ownedConnection")
        .selecting([Field::named("nodes").selecting(fields([VALUE]))]);
    let rows = ground.world.rows[PLAIN].len();
    let by_id = (1..).take(rows + 1).map(|number: i64| {
        let value = Input::Leaf(Kind::Int, Value::Integer(number));
        Field::named(&*table.singular)
            .alias(format!("a{number}"))
            .with(Given::new("id", "Int!", value))
            .selecting(fields([VALUE]))
    });
    let nodes_by_id = (0..rows).map(|row| node(ground, row));
    [
        ("list", vec![ground.query([list()])]),
        ("row", vec![ground.query(by_id)]),
        ("to-one", vec![ground.query([below("owner")])]),
        ("nested list", vec![ground.query([below("owned")])]),
        ("connection", vec![ground.query([connection])]),
        (
            "nested connection",
            vec![ground.query([list().selecting([inner])])],
        ),
        ("node", vec![ground.query(nodes_by_id)]),
    ]
    .into_iter()
    .chain(strange(ground).map(|checks| ("strange values", checks)))
    .map(|(shape, checks)| cell(Group::Reads, VALUE, shape, Content::Checks(checks)))
    .collect()
}

/// What cannot be shown is refused wherever it is asked for, and nowhere else.
fn strange(ground: &Ground<'_>) -> Option<Vec<Check>> {
    let odd = ground.bed.odd()?;
    let table = &ground.world.tables[odd];
    let held = object(
        "isNull",
        "Boolean",
        Input::Leaf(Kind::Boolean, Value::Boolean(false)),
    );
    let held = object(VALUE, format!("{}Filter", ground.kind()), held);
    let there = narrowed(Field::named(&*table.plural), table, held).selecting(fields(["id"]));
    let refused = (1..=ground.world.rows[odd].len()).map(|number| {
        let number = i64::try_from(number).expect("there are few rows");
        let id = Input::Leaf(Kind::Int, Value::Integer(number));
        let row = Field::named(&*table.singular)
            .with(Given::new("id", "Int!", id))
            .selecting(fields([VALUE]));
        Check {
            request: Request::query([row]),
            expected: Expected::Refusal(&["store.out_of_range", "store.conversion"]),
            cursors: None,
        }
    });
    Some(
        std::iter::once(ground.query([there]))
            .chain(refused)
            .collect(),
    )
}

fn node(ground: &Ground<'_>, row: usize) -> Field {
    let on = ground.table().type_name.to_string();
    let inner = fields([VALUE]).map(Field::selected).into();
    let mut field = Field::named("node")
        .alias(format!("a{row}"))
        .with(Given::new(
            "id",
            "ID!",
            Input::Id(token(&ground.world, PLAIN, row)),
        ));
    field.selections.push(Selection {
        toggle: None,
        node: Node::Inline(Some(on), inner),
    });
    field
}
