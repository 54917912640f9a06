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

/// Most rows of a table that one list of a write is about, or that a write answers.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Bound {
    table: usize,
    most: i64,
}

/// What a write expects.
pub(super) struct Guard {
    /// How many rows there may be.
    at_most: Option<Source>,
    /// How many the rules let there be.
    bound: Option<Bound>,
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
    pub(super) fn at_most(most: Option<Source>, bound: Option<Bound>) -> Self {
        Self {
            at_most: most,
            bound,
            versioned: false,
        }
    }
}

impl Planner<'_> {
    /// Most rows of a table that one list may be about, where each rule that lets one of these things
    /// be done with them says so; of several things the least.
    pub(in crate::plan) fn bound_of(&self, table: usize, actions: &[Action]) -> Option<Bound> {
        let bounds = actions
            .iter()
            .filter_map(|action| self.rows_max(table, *action));
        bounds.min().map(|most| Bound { table, most })
    }

    /// Refuses a list that names more rows than the rules let it be about.
    pub(super) fn bound_named(
        &self,
        field: &Field,
        bound: Option<Bound>,
        named: usize,
    ) -> Result<(), Fault> {
        match bound {
            Some(bound) if i64::try_from(named).is_ok_and(|named| named <= bound.most) => Ok(()),
            Some(bound) => Err(self.beyond(field, bound)),
            None => Ok(()),
        }
    }

    /// Makes a step fail where it gives more rows than the rules let it.
    pub(in crate::plan) fn bound_step(&mut self, field: &Field, bound: Option<Bound>, step: usize) {
        if let Some(bound) = bound {
            let fault = self.beyond(field, bound);
            let source = Source::Constant(Value::Integer(bound.most));
            self.expect_at_most(field, step, source, fault);
        }
    }

    fn beyond(&self, field: &Field, Bound { table, most }: Bound) -> Fault {
        let name = &self.schema.tables[table].type_name;
        let message =
            format!("at most {most} rows of {name} are for you at a time: nothing was changed");
        self.fault(field, "engine.at_most", Kind::Limit, message)
    }

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
            // What is changed is answered, so it is a list that is read as well.
            let bound = self.bound_of(root.table, &[action, Action::Read]);
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
        self.bound_step(field, guard.bound, step);
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
