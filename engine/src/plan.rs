//! An operation and the structure of its variables become a plan: statements, what their
//! parameters are bound to, and how the rows are written.

pub(crate) mod advice;
mod aggregate;
mod bounds;
mod document;
pub(crate) mod explain;
mod filter;
mod footprint;
mod function;
pub(crate) mod given;
mod introspection;
mod keyset;
mod order;
mod page;
mod planner;
mod read;
mod selection;
mod shield;
mod statement;
mod variant;
mod weight;
mod write;

pub(crate) use function::receiver_arguments;
pub(crate) use planner::{plan, plan_with_wants};
pub(crate) use statement::Draft;

use crate::input::Source;
use apollo_compiler::parser::SourceSpan;
use model::{Dialect, Parameter, Script, Value, Weight};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A plan: everything about a request but its values.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) script: Arc<Script>,
    /// For each step, what its parameters are given.
    pub(crate) wishes: Vec<Vec<Wish>>,
    /// What was asked for and no statement needs: it must be valid nevertheless.
    pub(crate) unplaced: Vec<Wish>,
    /// The weight without looking at values.
    pub(crate) weight: Weight,
    /// Parameters (step, slot) that bound the rows of a list; one above the shared limit makes
    /// the plan unbounded.
    pub(crate) limits: Vec<(usize, usize)>,
    /// Whether its answers may be kept.
    pub(crate) keeping: Option<Keeping>,
}

/// By what answers of a plan may be kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The number of the plan: no other plan has it as long as the process lives, of whatever artefact.
    pub plan: u64,
    /// For at most so many seconds.
    pub max_age_s: u32,
}

impl Keeping {
    /// Keeps answers of one more plan.
    fn of_next(max_age_s: u32) -> Self {
        static PLANS: AtomicU64 = AtomicU64::new(0);
        Self {
            plan: PLANS.fetch_add(1, Ordering::Relaxed),
            max_age_s,
        }
    }
}

impl Plan {
    /// The memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        weight::plan(self)
    }
}

/// How rows are inserted that could be together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inserts {
    /// In as few statements as can be.
    Together,
    /// Each by a statement of its own, so that an error names its row.
    Apart,
}

/// Where in the document something is asked for.
pub(crate) type Place = Option<SourceSpan>;

/// What a parameter is given, and which field asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) slot: Slot,
    pub(crate) place: Place,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A value of the request.
    Bound(Binding),
    /// Values kept by earlier steps.
    Kept { steps: Vec<usize>, column: usize },
    /// A column of the one row kept by an earlier step.
    KeptOne { step: usize, column: usize },
    /// Whole rows kept by earlier steps, for databases without list parameters.
    KeptRows { steps: Vec<usize> },
}

/// A value of the request and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Binding {
    pub(crate) parameter: Parameter,
    pub(crate) source: Source,
    pub(crate) form: Form,
}

/// What is done with a value before it is bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Plain,
    /// A decimal for a column of that name, which keeps so many digits after the point.
    Scaled(u16, Box<str>),
    /// A `LIKE` pattern as the client wrote it.
    Pattern,
    /// What such a pattern begins with: all before its first wildcard.
    Prefix,
    /// Text turned into a `LIKE` pattern that matches it at the start, at the end, or anywhere.
    StartsWith,
    EndsWith,
    Contains,
    /// A list whose items are compared each with each, and which of them it is in its statement: it
    /// counts as often as it is compared.
    Set(usize),
    /// What somebody searches for, in the words of that database.
    Search(Dialect),
    /// The name of a member turned into MariaDB's path to it.
    MemberPath,
    /// A number of rows: not negative, and at most that many if there is a bound.
    Count(Option<i64>),
    /// The key of a hash of texts in a column of that name, as RFC 2104 has it for its inner or its
    /// outer round.
    HashKey {
        outer: bool,
        column: Box<str>,
    },
    /// One row more than such a number.
    CountAndOne(Option<i64>),
    /// An item of a list; the last one again where the list is shorter.
    Item(usize),
    /// One value out of a cursor.
    Cursor(Arc<CursorPart>),
    /// A discriminator: one of these.
    Known(Arc<Known>),
}

/// What a discriminator may be.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    /// Its place in the input.
    pub(crate) input: Box<str>,
    /// The type whose rows it tells apart.
    pub(crate) type_name: Box<str>,
    /// Values, and their names in the API.
    pub(crate) values: Vec<(Value, Box<str>)>,
}

/// Pairs of (label in the database, name in the API).
type Labels = Arc<[(Box<str>, Box<str>)]>;

/// Where a value stands in a cursor, and what cursors must look like there.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct CursorPart {
    /// What the cursor begins with: the mark of the order it was made for.
    pub(crate) mark: String,
    /// Names of enum values and their labels, where the value is one.
    pub(crate) labels: Option<Labels>,
    /// Position among the values, and how many there are.
    pub(crate) position: usize,
    pub(crate) count: usize,
    pub(crate) nullable: bool,
}
