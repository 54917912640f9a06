//! How far what is asked leads on: through relations, and through types without rows.

use crate::api::Verb;

/// How many relations lead on from one another: from a row to those it has, and not back.
const DEPTH: usize = 1;

/// How many types without rows lead on from one another: pages, edges, figures, what is inside JSON.
const PARTS: usize = 4;

/// How far what is selected leads on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reach {
    pub(super) relations: usize,
    pub(super) parts: usize,
    /// Whether each column is looked at, and not one for all.
    pub(super) is_full: bool,
    /// Whether pages and figures of relations are asked for, too.
    pub(super) has_pages: bool,
}

impl Reach {
    pub(super) const FULL: Self = Self {
        relations: DEPTH,
        parts: PARTS,
        is_full: true,
        has_pages: true,
    };

    /// Rows as a change gives them back: what leads on from them is read as from any row.
    const OF_CHANGE: Self = Self {
        has_pages: false,
        ..Self::FULL
    };

    /// Rows alone.
    pub(super) const OF_ROWS: Self = Self {
        relations: 0,
        ..Self::FULL
    };

    /// How far what a root field shows leads on: where several show rows in one way, one of them does
    /// for all.
    pub(super) fn of(verb: Option<Verb>) -> Self {
        match verb {
            Some(Verb::List | Verb::Aggregate | Verb::Function(_)) | None => Self::FULL,
            Some(Verb::Create) => Self::OF_CHANGE,
            Some(_) => Self::OF_ROWS,
        }
    }

    /// What is left behind a relation.
    pub(super) fn related(self) -> Option<Self> {
        Some(Self {
            relations: self.relations.checked_sub(1)?,
            parts: PARTS,
            is_full: false,
            ..self
        })
    }

    /// What is left inside a type without rows.
    pub(super) fn inside(self) -> Option<Self> {
        Some(Self {
            parts: self.parts.checked_sub(1)?,
            ..self
        })
    }
}
