//! What becomes of the documents that clients name by their ids.

use super::{Change, Changes};
use crate::trusted::Document;
use std::collections::BTreeSet;

/// Lists what changes for clients that name trusted documents.
pub fn diff_documents(old: &[Document], new: &[Document]) -> Vec<Change> {
    let mut changes = Changes::default();
    let (before, after) = (ids(old), ids(new));
    for document in old {
        let same = new.iter().find(|other| other.hash == document.hash);
        let is_renewed = document.ids.iter().any(|id| after.contains(id.as_str()));
        match same {
            Some(other) => compare(document, other, &mut changes),
            None if is_renewed => {
                let what = "its text changes; clients that name it by its hash are refused";
                changes.breaking(at(document), what);
            }
            None => changes.breaking(at(document), "the document is removed"),
        }
    }
    let is_known = |document: &Document| {
        let mut ids = document.ids.iter().map(String::as_str);
        old.iter().any(|other| other.hash == document.hash) || ids.any(|id| before.contains(id))
    };
    for document in new.iter().filter(|document| !is_known(document)) {
        changes.safe(at(document), "the document is new");
    }
    changes.list.sort();
    changes.list
}

/// What becomes of a document whose text stays.
fn compare(old: &Document, new: &Document, changes: &mut Changes) {
    for id in old.ids.iter().filter(|id| !new.ids.contains(id)) {
        let what = format!("it is no longer named {id}");
        changes.breaking(at(old), what);
    }
    for id in new.ids.iter().filter(|id| !old.ids.contains(id)) {
        changes.safe(at(old), format!("it is named {id} too"));
    }
    let (before, after) = (runners(old), runners(new));
    for (operation, role) in before.difference(&after) {
        let what = format!("callers of the role {role} may no longer run {operation}");
        changes.breaking(at(old), what);
    }
    for (operation, role) in after.difference(&before) {
        changes.safe(
            at(old),
            format!("callers of the role {role} may run {operation}"),
        );
    }
}

/// The operations of a document and the roles that may run them.
fn runners(document: &Document) -> BTreeSet<(String, &str)> {
    let operations = document.operations.iter();
    let runners = operations.flat_map(|operation| {
        let named = operation.name.as_ref();
        let named = named.map_or("it".to_owned(), |name| format!("its operation {name}"));
        let roles = operation.scripts.iter().flat_map(|script| &script.roles);
        roles.map(move |role| (named.clone(), role.as_str()))
    });
    runners.collect()
}

fn ids(documents: &[Document]) -> BTreeSet<&str> {
    let ids = documents.iter().flat_map(|document| &document.ids);
    ids.map(String::as_str).collect()
}

/// A document as it is told of: by its first id, or else its hash.
fn at(document: &Document) -> String {
    let first = document.ids.first().cloned();
    let name = first.unwrap_or_else(|| document.hash.to_string());
    format!("document {name}")
}
