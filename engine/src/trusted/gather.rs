//! Documents are told apart by their ids, and each operation of theirs is validated.

use super::findings::{of_source, place};
use super::{ID_LENGTH_MAX, Source};
use crate::access::Shape;
use crate::artefact::Hash;
use crate::config::Config;
use crate::prepare::{operation, operations};
use model::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A document before its statements are written.
pub(super) struct Draft<'s> {
    pub(super) source: &'s Source,
    pub(super) ids: BTreeSet<String>,
    /// The names of its operations, and whether each is a mutation.
    pub(super) operations: Vec<(Option<String>, bool)>,
}

/// Documents by the hashes of their texts.
pub(super) struct Drafts<'s>(pub(super) BTreeMap<Hash, Draft<'s>>);

impl<'s> Drafts<'s> {
    /// Gathers and validates documents: what stands in several sources is one.
    pub(super) fn of(
        sources: &'s [Source],
        all: &Arc<Shape>,
        config: &Config,
        findings: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut drafts = Self(BTreeMap::new());
        let mut ordered: Vec<_> = sources.iter().collect();
        ordered.sort_by_key(|source| &source.name);
        for source in &ordered {
            let hash = Hash::of(source.text.as_bytes());
            let draft = drafts.0.entry(hash).or_insert_with(|| Draft {
                source,
                ids: BTreeSet::new(),
                operations: Vec::new(),
            });
            for id in &source.ids {
                match unfit(id, hash) {
                    Some(finding) => findings.push(place(finding, source, None)),
                    None => draft
                        .ids
                        .extend((*id != hash.to_string()).then(|| id.clone())),
                }
            }
        }
        drafts.are_told_apart(findings);
        for draft in drafts.0.values_mut() {
            draft.operations = validated(draft.source, all, config, findings);
        }
        for source in ordered {
            said(source, &drafts, findings);
        }
        drafts
    }

    /// Two documents of one id would be one by chance.
    fn are_told_apart(&self, findings: &mut Vec<Diagnostic>) {
        let mut known: BTreeMap<String, &Source> = BTreeMap::new();
        for (hash, draft) in &self.0 {
            for id in draft.ids.iter().cloned().chain([hash.to_string()]) {
                let Some(first) = known.insert(id.clone(), draft.source) else {
                    continue;
                };
                let what = format!(
                    "{id} is the id of two documents, here and in {}",
                    first.name
                );
                let finding = Diagnostic::error("documents.same_id", what)
                    .help("give each document an id of its own, or remove one of them");
                findings.push(place(finding, draft.source, None));
            }
        }
    }
}

/// Why an id cannot be that of a document of this hash.
fn unfit(id: &str, hash: Hash) -> Option<Diagnostic> {
    let finding = |what: String| Diagnostic::error("documents.id", what);
    if id.is_empty() || id.len() > ID_LENGTH_MAX || id.contains(char::is_control) {
        let help = format!("an id has 1 to {ID_LENGTH_MAX} bytes, and no control characters");
        return Some(finding("this cannot be the id of a document".to_owned()).help(help));
    }
    let stated = match id.strip_prefix("sha256:") {
        Some(stated) => stated,
        // Clients that register documents by their hashes are given it by the hash alone.
        None => id.parse::<Hash>().is_ok().then_some(id)?,
    };
    (stated != hash.to_string()).then(|| {
        finding(format!(
            "the SHA-256 of this document is {hash}, and its id says {stated}"
        ))
        .help("have the tool write the manifest again")
    })
}

/// The operations of a document, each of which is valid for somebody held to no rules.
fn validated(
    source: &Source,
    all: &Arc<Shape>,
    config: &Config,
    findings: &mut Vec<Diagnostic>,
) -> Vec<(Option<String>, bool)> {
    let operations = match operations(config, &source.text) {
        Ok(operations) => operations,
        Err(faults) => {
            findings.extend(faults.iter().map(|fault| of_source(fault, source)));
            return Vec::new();
        }
    };
    if operations.is_empty() {
        let finding = Diagnostic::error("documents.no_operation", "the document has no operation");
        let help = "each document has its operations, and all the fragments that they use";
        findings.push(place(finding.help(help), source, None));
    }
    for (name, _) in &operations {
        let made = operation(
            Arc::clone(all),
            (config, true),
            0,
            &source.text,
            name.as_deref(),
        );
        if let Err(faults) = made {
            // Mistakes of the document are found again for each of its operations.
            let told = faults.iter().map(|fault| of_source(fault, source));
            let told: Vec<_> = told.filter(|finding| !findings.contains(finding)).collect();
            findings.extend(told);
        }
    }
    operations
}

/// What a tool says of a document must be so.
fn said(source: &Source, drafts: &Drafts<'_>, findings: &mut Vec<Diagnostic>) {
    let draft = drafts.0.get(&Hash::of(source.text.as_bytes()));
    let (Some(said), Some(draft)) = (&source.said, draft) else {
        return;
    };
    let is_so = |(name, writes): &(Option<String>, bool)| {
        name.as_deref().unwrap_or_default() == said.name && *writes == said.writes
    };
    if draft.operations.is_empty() || draft.operations.iter().any(is_so) {
        return;
    }
    let kind = if said.writes { "mutation" } else { "query" };
    let what = format!(
        "the manifest says {kind} {:?}, and the document has none",
        said.name
    );
    let finding = Diagnostic::error("documents.said", what);
    findings.push(place(
        finding.help("have the tool write the manifest again"),
        source,
        None,
    ));
}
