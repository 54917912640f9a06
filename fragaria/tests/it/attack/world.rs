//! Tables with rules, their rows, and who asks: all that a trial is about.
#![expect(
    clippy::format_push_string,
    reason = "schemas and scripts of a few lines"
)]

use super::home::Dialect;
use serde_json::{Value as Json, json};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    BigInt,
    Text,
    Boolean,
    Date,
}

/// A value; NULL is larger than every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    /// A date, too: it is ordered as its text is.
    Text(String),
    Boolean(bool),
    Null,
}

pub(super) type Row = Vec<Value>;

/// The rows of each table, in the order of their keys.
pub(super) type State = Vec<Vec<Row>>;

pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    pub(super) unique: bool,
}

/// By what a relation goes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Link {
    /// By a column of ours, which holds the `id` of the target.
    To(usize),
    /// By that relation of the target, which leads here.
    Back(usize),
    /// By one to many rows, and from there by one to the target.
    Through(usize, usize),
}

pub(super) struct Relation {
    pub(super) name: String,
    pub(super) target: usize,
    pub(super) link: Link,
}

pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<usize>,
    pub(super) relations: Vec<Relation>,
    pub(super) rules: Vec<Rule>,
    /// A column of which another is calculated, `trap`: 1 where it can be, which it cannot of 0.
    pub(super) trap: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Read,
    Create,
    Update,
    Delete,
}

impl Action {
    pub(super) const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::Delete];
}

pub(super) struct Rule {
    pub(super) roles: Vec<usize>,
    pub(super) actions: Vec<Action>,
    pub(super) rows: Option<Condition>,
    pub(super) check: Option<Condition>,
    pub(super) set: Vec<(usize, Operand)>,
    pub(super) columns: Vec<usize>,
    pub(super) relations: Vec<usize>,
    /// The columns that it shows masked.
    pub(super) masks: Vec<(usize, Mask)>,
    /// Whether it names what it is about, or what it is not, or nothing.
    pub(super) about: About,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    Partial,
    Hash,
    Null,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum About {
    All,
    Fields,
    Except,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Lt,
    Gte,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Value(Value),
    List(Vec<Value>),
    /// What is known of the caller under that path.
    Claim(&'static str),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quantifier {
    Some,
    Every,
    None,
}

/// A `where`.
#[derive(Clone)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(usize, Operator, Operand),
    /// A column with another of the same row.
    Beside(usize, Operator, usize),
    IsNull(usize, bool),
    /// That what is calculated of a row is what it always is.
    Trap,
    One(usize, Box<Self>),
    Many(usize, Quantifier, Box<Self>),
}

/// What every rule may ask of callers.
pub(super) const CLAIMS: [&str; 6] = ["n", "who", "org.id", "org.ids", "words", "at.home.is"];

/// Somebody who asks.
pub(super) struct Caller {
    pub(super) roles: Vec<usize>,
    pub(super) claims: Json,
}

pub(super) struct World {
    pub(super) dialect: Dialect,
    pub(super) tables: Vec<Table>,
    pub(super) roles: usize,
    /// The rows that are there in the beginning.
    pub(super) rows: State,
}

impl Kind {
    pub(super) fn scalar(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Text => "String",
            Self::Boolean => "Boolean",
            Self::Date => "Date",
        }
    }

    pub(super) fn native(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Text => "varchar(20)",
            Self::Boolean => "boolean",
            Self::Date => "date",
        }
    }

    /// Whether it has a smallest value, as the API sees it.
    pub(super) fn has_extremes(self) -> bool {
        self != Self::Boolean
    }
}

impl Value {
    /// As it stands in an answer.
    pub(super) fn json(&self, kind: Kind) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Number(number) if kind == Kind::BigInt => number.to_string().into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Boolean(is) => (*is).into(),
        }
    }

    pub(super) fn sql(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Boolean(is) => is.to_string(),
        }
    }
}

impl Operator {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Gte => "gte",
            Self::In => "in",
            Self::NotIn => "notIn",
        }
    }

    pub(super) fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }
}

impl Quantifier {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Some => "some",
            Self::Every => "every",
            Self::None => "none",
        }
    }
}

/// The letter of a table, or of a role.
pub(super) fn letter(index: usize) -> char {
    char::from(b'a' + u8::try_from(index).expect("there are few"))
}

/// The type of a table.
pub(super) fn type_name(table: usize) -> String {
    format!("T{}", letter(table))
}

/// Its root field for one row, and its name in the database.
pub(super) fn singular(table: usize) -> String {
    format!("t{}", letter(table))
}

/// Its root field for many rows.
pub(super) fn plural(table: usize) -> String {
    format!("t{}s", letter(table))
}

impl Rule {
    /// Whether it shows what is calculated: where it lists what it does not show, and shows a column.
    pub(super) fn shows_trap(&self) -> bool {
        self.about != About::Fields && !self.columns.is_empty()
    }
}

impl Table {
    pub(super) fn key_of(&self, row: &Row) -> Vec<Value> {
        self.key.iter().map(|column| row[*column].clone()).collect()
    }

    /// The columns whose values no two rows share: the primary key first.
    pub(super) fn unique_keys(&self) -> Vec<Vec<usize>> {
        let columns = self.columns.iter().enumerate();
        let uniques = columns.filter(|(_, column)| column.unique);
        let uniques = uniques.map(|(index, _)| vec![index]);
        std::iter::once(self.key.clone()).chain(uniques).collect()
    }

    /// The relation that goes by a column of ours.
    pub(super) fn referring(&self, column: usize) -> Option<&Relation> {
        let mut relations = self.relations.iter();
        relations.find(|relation| relation.link == Link::To(column))
    }
}

impl World {
    pub(super) fn column(&self, table: usize, column: usize) -> &Column {
        &self.tables[table].columns[column]
    }

    pub(super) fn relation(&self, table: usize, relation: usize) -> &Relation {
        &self.tables[table].relations[relation]
    }

    /// A value as it is written in a document, or in a rule.
    pub(super) fn literal(value: &Value, kind: Kind) -> String {
        value.json(kind).to_string()
    }

    pub(super) fn operand(operand: &Operand, kind: Kind) -> String {
        match operand {
            Operand::Value(value) => Self::literal(value, kind),
            Operand::Claim(path) => format!("{{claim: \"{path}\"}}"),
            Operand::List(values) => {
                let values = values.iter().map(|value| Self::literal(value, kind));
                format!("[{}]", values.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// A condition as it is written in a document, or in a rule.
    pub(super) fn condition(&self, table: usize, condition: &Condition) -> String {
        let parts = |parts: &[Condition]| {
            let parts = parts.iter().map(|part| self.condition(table, part));
            parts.collect::<Vec<_>>().join(", ")
        };
        let column = |column: usize| self.column(table, column);
        match condition {
            Condition::All(all) => format!("{{and: [{}]}}", parts(all)),
            Condition::Any(any) => format!("{{or: [{}]}}", parts(any)),
            Condition::Not(inner) => format!("{{not: {}}}", self.condition(table, inner)),
            Condition::Compare(index, operator, operand) => {
                let (name, kind) = (&column(*index).name, column(*index).kind);
                let operand = Self::operand(operand, kind);
                format!("{{{name}: {{{}: {operand}}}}}", operator.name())
            }
            Condition::Beside(index, operator, other) => {
                let (name, other) = (&column(*index).name, &column(*other).name);
                format!("{{compare: {{{name}: {{{}: {other}}}}}}}", operator.name())
            }
            Condition::IsNull(index, is) => {
                format!("{{{}: {{isNull: {is}}}}}", column(*index).name)
            }
            Condition::Trap => "{trap: {eq: 1}}".to_owned(),
            Condition::One(index, inner) => {
                let relation = self.relation(table, *index);
                let inner = self.condition(relation.target, inner);
                format!("{{{}: {inner}}}", relation.name)
            }
            Condition::Many(index, quantifier, inner) => {
                let relation = self.relation(table, *index);
                let inner = self.condition(relation.target, inner);
                let word = quantifier.name();
                format!("{{{}: {{{word}: {inner}}}}}", relation.name)
            }
        }
    }

    /// The schema file.
    pub(super) fn sdl(&self) -> String {
        let roles = (0..self.roles).map(|role| format!(" @role(name: \"r{}\")", letter(role)));
        let mut text = format!("extend schema{}\n", roles.collect::<String>());
        for (index, table) in self.tables.iter().enumerate() {
            text += &self.sdl_of(index, table);
        }
        text
    }

    fn sdl_of(&self, index: usize, table: &Table) -> String {
        let name = |column: &usize| format!("\"{}\"", table.columns[*column].name);
        let key: Vec<_> = table.key.iter().map(name).collect();
        let (one, many) = (singular(index), plural(index));
        let mut text = format!(
            "\ntype {} @table(name: \"{one}\", key: [{}]) @api(singular: \"{one}\", plural: \"{many}\")",
            type_name(index),
            key.join(", ")
        );
        for rule in &table.rules {
            text += &format!("\n  {}", self.access(index, rule));
        }
        text += " {\n";
        for (place, column) in table.columns.iter().enumerate() {
            let required = if column.nullable { "" } else { "!" };
            let id = if table.key.contains(&place) {
                " @id"
            } else {
                ""
            };
            let unique = if column.unique { " @unique" } else { "" };
            let (name, kind) = (&column.name, column.kind);
            let (scalar, native) = (kind.scalar(), kind.native());
            let native = match kind {
                Kind::Text => format!(" @column(type: \"{native}\")"),
                _ => String::new(),
            };
            text += &format!("  {name}: {scalar}{required}{id}{unique}{native}\n");
        }
        for relation in &table.relations {
            text += &format!("  {}\n", self.link(table, relation));
        }
        if let Some(column) = table.trap {
            let sql = trap(&table.columns[column].name, self.dialect);
            text += &format!("  trap: BigInt @computed(sql: \"{sql}\")\n");
        }
        text + "}\n"
    }

    fn link(&self, table: &Table, relation: &Relation) -> String {
        let (name, target) = (&relation.name, type_name(relation.target));
        match relation.link {
            Link::To(column) => {
                let column = &table.columns[column];
                let required = if column.nullable { "" } else { "!" };
                format!(
                    "{name}: {target}{required} @relation(fields: [\"{}\"])",
                    column.name
                )
            }
            Link::Back(back) => {
                let back = &self.relation(relation.target, back).name;
                format!("{name}: [{target}!]! @relation(inverse: \"{back}\")")
            }
            Link::Through(near, onward) => {
                let near = &table.relations[near];
                let onward = &self.relation(near.target, onward).name;
                let near = &near.name;
                format!("{name}: [{target}!]! @relation(through: [\"{near}\", \"{onward}\"])")
            }
        }
    }

    /// A rule as it is written.
    fn access(&self, index: usize, rule: &Rule) -> String {
        let table = &self.tables[index];
        let roles = rule
            .roles
            .iter()
            .map(|role| format!("\"r{}\"", letter(*role)));
        let actions = rule
            .actions
            .iter()
            .map(|action| format!("{action:?}").to_uppercase());
        let (roles, actions): (Vec<_>, Vec<_>) = (roles.collect(), actions.collect());
        let mut text = format!(
            "@access(to: [{}], allow: [{}]",
            roles.join(", "),
            actions.join(", ")
        );
        for (word, condition) in [("where", &rule.rows), ("check", &rule.check)] {
            if let Some(condition) = condition {
                text += &format!(", {word}: {}", self.condition(index, condition));
            }
        }
        if !rule.set.is_empty() {
            let set = rule.set.iter().map(|(column, operand)| {
                let column = &table.columns[*column];
                format!("{}: {}", column.name, Self::operand(operand, column.kind))
            });
            text += &format!(", set: {{{}}}", set.collect::<Vec<_>>().join(", "));
        }
        if !rule.masks.is_empty() {
            let masks = rule.masks.iter().map(|(column, mask)| {
                let mask = format!("{mask:?}").to_uppercase();
                format!("{}: {mask}", table.columns[*column].name)
            });
            text += &format!(", mask: {{{}}}", masks.collect::<Vec<_>>().join(", "));
        }
        let wanted = rule.about == About::Fields;
        let columns = table.columns.iter().enumerate();
        let columns = columns.filter(|(column, _)| rule.columns.contains(column) == wanted);
        let relations = table.relations.iter().enumerate();
        let relations =
            relations.filter(|(relation, _)| rule.relations.contains(relation) == wanted);
        let names = columns.map(|(_, column)| &column.name);
        let names = names.chain(relations.map(|(_, relation)| &relation.name));
        let hidden = table.trap.filter(|_| !rule.shows_trap()).map(|_| "trap");
        let hidden = hidden.filter(|_| rule.about == About::Except);
        let names = names.map(String::as_str).chain(hidden);
        let names: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
        match rule.about {
            About::All => {}
            About::Fields => text += &format!(", fields: [{}]", names.join(", ")),
            About::Except => text += &format!(", except: [{}]", names.join(", ")),
        }
        text + ")"
    }

    /// The tables and their first rows, in words that every database knows.
    pub(super) fn sql(&self) -> String {
        let mut text = String::new();
        for (index, table) in self.tables.iter().enumerate() {
            let name = singular(index);
            let columns = table.columns.iter().map(|column| {
                let required = if column.nullable { "" } else { " NOT NULL" };
                let unique = if column.unique { " UNIQUE" } else { "" };
                format!("{} {}{required}{unique}", column.name, column.kind.native())
            });
            let key = table.key.iter().map(|column| &*table.columns[*column].name);
            let key = format!("PRIMARY KEY ({})", key.collect::<Vec<_>>().join(", "));
            let links = table
                .relations
                .iter()
                .filter_map(|relation| match relation.link {
                    Link::To(column) => Some(format!(
                        "FOREIGN KEY ({}) REFERENCES {} (id)",
                        table.columns[column].name,
                        singular(relation.target)
                    )),
                    _ => None,
                });
            let parts: Vec<_> = columns.chain([key]).chain(links).collect();
            text += &format!("CREATE TABLE {name} ({});\n", parts.join(", "));
        }
        for (index, rows) in self.rows.iter().enumerate() {
            for row in rows {
                let values: Vec<_> = row.iter().map(Value::sql).collect();
                let name = singular(index);
                text += &format!("INSERT INTO {name} VALUES ({});\n", values.join(", "));
            }
        }
        text
    }
}

/// What is 1, but fails where a column is 0.
fn trap(column: &str, dialect: Dialect) -> String {
    let column = format!("coalesce({{{column}}}, 7)");
    match dialect {
        Dialect::Sqlite => format!("json_extract(CASE {column} WHEN 0 THEN 'x' ELSE '1' END, '$')"),
        Dialect::Postgres => format!("abs(sign(1 / {column}::numeric))"),
        Dialect::Mariadb => {
            format!("9223372036854775807 + ({column} = 0) - 9223372036854775806")
        }
    }
}

impl Caller {
    /// The header that says who asks.
    pub(super) fn header(&self) -> String {
        let roles = self.roles.iter().map(|role| format!("r{}", letter(*role)));
        let told = json!({ "roles": roles.collect::<Vec<_>>(), "claims": self.claims });
        format!("fragaria-as: {told}")
    }
}
