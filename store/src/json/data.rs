//! The outermost object: its members open and close as the steps of the script come by.

use crate::Error;
use model::{Content, Root, Script};
use std::slice::Iter;

/// Writes the members of `data` in response order, steps being run in theirs.
pub(crate) struct Data<'s> {
    roots: Iter<'s, Root>,
    separator: u8,
}

impl<'s> Data<'s> {
    /// Before the first member.
    pub(crate) fn new(script: &'s Script) -> Self {
        Self {
            roots: script.roots.iter(),
            separator: b'{',
        }
    }

    /// Writes all up to the value of that step, which the caller writes next.
    pub(crate) fn open(&mut self, step: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        for root in self.roots.by_ref() {
            out.push(self.separator);
            self.separator = b',';
            out.extend_from_slice(root.key.json().as_bytes());
            match &root.content {
                Content::Constant(text) => out.extend_from_slice(text.as_bytes()),
                Content::Step(index) if *index == step => return Ok(()),
                Content::Step(index) => return Err(disorder(*index)),
            }
        }
        Err(disorder(step))
    }

    /// Writes what is left after the last step.
    pub(crate) fn close(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        for root in self.roots.by_ref() {
            out.push(self.separator);
            self.separator = b',';
            out.extend_from_slice(root.key.json().as_bytes());
            match &root.content {
                Content::Constant(text) => out.extend_from_slice(text.as_bytes()),
                Content::Step(index) => return Err(disorder(*index)),
            }
        }
        if self.separator == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
        Ok(())
    }
}

fn disorder(step: usize) -> Error {
    Error::Internal(format!(
        "step {step} and the roots of the script are not in one order"
    ))
}
