//! Tests that test nothing, are switched off, or wait for the clock.

use super::Finding;
use super::files::Source;
use crate::rust::{Rust, is_test_attribute, lines};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};

/// Macros that can fail a test.
const FAILING: [&str; 4] = ["panic", "unreachable", "assert", "prop_assert"];

/// Methods and functions that can fail a test begin like this.
const CHECKING: [&str; 6] = [
    "assert",
    "check",
    "debug_assert",
    "expect",
    "unwrap",
    "verify",
];

/// More than one integration binary in a room: each links everything again.
pub(super) fn binaries(sources: &[Source]) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let parts: Vec<_> = source.path.split('/').collect();
        if let [room, "tests", name] = parts.as_slice()
            && let Some(first) = seen.insert(*room, *name)
        {
            let message = format!("a second integration binary beside {first}: make it a module");
            findings.push(Finding::new(&source.path, 1, message));
        }
    }
    findings
}

/// Tests without an assertion, in the files of one room: what a test calls may stand in another.
pub(super) fn functions(room: &[Rust]) -> Vec<Finding> {
    let mut all = Vec::new();
    for rust in room {
        let mut search = Functions {
            rust,
            all: Vec::new(),
        };
        search.visit_file(&rust.file);
        all.extend(search.all);
    }
    let asserting = asserting(&all);
    all.iter()
        .filter(|function| function.is_test && !asserting.contains(&function.name))
        .map(|function| {
            let message = format!(
                "the test `{}` asserts nothing: assert, or call what is named assert…, check…, verify…",
                function.name
            );
            Finding::new(function.path, function.line, message)
        })
        .collect()
}

/// Functions that can fail, on their own or by another of test code that they call.
fn asserting(all: &[Function]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    loop {
        let known = names.len();
        for function in all {
            if function.body.asserts || !function.body.calls.is_disjoint(&names) {
                names.insert(function.name.clone());
            }
        }
        if names.len() == known {
            return names;
        }
    }
}

/// Tests that are switched off, or pass by panicking anywhere.
pub(super) fn switches(rust: &Rust) -> Vec<Finding> {
    let mut search = Switches {
        path: rust.path,
        findings: Vec::new(),
    };
    search.visit_file(&rust.file);
    search.findings
}

/// Sleeping in test code: slow when it works, and it works by luck.
pub(super) fn sleeps(rust: &Rust) -> Vec<Finding> {
    let mut lines: Vec<_> = ["sleep", "sleep_until", "sleep_ms"]
        .iter()
        .flat_map(|name| rust.lines_saying(&[name, "("]))
        .filter(|line| rust.is_test(*line))
        .collect();
    lines.sort_unstable();
    lines
        .into_iter()
        .map(|line| {
            let message = "a sleep in a test: wait for the event itself, or pass the time in";
            Finding::new(rust.path, line, message)
        })
        .collect()
}

struct Functions<'a> {
    rust: &'a Rust<'a>,
    all: Vec<Function<'a>>,
}

struct Function<'a> {
    path: &'a str,
    name: String,
    line: usize,
    is_test: bool,
    body: Body,
}

impl Functions<'_> {
    fn add(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        block: &syn::Block,
    ) {
        let line = *lines(&signature.ident).start();
        if !self.rust.is_test(line) {
            return;
        }
        let mut body = Body::default();
        body.visit_block(block);
        self.all.push(Function {
            path: self.rust.path,
            name: signature.ident.to_string(),
            line,
            is_test: attributes.iter().any(is_test_attribute),
            body,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.attrs, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.attrs, &item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

struct Switches<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Switches<'_> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        for name in ["ignore", "should_panic"] {
            if attribute.path().is_ident(name) || is_conditional(attribute, name) {
                let message = format!("`#[{name}]`: let it run and assert, or remove it");
                self.findings
                    .push(Finding::new(self.path, *lines(attribute).start(), message));
            }
        }
    }
}

/// `#[cfg_attr(…, name)]`
fn is_conditional(attribute: &syn::Attribute, name: &str) -> bool {
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    let mut tokens = list.tokens.clone().into_iter();
    attribute.path().is_ident("cfg_attr") && tokens.any(|token| token.to_string() == name)
}

/// What a function's body does that could fail a test.
#[derive(Default)]
struct Body {
    asserts: bool,
    calls: BTreeSet<String>,
}

impl Body {
    fn call(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        self.asserts |= CHECKING.iter().any(|prefix| name.starts_with(prefix));
        self.calls.insert(name);
    }
}

impl<'ast> Visit<'ast> for Body {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(segment) = call.path.segments.last() {
            let name = segment.ident.to_string();
            self.asserts |= FAILING.iter().any(|prefix| name.starts_with(prefix));
        }
    }

    fn visit_expr_try(&mut self, _: &'ast syn::ExprTry) {
        self.asserts = true;
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(&call.method);
        visit::visit_expr_method_call(self, call);
    }

    // A path covers calls and functions handed over by name.
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(segment) = path.path.segments.last() {
            self.call(&segment.ident);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    fn hollow(files: &[(&str, &str)]) -> Vec<String> {
        let room: Vec<_> = files
            .iter()
            .map(|(path, text)| Rust::parse(path, text).unwrap())
            .collect();
        functions(&room).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_test_that_cannot_fail_is_found() {
        for body in [
            "",
            "let a = parse();",
            "println!(\"a\");",
            "if a { return; }",
        ] {
            let text = format!("#[test]\nfn a_thing_holds() {{ {body} }}\n");
            assert_eq!(hollow(&[("a.rs", &text)]).len(), 1, "{body}");
        }
        let text = "#[tokio::test]\nasync fn a() { run().await; }\nasync fn run() {}\n";
        assert_eq!(hollow(&[("a.rs", text)]).len(), 1);
    }

    #[test]
    fn a_test_that_can_fail_is_left_alone() {
        for body in [
            "assert_eq!(a, b);",
            "insta::assert_snapshot!(a);",
            "parse().unwrap();",
            "let a = parse()?; Ok(())",
            "cases().iter().for_each(check_case);",
            "run();",
        ] {
            let text =
                format!("#[test]\nfn a_thing_holds() {{ {body} }}\nfn run() {{ assert!(a) }}\n");
            assert!(hollow(&[("a/tests/it.rs", &text)]).is_empty(), "{body}");
        }
    }

    #[test]
    fn what_a_test_calls_may_stand_in_another_file_of_its_tests() {
        let test = (
            "a/tests/it.rs",
            "#[test]\nfn a_thing_holds() { database.until(1); }\n",
        );
        let waits = "impl Database { fn until(&self) { assert!(a) } }";
        assert!(hollow(&[test, ("a/tests/it/database.rs", waits)]).is_empty());
        assert_eq!(hollow(&[test, ("a/src/database.rs", waits)]).len(), 1);
    }

    #[test]
    fn a_test_switched_off_is_found() {
        for attribute in [
            "ignore",
            "ignore = \"slow\"",
            "should_panic",
            "cfg_attr(unix, ignore)",
        ] {
            let text = format!("#[test]\n#[{attribute}]\nfn a() {{ assert!(b) }}\n");
            assert_eq!(found(switches, "a.rs", &text).len(), 1, "{attribute}");
        }
    }

    #[test]
    fn a_sleep_is_found_in_test_code_only() {
        let text = "fn wait() { std::thread::sleep(a); }\n#[cfg(test)]\nmod tests {\n    fn a() { select! { _ = sleep(b) => {} } }\n}\n";
        let findings = found(sleeps, "model/src/a.rs", text);
        assert_eq!(findings.len(), 1);
        assert!(
            findings
                .iter()
                .all(|finding| finding.starts_with("model/src/a.rs:4: "))
        );
        assert!(
            found(
                sleeps,
                "model/tests/a.rs",
                "fn a() { sql(\"pg_sleep(1)\"); }"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_room_has_one_integration_binary() {
        let one = [
            Source::new("a/tests/suite.rs", ""),
            Source::new("a/tests/suite/b.rs", ""),
        ];
        assert!(binaries(&one).is_empty());
        let two = [
            Source::new("a/tests/one.rs", ""),
            Source::new("a/tests/two.rs", ""),
        ];
        assert_eq!(binaries(&two).len(), 1);
    }
}
