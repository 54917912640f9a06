//! Random `where` conditions.

use super::Random;
use crate::differential::tables::{TABLES, table};
use verify::catalogue::{Cardinality, Kind};
use verify::request::{Given, Input};
use verify::value::Value;

/// Deepest nesting of and, or, not and relations.
const DEPTH_MAX: usize = 3;

impl Random<'_> {
    /// A `where` of a table.
    pub(super) fn condition(&mut self, table: usize, depth: usize) -> Input {
        let count = if self.chance(4) {
            0
        } else {
            [1, 1, 1, 2, 3][self.rng.usize(..5)]
        };
        let mut members: Vec<Given> = Vec::new();
        for _ in 0..count {
            let member = self.member(table, depth);
            if members.iter().all(|known| known.name != member.name) {
                members.push(member);
            }
        }
        Input::Object(members)
    }

    fn member(&mut self, table: usize, depth: usize) -> Given {
        let declared = &TABLES[table];
        let type_name = format!("{}Where", declared.type_name);
        if depth < DEPTH_MAX && self.chance(25) {
            return match self.rng.u8(..3) {
                0 => Given::new("not", type_name, self.condition(table, depth + 1)),
                word => {
                    let count = self.rng.usize(..4);
                    let items = (0..count).map(|_| self.condition(table, depth + 1));
                    let items = Input::List(format!("{type_name}!"), items.collect());
                    let name = if word == 1 { "and" } else { "or" };
                    Given::new(name, format!("[{type_name}!]"), items)
                }
            };
        }
        if depth < DEPTH_MAX && !declared.relations.is_empty() && self.chance(30) {
            return self.through(table, depth);
        }
        let column = self.rng.usize(..declared.columns.len());
        let kind = declared.columns[column].kind;
        if self.chance(12)
            && let Some(compared) = self.compared(table, column)
        {
            return compared;
        }
        let filter = self.filter(kind, &mut |random| random.value(table, column));
        Given::new(
            declared.columns[column].field,
            format!("{kind}Filter"),
            filter,
        )
    }

    /// A column compared with others of its row, where there are such.
    fn compared(&mut self, table: usize, column: usize) -> Option<Given> {
        let declared = &TABLES[table];
        let column = &declared.columns[column];
        let family = column.kind.family()?;
        let columns = declared.columns.iter();
        let partners: Vec<_> = columns
            .filter(|other| other.kind.family().as_ref() == Some(&family))
            .map(|other| other.field)
            .collect();
        if partners.len() < 2 {
            return None;
        }
        let name = &declared.type_name;
        let mut comparisons: Vec<Given> = Vec::new();
        for operator in column.kind.column_operators() {
            if self.chance(30) {
                let other = Input::Word(self.pick(&partners));
                comparisons.push(Given::new(operator, format!("{name}{family}Column"), other));
            }
        }
        let comparisons = Given::new(
            column.field,
            format!("{name}{family}Compare"),
            Input::Object(comparisons),
        );
        let compared = Input::Object(vec![comparisons]);
        Some(Given::new("compare", format!("{name}Compare"), compared))
    }

    fn through(&mut self, source: usize, depth: usize) -> Given {
        let relations = &TABLES[source].relations;
        let relation = &relations[self.rng.usize(..relations.len())];
        let target = table(&relation.target);
        let type_name = format!("{}Where", relation.target);
        if relation.cardinality != Cardinality::Many {
            let condition = self.condition(target, depth + 1);
            return Given::new(relation.field, type_name, condition);
        }
        let mut quantifiers: Vec<Given> = Vec::new();
        for word in ["some", "every", "none"] {
            if self.chance(40) {
                let condition = self.condition(target, depth + 1);
                quantifiers.push(Given::new(word, type_name.clone(), condition));
            }
        }
        let type_name = format!("{}ListWhere", relation.target);
        Given::new(relation.field, type_name, Input::Object(quantifiers))
    }

    /// Comparisons with values that `value` makes.
    pub(super) fn filter(
        &mut self,
        kind: Kind,
        value: &mut impl FnMut(&mut Self) -> Value,
    ) -> Input {
        let count = [1, 1, 1, 1, 2][self.rng.usize(..5)];
        let mut members: Vec<Given> = Vec::new();
        for _ in 0..count {
            let operator = self.pick(kind.operators());
            if members.iter().any(|known| known.name == operator) {
                continue;
            }
            let (type_name, input) = match operator {
                "isNull" => {
                    let wanted = Value::Boolean(self.rng.bool());
                    ("Boolean".to_owned(), Input::Leaf(Kind::Boolean, wanted))
                }
                "in" | "notIn" => {
                    let count = [0, 1, 2, 3, 10][self.rng.usize(..5)];
                    let items = (0..count).map(|_| Input::Leaf(kind, value(self)));
                    let items = Input::List(format!("{kind}!"), items.collect());
                    (format!("[{kind}!]"), items)
                }
                operator => {
                    let value = value(self);
                    let value = self.operand(operator, value);
                    (kind.to_string(), Input::Leaf(kind, value))
                }
            };
            members.push(Given::new(operator, type_name, input));
        }
        Input::Object(members)
    }

    /// Patterns are made of pieces of the text.
    fn operand(&mut self, operator: &str, value: Value) -> Value {
        let Value::Text(text) = value else {
            return value;
        };
        let (operator, text) = match operator.strip_prefix('i') {
            Some(operator) => (operator, self.recased(&text)),
            None => (operator, text),
        };
        let is_part = matches!(operator, "startsWith" | "endsWith" | "contains");
        let is_pattern = operator == "like";
        if !is_part && !is_pattern {
            return Value::Text(text);
        }
        let characters: Vec<char> = text.chars().collect();
        let start = self.rng.usize(..=characters.len());
        let end = self.rng.usize(start..=characters.len());
        let part: String = match operator {
            "startsWith" => characters[..end].iter().collect(),
            "endsWith" => characters[start..].iter().collect(),
            "contains" => characters[start..end].iter().collect(),
            _ => self.pattern(&characters, (start, end)),
        };
        Value::Text(part)
    }

    /// The same letters, some of them in another case.
    fn recased(&mut self, text: &str) -> String {
        let letters = text.chars().map(|letter| match self.rng.u8(..4) {
            0 => letter.to_uppercase().next().unwrap_or(letter),
            1 => letter.to_lowercase().next().unwrap_or(letter),
            _ => letter,
        });
        letters.collect()
    }

    fn pattern(&mut self, text: &[char], (start, end): (usize, usize)) -> String {
        let mut pattern = String::new();
        if start > 0 {
            pattern.push('%');
        }
        for character in &text[start..end] {
            let is_special = matches!(character, '\\' | '%' | '_');
            match self.rng.u8(..10) {
                0 => pattern.push('_'),
                1 => pattern.push('%'),
                2 => pattern.extend(['\\', *character]),
                3 if !is_special => pattern.extend(character.to_uppercase()),
                4 if !is_special => pattern.extend(character.to_lowercase()),
                _ if is_special && self.chance(70) => pattern.extend(['\\', *character]),
                _ if *character == '\\' => pattern.push_str("\\\\"),
                _ => pattern.push(*character),
            }
        }
        if end < text.len() {
            pattern.push('%');
        }
        pattern
    }
}
