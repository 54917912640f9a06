//! Conditions on what is inside JSON.

use super::{Operand, conjunction, leaf};
use crate::input::{Argument, Source};
use crate::plan::Form;
use crate::plan::planner::Planner;
use crate::sql::{self, Cast, Expr, JsonKind, JsonPath, JsonPlace, Reference};
use model::{Dialect, Parameter, Scalar, Value};

/// Most steps of a path.
const STEPS_MAX: usize = 32;
/// The type that numbers in JSON are compared as in MariaDB.
const NUMBER: &str = "DECIMAL(65,20)";

impl Planner<'_> {
    /// All conditions of a `JSONFilter`.
    pub(super) fn json_conditions(
        &mut self,
        argument: &Argument,
        reference: Reference,
    ) -> Result<Expr, String> {
        let Argument::Object(members) = argument else {
            return Err("expected comparisons, found null; to look for null use isNull".to_owned());
        };
        self.refuse_nothing(members.is_empty())?;
        let document = sql::document(self.schema, reference);
        let mut parts = Vec::with_capacity(members.len());
        for (name, value) in members {
            let part = match (&**name, value) {
                ("path", Argument::List(paths)) => self.json_paths(paths, &document),
                _ => self.json_comparison(name, leaf(name, value)?, &document),
            };
            parts.push(part?);
        }
        Ok(conjunction(parts))
    }

    fn json_comparison(
        &mut self,
        name: &str,
        source: &Source,
        document: &Expr,
    ) -> Result<Expr, String> {
        let left = || Box::new(document.clone());
        let mut right = |scalar, form| {
            let parameter = Parameter {
                scalar,
                list: false,
            };
            let index = self.draft.parameter(parameter, source.clone(), form);
            Box::new(Expr::Parameter(index))
        };
        let json = Scalar::Json;
        Ok(match name {
            "isNull" => self.is_null(source, document),
            "eq" => Expr::JsonEqual(left(), right(json, Form::Plain)),
            "ne" => Expr::Not(Box::new(Expr::JsonEqual(left(), right(json, Form::Plain)))),
            "contains" => Expr::JsonContains(left(), right(json, Form::Plain)),
            "hasKey" => {
                let form = match self.schema.dialect {
                    Dialect::Mariadb => Form::MemberPath,
                    Dialect::Sqlite | Dialect::Postgres => Form::Plain,
                };
                Expr::JsonHasKey(left(), right(Scalar::String, form))
            }
            _ => return Err("there is no such comparison".to_owned()),
        })
    }

    fn json_paths(&mut self, paths: &[Argument], document: &Expr) -> Result<Expr, String> {
        self.refuse_nothing(paths.is_empty())?;
        let mut parts = Vec::with_capacity(paths.len());
        for path in paths {
            let part = self.json_path(path, document);
            parts.push(part.map_err(|message| format!("path: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn json_path(&mut self, path: &Argument, document: &Expr) -> Result<Expr, String> {
        let Argument::Object(members) = path else {
            return Err("expected a path and conditions, found null".to_owned());
        };
        let at = members.iter().find_map(|(name, value)| match value {
            Argument::List(steps) if &**name == "at" => Some(steps),
            _ => None,
        });
        let path = steps(at.ok_or("at: expected a path")?)?;
        self.refuse_nothing(members.len() == 1)?;
        let mut parts = Vec::with_capacity(members.len());
        for (name, conditions) in members.iter().filter(|(name, _)| &**name != "at") {
            let part = self.json_value(name, conditions, (document, &path));
            parts.push(part.map_err(|message| format!("{name}: {message}"))?);
        }
        Ok(conjunction(parts))
    }

    fn json_value(
        &mut self,
        name: &str,
        conditions: &Argument,
        (document, path): (&Expr, &JsonPath),
    ) -> Result<Expr, String> {
        let (kind, scalar) = match name {
            "string" => (JsonKind::String, Scalar::String),
            "number" => (JsonKind::Number, Scalar::Decimal),
            "boolean" => (JsonKind::Boolean, Scalar::Boolean),
            _ => {
                let value = self.json_at(document, path, JsonKind::Any)?;
                return Ok(self.is_null(leaf(name, conditions)?, &value));
            }
        };
        let text = self.json_at(document, path, kind)?;
        let dialect = self.schema.dialect;
        let compared = match kind {
            JsonKind::String => Expr::Bytewise(Box::new(text.clone())),
            JsonKind::Number if dialect == Dialect::Sqlite => Expr::Decimal(Box::new(text.clone())),
            _ => text.clone(),
        };
        let is_folded = dialect == Dialect::Postgres || kind != JsonKind::String;
        let cast = scalar == Scalar::Decimal && dialect == Dialect::Mariadb;
        let operand = Operand {
            // With the collation of bytes PostgreSQL would tell only A to Z from a to z.
            text: if is_folded { text } else { compared.clone() },
            compared,
            scalar,
            cast: cast.then(|| Cast::Native(NUMBER.to_owned())),
        };
        self.comparisons(conditions, &operand)
    }

    fn json_at(
        &mut self,
        document: &Expr,
        path: &JsonPath,
        kind: JsonKind,
    ) -> Result<Expr, String> {
        let mut parameter = |text: String| {
            let parameter = Parameter {
                scalar: Scalar::String,
                list: false,
            };
            let source = Source::Constant(Value::Text(text.into()));
            self.draft.parameter(parameter, source, Form::Plain)
        };
        let (path, lists) = match self.schema.dialect {
            Dialect::Sqlite => (path.json(), Vec::new()),
            Dialect::Postgres => (path.postgres(kind), Vec::new()),
            Dialect::Mariadb => (path.mariadb()?, path.mariadb_lists()?),
        };
        let place = JsonPlace {
            path: parameter(path),
            lists: lists.into_iter().map(parameter).collect(),
            kind,
        };
        Ok(Expr::JsonAt(Box::new(document.clone()), place))
    }
}

/// The path of an `at`.
fn steps(steps: &[Argument]) -> Result<JsonPath, String> {
    if steps.len() > STEPS_MAX {
        return Err(format!("at: a path has at most {STEPS_MAX} steps"));
    }
    let steps = steps.iter().map(|step| match step {
        Argument::Word(step) => Ok(step.clone()),
        _ => Err("at: expected a step, found null".to_owned()),
    });
    steps.collect::<Result<_, _>>().map(JsonPath)
}
