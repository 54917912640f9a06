//! A script with its arguments.

use crate::Error;
use model::{Argument, Script, Step};
use std::sync::Arc;

/// A script and one list of arguments for each of its steps.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) script: Arc<Script>,
    arguments: Vec<Vec<Argument>>,
}

impl Job {
    pub(crate) fn new(script: Arc<Script>, arguments: Vec<Vec<Argument>>) -> Result<Self, Error> {
        let fits = script.steps.len() == arguments.len()
            && script
                .steps
                .iter()
                .zip(&arguments)
                .all(|(step, arguments)| step.arguments() == arguments.len());
        if fits {
            Ok(Self { script, arguments })
        } else {
            Err(Error::Internal(
                "the arguments are not those of the script".into(),
            ))
        }
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

    /// The arguments of all steps.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &[Argument]> {
        self.arguments.iter().map(Vec::as_slice)
    }
}
