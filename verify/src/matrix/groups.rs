//! Groups by the values of a column, and by buckets of time.

use super::{Cell, Content, Ground, Group, cell, direction, fields, object};
use crate::catalogue::Table;
use crate::request::{Field, Given, Input};

/// The ways to form groups whose meaning is known.
const WAYS: [&str; 8] = [
    "VALUE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE",
];

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let offered = ground.offered;
    let group_type = format!("{}GroupBy", ground.table().type_name);
    let member = offered.input(&group_type, "value");
    let own = member.map_or(&[][..], |member| offered.values(member.named()));
    let all = ground.all(
        |name| name.starts_with("GroupBy"),
        |name| offered.values(name).iter().map(String::as_str),
    );
    let cells = all.iter().flat_map(|word| {
        let alone = |content| vec![cell(Group::Groups, word, "groups", content)];
        match WAYS.into_iter().find(|known| known == word) {
            _ if own.iter().all(|own| own != word) => alone(Content::NotOffered(reason(word))),
            None => alone(Content::Unknown),
            Some(word) => shapes(ground, member.map_or("", |member| &member.type_name), word),
        }
    });
    cells.collect()
}

/// Why a type has no such groups.
fn reason(word: &str) -> &'static str {
    match word {
        "VALUE" => "documents form no groups",
        _ => "only dates and times have buckets",
    }
}

fn shapes(ground: &Ground<'_>, way_type: &str, word: &'static str) -> Vec<Cell> {
    let table = ground.table();
    let group_type = format!("{}GroupBy", table.type_name);
    // Of the members of a group exactly one is given, and it is not null.
    let own = || object("value", format!("{way_type}!"), Input::Word(word));
    let related = || object("owner", format!("{group_type}!"), own());
    let key = || Field::named("key").selecting(fields(["value"]));
    let owner = Field::named("owner").selecting(fields(["value"]));
    let root = || Field::named(format!("{}Aggregate", table.singular));
    let by_owner = grouped(root(), table, vec![related()]).selecting([
        Field::named("key").selecting([owner]),
        Field::named("count"),
    ]);
    let plain = || grouped(root(), table, vec![own()]).selecting([key(), Field::named("count")]);
    let order_type = format!("{}AggregateOrderBy!", table.type_name);
    let last_first = object(
        "key",
        format!("{}OrderBy", table.type_name),
        direction("value", "DESC"),
    );
    let order = Input::List(order_type.clone(), vec![last_first]);
    let ordered = plain().with(Given::new("orderBy", format!("[{order_type}]"), order));
    let paged = plain()
        .with(Given::new("limit", "Int", Input::count(3)))
        .with(Given::new("offset", "Int", Input::count(1)));
    let nested = grouped(Field::named("ownedAggregate"), table, vec![own()])
        .selecting([key(), Field::named("count")]);
    let nested = Field::named(&*table.plural)
        .selecting(fields(["id"]))
        .selecting([nested]);
    let asked = |field| Content::Checks(vec![ground.query([field])]);
    [
        ("groups", asked(plain())),
        ("to-one", asked(by_owner)),
        ("ordered by key", asked(ordered)),
        ("limit and offset", asked(paged)),
        ("beside a list", asked(nested)),
    ]
    .map(|(shape, content)| cell(Group::Groups, word, shape, content))
    .into()
}

/// A field with what its rows are grouped by.
pub(super) fn grouped(field: Field, table: &Table, items: Vec<Input>) -> Field {
    let item = format!("{}GroupBy!", table.type_name);
    field.with(Given::new(
        "groupBy",
        format!("[{item}]"),
        Input::List(item, items),
    ))
}
