//! What documents are compared with.

use super::object;
use crate::catalogue::Kind;
use crate::decimal::Decimal;
use crate::request::{Given, Input};
use crate::value::Value;
use serde_json::{Value as Json, json};

/// The operands of a comparison of documents.
pub(super) fn operands(values: &[Value], operator: &str) -> Vec<Input> {
    match operator {
        "path" => paths(),
        "hasKey" => ["a", "b", "", "aa", "deep", "text \"quoted\" \\ \n"]
            .map(text)
            .into(),
        _ => {
            let parts = if operator == "contains" {
                parts()
            } else {
                others()
            };
            let parts = parts.into_iter().map(Value::Json);
            let values = values.iter().cloned().chain(parts);
            // A comparison with `null` is refused.
            values
                .filter(|value| !matches!(value, Value::Json(Json::Null)))
                .map(|value| Input::Leaf(Kind::Json, value))
                .collect()
        }
    }
}

/// Documents that differ little from those in the rows, or in their spelling alone.
fn others() -> Vec<Json> {
    vec![
        json!(7.0),
        json!([2.50]),
        json!({"a": [1.0, 2.50, null], "b": {"ü": "😀"}}),
        json!({"a": [1, null, 2.5], "b": {"ü": "😀"}}),
        json!([{"deep": [[[["x"]]]]}, 9_007_199_254_740_992_i64]),
        json!("7"),
        json!(false),
    ]
}

/// Documents that are in those of the rows, or only seem to be.
fn parts() -> Vec<Json> {
    vec![
        json!({"a": []}),
        json!({"a": [null, 1, 1]}),
        json!({"a": 1}),
        json!({"b": {}}),
        json!({"b": {"ü": "😀"}}),
        json!({"c": {}}),
        json!([9_007_199_254_740_993_i64]),
        json!([9_007_199_254_740_992_i64]),
        json!(9_007_199_254_740_993_i64),
        json!(["x"]),
        json!([{"deep": []}]),
        json!([{"deep": [["x"]]}]),
        json!([[]]),
        json!({"": "empty"}),
        json!("text"),
    ]
}

/// A condition at the end of a path.
struct End {
    steps: Vec<Input>,
    conditions: Vec<Given>,
}

fn paths() -> Vec<Input> {
    let one = |steps: Vec<Input>, condition| {
        vec![End {
            steps,
            conditions: vec![condition],
        }]
    };
    let x = || {
        vec![
            place(0),
            text("deep"),
            place(0),
            place(0),
            place(0),
            place(0),
        ]
    };
    let all = [
        one(vec![text("a"), place(0)], number("eq", "1")),
        one(vec![text("a"), place(1)], number("gte", "2.5")),
        one(vec![text("a"), place(1)], number("lt", "2.5")),
        one(vec![text("a"), place(2)], is_null(true)),
        one(vec![text("a"), place(3)], is_null(true)),
        one(vec![text("a")], is_null(false)),
        one(vec![text("b"), text("ü")], string("eq", "😀")),
        one(vec![text("b"), text("ü")], number("eq", "1")),
        one(vec![place(1)], number("gt", "9007199254740992")),
        one(vec![place(1)], number("eq", "9007199254740992")),
        one(vec![text("")], string("startsWith", "emp")),
        one(vec![text("")], string("ieq", "EMPTY")),
        one(vec![text("aa")], number("ne", "2")),
        one(x(), string("in", "x")),
        one(x(), string("notIn", "x")),
        one(vec![text("a")], boolean(true)),
        vec![
            End {
                steps: vec![text("")],
                conditions: vec![string("ne", "full")],
            },
            End {
                steps: vec![text("aa")],
                conditions: vec![number("eq", "2.0"), is_null(false)],
            },
        ],
    ];
    all.map(|ends| {
        let ends = ends.into_iter().map(End::input);
        Input::List("JSONPathFilter!".to_owned(), ends.collect())
    })
    .into()
}

impl End {
    fn input(self) -> Input {
        let steps = Input::List("JSONStep!".to_owned(), self.steps);
        let at = Given::new("at", "[JSONStep!]!", steps);
        Input::Object(std::iter::once(at).chain(self.conditions).collect())
    }
}

fn text(text: &str) -> Input {
    Input::Leaf(Kind::String, Value::Text(text.to_owned()))
}

fn place(place: i64) -> Input {
    Input::Leaf(Kind::Int, Value::Integer(place))
}

fn string(operator: &str, operand: &str) -> Given {
    Given::new(
        "string",
        "StringFilter",
        compared(operator, "String", text(operand)),
    )
}

fn number(operator: &str, operand: &str) -> Given {
    let operand = Input::Leaf(Kind::Decimal, Value::Decimal(Decimal::parse(operand)));
    Given::new(
        "number",
        "DecimalFilter",
        compared(operator, "Decimal", operand),
    )
}

fn boolean(operand: bool) -> Given {
    let operand = Input::Leaf(Kind::Boolean, Value::Boolean(operand));
    Given::new(
        "boolean",
        "BooleanFilter",
        compared("eq", "Boolean", operand),
    )
}

fn is_null(wanted: bool) -> Given {
    let wanted = Input::Leaf(Kind::Boolean, Value::Boolean(wanted));
    Given::new("isNull", "Boolean", wanted)
}

/// A comparison, of a list where it needs one.
fn compared(operator: &str, type_name: &str, operand: Input) -> Input {
    match operator {
        "in" | "notIn" => {
            let item = format!("{type_name}!");
            object(
                operator,
                format!("[{item}]"),
                Input::List(item, vec![operand]),
            )
        }
        _ => object(operator, type_name, operand),
    }
}
