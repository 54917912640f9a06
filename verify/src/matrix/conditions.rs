//! Every comparison of every filter, wherever a condition can stand.

use super::documents;
use super::{Cell, Content, Ground, Group, cell, fields, narrowed, object, where_type};
use crate::bed::Bed;
use crate::catalogue::{Kind, Table};
use crate::offered::Member;
use crate::reference::{Case, Operator};
use crate::request::{Field, Given, Input};
use crate::value::Value;
use model::Dialect;

/// What is compared inside of documents.
const PATHS: &str = "JSONPathFilter";

/// The column that is tried.
const VALUE: &str = "value";

/// A condition at a place of a request.
type Place = fn(&Table, Input) -> Field;

/// Where a condition can stand.
const SHAPES: [(&str, Place); 9] = [
    ("list", list),
    ("to-one", |table, condition| {
        list(table, object("owner", where_type(table), condition))
    }),
    ("some", |table, condition| {
        quantified(table, "some", condition)
    }),
    ("every", |table, condition| {
        quantified(table, "every", condition)
    }),
    ("none", |table, condition| {
        quantified(table, "none", condition)
    }),
    ("not", |table, condition| {
        list(table, object("not", where_type(table), condition))
    }),
    ("nested list", nested),
    ("connection", connection),
    ("aggregate", aggregate),
];

pub(super) fn cells(ground: &Ground<'_>) -> Vec<Cell> {
    let offered = ground.offered;
    let filter = offered.input(&where_type(ground.table()), "value");
    let members = filter.map_or(&[][..], |filter| offered.inputs(filter.named()));
    let all = ground.all(
        |name| name.ends_with("Filter") && name != PATHS,
        |name| offered.inputs(name).iter().map(|member| &*member.name),
    );
    let cells = all.iter().flat_map(|operator| {
        let alone = |content| vec![cell(Group::Conditions, operator, "list", content)];
        match members.iter().find(|member| member.name == *operator) {
            None => alone(Content::NotOffered(reason(ground.kind(), operator))),
            Some(member) if !is_known(ground, member) => alone(Content::Unknown),
            Some(member) => shapes(ground, member),
        }
    });
    cells.chain(beside(ground)).collect()
}

/// Whether it is said what a comparison means, and all that is given to it.
fn is_known(ground: &Ground<'_>, member: &Member) -> bool {
    let inside = match member.named() {
        PATHS => ground.offered.inputs(PATHS),
        _ => &[],
    };
    let is_place = |member: &Member| {
        matches!(
            &*member.name,
            "at" | "string" | "number" | "boolean" | "isNull"
        )
    };
    Operator::named(&member.name).is_some() && inside.iter().all(is_place)
}

/// Why a type has no such comparison.
fn reason(kind: Kind, operator: &str) -> &'static str {
    match (operator, kind) {
        ("lt" | "lte" | "gt" | "gte", _) => "its values are not larger or smaller",
        ("eq" | "ne" | "contains", Kind::Json) => {
            "functions of the database compare numbers in documents as floats"
        }
        ("in" | "notIn", Kind::Json) => "documents are compared one at a time",
        ("hasKey" | "path", _) => "only documents have members",
        ("contains", _) => "only text and documents have parts",
        _ => "only text is compared by its letters",
    }
}

/// Every comparison of a column with another one of its row.
fn beside(ground: &Ground<'_>) -> Vec<Cell> {
    let (table, offered) = (ground.table(), ground.offered);
    let columns = format!("{}Compare", table.type_name);
    let own = offered.input(&columns, VALUE);
    let all = ground.all(
        |name| name.starts_with("V_") && name.ends_with("Compare"),
        |name| {
            let columns = offered.inputs(name).iter();
            let comparisons = columns.flat_map(move |column| offered.inputs(column.named()));
            comparisons.map(|comparison| &*comparison.name)
        },
    );
    let cells = all.iter().flat_map(|operator| {
        let title = format!("compare {operator}");
        let alone = |content| vec![cell(Group::Conditions, &title, "list", content)];
        let member = own.and_then(|own| offered.input(own.named(), operator));
        match (own, member) {
            (None, _) => alone(Content::NotOffered(
                "documents are not compared with columns",
            )),
            (_, None) => alone(Content::NotOffered("its values are not larger or smaller")),
            (Some(own), Some(member)) => match Operator::named(operator) {
                Some(Operator::Is(_)) => columns_shapes(ground, &title, (own, member)),
                _ => alone(Content::Unknown),
            },
        }
    });
    cells.collect()
}

fn columns_shapes(
    ground: &Ground<'_>,
    title: &str,
    (own, member): (&Member, &Member),
) -> Vec<Cell> {
    let table = ground.table();
    let others = ground.offered.values(member.named());
    let name = |other: &&str| others.iter().any(|known| known == other);
    let others: Vec<_> = [VALUE, "mark", "beside", "id", "ownerId"]
        .into_iter()
        .filter(name)
        .collect();
    let shapes = SHAPES.iter().map(|(shape, place)| {
        let places = others.iter().map(|other| {
            let comparison = object(&member.name, &member.type_name, Input::Word(other));
            let column = object(VALUE, &own.type_name, comparison);
            let compared = object("compare", format!("{}Compare", table.type_name), column);
            place(table, compared).alias(*other)
        });
        let content = Content::Checks(vec![ground.query(places)]);
        cell(Group::Conditions, title, shape, content)
    });
    shapes.collect()
}

fn shapes(ground: &Ground<'_>, member: &Member) -> Vec<Cell> {
    let mut values = ground.values();
    values.extend((ground.bed.native.alike)());
    let mut operands = operands(ground.kind(), &values, &member.name);
    operands.retain(|operand| has_case(ground.bed, &member.name, operand));
    let shapes = SHAPES.iter().enumerate().map(|(turn, (shape, place))| {
        // A plain list is tried with all of them, other places take turns.
        let own = match operands.get(turn % operands.len().max(1)) {
            Some(operand) if turn > 0 => std::slice::from_ref(operand),
            _ => &operands[..],
        };
        let places = own.iter().enumerate();
        let places = places.map(|(index, operand)| {
            let filter = object(&member.name, &member.type_name, operand.clone());
            let filter_type = format!("{}Filter", ground.kind());
            let condition = object("value", filter_type, filter);
            place(ground.table(), condition).alias(format!("a{index}"))
        });
        let content = Content::Checks(vec![ground.query(places)]);
        cell(Group::Conditions, &member.name, shape, content)
    });
    shapes.collect()
}

/// Whether the database tells upper from lower case in all of an operand that any case is found by:
/// in the collation of bytes PostgreSQL has cases of the letters of ASCII alone.
pub(super) fn has_case(bed: &Bed, operator: &str, operand: &Input) -> bool {
    let is_any_case = matches!(
        Operator::named(operator),
        Some(Operator::Letters(Case::Any, _))
    );
    match operand {
        Input::Leaf(_, Value::Text(text)) if is_any_case && bed.dialect() == Dialect::Postgres => {
            text.is_ascii()
        }
        _ => true,
    }
}

/// What a comparison is tried with.
pub(super) fn operands(kind: Kind, values: &[Value], operator: &str) -> Vec<Input> {
    let leaf = |value: &Value| Input::Leaf(kind, value.clone());
    let text = |text: &&str| Input::Leaf(Kind::String, Value::Text((*text).to_owned()));
    let items =
        |values: &[Value]| Input::List(format!("{kind}!"), values.iter().map(leaf).collect());
    match operator {
        _ if kind == Kind::Json && operator != "isNull" => documents::operands(values, operator),
        "isNull" => [true, false]
            .map(|wanted| Input::Leaf(Kind::Boolean, Value::Boolean(wanted)))
            .into(),
        "in" | "notIn" => {
            let (one, half) = (values.len().min(1), values.len() / 2);
            let parts = [&[], &values[..one], &values[..half], values];
            parts.into_iter().map(items).collect()
        }
        "like" | "ilike" => PATTERNS.iter().map(text).collect(),
        "startsWith" | "endsWith" | "contains" | "istartsWith" | "iendsWith" | "icontains" => {
            PIECES.iter().map(text).collect()
        }
        _ => values.iter().map(leaf).collect(),
    }
}

/// Patterns: a backslash takes what follows it literally.
const PATTERNS: [&str; 16] = [
    "",
    "%",
    "_",
    "__",
    "a",
    "a%",
    "%a",
    "%a%",
    "A%",
    "ä",
    "100\\%",
    "%\\_%",
    "a\\\\b",
    "😀",
    "%\u{200d}%",
    "1%",
];

/// Pieces of texts, in which nothing has a meaning of its own.
const PIECES: [&str; 12] = ["", " ", "a", "A", "ä", "%", "_", "\\", "'", "😀", "0", "本"];

fn list(table: &Table, condition: Input) -> Field {
    narrowed(Field::named(&*table.plural), table, condition).selecting(fields(["id"]))
}

fn quantified(table: &Table, word: &str, condition: Input) -> Field {
    let quantified = object(word, where_type(table), condition);
    let list_type = format!("{}ListWhere", table.type_name);
    list(table, object("owned", list_type, quantified))
}

fn nested(table: &Table, condition: Input) -> Field {
    let owned = narrowed(Field::named("owned"), table, condition);
    Field::named(&*table.plural)
        .selecting(fields(["id"]))
        .selecting([owned.selecting(fields(["id"]))])
}

fn connection(table: &Table, condition: Input) -> Field {
    let field = Field::named(format!("{}Connection", table.singular));
    let nodes = Field::named("nodes").selecting(fields(["id"]));
    let info = Field::named("pageInfo").selecting(fields(["hasNextPage"]));
    narrowed(field, table, condition)
        .with(Given::new("first", "Int", Input::count(3)))
        .selecting([Field::named("totalCount"), info, nodes])
}

fn aggregate(table: &Table, condition: Input) -> Field {
    let field = Field::named(format!("{}Aggregate", table.singular));
    narrowed(field, table, condition).selecting(fields(["count"]))
}
