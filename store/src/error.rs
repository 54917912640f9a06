//! What can go wrong between a script and its rows, and what of it a client is told.

use crate::breach::Breach;
use model::{Fault, Kind, Part, Refusal, Script, Step};

/// A failure of the database or on the way to it; its text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured address cannot be used.
    #[error("the database address is refused: {0}")]
    Address(String),
    /// The database is away.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database wants another user or password.
    #[error("the database refuses the login: {0}")]
    Login(String),
    /// The statement took longer than it may.
    #[error("the statement timed out: {0}")]
    Timeout(String),
    /// The connection was lost, or fell silent, while a write was committed.
    #[error("whether it was committed is not known: {0}")]
    OutcomeUnknown(String),
    /// The database is there, and takes no further connection.
    #[error("the database takes no further connection: {0}")]
    Full(String),
    /// The pool or a queue before it is full.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// Whoever it is for has as much under way already as one may have.
    #[error("its address has its share of long answers")]
    Crowded,
    /// A unique key stood in the way.
    #[error("unique key violated: {0}")]
    Unique(Breach),
    /// A reference to another row stood in the way.
    #[error("foreign key violated: {0}")]
    ForeignKey(Breach),
    /// A value is missing.
    #[error("not-null constraint violated: {0}")]
    NotNull(String),
    /// A check refused the row.
    #[error("check constraint violated: {0}")]
    Check(Breach),
    /// A trigger or a function of the database refused it, by a rule of its own.
    #[error("refused by a rule of the database: {0}")]
    Rule(String),
    /// A policy of the database does not let whoever asks write that row.
    #[error("refused by a policy of the database: {0}")]
    Policy(String),
    /// The database lacks what a statement names, or has it in another form.
    #[error("the database does not hold what the statement names: {0}")]
    Schema(String),
    /// The database takes no writes now, as a standby.
    #[error("the database takes no writes: {0}")]
    ReadOnly(String),
    /// A function writes where it may only read.
    #[error("a function writes where it must only read: {0}")]
    FunctionWrites(String),
    /// The user of the database may not do what a statement does.
    #[error("the user of the database lacks a right: {0}")]
    Denied(String),
    /// A row is not such as its statement says that it must be; its step has what is told of that.
    #[error("a row is not as its statement says: {0}")]
    NotAsItMust(String),
    /// A stored value does not fit its scalar.
    #[error("value out of range: {0}")]
    OutOfRange(&'static str),
    /// A stored value is not of its declared scalar at all.
    #[error("value not convertible: {0}")]
    Conversion(String),
    /// A stored document is not what its column is declared to hold; the place, and what is wrong.
    #[error("a document does not fit its type: {0}")]
    Document(String),
    /// A concurrent transaction stood in the way; the same request may work again.
    #[error("serialization failure: {0}")]
    Serialization(String),
    /// The key of a request belongs to another one.
    #[error("the idempotency key was used for another request")]
    IdempotencyReused,
    /// Outcomes are not kept, so a request cannot be known again.
    #[error("database.idempotency.hours is 0, and a request came with a key")]
    IdempotencyOff,
    /// As many outcomes are kept as may be.
    #[error("database.idempotency.rows_max or bytes_max is reached")]
    IdempotencyFull,
    /// The table of outcomes is missing and cannot be made, or cannot be used.
    #[error("the table of idempotency keys cannot be used: {0}")]
    IdempotencyTable(String),
    /// What is to be undone cannot be, or was not.
    #[error("a rehearsal cannot be undone: {0}")]
    Lasting(String),
    /// A step gave another number of rows than it must; what the client is told of it.
    #[error("{0}")]
    Unmet(Box<Fault>),
    /// A row, or the result of a write, is larger than may be held in memory.
    #[error("the result passes its bound: {0}")]
    TooLarge(String),
    /// The whole answer is longer than any may be.
    #[error("the answer passes database.answer_bytes_max, {0} bytes")]
    AnswerBytes(usize),
    /// The answer has more rows, at all levels, than any may have.
    #[error("the answer passes database.answer_rows_max, {0} rows")]
    AnswerRows(u64),
    /// The receiver took nothing for too long.
    #[error("the receiver of the result stalled for {0} ms")]
    Stalled(u128),
    /// Nobody waits for the result any more.
    #[error("cancelled: nobody waits for the result")]
    Cancelled,
    /// A mistake of ours or an answer of the database nobody expected.
    #[error("store failure: {0}")]
    Internal(String),
}

/// One address has its share of the connections that long answers keep.
const CROWDED: (&str, Kind, &str) = (
    "store.share",
    Kind::Unavailable,
    "as many long answers as may be are under way to this address: take them first, or ask for \
     fewer rows",
);

/// What a client is told where no connection can be had.
const BUSY: (&str, Kind, &str) = (
    "store.busy",
    Kind::Unavailable,
    "the database is busy, try again later",
);

/// What a client is told of what only we can mend.
const INTERNAL: (&str, Kind, &str) = ("store.internal", Kind::Internal, "internal error");

/// What a client is told of a row that a policy refused; its name is not.
const POLICY: (&str, Kind, &str) = (
    "store.policy",
    Kind::Denied,
    "a policy of the database does not let the caller write that row",
);

/// What is told of a value that is not told apart.
const UNFIT: (&str, Kind, &str) = (
    "store.out_of_range",
    Kind::Conflict,
    "a value is not one its column can hold",
);

/// An error and the step it befell, if it befell one.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// Response key of the step that failed.
    pub key: Option<Box<str>>,
    /// The part of the input that the step is about.
    pub input: Option<Part>,
    /// What the schema says of it.
    pub told: Option<Box<Refusal>>,
}

impl Failure {
    /// Whether one of several rows that were written together stood in the way, and which one
    /// shows when they are written one by one.
    pub fn is_of_several(&self) -> bool {
        let several = self.input.as_ref().is_some_and(|part| part.several);
        several && matches!(self.error.public().1, Kind::Conflict | Kind::Denied)
    }

    /// The same failure, with what the schema says of the constraint that it comes from.
    pub(crate) fn explained(mut self, script: &Script) -> Self {
        let (Error::Unique(breach) | Error::ForeignKey(breach) | Error::Check(breach)) =
            &self.error
        else {
            return self;
        };
        let told = breach.told(&script.refusals, self.input.as_ref());
        self.told = told.cloned().map(Box::new);
        self
    }

    /// The same failure, befallen a script that only reads: what takes no writes is its transaction.
    pub(crate) fn of_a_read(mut self) -> Self {
        if let Error::ReadOnly(text) = self.error {
            self.error = Error::FunctionWrites(text);
        }
        self
    }

    /// Whether a client is told the same of another.
    pub fn is_like(&self, other: &Self) -> bool {
        self.error.public() == other.error.public()
    }
}

impl Error {
    /// The same error, befallen a step.
    pub(crate) fn at(self, step: &Step) -> Failure {
        Failure {
            error: self,
            key: Some(step.key.clone()),
            input: step.input.clone(),
            told: None,
        }
    }

    /// Whether it says nothing about the statement, only that the database is away or too slow.
    pub fn is_away(&self) -> bool {
        !self.may_be_drift() && matches!(self.public().1, Kind::Unavailable | Kind::Timeout)
    }

    /// Whether the database may have changed since the schema was seen to agree with it.
    pub fn may_be_drift(&self) -> bool {
        matches!(
            self,
            Self::Schema(_) | Self::Conversion(_) | Self::Denied(_)
        )
    }

    /// Code, kind and message, free of all that the database said.
    fn public(&self) -> (&'static str, Kind, &'static str) {
        match self {
            Self::Address(_) | Self::Login(_) | Self::Unavailable(_) | Self::ReadOnly(_) => (
                "store.unavailable",
                Kind::Unavailable,
                "the database is unavailable, try again later",
            ),
            Self::Schema(_) => (
                "store.schema",
                Kind::Unavailable,
                "the database lacks a table, column or function that this needs: its operator must \
                 mend it, or compile the schema again",
            ),
            Self::Timeout(_) => (
                "store.timeout",
                Kind::Timeout,
                "the database took longer than a request may take",
            ),
            // Not as one that is merely away: whoever tries again must look first.
            Self::OutcomeUnknown(_) => (
                "store.outcome_unknown",
                Kind::Timeout,
                "the database was lost during the commit: look whether the change was made before \
                 you try again",
            ),
            Self::Busy(_) | Self::Full(_) => BUSY,
            Self::Crowded => CROWDED,
            Self::OutOfRange(message) => ("store.out_of_range", Kind::Conflict, message),
            Self::NotAsItMust(_) => UNFIT,
            Self::TooLarge(_) => (
                "store.too_large",
                Kind::Limit,
                "the result is too large, select fewer rows or fields",
            ),
            Self::AnswerBytes(_) => (
                "store.answer_bytes",
                Kind::Limit,
                "the answer is larger than one may be, ask for fewer rows or fields",
            ),
            Self::AnswerRows(_) => (
                "store.answer_rows",
                Kind::Limit,
                "the answer has more rows than one may have, those of its lists counted: ask for fewer",
            ),
            Self::Stalled(_) => (
                "store.stalled",
                Kind::Timeout,
                "the receiver took nothing for too long",
            ),
            Self::Cancelled => (
                "store.cancelled",
                Kind::Internal,
                "the request was cancelled",
            ),
            Self::Internal(_) | Self::Lasting(_) => INTERNAL,
            Self::IdempotencyReused
            | Self::IdempotencyOff
            | Self::IdempotencyFull
            | Self::IdempotencyTable(_) => self.idempotency(),
            Self::Conversion(_) | Self::Document(_) | Self::FunctionWrites(_) | Self::Denied(_) => {
                self.operation()
            }
            Self::Policy(_) => POLICY,
            conflict => conflict.conflict(),
        }
    }

    /// The same for what is wrong with a key, or with keys as such.
    fn idempotency(&self) -> (&'static str, Kind, &'static str) {
        match self {
            Self::IdempotencyOff => (
                "store.idempotency_off",
                Kind::Malformed,
                "this server keeps no outcomes: leave out idempotency-key, or set \
                 database.idempotency.hours",
            ),
            Self::IdempotencyFull => (
                "store.idempotency_full",
                Kind::Unavailable,
                "no further outcome can be kept now: try again later with the same key",
            ),
            Self::IdempotencyTable(_) => (
                "store.idempotency_table",
                Kind::Internal,
                "the table of idempotency keys cannot be made or used: create it as the guide \
                 says under repeated mutations, or leave out idempotency-key",
            ),
            _ => (
                "store.idempotency_reused",
                Kind::Conflict,
                "this idempotency-key was used for another request, or by other rights: nothing was \
                 done now; see what came of the first before you choose another key",
            ),
        }
    }

    /// The same for what only whoever runs the server can mend.
    fn operation(&self) -> (&'static str, Kind, &'static str) {
        let (code, message) = match self {
            Self::Conversion(_) => (
                "store.conversion",
                "a stored value is not of the type the schema declares",
            ),
            Self::Document(_) => (
                "store.document",
                "a stored document is not of the type the schema declares",
            ),
            Self::FunctionWrites(_) => (
                "store.function_writes",
                "a function of the database writes where it must only read",
            ),
            _ => (
                "store.denied",
                "the server lacks a right in the database, which its operator must grant",
            ),
        };
        (code, Kind::Internal, message)
    }

    /// The same for what the data itself refused.
    fn conflict(&self) -> (&'static str, Kind, &'static str) {
        let (code, message) = match self {
            Self::Unique(_) => ("store.unique", "a row with the same unique values exists"),
            Self::ForeignKey(_) => (
                "store.foreign_key",
                "the row refers to a missing row, or is still referred to",
            ),
            Self::NotNull(_) => ("store.not_null", "a required value is missing"),
            Self::Check(_) => (
                "store.check",
                "a value is not among those the database allows",
            ),
            Self::Rule(_) => (
                "store.check",
                "a trigger or a function of the database refuses it",
            ),
            _ => (
                "store.serialization",
                "a concurrent change stood in the way, try again",
            ),
        };
        (code, Kind::Conflict, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            key: None,
            input: None,
            told: None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if let Error::Unmet(fault) = error {
            return *fault;
        }
        let (code, kind, message) = error.public();
        match error {
            // The place is one of the schema, and what stands there is not shown.
            Error::Document(place) => Self::new(code, kind, format!("{message}: {place}")),
            _ => Self::new(code, kind, message),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        // What a step expects says itself which part of the input it is about.
        let is_expected = matches!(failure.error, Error::Unmet(_));
        let mut fault = Self::from(failure.error);
        if !is_expected && matches!(fault.kind, Kind::Conflict | Kind::Denied | Kind::Limit) {
            let told = failure.told.as_deref();
            fault = fault.within(failure.input.map(|part| place(part, told)));
        }
        if let Some(told) = failure.told {
            fault.message = told.message.into();
            fault = fault.called(told.code);
        }
        if fault.path.is_empty() {
            fault.under(failure.key)
        } else {
            fault
        }
    }
}

/// The place of a part, or of the member of it that stands in the way.
fn place(part: Part, told: Option<&Refusal>) -> String {
    let field = told
        .filter(|told| part.table == Some(told.of))
        .and_then(|told| told.field.as_ref())
        .filter(|field| part.members.contains(field));
    match field {
        Some(field) => format!("{}.{field}", part.place),
        None => part.place.into(),
    }
}
