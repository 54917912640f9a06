//! Which column types are tried.

use crate::mend;
use anyhow::Result;
use model::Dialect;
use verify::natives::{Native, natives};

/// Column types.
pub(super) struct Scope {
    /// Those that are tried.
    pub(super) natives: Vec<Native>,
    /// Those that are served and that the matrix does not know, where all are wanted.
    pub(super) unknown: Vec<String>,
}

impl Scope {
    /// All column types of a database, or those that are named.
    pub(super) fn of(dialect: Dialect, names: &[String]) -> Result<Self> {
        let all = natives(dialect);
        let is_named = |native: &Native, name: &String| [native.text, native.of].contains(&&**name);
        let is_unknown = |name: &&String| all.iter().all(|native| !is_named(native, name));
        if let Some(name) = names.iter().find(is_unknown) {
            let mut known: Vec<_> = all.iter().map(|native| native.text).collect();
            known.dedup();
            return Err(mend::failure(
                format!("the matrix has no columns of type {name:?} on this database"),
                format!("it has {}", known.join(", ")),
            ));
        }
        if names.is_empty() {
            let unknown = unknown(dialect, &all);
            return Ok(Self {
                natives: all,
                unknown,
            });
        }
        let is_wanted = |native: &Native| names.iter().any(|name| is_named(native, name));
        Ok(Self {
            natives: all.into_iter().filter(is_wanted).collect(),
            unknown: Vec::new(),
        })
    }
}

/// Column types that are served and that the matrix does not know.
fn unknown(dialect: Dialect, all: &[Native]) -> Vec<String> {
    let known: Vec<_> = all
        .iter()
        .map(|native| (native.of, native.kind.to_string()))
        .collect();
    let served = engine::natives(dialect).into_iter();
    let served = served.flat_map(|(text, scalars)| {
        let scalars = scalars.into_iter();
        scalars.map(move |scalar| (text, scalar.to_string()))
    });
    // An enum of MariaDB is served as one of the API.
    served
        .filter(|of| !known.contains(of) && of.0 != "enum")
        .map(|(text, scalar)| format!("{text} as {scalar}"))
        .collect()
}
