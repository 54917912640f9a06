//! What went wrong on a connection to a server, and whether it is worth another try.
//!
//! What the words of a server mean its driver knows.

use crate::idempotency::unusable;
use crate::{Error, Failure};
use model::{Part, Step};

/// An error with what it means for the connection it befell.
#[derive(Debug)]
pub(crate) struct Snag {
    pub(crate) kind: Kind,
    pub(crate) error: Error,
    /// Response key of the step that failed.
    key: Option<Box<str>>,
    /// The part of the input that the step is about.
    input: Option<Part>,
}

/// What an error means for the connection it befell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The connection is gone; nothing can be said about a write that was under way.
    Lost,
    /// Nothing was done: the prepared statement was out of date, or the connection gone before.
    Stale,
    /// The server refused the statement; the connection is in order.
    Refused,
    /// It refused the claim of a key, because another came before it; the next try will find that.
    Late,
    /// We gave up half-way; the server may still be sending.
    Abandoned,
}

impl Snag {
    pub(crate) fn new(kind: Kind, error: Error) -> Self {
        Self {
            kind,
            error,
            key: None,
            input: None,
        }
    }

    /// An error of ours, with all that was asked on the connection answered.
    pub(crate) fn refused(error: Error) -> Self {
        Self::new(Kind::Refused, error)
    }

    /// Whether nothing was done, or nothing that cannot be done again.
    pub(crate) fn is_worth_another_try(&self, writes: bool) -> bool {
        self.kind == Kind::Stale || self.kind == Kind::Lost && !writes
    }

    /// The same snag, befallen a commit: what the server said is certain, its silence is not.
    pub(crate) fn in_commit(mut self) -> Self {
        if matches!(self.kind, Kind::Lost | Kind::Abandoned) {
            self.error = Error::OutcomeUnknown(self.error.to_string());
        }
        self
    }

    /// The same snag, befallen a statement about the key of a request.
    pub(crate) fn about_a_key(self) -> Self {
        match self.kind {
            Kind::Refused => Self::refused(unusable(self.error)),
            _ => self,
        }
    }

    /// The same snag, befallen the claim of a key.
    pub(crate) fn in_claim(mut self) -> Self {
        if self.kind == Kind::Refused && matches!(self.error, Error::Serialization(_)) {
            self.kind = Kind::Late;
        }
        self.about_a_key()
    }

    /// The same snag, befallen the start of a transaction: nothing was done yet.
    pub(crate) fn before_all(mut self) -> Self {
        if self.kind == Kind::Lost {
            self.kind = Kind::Stale;
        }
        self
    }

    /// The same snag, befallen a step.
    pub(crate) fn at(mut self, step: &Step) -> Self {
        if let (Error::NotAsItMust(_), Some(fault)) = (&self.error, &step.assures) {
            self.error = Error::Unmet(fault.clone());
        }
        self.key = Some(step.key.clone());
        self.input.clone_from(&step.input);
        self
    }
}

impl From<Error> for Snag {
    fn from(error: Error) -> Self {
        Self::new(Kind::Abandoned, error)
    }
}

impl From<Snag> for Failure {
    fn from(snag: Snag) -> Self {
        Self {
            error: snag.error,
            key: snag.key,
            input: snag.input,
            told: None,
        }
    }
}
