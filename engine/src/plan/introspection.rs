//! `__schema` and `__type` as roots: what is asked of them, and the bound of their answers.

use super::planner::Planner;
use super::selection::Chosen;
use crate::input::{Argument, Source};
use crate::introspect::{Asked, Root, introspect};
use apollo_compiler::executable::{Field, SelectionSet};
use model::{Content, Fault, Kind, Label, Value};

impl<'a> Planner<'a> {
    /// The answer of `__schema` or `__type`, which needs no database.
    pub(crate) fn introspection(&mut self, chosen: &Chosen<'a>) -> Result<Content, Fault> {
        let field = chosen.field();
        let below = chosen.below();
        let asked = self.deeper(field, |planner| planner.asked(&below))?;
        let name = self.argument_value(field, "name")?;
        let root = match &name {
            Some(Value::Text(name)) => Root::Type(name),
            _ => Root::Schema,
        };
        let whole = self.api.whole().map_err(|problem| {
            let message = format!("the schema does not make a valid API: {problem}");
            self.fault(field, "engine.internal", Kind::Internal, message)
        })?;
        let most = self.config.introspection_bytes(whole.text().len());
        let room = most - self.introspected;
        let Some(json) = introspect(whole, &root, &asked, room) else {
            let message = format!("the introspection brings more than {most} bytes");
            return Err(self.fault(field, "engine.introspection_bytes", Kind::Limit, message));
        };
        self.introspected += json.len();
        Ok(Content::Constant(json.into()))
    }

    fn asked(&mut self, sets: &[&'a SelectionSet]) -> Result<Vec<Asked>, Fault> {
        let Some(set) = sets.first() else {
            return Ok(Vec::new());
        };
        let mut asked = Vec::new();
        for chosen in self.choose(sets, &set.ty)? {
            let field = chosen.field();
            let deprecated = self.argument_value(field, "includeDeprecated")?;
            let below = chosen.below();
            asked.push(Asked {
                key: Label::new(chosen.key),
                name: field.name.clone(),
                deprecated: deprecated == Some(Value::Boolean(true)),
                below: match below.first() {
                    Some(set) if !set.selections.is_empty() => {
                        self.deeper(field, |planner| planner.asked(&below))?
                    }
                    _ => Vec::new(),
                },
            });
        }
        Ok(asked)
    }

    /// What an argument of one value is in this request.
    fn argument_value(&mut self, field: &Field, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match self.given(field, name)? {
            Some(Argument::Leaf(Source::Constant(value))) => Some(value),
            Some(Argument::Leaf(Source::Variable(index, path))) => {
                self.variables.walk(index, &path).cloned()
            }
            _ => None,
        })
    }
}
