//! A Rust source file as tidy and coverage see it.

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::ops::RangeInclusive;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A parsed file.
pub(crate) struct Rust<'a> {
    /// From the root of the repository, with slashes.
    pub(crate) path: &'a str,
    /// What it says.
    pub(crate) text: &'a str,
    /// Its items.
    pub(crate) file: syn::File,
    /// Its tokens in order, groups opened up.
    pub(crate) tokens: Vec<Token>,
    tests: Vec<RangeInclusive<usize>>,
}

/// A word or a mark, and the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// One-based.
    pub(crate) line: usize,
    /// An identifier, a punctuation mark, a bracket; empty for a literal.
    pub(crate) text: String,
}

impl<'a> Rust<'a> {
    /// Parses a file.
    pub(crate) fn parse(path: &'a str, text: &'a str) -> Result<Self> {
        let stream: TokenStream = text
            .parse()
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("{path} is not Rust"))?;
        let mut tokens = Vec::new();
        flatten(stream.clone(), &mut tokens);
        let file: syn::File =
            syn::parse2(stream).with_context(|| format!("{path} is not a Rust file"))?;
        let tests = test_lines(path, text, &file);
        Ok(Self {
            path,
            text,
            file,
            tokens,
            tests,
        })
    }

    /// Whether a line belongs to test code.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }

    /// Whether a run of tokens says `words`, wherever it starts; gives the lines.
    pub(crate) fn lines_saying(&self, words: &[&str]) -> Vec<usize> {
        self.tokens
            .windows(words.len())
            .filter(|window| {
                window
                    .iter()
                    .map(|token| token.text.as_str())
                    .eq(words.iter().copied())
            })
            .filter_map(|window| window.first().map(|token| token.line))
            .collect()
    }
}

/// Whether the whole file is for tests, going by where it stands.
pub(crate) fn is_test_file(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

fn test_lines(path: &str, text: &str, file: &syn::File) -> Vec<RangeInclusive<usize>> {
    if is_test_file(path) {
        return vec![1..=text.lines().count().max(1)];
    }
    let mut search = TestItems(Vec::new());
    search.visit_file(file);
    search.0
}

struct TestItems(Vec<RangeInclusive<usize>>);

impl<'ast> Visit<'ast> for TestItems {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if attributes(item).iter().any(is_for_tests) {
            self.0.push(lines(item));
        } else {
            visit::visit_item(self, item);
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`, `#[cfg(any(test, …))]`, `#[test]`, `#[tokio::test]`
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    if is_test_attribute(attribute) {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    let mut tokens = Vec::new();
    flatten(list.tokens.clone(), &mut tokens);
    let says = |word: &str| tokens.iter().any(|token| token.text == word);
    attribute.path().is_ident("cfg") && says("test") && !says("not")
}

/// `#[test]` of any crate.
pub(crate) fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
}

/// The lines of a piece of code, first to last.
pub(crate) fn lines(code: &impl Spanned) -> RangeInclusive<usize> {
    let span = code.span();
    span.start().line..=span.end().line
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |line, text: &str| {
            tokens.push(Token {
                line,
                text: text.to_owned(),
            });
        };
        match tree {
            TokenTree::Ident(word) => push(line, &word.to_string()),
            TokenTree::Punct(mark) => push(line, &mark.as_char().to_string()),
            TokenTree::Literal(_) => push(line, ""),
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                push(line, open);
                let end = group.span_close().start().line;
                flatten(group.stream(), tokens);
                tokens.push(Token {
                    line: end,
                    text: close.to_owned(),
                });
            }
        }
    }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_modules_and_test_functions_are_test_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[test]\nfn c() {}\n";
        let rust = Rust::parse("model/src/lib.rs", text).unwrap();
        let tests: Vec<_> = (1..=7).filter(|line| rust.is_test(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn code_for_anything_but_tests_is_not_test_code() {
        let rust = Rust::parse("model/src/lib.rs", "#[cfg(not(test))]\nfn a() {}\n").unwrap();
        assert!(!rust.is_test(2));
    }

    #[test]
    fn a_file_below_tests_is_test_code() {
        assert!(is_test_file("fragaria/tests/suite.rs"));
        assert!(is_test_file("engine/src/plan/tests.rs"));
        assert!(!is_test_file("engine/src/plan.rs"));
        assert!(!is_test_file("xtask/src/test.rs"));
    }

    #[test]
    fn runs_of_tokens_are_found_inside_macros_and_not_in_text() {
        let text = "fn a() {\n    vec![std::env::var(\"A\")];\n    b(\"env::var\");\n}\n";
        let rust = Rust::parse("model/src/lib.rs", text).unwrap();
        assert_eq!(rust.lines_saying(&["env", ":", ":", "var"]), [2]);
    }
}
