//! Trusted documents: operations that are compiled together with the schema, so that requests need but
//! name them.

mod findings;
mod gather;
mod given;
mod scripts;

use crate::access::Shape;
use crate::artefact::Hash;
use crate::config::Config;
use gather::Drafts;
use model::{Diagnostic, Level, Schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use given::given;

/// Longest id, in letters.
pub const ID_LENGTH_MAX: usize = 256;

/// A document whose writer is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The SHA-256 of its text, which is one of its ids.
    pub hash: Hash,
    /// The other ids by which requests name it, in order.
    pub ids: Vec<String>,
    /// Its text.
    pub text: String,
    /// Its operations, as they stand in it.
    pub operations: Vec<Operation>,
}

/// An operation of a trusted document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whether it is a mutation.
    pub writes: bool,
    /// What it is to those who may run it, in the order of their roles.
    pub scripts: Vec<Script>,
}

/// What an operation is to callers of some roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The roles, of which each by itself has it so; none where there are no rules.
    pub roles: Vec<String>,
    /// Its statements where every variable is given; nothing where they depend on how the values of
    /// variables are built, as conditions are.
    pub sql: Option<Vec<String>>,
}

/// A document as somebody wrote it, or a tool of theirs.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where its text stands, as the person named it.
    pub name: String,
    /// The ids that it is given.
    pub ids: Vec<String>,
    /// Its text.
    pub text: String,
    /// What is said of its one operation beside it.
    pub said: Option<Said>,
}

/// What a tool says of the operation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its name.
    pub name: String,
    /// Whether it is a mutation.
    pub writes: bool,
}

/// Documents that are valid, and what somebody should know about them.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// The documents, in the order of their hashes.
    pub documents: Vec<Document>,
    /// Findings that did not stop the work.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles documents for a schema, within the bounds that requests have.
///
/// The order of the sources does not matter to the result.
pub fn compile(
    schema: &Schema,
    sources: &[Source],
    config: &Config,
) -> Result<Compiled, Vec<Diagnostic>> {
    if sources.is_empty() {
        return Ok(Compiled::default());
    }
    let all = Shape::all(Arc::new(schema.clone()))
        .map_err(|problem| vec![Diagnostic::error("documents.schema", problem)])?;
    let all = Arc::new(all);
    let mut findings = Vec::new();
    let drafts = Drafts::of(sources, &all, config, &mut findings);
    if !findings.is_empty() {
        return Err(in_order(findings));
    }
    let documents = scripts::write(drafts, &all, config, &mut findings);
    let findings = in_order(findings);
    if findings.iter().any(|finding| finding.level == Level::Error) {
        return Err(findings);
    }
    Ok(Compiled {
        documents,
        warnings: findings,
    })
}

/// Findings by file and place.
fn in_order(mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings.sort_by_cached_key(|finding| {
        let place = finding.place.as_ref();
        place.map(|place| (place.file.clone(), place.span.start))
    });
    findings
}

/// What is wrong with the documents of an artefact, if anything is.
pub(crate) fn problem(documents: &[Document]) -> Option<String> {
    let hashes = documents.iter().map(|document| document.hash);
    if !hashes.is_sorted_by(|one, other| one < other) {
        return Some("its documents are not in order".to_owned());
    }
    let mut ids = BTreeSet::new();
    documents.iter().find_map(|document| {
        let hash = document.hash.to_string();
        if Hash::of(document.text.as_bytes()) != document.hash {
            return Some(format!("the document {hash} has another text"));
        }
        let mut own = document.ids.iter().chain([&hash]);
        let twice = own.find(|id| !ids.insert((*id).clone()));
        twice.map(|id| format!("it has two documents {id}"))
    })
}
