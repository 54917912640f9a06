//! What the guide says that a caller may see, told row by row and cell by cell; it knows no SQL, and
//! nothing of how the server goes about it.

use super::world::{
    Action, Caller, Condition, Kind, Link, Mask, Operand, Operator, Quantifier, Row, Rule, State,
    Table, Value, World, type_name,
};
use crate::access::masks;
use serde_json::Value as Json;

/// Who looks at rows in a condition.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Eyes {
    /// A rule, which sees all there is.
    Rule,
    /// The caller, for whom what it does not see is not there, or null.
    Caller,
}

/// One caller before the tables as they are.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) world: &'a World,
    pub(super) state: &'a State,
    pub(super) caller: &'a Caller,
}

impl<'a> Judge<'a> {
    pub(super) fn table(&self, table: usize) -> &'a Table {
        &self.world.tables[table]
    }

    /// The rules of the caller's roles.
    fn held(&self, table: usize, action: Action) -> impl Iterator<Item = &'a Rule> + Clone {
        let rules = self.table(table).rules.iter();
        let roles = &self.caller.roles;
        rules.filter(move |rule| {
            let is_held = rule.roles.iter().any(|role| roles.contains(role));
            is_held && rule.actions.contains(&action)
        })
    }

    /// Those of them that give the caller something: it has all claims they need.
    pub(super) fn rules(&self, table: usize, action: Action) -> Vec<&'a Rule> {
        let rules = self.held(table, action);
        rules.filter(|rule| self.has_claims(table, rule)).collect()
    }

    fn has_claims(&self, table: usize, rule: &Rule) -> bool {
        let conditions = rule.rows.iter().chain(&rule.check);
        conditions
            .into_iter()
            .all(|condition| self.has_claims_of(table, condition))
            && rule.set.iter().all(|(column, operand)| {
                let kind = self.world.column(table, *column).kind;
                self.operand(operand, kind, false).is_some()
            })
    }

    fn has_claims_of(&self, table: usize, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().all(|part| self.has_claims_of(table, part))
            }
            Condition::Not(inner) => self.has_claims_of(table, inner),
            Condition::Compare(column, operator, operand) => {
                let kind = self.world.column(table, *column).kind;
                self.operand(operand, kind, operator.takes_list()).is_some()
            }
            Condition::Beside(..) | Condition::IsNull(..) | Condition::Trap => true,
            Condition::One(relation, inner) | Condition::Many(relation, _, inner) => {
                self.has_claims_of(self.world.relation(table, *relation).target, inner)
            }
        }
    }

    /// The values of an operand; nothing where it is a claim that the caller has not got, or has as
    /// something else.
    pub(super) fn operand(
        &self,
        operand: &Operand,
        kind: Kind,
        is_list: bool,
    ) -> Option<Vec<Value>> {
        let path = match operand {
            Operand::Value(value) => return Some(vec![value.clone()]),
            Operand::List(values) => return Some(values.clone()),
            Operand::Claim(path) => path,
        };
        let mut claim = &self.caller.claims;
        for step in path.split('.') {
            claim = claim.get(step)?;
        }
        match claim {
            Json::Array(items) if is_list => items.iter().map(|item| fitting(item, kind)).collect(),
            single => Some(vec![fitting(single, kind)?]),
        }
    }

    /// Whether a condition is known to hold of a row, or not to.
    pub(super) fn holds(
        &self,
        table: usize,
        row: &Row,
        condition: &Condition,
        eyes: Eyes,
    ) -> Option<bool> {
        let value = |column: usize| match eyes {
            Eyes::Rule => row[column].clone(),
            Eyes::Caller => self.value(table, row, column),
        };
        match condition {
            Condition::All(parts) => {
                all(parts.iter().map(|part| self.holds(table, row, part, eyes)))
            }
            Condition::Any(parts) => {
                any(parts.iter().map(|part| self.holds(table, row, part, eyes)))
            }
            Condition::Not(inner) => self.holds(table, row, inner, eyes).map(|holds| !holds),
            Condition::Compare(column, operator, operand) => {
                let kind = self.world.column(table, *column).kind;
                let operands = self.operand(operand, kind, operator.takes_list());
                compares(&value(*column), *operator, &operands.unwrap_or_default())
            }
            Condition::Beside(column, operator, other) => {
                compares(&value(*column), *operator, &[value(*other)])
            }
            Condition::IsNull(column, is) => Some((value(*column) == Value::Null) == *is),
            Condition::Trap => self.calculates(table, row).then_some(true),
            Condition::One(relation, inner) => {
                Some(self.relates((table, row), *relation, (Quantifier::Some, inner), eyes))
            }
            Condition::Many(relation, quantifier, inner) => {
                Some(self.relates((table, row), *relation, (*quantifier, inner), eyes))
            }
        }
    }

    fn relates(
        &self,
        (table, row): (usize, &Row),
        relation: usize,
        (quantifier, inner): (Quantifier, &Condition),
        eyes: Eyes,
    ) -> bool {
        let target = self.world.relation(table, relation).target;
        let partners = self.partners(table, row, relation, eyes);
        let mut fulfils = partners
            .iter()
            .map(|partner| self.holds(target, partner, inner, eyes) == Some(true));
        match quantifier {
            Quantifier::Some => fulfils.any(|fulfils| fulfils),
            Quantifier::Every => fulfils.all(|fulfils| fulfils),
            Quantifier::None => !fulfils.any(|fulfils| fulfils),
        }
    }

    /// The rows that a relation leads to.
    pub(super) fn partners(
        &self,
        table: usize,
        row: &Row,
        relation: usize,
        eyes: Eyes,
    ) -> Vec<&'a Row> {
        if eyes == Eyes::Caller && !self.leads(table, row, relation) {
            return Vec::new();
        }
        let target = self.world.relation(table, relation).target;
        let sees = |table: usize, row: &&Row| eyes == Eyes::Rule || self.is_seen(table, row);
        let mut partners = self.linked(table, row, relation);
        partners.retain(|partner| sees(target, partner));
        if let Link::Through(near, _) = self.world.relation(table, relation).link {
            let between = self.world.relation(table, near).target;
            partners.retain(|partner| {
                let pairs = self.pairs(table, row, relation, partner);
                pairs.iter().any(|pair| sees(between, pair))
            });
        }
        partners
    }

    /// The rows that a relation leads to, whoever looks.
    fn linked(&self, table: usize, row: &Row, relation: usize) -> Vec<&'a Row> {
        let Relation { target, link } = self.link(table, relation);
        let rows = self.state[target].iter();
        match link {
            Link::To(column) => rows
                .filter(|partner| row[column] != Value::Null && partner[0] == row[column])
                .collect(),
            Link::Back(back) => {
                let Link::To(column) = self.link(target, back).link else {
                    panic!("relations to many rows are the other side of one to one");
                };
                rows.filter(|partner| partner[column] == row[0]).collect()
            }
            Link::Through(..) => rows
                .filter(|partner| !self.pairs(table, row, relation, partner).is_empty())
                .collect(),
        }
    }

    /// The rows between a row and one that it is led to.
    fn pairs(&self, table: usize, row: &Row, relation: usize, partner: &Row) -> Vec<&'a Row> {
        let Link::Through(near, onward) = self.link(table, relation).link else {
            return Vec::new();
        };
        let between = self.link(table, near).target;
        let Link::To(far) = self.link(between, onward).link else {
            panic!("what lies between leads to one row");
        };
        let mut pairs = self.linked(table, row, near);
        pairs.retain(|pair| pair[far] == partner[0]);
        pairs
    }

    fn link(&self, table: usize, relation: usize) -> Relation {
        let known = self.world.relation(table, relation);
        Relation {
            target: known.target,
            link: known.link,
        }
    }

    pub(super) fn is_seen(&self, table: usize, row: &Row) -> bool {
        let rules = self.rules(table, Action::Read);
        rules
            .iter()
            .any(|rule| self.is_of(table, row, rule.rows.as_ref()))
    }

    fn is_of(&self, table: usize, row: &Row, condition: Option<&Condition>) -> bool {
        condition
            .is_none_or(|condition| self.holds(table, row, condition, Eyes::Rule) == Some(true))
    }

    /// Whether a cell is seen: as it is, or under a mask.
    fn shows(&self, table: usize, row: &Row, column: usize, mask: Option<Mask>) -> bool {
        let rules = self.rules(table, Action::Read);
        let mut showing = rules
            .iter()
            .filter(|rule| rule.columns.contains(&column) && mask_of(rule, column) == mask);
        showing.any(|rule| self.is_of(table, row, rule.rows.as_ref()))
    }

    fn leads(&self, table: usize, row: &Row, relation: usize) -> bool {
        let rules = self.rules(table, Action::Read);
        let mut leading = rules
            .iter()
            .filter(|rule| rule.relations.contains(&relation));
        leading.any(|rule| self.is_of(table, row, rule.rows.as_ref()))
    }

    /// What a cell is for the caller.
    pub(super) fn value(&self, table: usize, row: &Row, column: usize) -> Value {
        let place = || {
            let name = &self.world.column(table, column).name;
            format!("{}.{name}", type_name(table))
        };
        let shown = [None, Some(Mask::Partial), Some(Mask::Hash)];
        let mut shown = shown
            .into_iter()
            .filter(|mask| self.shows(table, row, column, *mask));
        match (shown.next(), &row[column]) {
            (Some(Some(Mask::Partial)), Value::Text(text)) => Value::Text(part_of(text)),
            (Some(Some(Mask::Hash)), Value::Text(text)) => Value::Text(masks::hash(&place(), text)),
            (Some(_), value) => value.clone(),
            (None, _) => Value::Null,
        }
    }

    /// Whether what is calculated of a row is seen: by rules that do not list what they show.
    fn calculates(&self, table: usize, row: &Row) -> bool {
        let rules = self.rules(table, Action::Read);
        let mut showing = rules.iter().filter(|rule| rule.shows_trap());
        showing.any(|rule| self.is_of(table, row, rule.rows.as_ref()))
    }

    /// Whether what is calculated may be asked for, and can be for each row that is seen.
    pub(super) fn is_calculable(&self, table: usize) -> bool {
        let Some(column) = self.table(table).trap else {
            return false;
        };
        let is_known = self.held(table, Action::Read).any(Rule::shows_trap);
        is_known
            && self
                .seen(table)
                .iter()
                .all(|row| row[column] != Value::Number(0))
    }

    /// The rows that are seen.
    pub(super) fn seen(&self, table: usize) -> Vec<&'a Row> {
        let rows = self.state[table].iter();
        rows.filter(|row| self.is_seen(table, row)).collect()
    }

    // What the API of the caller has, whatever its claims are.

    pub(super) fn knows_table(&self, table: usize) -> bool {
        (0..self.table(table).columns.len()).any(|column| self.knows(table, column))
    }

    pub(super) fn knows(&self, table: usize, column: usize) -> bool {
        self.held(table, Action::Read)
            .any(|rule| rule.columns.contains(&column))
    }

    /// Whether rows may be compared, ordered and grouped by a column: nothing of it is masked, or it is
    /// seen as it is wherever a row is.
    pub(super) fn compares(&self, table: usize, column: usize) -> bool {
        self.knows(table, column) && self.is_bare(table, column)
    }

    /// Whether nothing of a column is masked, or it is seen as it is wherever a row is.
    fn is_bare(&self, table: usize, column: usize) -> bool {
        let mut reading = self.held(table, Action::Read);
        let is_masked = reading.any(|rule| mask_of(rule, column).is_some());
        !is_masked || self.knows_key(table, &[column])
    }

    /// Whether nothing is masked of the columns that a relation goes by.
    fn goes_by_bare(&self, table: usize, relation: usize) -> bool {
        let Relation { target, link } = self.link(table, relation);
        let id = |table: usize| {
            let mut columns = self.table(table).columns.iter();
            columns.position(|column| column.name == "id")
        };
        let is_id_bare = |table: usize| id(table).is_none_or(|id| self.is_bare(table, id));
        match link {
            Link::To(column) => self.is_bare(table, column) && is_id_bare(target),
            Link::Back(back) => self.goes_by_bare(target, back),
            Link::Through(near, far) => {
                let between = self.link(table, near).target;
                self.goes_by_bare(table, near) && self.goes_by_bare(between, far)
            }
        }
    }

    pub(super) fn knows_relation(&self, table: usize, relation: usize) -> bool {
        let Relation { target, link } = self.link(table, relation);
        let is_between_known = match link {
            Link::Through(near, _) => self.knows_table(self.link(table, near).target),
            Link::To(_) | Link::Back(_) => true,
        };
        let mut rules = self.held(table, Action::Read);
        self.knows_table(target)
            && is_between_known
            && self.goes_by_bare(table, relation)
            && rules.any(|rule| rule.relations.contains(&relation))
    }

    /// Whether the columns of a key are seen wherever a row is, whatever is claimed.
    pub(super) fn knows_key(&self, table: usize, key: &[usize]) -> bool {
        let reading = self.held(table, Action::Read);
        key.iter().all(|column| {
            let has =
                |rule: &Rule| rule.columns.contains(column) && mask_of(rule, *column).is_none();
            let is_all = |rule: &Rule| {
                let conditions = rule.rows.iter().chain(&rule.check);
                rule.rows.is_none() && !names_claims(conditions, &rule.set)
            };
            reading.clone().any(has)
                && (reading.clone().all(has)
                    || reading.clone().any(|rule| has(rule) && is_all(rule)))
        })
    }

    /// Whether rows come in one order: where a column of the key is seen in some of them only, the
    /// others come in any.
    pub(super) fn orders(&self, table: usize) -> bool {
        let mut key = self.table(table).key.iter();
        key.all(|column| !self.knows(table, *column) || self.knows_key(table, &[*column]))
    }

    pub(super) fn may(&self, table: usize, action: Action) -> bool {
        self.held(table, action).next().is_some()
    }

    /// Whether all rules that let rows be added give the column a value.
    pub(super) fn always_sets(&self, table: usize, column: usize) -> bool {
        let sets = |rule: &Rule| rule.set.iter().any(|(set, _)| *set == column);
        self.may(table, Action::Create) && self.held(table, Action::Create).all(sets)
    }

    /// Whether a column is in the input of such a write.
    pub(super) fn gives(&self, table: usize, action: Action, column: usize) -> bool {
        self.held(table, action).any(|rule| lets_give(rule, column))
    }

    // What becomes of writes.

    /// The rules that let a column be written.
    pub(super) fn letting(&self, table: usize, action: Action, column: usize) -> Vec<&'a Rule> {
        let mut rules = self.rules(table, action);
        rules.retain(|rule| {
            rule.columns.contains(&column) || rule.set.iter().any(|(set, _)| *set == column)
        });
        rules
    }

    /// Whether a change of columns reaches a row as it is.
    pub(super) fn reaches(
        &self,
        table: usize,
        row: &Row,
        action: Action,
        columns: &[usize],
    ) -> bool {
        let is_of = |rules: Vec<&Rule>| {
            rules
                .iter()
                .any(|rule| self.is_of(table, row, rule.rows.as_ref()))
        };
        self.is_seen(table, row)
            && if columns.is_empty() {
                is_of(self.rules(table, action))
            } else {
                columns
                    .iter()
                    .all(|column| is_of(self.letting(table, action, *column)))
            }
    }

    /// Whether a row may have become this by such a write.
    pub(super) fn may_become(
        &self,
        table: usize,
        row: &Row,
        action: Action,
        columns: &[usize],
    ) -> bool {
        self.is_seen(table, row)
            && columns.iter().all(|column| {
                let rules = self.letting(table, action, *column);
                rules
                    .iter()
                    .any(|rule| self.is_of(table, row, rule.check.as_ref().or(rule.rows.as_ref())))
            })
    }

    /// The values that rules give columns; nothing where they contradict each other.
    pub(super) fn presets(&self, table: usize, action: Action) -> Option<Vec<(usize, Value)>> {
        let mut presets: Vec<(usize, &Operand)> = Vec::new();
        for (column, operand) in self
            .rules(table, action)
            .into_iter()
            .flat_map(|rule| &rule.set)
        {
            match presets.iter().find(|(known, _)| known == column) {
                Some((_, known)) if *known == operand => {}
                Some(_) => return None,
                None => presets.push((*column, operand)),
            }
        }
        let value = |(column, operand): (usize, &Operand)| {
            let kind = self.world.column(table, column).kind;
            let values = self.operand(operand, kind, false)?;
            Some((column, values.into_iter().next()?))
        };
        presets.into_iter().map(value).collect()
    }

    /// Whether the caller may give a column a value of its own just now.
    pub(super) fn may_give(&self, table: usize, action: Action, column: usize) -> bool {
        self.rules(table, action)
            .iter()
            .any(|rule| lets_give(rule, column))
    }
}

/// How a rule that shows a column masks it, if it does.
fn mask_of(rule: &Rule, column: usize) -> Option<Mask> {
    let mut masks = rule.masks.iter();
    let found = masks.find(|(masked, _)| *masked == column);
    found.map(|(_, mask)| *mask)
}

/// The end of a text that is not short.
fn part_of(text: &str) -> String {
    let letters: Vec<_> = text.chars().collect();
    let end = match letters.len() {
        10.. => &letters[letters.len() - 4..],
        _ => &[],
    };
    format!("***{}", end.iter().collect::<String>())
}

/// Where a relation leads, and by what.
struct Relation {
    target: usize,
    link: Link,
}

fn lets_give(rule: &Rule, column: usize) -> bool {
    rule.columns.contains(&column) && !rule.set.iter().any(|(set, _)| *set == column)
}

fn names_claims<'c>(
    conditions: impl IntoIterator<Item = &'c Condition>,
    set: &[(usize, Operand)],
) -> bool {
    let is_claim = |operand: &Operand| matches!(operand, Operand::Claim(_));
    set.iter().any(|(_, operand)| is_claim(operand))
        || conditions.into_iter().any(|condition| match condition {
            Condition::All(parts) | Condition::Any(parts) => names_claims(parts, &[]),
            Condition::Not(inner) | Condition::One(_, inner) | Condition::Many(_, _, inner) => {
                names_claims([&**inner], &[])
            }
            Condition::Compare(_, _, operand) => is_claim(operand),
            Condition::Beside(..) | Condition::IsNull(..) | Condition::Trap => false,
        })
}

/// A claim as a value of that kind: numbers may come as text, and text of digits as a number.
fn fitting(claim: &Json, kind: Kind) -> Option<Value> {
    let number = || match claim {
        Json::Number(number) => number.as_i64(),
        Json::String(digits) => digits.parse().ok(),
        _ => None,
    };
    match kind {
        Kind::Int => number()
            .filter(|number| i32::try_from(*number).is_ok())
            .map(Value::Number),
        Kind::BigInt => number().map(Value::Number),
        Kind::Boolean => claim.as_bool().map(Value::Boolean),
        Kind::Text => match claim {
            Json::String(text) => Some(Value::Text(text.clone())),
            Json::Number(number) => Some(Value::Text(number.to_string())),
            _ => None,
        },
        Kind::Date => {
            let text = claim.as_str().filter(|text| is_date(text))?;
            Some(Value::Text(text.to_owned()))
        }
    }
}

/// Whether a text is one of the dates that are in the world.
fn is_date(text: &str) -> bool {
    let shape = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
    text.chars().map(shape).collect::<String>() == "0000-00-00"
}

fn compares(value: &Value, operator: Operator, operands: &[Value]) -> Option<bool> {
    let is = |operand: &Value| {
        (*value != Value::Null && *operand != Value::Null).then(|| value.cmp(operand))
    };
    let is_in = any(operands
        .iter()
        .map(|operand| is(operand).map(std::cmp::Ordering::is_eq)));
    let first = || operands.first().and_then(is);
    match operator {
        Operator::In => is_in,
        Operator::NotIn => is_in.map(|is_in| !is_in),
        Operator::Eq => first().map(std::cmp::Ordering::is_eq),
        Operator::Ne => first().map(std::cmp::Ordering::is_ne),
        Operator::Lt => first().map(std::cmp::Ordering::is_lt),
        Operator::Gte => first().map(std::cmp::Ordering::is_ge),
    }
}

/// Known to hold of all, known not to of one, or unknown.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    (!parts.contains(&None)).then_some(true)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|holds| !holds))).map(|none| !none)
}
