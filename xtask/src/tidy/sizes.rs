//! How long a file and a function may be.

use super::{Finding, exempt};
use crate::rust::{Rust, lines};
use syn::visit::{self, Visit};

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const FILE_BYTES: u64 = 2 * 1024 * 1024;

/// A committed file of more than two mebibytes.
pub(super) fn bytes(path: &str, bytes: u64) -> Vec<Finding> {
    if bytes <= FILE_BYTES || exempt::names(exempt::LARGE, path) {
        return Vec::new();
    }
    let message = format!(
        "{bytes} bytes, at most {FILE_BYTES}: generate it, or list it in tidy/exempt.rs with a reason"
    );
    vec![Finding::new(path, 1, message)]
}

/// A Rust file of too many lines.
pub(super) fn file(rust: &Rust) -> Vec<Finding> {
    let count = rust.text.lines().count();
    if count <= FILE_LINES || exempt::names(exempt::LONG, rust.path) {
        return Vec::new();
    }
    let message = format!("{count} lines, at most {FILE_LINES}: split it along its nouns");
    vec![Finding::new(rust.path, FILE_LINES + 1, message)]
}

/// Functions of too many lines, from `fn` to the closing brace.
pub(super) fn functions(rust: &Rust) -> Vec<Finding> {
    let mut search = Functions {
        path: rust.path,
        findings: Vec::new(),
    };
    search.visit_file(&rust.file);
    search.findings
}

struct Functions<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = *lines(&signature.fn_token).start();
        let count = *lines(body).end() + 1 - first;
        if count > FUNCTION_LINES {
            let message = format!(
                "`{}` has {count} lines, at most {FUNCTION_LINES}: name its parts",
                signature.ident
            );
            self.findings.push(Finding::new(self.path, first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.measure(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn a_large_file_is_refused() {
        assert!(bytes("a.bin", FILE_BYTES).is_empty());
        assert_eq!(bytes("a.bin", FILE_BYTES + 1).len(), 1);
    }

    #[test]
    fn a_file_of_601_lines_is_refused() {
        let text = "\n".repeat(FILE_LINES);
        assert!(found(file, "a.rs", &text).is_empty());
        let findings = found(file, "a.rs", &format!("{text}\n"));
        assert_eq!(
            findings,
            ["a.rs:601: 601 lines, at most 600: split it along its nouns"]
        );
    }

    #[test]
    fn functions_are_measured_wherever_they_are_written() {
        let long = |head: &str| format!("{head} {{\n{}}}\n", "\n".repeat(FUNCTION_LINES - 1));
        let fits = format!("fn f() {{\n{}}}\n", "\n".repeat(FUNCTION_LINES - 2));
        assert!(found(functions, "a.rs", &fits).is_empty());
        let places = [
            long("fn f()"),
            format!("impl A {{ {} }}", long("fn f()")),
            format!("trait A {{ {} }}", long("fn f()")),
            format!("mod a {{ {} }}", long("fn f()")),
        ];
        for text in places {
            let findings = found(functions, "a.rs", &text);
            assert_eq!(
                findings,
                ["a.rs:1: `f` has 71 lines, at most 70: name its parts"]
            );
        }
    }
}
