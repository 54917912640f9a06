//! What a write expects of the rows it finds: their version, and how many there may be.

use crate::api::{Root, Verb};
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::{Binding, Form, Slot, Wish};
use crate::sql::{self, Alias, Expr, Operator, Reference};
use apollo_compiler::executable::Field;
use model::{Expectation, Fault, Kind, Parameter, Scalar};

/// What a write expects.
pub(super) struct Guard {
    /// How many rows there may be.
    at_most: Option<Source>,
    /// Whether there must be one, as it is said which version it has.
    versioned: bool,
}

impl Planner<'_> {
    /// The guard of a write, and the conditions it adds to those that pick the rows.
    pub(super) fn guard(
        &mut self,
        field: &Field,
        root: Root,
        alias: Alias,
    ) -> Result<(Guard, Vec<Expr>), Fault> {
        let mut guard = Guard {
            at_most: None,
            versioned: false,
        };
        let mut conditions = Vec::new();
        self.strict = true;
        if matches!(root.verb, Verb::UpdateMany | Verb::DeleteMany) {
            if let Some(Argument::Leaf(source)) = self.given(field, "atMost")? {
                guard.at_most = Some(source);
            }
        } else if let Some(Argument::Leaf(source)) = self.given(field, "expectedVersion")?
            && let Some(version) = self.schema.tables[root.table].version
        {
            guard.versioned = true;
            let schema = self.schema;
            let declared = &schema.tables[root.table].columns[version];
            let left = sql::comparable(schema, Reference::new(alias, root.table, version));
            let right = self.draft.operand(schema, declared, source, Form::Plain);
            let condition = Expr::Compare(Operator::Equal, Box::new(left), Box::new(right));
            conditions.push(condition);
        }
        self.strict = false;
        Ok((guard, conditions))
    }

    /// Makes a step expect what the guard says of the rows it gives.
    pub(super) fn guarded(&mut self, field: &Field, guard: Guard, step: usize) {
        if guard.versioned {
            let message = "the row is not there, or no longer in the expected version: \
                 read it again before you change it";
            let fault = self.fault(field, "engine.version", Kind::Conflict, message);
            let expectation = Expectation {
                least: 1,
                most: None,
                fault,
            };
            self.expect(step, expectation, None);
        }
        if let Some(source) = guard.at_most {
            let message = "the condition finds more rows than atMost allows: nothing was changed";
            let fault = self.fault(field, "engine.at_most", Kind::Conflict, message);
            let parameter = Parameter {
                scalar: Scalar::BigInt,
                list: false,
            };
            let slot = Slot::Bound(Binding {
                parameter,
                source,
                form: Form::Count(None),
            });
            let place = field.name.location();
            let expectation = Expectation {
                least: 0,
                most: Some(0),
                fault,
            };
            self.expect(step, expectation, Some(Wish { slot, place }));
        }
    }
}
