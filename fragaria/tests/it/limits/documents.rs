//! Bounds of a document and of its operation: what is just within is answered, one more is refused.

use super::{counted, logged, told};
use crate::project::Project;
use serde_json::{Value, json};

/// A bound of three, and what may be asked three times: `#` is its number.
struct Bound {
    key: &'static str,
    code: &'static str,
    what: &'static str,
    /// Around what is repeated.
    around: (&'static str, &'static str),
    repeated: &'static str,
}

const BOUNDS: [Bound; 8] = [
    Bound {
        key: "variables_max",
        code: "engine.variables",
        what: "the document has more than 3 variables",
        around: ("query (", ") { __typename }"),
        repeated: "$v#: Int ",
    },
    Bound {
        key: "directives_max",
        code: "engine.directives",
        what: "the document has more than 3 directives",
        around: ("{ products { id ", "} }"),
        repeated: "a#: id @skip(if: false) ",
    },
    Bound {
        key: "directives_max",
        code: "engine.directives",
        what: "the document has more than 3 directives",
        around: ("{ __typename } query B { ", " __typename }"),
        repeated: "... @include(if: true) { __typename } ",
    },
    Bound {
        key: "roots_max",
        code: "engine.roots",
        what: "the operation has more than 3 root fields",
        around: ("{ ", "}"),
        repeated: "a#: products(limit: 1) { id } ",
    },
    Bound {
        key: "roots_max",
        code: "engine.roots",
        what: "the operation has more than 3 root fields",
        around: ("{ ...F } fragment F on Query { ", "}"),
        repeated: "... on Query { a#: __typename } ",
    },
    Bound {
        key: "aliases_max",
        code: "engine.aliases",
        what: "the operation has more than 3 aliases",
        around: ("{ products { ", "} }"),
        repeated: "a#: name ",
    },
    Bound {
        key: "fields_max",
        code: "engine.fields",
        what: "the operation selects more than 3 fields",
        around: ("{ ", "}"),
        repeated: "a#: __typename @skip(if: true) ",
    },
    Bound {
        key: "fragments_max",
        code: "engine.fragments",
        what: "the document has more than 3 fragments",
        around: (
            "{ products { ...F0 ...F1 ...F2 ...F3 } } ",
            "fragment F3 on Product { id }",
        ),
        repeated: "fragment F# on Product { id } ",
    },
];

impl Bound {
    fn document(&self, times: usize) -> String {
        let repeated: String = (0..times)
            .map(|number| self.repeated.replace('#', &number.to_string()))
            .collect();
        format!("{}{repeated}{}", self.around.0, self.around.1)
    }
}

#[test]
fn a_document_is_answered_up_to_each_bound_and_refused_beyond_it() {
    let project = Project::small();
    for bound in &BOUNDS {
        let server = project.serve(&[&format!("limits.{}=3", bound.key)]).ready();
        let over = if bound.key == "fragments_max" { 3 } else { 4 };
        let within = bound.document(over - 1);
        let code = told(&server, &within, &json!({})).map(|(code, _)| code);
        let is_bound = code.as_deref() == Some(bound.code);
        assert!(!is_bound, "{within}: {code:?}");
        let refused = Some((bound.code.to_owned(), bound.what.to_owned()));
        assert_eq!(told(&server, &bound.document(over), &json!({})), refused);
        assert_eq!(counted(&server, bound.code), 1, "{}", bound.code);
        let mut lines = [logged(&server), logged(&server)];
        let line = lines[1].take();
        assert_eq!(line["code"], bound.code);
        assert_eq!(line["outcome"], "limit");
    }
}

#[test]
fn directives_are_bounded_in_one_place_before_anybody_looks_for_what_they_mean() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let with = |count: usize| format!("{{ products {{ id {} }} }}", "@a ".repeat(count));
    let code = |document: &str| told(&server, document, &json!({})).map(|(code, _)| code);
    assert_eq!(code(&with(4)).as_deref(), Some("engine.invalid"));
    for document in [
        with(5),
        "query ($a: Int @a @a @a @a @a) { __typename }".to_owned(),
        "query @a @a @a @a @a { __typename }".to_owned(),
        "{ ...F @a @a @a @a @a } fragment F on Query { __typename }".to_owned(),
        "{ ...F } fragment F on Query @a @a @a @a @a { __typename }".to_owned(),
        "{ ... @a @a @a @a @a { __typename } }".to_owned(),
    ] {
        assert_eq!(
            code(&document).as_deref(),
            Some("engine.directives_here"),
            "{document}"
        );
    }
}

#[test]
fn what_a_fragment_holds_is_counted_as_often_as_it_is_used() {
    let project = Project::small();
    let server = project.serve(&["limits.aliases_max=5"]).ready();
    let document = |fragment: &str| {
        format!(
            "{{ a: products {{ ...F ...F }} b: products {{ ...F }} }} fragment F on Product {fragment}"
        )
    };
    assert_eq!(told(&server, &document("{ x: id }"), &json!({})), None);
    let refused = told(&server, &document("{ x: id y: name }"), &json!({}));
    assert_eq!(refused.unwrap().0, "engine.aliases");
    let doubled = (0..40).map(|number| {
        let next = number + 1;
        format!(" fragment F{number} on Query {{ ...F{next} ...F{next} }}")
    });
    let doubled = doubled.collect::<Vec<_>>().concat();
    let document = format!("{{ ...F0 }} {doubled} fragment F40 on Query {{ __typename }}");
    assert_eq!(told(&server, &document, &json!({})), None);
}

#[test]
fn variables_are_bounded_by_their_bytes() {
    let project = Project::small();
    let server = project.serve(&["limits.variables_bytes_max=40"]).ready();
    let document = "query ($name: String) { products(where: { name: { eq: $name } }) { id } }";
    let named = |length: usize| json!({ "name": "x".repeat(length) });
    assert_eq!(told(&server, document, &named(29)), None);
    let message = "the variables have more than 40 bytes".to_owned();
    let refused = Some(("engine.variables_bytes".to_owned(), message));
    assert_eq!(told(&server, document, &named(30)), refused);
    assert_eq!(counted(&server, "engine.variables_bytes"), 1);
    let unused = json!({ "other": Value::String("x".repeat(40)) });
    assert_eq!(told(&server, "{ __typename }", &unused), refused);
}
