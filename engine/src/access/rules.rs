//! The rules of some roles, ready to be planned.

use super::literal::{self, Mistake};
use crate::api::Api;
use crate::input::{Argument, Source};
use apollo_compiler::Name;
use apollo_compiler::ast::Type;
use model::{Action, Mask, Rule};
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

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

/// A rule that some of the roles have, as it is read.
#[derive(Debug)]
pub(crate) struct Ruled {
    rule: Arc<Rule>,
    /// Which rows; all where there is none.
    pub(crate) rows: Option<Condition>,
    /// Which rows may come of it.
    pub(crate) check: Option<Condition>,
    /// What columns are given.
    pub(crate) set: Vec<(usize, Source)>,
    /// The claims without which it gives nothing.
    pub(crate) claims: Vec<usize>,
}

impl Ruled {
    pub(crate) fn lets(&self, action: Action) -> bool {
        self.rule.allows(action)
    }

    /// The relations it is about.
    pub(crate) fn relations(&self) -> &[usize] {
        &self.rule.relations
    }

    /// Most rows at a time.
    pub(crate) fn rows_max(&self) -> Option<i64> {
        self.rule.rows_max
    }

    /// Whether it is about that column.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.rule.columns.contains(&column)
    }

    /// How it has that column masked.
    pub(crate) fn mask(&self, column: usize) -> Option<Mask> {
        self.rule.mask(column)
    }

    /// Whether it shows that column as it is, in the rows that it is about.
    pub(crate) fn shows(&self, column: usize) -> bool {
        self.rule.shows(column)
    }

    /// Whether it is what lets its roles write that column with a value of their own.
    pub(crate) fn lets_give(&self, action: Action, column: usize) -> bool {
        self.rule.lets_give(action, column)
    }
}

/// The rules of all tables for some roles; those of a table are read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Access {
    /// The API of whoever is held to none: rules look at what their callers may not see.
    api: Arc<Api>,
    /// Which rules of each table are held.
    held: Vec<Vec<usize>>,
    read: Vec<OnceLock<Vec<Ruled>>>,
    /// Why some of them cannot be applied.
    problem: OnceLock<String>,
    pub(crate) claims: Vec<Claim>,
}

impl Access {
    /// The rules that some roles have; the API is that of whoever is held to none.
    pub(crate) fn new(api: &Arc<Api>, roles: &[usize]) -> Self {
        let (mut claims, problem) = (Vec::new(), OnceLock::new());
        let tables = &api.schema().tables;
        let mut held = Vec::with_capacity(tables.len());
        let mut known = HashSet::new();
        for table in tables {
            let rules = table.access.iter().enumerate();
            let of_roles = rules.filter(|(_, rule)| rule.is_for(roles));
            let of_roles: Vec<_> = of_roles.map(|(index, _)| index).collect();
            for (path, ty) in of_roles.iter().flat_map(|rule| &table.access[*rule].claims) {
                if !known.insert((path, ty)) {
                    continue;
                }
                match Type::parse(ty, "rule") {
                    Ok(ty) => claims.push(Claim::new(path.clone(), ty)),
                    Err(_) => _ = problem.set(format!("{ty} is no type")),
                }
            }
            held.push(of_roles);
        }
        Self {
            api: Arc::clone(api),
            read: held.iter().map(|_| OnceLock::new()).collect(),
            held,
            problem,
            claims,
        }
    }

    /// The rules of a table as the artefact has them.
    pub(super) fn rules(&self, table: usize) -> impl Iterator<Item = &Rule> + Clone {
        let held = self.held.get(table).into_iter().flatten();
        let rules = &self.api.schema().tables[table].access;
        held.map(|rule| &*rules[*rule])
    }

    /// The rules of a table. Of those that cannot be read none is given, and nothing may be answered.
    pub(crate) fn of(&self, table: usize) -> &[Ruled] {
        let Some(read) = self.read.get(table) else {
            return &[];
        };
        read.get_or_init(|| {
            self.read(table).unwrap_or_else(|mistake| {
                let name = &self.api.schema().tables[table].type_name;
                _ = self.problem.set(format!("{name}: {}", mistake.text));
                Vec::new()
            })
        })
    }

    /// Why rules that were asked for cannot be applied.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.get().map(String::as_str)
    }

    fn read(&self, table: usize) -> Result<Vec<Ruled>, Mistake> {
        let rules = &self.api.schema().tables[table].access;
        let mut claims = self.claims.clone();
        let held = self.held[table].iter();
        let read = held.map(|rule| ruled(&self.api, (table, &rules[*rule]), &mut claims));
        let read = read.collect::<Result<_, _>>()?;
        if claims.len() > self.claims.len() {
            return Err("it looks at a claim that it does not tell"
                .to_owned()
                .into());
        }
        Ok(read)
    }
}

/// The claims that the conditions and values of a rule look at, each with its type.
pub(crate) fn claims_of_rule(
    api: &Api,
    table: usize,
    rule: &Rule,
) -> Result<Vec<(String, String)>, Mistake> {
    let mut claims = Vec::new();
    let texts = [&rule.rows, &rule.check].into_iter().flatten();
    for text in texts {
        literal::condition(api, (table, text), &mut claims)?;
    }
    for (column, text) in &rule.set {
        literal::value(api, (table, *column, text), &mut claims)?;
    }
    let claims = claims.into_iter();
    Ok(claims
        .map(|claim| (claim.path, claim.ty.to_string()))
        .collect())
}

fn ruled(
    api: &Api,
    (table, rule): (usize, &Arc<Rule>),
    claims: &mut Vec<Claim>,
) -> Result<Ruled, Mistake> {
    let mut needed = Vec::new();
    let mut read = |text: &Option<String>| {
        let Some(text) = text else {
            return Ok::<_, Mistake>(None);
        };
        let argument = literal::condition(api, (table, text), claims)?;
        needed.extend(literal::claims_of(&argument));
        Ok(Some(Condition(argument)))
    };
    let (rows, check) = (read(&rule.rows)?, read(&rule.check)?);
    let mut set = Vec::with_capacity(rule.set.len());
    for (column, text) in &rule.set {
        let source = literal::value(api, (table, *column, text), claims)?;
        needed.extend(literal::claims_of(&Argument::Leaf(source.clone())));
        set.push((*column, source));
    }
    needed.sort_unstable();
    needed.dedup();
    Ok(Ruled {
        rule: Arc::clone(rule),
        rows,
        check,
        set,
        claims: needed,
    })
}
