//! The matrix: what is tried of every column type, and what must come of it.
//!
//! The operators are read from what the API offers, so that one it gains is tried too, or fails
//! because nobody said what it means.

mod conditions;
mod documents;
mod figures;
mod groups;
mod keys;
mod orders;
mod reads;
mod walk;
mod writes;

use crate::answer::{Answer, Decimals};
use crate::bed::{Bed, PLAIN};
use crate::catalogue::{Kind, Table};
use crate::offered::Offered;
use crate::reference;
use crate::request::{Field, Given, Input, Request};
use crate::value::Value;
use crate::world::World;

/// One place of the matrix: an operator on a column type, in a shape of request.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What the operator is about.
    pub group: Group,
    /// The operator, as the API spells it where it does.
    pub operator: String,
    /// Where in a request it stands.
    pub shape: &'static str,
    /// What is tried.
    pub content: Content,
}

/// What an operator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// How values come out.
    Reads,
    /// Which rows there are.
    Conditions,
    /// In which order they come.
    Orders,
    /// What they are looked up by.
    Keys,
    /// What they have in common.
    Groups,
    /// What is made of many.
    Figures,
    /// How values go in.
    Writes,
}

/// What is tried in a cell.
#[derive(Clone, Debug)]
pub enum Content {
    /// These requests, one after the other.
    Checks(Vec<Check>),
    /// Nothing: the API does not offer it, for this reason.
    NotOffered(&'static str),
    /// Nothing: the API offers what nobody knows the meaning of.
    Unknown,
}

/// A request and the answer it must have.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is asked.
    pub request: Request,
    /// What must come of it.
    pub expected: Expected,
    /// Where the cursors of its edges stand among those of the cell, if they are needed.
    pub cursors: Option<usize>,
}

/// What must come of a request.
#[derive(Clone, Debug)]
pub enum Expected {
    /// This `data`.
    Data(Answer),
    /// An error with one of these codes, and nothing that could be taken for the value.
    Refusal(&'static [&'static str]),
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 7] = [
        Self::Reads,
        Self::Conditions,
        Self::Orders,
        Self::Keys,
        Self::Groups,
        Self::Figures,
        Self::Writes,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Conditions => "conditions",
            Self::Orders => "orders",
            Self::Keys => "keys",
            Self::Groups => "groups",
            Self::Figures => "figures",
            Self::Writes => "writes",
        }
    }
}

impl Check {
    /// A question about the rows as they are.
    fn of(world: &World<'_>, request: Request) -> Self {
        Self {
            expected: Expected::Data(reference::answer(world, &request)),
            request,
            cursors: None,
        }
    }
}

impl Check {
    /// What is wrong with what came: `data`, or the body of a refusal.
    pub fn difference(&self, found: &Result<String, String>) -> Option<String> {
        match (&self.expected, found) {
            (Expected::Data(expected), Ok(data)) => expected.difference(data, Decimals::AsWritten),
            (Expected::Data(_), Err(_)) => Some("$: expected data, found errors".to_owned()),
            (Expected::Refusal(codes), Ok(_)) => Some(format!(
                "$: expected the error {}, found data",
                codes.join(" or ")
            )),
            (Expected::Refusal(codes), Err(body)) => {
                let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
                let code = body["errors"][0]["extensions"]["code"].as_str();
                let code = code.unwrap_or("none");
                (!codes.contains(&code))
                    .then(|| format!("$: expected the error {}, found {code}", codes.join(" or ")))
            }
        }
    }

    /// Keeps the cursors of a page for those that follow; says what is wrong if it has none.
    pub fn keep(&self, data: &str, cursors: &mut Vec<Option<String>>) -> Option<String> {
        let start = self.cursors?;
        let Ok(data) = serde_json::from_str::<serde_json::Value>(data) else {
            return Some("$: expected JSON".to_owned());
        };
        let edges = data["page"]["edges"].as_array();
        for (index, edge) in edges.into_iter().flatten().enumerate() {
            let place = start + index;
            cursors.resize(cursors.len().max(place + 1), None);
            cursors[place] = edge["cursor"].as_str().map(str::to_owned);
        }
        None
    }
}

/// All cells of one column type.
pub fn cells(bed: &Bed, offered: &Offered) -> Vec<Cell> {
    let ground = Ground {
        world: bed.world(),
        bed,
        offered,
    };
    [
        reads::cells(&ground),
        conditions::cells(&ground),
        orders::cells(&ground),
        keys::cells(&ground),
        groups::cells(&ground),
        figures::cells(&ground),
        writes::cells(&ground),
    ]
    .concat()
}

/// What cells are made of.
struct Ground<'g> {
    world: World<'g>,
    bed: &'g Bed,
    offered: &'g Offered,
}

impl Ground<'_> {
    /// The table that has all shapes.
    fn table(&self) -> &Table {
        &self.world.tables[PLAIN]
    }

    fn kind(&self) -> Kind {
        self.bed.native.kind
    }

    /// Distinct values that are not NULL, one of them in no row.
    fn values(&self) -> Vec<Value> {
        (self.bed.native.values)()
    }

    fn query(&self, fields: impl IntoIterator<Item = Field>) -> Check {
        Check::of(&self.world, Request::query(fields))
    }

    /// The names of what the inputs or objects of such types have, over the whole API.
    fn all<'o, N: Iterator<Item = &'o str>>(
        &'o self,
        is_such: impl Fn(&str) -> bool,
        names: impl Fn(&'o str) -> N,
    ) -> Vec<&'o str> {
        let mut all = Vec::new();
        for name in self
            .offered
            .names()
            .filter(|name| is_such(name))
            .flat_map(names)
        {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }
}

/// A cell of a group.
fn cell(group: Group, operator: &str, shape: &'static str, content: Content) -> Cell {
    Cell {
        group,
        operator: operator.to_owned(),
        shape,
        content,
    }
}

/// An object with one member.
fn object(name: &str, type_name: impl Into<String>, value: Input) -> Input {
    Input::Object(vec![Given::new(name, type_name, value)])
}

fn where_type(table: &Table) -> String {
    format!("{}Where", table.type_name)
}

/// A field with a condition.
fn narrowed(field: Field, table: &Table, condition: Input) -> Field {
    field.with(Given::new("where", where_type(table), condition))
}

/// A field in an order.
fn ordered(field: Field, table: &Table, items: Vec<Input>) -> Field {
    let item = format!("{}OrderBy!", table.type_name);
    field.with(Given::new(
        "orderBy",
        format!("[{item}]"),
        Input::List(item, items),
    ))
}

/// A member of an order.
fn direction(name: &str, word: &'static str) -> Input {
    object(name, "OrderDirection!", Input::Word(word))
}

/// A condition on the number of a row.
fn id(operator: &str, number: i64) -> Input {
    let number = Input::Leaf(Kind::Int, Value::Integer(number));
    object("id", "IntFilter", object(operator, "Int", number))
}

fn fields<const N: usize>(names: [&str; N]) -> [Field; N] {
    names.map(Field::named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::natives::natives;
    use model::Dialect;

    /// What an API of one column would say, with a comparison nobody knows.
    fn told(slug: &str) -> String {
        format!(
            r#"{{"__schema": {{"types": [
              {{"name": "V_{slug}Where", "inputFields": [
                {{"name": "value", "type": {{"kind": "INPUT_OBJECT", "name": "StringFilter"}}}}]}},
              {{"name": "StringFilter", "inputFields": [
                {{"name": "eq", "type": {{"kind": "SCALAR", "name": "String"}}}},
                {{"name": "soundsLike", "type": {{"kind": "SCALAR", "name": "String"}}}}]}},
              {{"name": "IntFilter", "inputFields": [
                {{"name": "divides", "type": {{"kind": "SCALAR", "name": "Int"}}}}]}}]}}}}"#
        )
    }

    #[test]
    fn an_operator_nobody_knows_is_a_cell_and_not_a_gap() {
        let native = natives(Dialect::Sqlite)
            .into_iter()
            .find(|native| native.kind == Kind::String);
        let bed = Bed::new(native.unwrap(), Dialect::Sqlite, None);
        let offered = Offered::read(&told(&bed.native.slug())).unwrap();
        let cells = cells(&bed, &offered);
        let of = |operator: &str| {
            let mut cells = cells.iter();
            let found = cells.find(|cell| cell.operator == operator);
            &found.unwrap().content
        };
        assert!(matches!(of("soundsLike"), Content::Unknown));
        assert!(matches!(of("divides"), Content::NotOffered(_)));
        assert!(matches!(of("eq"), Content::Checks(_)));
    }
}
