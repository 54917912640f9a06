//! What may be asked of a database by way of an engine, and what it wants of indexes.

use super::Engine;
use crate::access::Shape;
use crate::advice::fields::{Asking, ROWS, fields};
use crate::advice::wants::Wants;
use crate::advice::{Asked, Asker, BlockedRule, Left, Question};
use crate::bind::alike;
use crate::input::{Variables, coerce_variables};
use crate::json::Members;
use crate::plan::advice::{Count, conditions, counts};
use crate::plan::{Inserts, plan_with_wants};
use crate::prepare::operation;
use crate::trusted::given;
use crate::ways::claims;
use apollo_compiler::Node;
use apollo_compiler::ast::{Value as Literal, VariableDefinition};
use model::{Argument, Claims, Explained, Fault, Rights, Rule, Value};
use std::sync::Arc;

/// Why the statements of an operation are not known before somebody asks.
const OPEN: &str = "its statements depend on what its variables hold";

impl Engine {
    /// What trusted documents and root fields ask, for callers of single roles or for whoever is held to
    /// no rules: at most so many. What is not among it is told, and how much was one too many.
    pub fn questions(&self, most: usize) -> (Vec<Question>, Vec<Left>, usize) {
        let mut asking = Questions {
            engine: self,
            most,
            asked: Vec::new(),
            left: Vec::new(),
            over: 0,
        };
        for rights in self.each_rights() {
            let shape = self.shape(&rights);
            asking.documents(&shape, &rights);
            asking.fields(&shape, &rights);
        }
        let Questions {
            mut asked,
            left,
            over,
            ..
        } = asking;
        asked.sort_by(|one, other| one.asker.cmp(&other.asker));
        (asked, left, over)
    }

    /// The rules of which no condition is served by an index.
    pub fn blocked_rules(&self) -> Vec<BlockedRule> {
        let mut blocked: Vec<BlockedRule> = Vec::new();
        for rights in self.each_rights() {
            if let Rights::Of(_) = &rights {
                self.blocked_of(&self.shape(&rights), &rights, &mut blocked);
            }
        }
        blocked.sort_by_key(|one| (one.table, one.rule));
        blocked.dedup_by_key(|one| (one.table, one.rule));
        blocked
    }

    fn blocked_of(&self, shape: &Arc<Shape>, rights: &Rights, out: &mut Vec<BlockedRule>) {
        let Ok(nothing) = self.nothing(Arc::clone(shape)) else {
            return;
        };
        let given = Claims::from(claims(shape));
        let variables = coerce_variables(shape, &given, &[], &Members::default());
        let Ok(variables) = variables else {
            return;
        };
        let is_held = |rule: &Rule| {
            let mut roles = rule.roles.iter();
            let named = |role: &usize| self.schema().roles.get(*role);
            roles.any(|role| matches!((named(role), rights), (Some(role), Rights::Of(held)) if held.contains(&role.name)))
        };
        for (table, declared) in self.schema().tables.iter().enumerate() {
            let rules = declared.access.iter().enumerate();
            let held = rules.filter(|(_, rule)| is_held(rule));
            let (alias, conditions) = conditions(&self.config, &nothing, &variables, table);
            for ((rule, _), condition) in held.zip(conditions) {
                let Some(condition) = condition else {
                    continue;
                };
                let wants = Wants::of_condition(&shape.schema, &condition, (alias, table));
                if !wants.blocked.is_empty() {
                    out.push(BlockedRule {
                        table,
                        rule,
                        blocked: wants.blocked,
                    });
                }
            }
        }
    }

    /// The rights of callers of each single role, or those of everybody.
    fn each_rights(&self) -> Vec<Rights> {
        if !self.has_rules() {
            return vec![Rights::All];
        }
        let roles = self.schema().roles.iter();
        let single = |role: &str| Rights::Of([role].into_iter().collect());
        roles.map(|role| single(&role.name)).collect()
    }
}

/// What is asked so far.
struct Questions<'e> {
    engine: &'e Engine,
    most: usize,
    asked: Vec<Question>,
    left: Vec<Left>,
    /// How much more there would have been.
    over: usize,
}

impl Questions<'_> {
    /// The operations of trusted documents that some rights are enough for.
    fn documents(&mut self, shape: &Arc<Shape>, rights: &Rights) {
        for document in self.engine.documents() {
            for operation in &document.operations {
                let is_run = match rights {
                    Rights::All => true,
                    Rights::Of(roles) => {
                        let mut scripts = operation.scripts.iter();
                        scripts.any(|script| script.roles.iter().any(|role| roles.contains(role)))
                    }
                };
                let asker = Asker::Document {
                    hash: document.hash.to_string(),
                    id: document.ids.first().cloned(),
                    operation: operation.name.clone(),
                };
                if is_run {
                    let text = (document.text.as_str(), operation.name.as_deref());
                    self.ask((shape, rights), asker, text);
                }
            }
        }
    }

    fn fields(&mut self, shape: &Arc<Shape>, rights: &Rights) {
        let (fields, left) = match fields(shape) {
            Ok(all) => all,
            Err(why) => {
                let why = format!("the types of the API cannot be made: {why}");
                return self.left(Asker::Field("Query".to_owned()), rights, &why);
            }
        };
        for name in left {
            let why = "what a function of the database does is not told by a plan";
            self.left(Asker::Field(name), rights, why);
        }
        for Asking { name, document } in fields {
            self.ask((shape, rights), Asker::Field(name), (&document, None));
        }
    }

    fn ask(
        &mut self,
        (shape, rights): (&Arc<Shape>, &Rights),
        asker: Asker,
        text: (&str, Option<&str>),
    ) {
        if self.asked.len() >= self.most {
            self.over += 1;
            return;
        }
        let statements = match self.statements(shape, text) {
            Ok(statements) => statements,
            Err(why) => return self.left(asker, rights, &why),
        };
        let is_same = |known: &&mut Question| {
            let sql = |statement: &Asked| Arc::clone(&statement.explained.statement.sql);
            known.asker == asker
                && known
                    .statements
                    .iter()
                    .map(sql)
                    .eq(statements.iter().map(sql))
        };
        if let Some(known) = self.asked.iter_mut().find(is_same) {
            return known.roles.extend(names(rights));
        }
        self.asked.push(Question {
            asker,
            roles: names(rights),
            statements,
        });
    }

    fn left(&mut self, asker: Asker, rights: &Rights, why: &str) {
        let is_same = |known: &&mut Left| known.asker == asker && known.why == why;
        if let Some(known) = self.left.iter_mut().find(is_same) {
            return known.roles.extend(names(rights));
        }
        self.left.push(Left {
            asker,
            roles: names(rights),
            why: why.to_owned(),
        });
    }

    /// The statements of an operation, with values of ours in the place of those of clients.
    fn statements(
        &self,
        shape: &Arc<Shape>,
        (text, name): (&str, Option<&str>),
    ) -> Result<Vec<Asked>, String> {
        let engine = self.engine;
        let made = operation(Arc::clone(shape), (&engine.config, true), 0, text, name);
        let made = made.map_err(first_of)?;
        let variables: Variables = given(shape, &made.definition.variables)
            .ok_or(OPEN)?
            .map_err(first_of)?;
        let how = (&variables, Inserts::Together);
        let planned = plan_with_wants(&engine.config, made.asked(), how);
        let (plan, wants) = planned.map_err(|fault| fault.message.clone())?;
        let arguments = alike(&plan, &variables, engine.means());
        let steps = plan.script.steps.iter().zip(arguments);
        let steps = steps.zip(counts(&plan)).zip(wants);
        let asked = steps.map(|(((step, mut arguments), counts), wants)| {
            count(&mut arguments, &counts, &made.definition.variables);
            Asked {
                explained: Explained {
                    statement: step.statement.clone(),
                    arguments,
                    counts: counts.iter().map(|count| count.place).collect(),
                    writes: plan.script.writes,
                },
                tables: wants.tables,
                wants: wants.all,
                blocked: wants.blocked,
            }
        });
        Ok(asked.collect())
    }
}

/// Puts in the places of numbers of rows how many variables are taken to ask for.
fn count(arguments: &mut [Argument], counts: &[Count], variables: &[Node<VariableDefinition>]) {
    for Count { place, variable } in counts {
        let variable = variable.and_then(|variable| variables.get(variable));
        if let (Some(variable), Some(argument)) = (variable, arguments.get_mut(*place)) {
            *argument = Argument::Value(Value::Integer(usual(variable)));
        }
    }
}

/// As many as a variable says itself, or as the documents of root fields ask for.
fn usual(variable: &Node<VariableDefinition>) -> i64 {
    let said = variable
        .default_value
        .as_ref()
        .and_then(|value| match &**value {
            Literal::Int(number) => number.as_str().parse().ok(),
            _ => None,
        });
    said.unwrap_or(ROWS)
}

/// The roles that make up some rights.
fn names(rights: &Rights) -> Vec<String> {
    match rights {
        Rights::All => Vec::new(),
        Rights::Of(roles) => roles.names().map(str::to_owned).collect(),
    }
}

/// Why values of ours, or a document, are refused.
fn first_of(faults: Vec<Fault>) -> String {
    let first = faults.into_iter().next();
    first.map_or_else(|| OPEN.to_owned(), |fault| fault.message.clone())
}
