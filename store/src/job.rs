//! A script with its arguments.

use crate::Error;
use crate::gate::Gate;
use crate::idempotency::Claim;
use model::{Actor, Argument, Script, Step};
use std::sync::Arc;

/// A script and one list of arguments for each of its steps.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) script: Arc<Script>,
    arguments: Vec<Vec<Argument>>,
    /// What it claims, if it is to happen once; for writes alone.
    pub(crate) claim: Option<Claim>,
    /// As whom it is run; as the login where as nobody.
    pub(crate) actor: Option<Arc<Actor>>,
    /// How many of its first steps are run as the login before it acts as somebody.
    pub(crate) steps_as_login: usize,
    /// Who is asked before it streams.
    pub(crate) gate: Option<Arc<dyn Gate>>,
}

impl Job {
    pub(crate) fn new(
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        claim: Option<Claim>,
    ) -> Result<Self, Error> {
        let fits = script.steps.len() == arguments.len()
            && script
                .steps
                .iter()
                .zip(&arguments)
                .all(|(step, arguments)| step.arguments() == arguments.len());
        if fits {
            Ok(Self {
                script,
                arguments,
                claim,
                actor: None,
                steps_as_login: 0,
                gate: None,
            })
        } else {
            Err(Error::Internal(
                "the arguments are not those of the script".into(),
            ))
        }
    }

    /// The same, which has to pass somebody before it streams.
    pub(crate) fn through(mut self, gate: Option<Arc<dyn Gate>>) -> Self {
        self.gate = gate;
        self
    }

    /// The same, run as somebody behind so many of its steps.
    pub(crate) fn acting_as(mut self, actor: Option<Arc<Actor>>, steps_as_login: usize) -> Self {
        self.actor = actor;
        self.steps_as_login = steps_as_login;
        self
    }

    /// Whether it is a transaction: whoever acts as somebody does so until its end.
    pub(crate) fn transacts(&self) -> bool {
        self.script.transacts() || self.actor.is_some()
    }

    /// A step and its arguments, which stand in one order.
    pub(crate) fn step(&self, index: usize) -> Result<(&Step, &[Argument]), Error> {
        let arguments = self.arguments.get(index).map(Vec::as_slice);
        self.script
            .steps
            .get(index)
            .zip(arguments)
            .ok_or_else(|| Error::Internal(format!("the script has no step {index}")))
    }

    /// How many statements it is, those about its key and its actor counted.
    pub(crate) fn statements(&self) -> usize {
        /// Its taking on, laying down for its key, and taking on again.
        const ABOUT_AN_ACTOR: usize = 3;
        /// The look for the table, its creation, the claim, the look at the answer, its keeping.
        const ABOUT_A_KEY: usize = 5;
        let about_its_key = self.claim.as_ref().map_or(0, |_| ABOUT_A_KEY);
        let about_its_actor = self.actor.as_ref().map_or(0, |_| ABOUT_AN_ACTOR);
        self.script.steps.len() + about_its_key + about_its_actor
    }

    /// The arguments of all steps.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &[Argument]> {
        self.arguments.iter().map(Vec::as_slice)
    }
}
