//! What an operation costs before it runs: about one for each object that its answer may hold.
//!
//! The weights are declared in the SDL of the API with IBM's cost directives
//! (<https://ibm.github.io/graphql-specs/cost-spec.html>), so that others can count the same. What is
//! not declared has the weights of that draft: 0 for a value, 1 for an object, in the input too.

mod formula;

pub(crate) use formula::{Builder, Formula, Part, Size, Term, Toggles};

use crate::api::{self, Api};
use apollo_compiler::ast::Value;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use model::Schema;
use model::schema::Cost;

/// How many objects a list has of which nobody says it.
const ASSUMED: u64 = 10;

/// The directives themselves.
pub(crate) const DIRECTIVES: &str = "\
directive @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
";

/// How many rows of a table a list has.
pub(crate) const TABLE: u32 = 100;
/// How many rows that belong to a row.
pub(crate) const OF_ROW: u32 = 10;
/// What a function costs.
const CALL: u32 = 10;

/// A page; one that does not say its length has that of `limits.page_rows_default`.
pub(crate) const PAGE: &str = r#" @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)"#;
/// Figures, for which all rows are read.
pub(crate) const FIGURES: &str = r#" @cost(weight: "10") @listSize(assumedSize: 10, slicingArguments: ["limit"], requireOneSlicingArgument: false)"#;
/// What takes the database more than a row does: a write, a count, a function.
pub(crate) const WORK: &str = r#" @cost(weight: "10")"#;
/// A write of the rows that it is given.
pub(crate) const WRITES: &str = r#" @cost(weight: "10") @listSize(slicingArguments: ["input"], requireOneSlicingArgument: false)"#;
/// A write of the rows that fulfil a condition.
pub(crate) const WRITES_FOUND: &str = r#" @cost(weight: "10") @listSize(assumedSize: 100, slicingArguments: ["atMost"], requireOneSlicingArgument: false)"#;

/// Rows, so many where nobody says it.
pub(crate) fn rows(cost: Cost, usual: u32) -> String {
    let size = cost.assumed.unwrap_or(usual);
    format!(
        "{} @listSize(assumedSize: {size}, slicingArguments: [\"limit\"], requireOneSlicingArgument: false)",
        weight(cost)
    )
}

/// What is said of the weight of a thing.
pub(crate) fn weight(cost: Cost) -> String {
    match cost.weight {
        Some(weight) => format!(" @cost(weight: \"{weight}\")"),
        None => String::new(),
    }
}

/// The call of a function.
pub(crate) fn call(cost: Cost) -> Cost {
    Cost {
        weight: cost.weight.or(Some(CALL)),
        ..cost
    }
}

/// What each object of a type costs: of one of several types, as much as the dearest.
pub(crate) fn each(api: &Api, name: &str) -> u64 {
    if name == "Node" {
        return of_nodes(api.schema());
    }
    let of_object = |name: &str| {
        let object = api.ty(name).and_then(ExtendedType::as_object);
        let directive = object.and_then(|object| object.directives.get("cost"));
        let weight = directive.and_then(|cost| cost.specified_argument_by_name("weight"));
        let weight = weight.and_then(|weight| weight.as_str());
        weight.and_then(|weight| weight.parse().ok()).unwrap_or(1)
    };
    let dearest = match api.ty(name) {
        Some(ExtendedType::Union(union)) => {
            let members = union.members.iter();
            members.map(|member| of_object(member)).max()
        }
        Some(ExtendedType::Interface(_)) => {
            let objects = api.possible(name).into_iter();
            objects.map(|object| of_object(&object)).max()
        }
        _ => Some(of_object(name)),
    };
    dearest.unwrap_or(1)
}

/// What the dearest object costs that has a global id; only of objects of one type is told what they cost.
fn of_nodes(schema: &Schema) -> u64 {
    let seen = schema.tables.iter();
    let seen = seen.filter(|table| api::is_seen(table) && api::is_identified(table));
    let weights = seen.map(|table| match table.variants {
        None => table.cost.weight.map_or(1, u64::from),
        Some(_) => 1,
    });
    weights.max().unwrap_or(1)
}

/// What the SDL declares of a field.
pub(crate) struct Declared<'a> {
    /// Its own weight.
    pub(crate) weight: u64,
    /// How many objects there are when no argument tells.
    pub(crate) assumed: Option<u64>,
    /// Arguments that tell how many there are: by their number, or by their length.
    pub(crate) slicing: Vec<&'a str>,
    /// The fields of its object that have so many.
    pub(crate) sized: Vec<&'a str>,
}

impl<'a> Declared<'a> {
    /// Reads the directives of a field.
    pub(crate) fn of(field: &'a FieldDefinition) -> Self {
        let argument = |directive: &str, name: &str| {
            let directive = field.directives.get(directive)?;
            directive.specified_argument_by_name(name)
        };
        let words = |name: &str| {
            let list = argument("listSize", name).and_then(|value| value.as_list());
            let words = list.unwrap_or_default().iter();
            words.filter_map(|word| word.as_str()).collect()
        };
        let weight = argument("cost", "weight").and_then(|weight| weight.as_str());
        let assumed = argument("listSize", "assumedSize");
        Self {
            weight: weight
                .and_then(|weight| weight.parse().ok())
                .unwrap_or_default(),
            assumed: assumed.and_then(|size| whole(size)),
            slicing: words("slicingArguments"),
            sized: words("sizedFields"),
        }
    }

    /// How many objects a list has that is no page.
    pub(crate) fn assumed(&self) -> u64 {
        self.assumed.unwrap_or(ASSUMED)
    }
}

/// A number of rows as it is written; a negative one is refused elsewhere.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    let Value::Int(number) = value else {
        return None;
    };
    let number = number.as_str();
    Some(match number.strip_prefix('-') {
        Some(_) => 0,
        // One that is too large for a number is refused elsewhere, too.
        None => number.parse().unwrap_or(u64::MAX),
    })
}
