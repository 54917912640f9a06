//! The rules of some roles, ready to be planned.

use super::literal::{self, Mistake};
use crate::api::Api;
use crate::input::{Argument, Source};
use apollo_compiler::Name;
use apollo_compiler::ast::Type;
use model::{Action, Mask, Rule, Schema};

/// Something of the caller that rules look at, as a value of that type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Where it stands among the claims.
    pub(crate) path: String,
    pub(crate) ty: Type,
    /// The variable that it is to plans: no document can have one of that name.
    pub(crate) variable: Name,
}

impl Claim {
    pub(crate) fn new(path: String, ty: Type) -> Self {
        let variable = Name::new_unchecked(&format!("claim {path}"));
        Self { path, ty, variable }
    }
}

/// A condition of a rule. Its claims are variables, by their places in [`Access::claims`].
#[derive(Debug)]
pub(crate) struct Condition(pub(crate) Argument);

/// A rule that some of the roles have.
#[derive(Debug)]
pub(crate) struct Ruled {
    allow: Vec<Action>,
    columns: Vec<usize>,
    masks: Vec<(usize, Mask)>,
    pub(crate) relations: Vec<usize>,
    /// Which rows; all where there is none.
    pub(crate) rows: Option<Condition>,
    /// Which rows may come of it.
    pub(crate) check: Option<Condition>,
    /// Most rows at a time.
    pub(crate) rows_max: Option<i64>,
    /// What columns are given.
    pub(crate) set: Vec<(usize, Source)>,
    /// The claims without which it gives nothing.
    pub(crate) claims: Vec<usize>,
}

impl Ruled {
    pub(crate) fn lets(&self, action: Action) -> bool {
        self.allow.contains(&action)
    }

    /// Whether it is about that column.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.columns.contains(&column)
    }

    /// How it has that column masked.
    pub(crate) fn mask(&self, column: usize) -> Option<Mask> {
        let masked = self.masks.iter().find(|(masked, _)| *masked == column);
        masked.map(|(_, mask)| *mask)
    }

    /// Whether it shows that column as it is, in the rows that it is about.
    pub(crate) fn shows(&self, column: usize) -> bool {
        self.has(column) && self.mask(column).is_none()
    }

    /// Whether it is what lets its roles write that column with a value of their own.
    pub(crate) fn lets_give(&self, action: Action, column: usize) -> bool {
        let is_set = self.set.iter().any(|(set, _)| *set == column);
        self.lets(action) && self.has(column) && !is_set
    }
}

/// The rules of all tables for some roles.
#[derive(Debug)]
pub(crate) struct Access {
    tables: Vec<Vec<Ruled>>,
    pub(crate) claims: Vec<Claim>,
}

impl Access {
    /// Reads the rules that some roles have; they were read before, when they were compiled.
    pub(crate) fn new(api: &Api, schema: &Schema, roles: &[usize]) -> Result<Self, String> {
        let mut claims = Vec::new();
        let mut tables = Vec::with_capacity(schema.tables.len());
        for (index, table) in schema.tables.iter().enumerate() {
            let held = |rule: &&Rule| rule.roles.iter().any(|role| roles.contains(role));
            let rules = table.access.iter().filter(held);
            let read = rules.map(|rule| ruled(api, schema, (index, rule), &mut claims));
            let read: Result<Vec<_>, Mistake> = read.collect();
            tables.push(read.map_err(|mistake| format!("{}: {}", table.type_name, mistake.text))?);
        }
        Ok(Self { tables, claims })
    }

    /// The rules of a table.
    pub(crate) fn of(&self, table: usize) -> &[Ruled] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }
}

fn ruled(
    api: &Api,
    schema: &Schema,
    (table, rule): (usize, &Rule),
    claims: &mut Vec<Claim>,
) -> Result<Ruled, Mistake> {
    let mut needed = Vec::new();
    let mut read = |text: &Option<String>| {
        let Some(text) = text else {
            return Ok::<_, Mistake>(None);
        };
        let argument = literal::condition(api, schema, (table, text), claims)?;
        needed.extend(literal::claims_of(&argument));
        Ok(Some(Condition(argument)))
    };
    let (rows, check) = (read(&rule.rows)?, read(&rule.check)?);
    let mut set = Vec::with_capacity(rule.set.len());
    for (column, text) in &rule.set {
        let source = literal::value(api, schema, (table, *column, text), claims)?;
        needed.extend(literal::claims_of(&Argument::Leaf(source.clone())));
        set.push((*column, source));
    }
    needed.sort_unstable();
    needed.dedup();
    Ok(Ruled {
        allow: rule.allow.clone(),
        columns: rule.columns.clone(),
        masks: rule.masks.clone(),
        relations: rule.relations.clone(),
        rows,
        check,
        rows_max: rule.rows_max,
        set,
        claims: needed,
    })
}
