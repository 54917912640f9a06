//! Names that say nothing.

use super::{Finding, files};
use crate::rust::{Rust, lines};
use std::path::Path;
use syn::visit::{self, Visit};

const EMPTY: [&str; 8] = [
    "utils", "util", "helpers", "helper", "common", "manager", "impl", "v2",
];

/// A file or folder with an empty name, and `mod.rs`.
pub(super) fn of_file(path: &str) -> Vec<Finding> {
    if !files::has_extension(path, "rs") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if path.ends_with("/mod.rs") {
        let message = "`mod.rs`: name the file after its module, beside its folder";
        findings.push(Finding::new(path, 1, message));
    }
    let stem = Path::new(path).with_extension("");
    for part in stem.iter().filter_map(|part| part.to_str()) {
        findings.extend(complaint(part).map(|message| Finding::new(path, 1, message)));
    }
    findings
}

/// Definitions with empty names.
pub(super) fn of_items(rust: &Rust) -> Vec<Finding> {
    let mut search = Definitions {
        path: rust.path,
        findings: Vec::new(),
    };
    search.visit_file(&rust.file);
    search.findings
}

fn complaint(name: &str) -> Option<String> {
    let words = words(name);
    let empty = words.iter().find(|word| EMPTY.contains(&word.as_str()));
    if let Some(word) = empty {
        return Some(format!(
            "`{name}`: `{word}` says nothing, a noun is missing"
        ));
    }
    name.starts_with("new_")
        .then(|| format!("`{name}`: everything was new once, say what it is"))
}

/// The words of a name in either spelling, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        let starts = letter.is_uppercase() && after_small;
        if letter == '_' || letter == '-' || starts {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase() || letter.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Definitions<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Definitions<'_> {
    fn judge(&mut self, name: &syn::Ident) {
        if let Some(message) = complaint(&name.to_string()) {
            self.findings
                .push(Finding::new(self.path, *lines(name).start(), message));
        }
    }
}

impl<'ast> Visit<'ast> for Definitions<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(item) => self.judge(&item.ident),
            syn::Item::Enum(item) => self.judge(&item.ident),
            syn::Item::Macro(item) => item.ident.iter().for_each(|name| self.judge(name)),
            syn::Item::Mod(item) => self.judge(&item.ident),
            syn::Item::Static(item) => self.judge(&item.ident),
            syn::Item::Struct(item) => self.judge(&item.ident),
            syn::Item::Trait(item) => self.judge(&item.ident),
            syn::Item::Type(item) => self.judge(&item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        for member in &item.items {
            // The names in a trait's implementation are the trait's.
            match member {
                syn::ImplItem::Fn(function) if item.trait_.is_some() => {
                    self.visit_block(&function.block);
                }
                other => self.visit_impl_item(other),
            }
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.judge(&signature.ident);
        visit::visit_signature(self, signature);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        field.ident.iter().for_each(|name| self.judge(name));
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.judge(&variant.ident);
        visit::visit_variant(self, variant);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.judge(&pattern.ident);
        visit::visit_pat_ident(self, pattern);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn names_are_split_in_both_spellings() {
        assert_eq!(words("http_server"), ["http", "server"]);
        assert_eq!(words("PoolManager"), ["pool", "manager"]);
        assert_eq!(words("API_V2"), ["api", "v2"]);
        assert_eq!(words("commonmark"), ["commonmark"]);
    }

    #[test]
    fn files_with_empty_names_are_refused() {
        assert_eq!(of_file("engine/src/utils.rs").len(), 1);
        assert_eq!(of_file("engine/src/helpers/text.rs").len(), 1);
        assert_eq!(of_file("engine/src/plan/mod.rs").len(), 1);
        assert!(of_file("engine/src/plan.rs").is_empty());
        assert!(of_file("docs/common.md").is_empty());
    }

    #[test]
    fn definitions_with_empty_names_are_refused() {
        for text in [
            "struct PoolManager;",
            "fn parse_impl() {}",
            "fn a() { let new_value = 1; }",
            "mod common {}",
            "struct A { helper: u8 }",
            "enum A { V2 }",
            "impl A { fn new_plan() {} }",
            "fn a(helpers: u8) {}",
        ] {
            assert_eq!(found(of_items, "a.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn constructors_and_names_of_other_traits_are_left_alone() {
        for text in [
            "impl A { fn new() {} fn renew() {} }",
            "impl Layer for A { fn new_span(&self) {} }",
            "fn a() { tokio::common(); }",
        ] {
            assert!(found(of_items, "a.rs", text).is_empty(), "{text}");
        }
    }
}
