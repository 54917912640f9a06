//! What a write expects of the rows it finds: their version, and how many there may be.

use crate::api::{Root, Verb};
use crate::input::{Argument, Source};
use crate::plan::planner::Planner;
use crate::plan::{Binding, Form, Slot, Wish};
use crate::sql::{Alias, Expr};
use apollo_compiler::executable::Field;
use model::{Action, Expectation, Fault, Kind, Parameter, Scalar, Value};

/// The member, or the argument, that says which version a row must have.
pub(super) const EXPECTED_VERSION: &str = "expectedVersion";

/// What a write expects.
pub(super) struct Guard {
    /// How many rows there may be.
    at_most: Option<Source>,
    /// How many the rules let there be.
    bound: Option<i64>,
    /// Whether there must be one, as it is said which version it has.
    versioned: bool,
}

impl Guard {
    /// One row, in the version it was looked for.
    pub(super) fn versioned() -> Self {
        Self {
            at_most: None,
            bound: None,
            versioned: true,
        }
    }

    /// Not more rows than that, where it is said, nor than the rules let there be.
    pub(super) fn at_most(most: Option<Source>, bound: Option<i64>) -> Self {
        Self {
            at_most: most,
            bound,
            versioned: false,
        }
    }
}

impl Planner<'_> {
    /// The guard of a write, and the conditions it adds to those that pick the rows.
    pub(super) fn guard(
        &mut self,
        field: &Field,
        root: Root,
        alias: Alias,
    ) -> Result<(Guard, Vec<Expr>), Fault> {
        if matches!(root.verb, Verb::UpdateMany | Verb::DeleteMany) {
            let most = self.strictly(|planner| planner.given(field, "atMost"))?;
            let most = match most {
                Some(Argument::Leaf(source)) => Some(source),
                _ => None,
            };
            let action = match root.verb {
                Verb::UpdateMany => Action::Update,
                _ => Action::Delete,
            };
            let bound = self.rows_max(root.table, action);
            return Ok((Guard::at_most(most, bound), Vec::new()));
        }
        let expected = self.strictly(|planner| planner.given(field, EXPECTED_VERSION))?;
        let version = self.schema.tables[root.table].version;
        let (Some(Argument::Leaf(source)), Some(version)) = (expected, version) else {
            return Ok((Guard::at_most(None, None), Vec::new()));
        };
        let conditions = self.key_conditions(alias, root.table, vec![(version, source)]);
        Ok((Guard::versioned(), conditions))
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
            self.expect_at_most(field, step, source, fault);
        }
        if let Some(most) = guard.bound {
            let message =
                format!("you may change at most {most} rows at a time: nothing was changed");
            let fault = self.fault(field, "engine.at_most", Kind::Limit, message);
            let source = Source::Constant(Value::Integer(most));
            self.expect_at_most(field, step, source, fault);
        }
    }

    fn expect_at_most(&mut self, field: &Field, step: usize, source: Source, fault: Fault) {
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
            most: None,
            fault,
        };
        self.expect(step, expectation, Some(Wish { slot, place }));
    }
}
