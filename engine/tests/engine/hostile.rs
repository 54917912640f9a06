//! Input nobody means well with: it is refused or read, never a panic and never slow.

use crate::show;
use engine::{Source, compile};
use model::Dialect;
use std::fmt::Write as _;

fn refusal(text: String) -> String {
    let source = Source {
        name: "bad.graphql".to_owned(),
        text,
    };
    let findings = compile(&[source], Dialect::Sqlite).expect_err("a refusal");
    for finding in &findings {
        let place = finding.place.as_ref();
        assert!(finding.message.len() < 1000, "{}", finding.message.len());
        assert!(place.is_none_or(|place| place.span.start <= place.span.end));
    }
    findings[0].code.to_owned()
}

#[test]
fn deep_nesting_is_refused() {
    let deep =
        |open: &str, close: &str| format!("{}a{}", open.repeat(100_000), close.repeat(100_000));
    assert_eq!(
        refusal(format!("type A @table {{ a: {} }}", deep("[", "]"))),
        "sdl.syntax"
    );
    assert_eq!(
        refusal(format!(
            "type A @table(key: {}) {{ a: Int }}",
            deep("[", "]")
        )),
        "sdl.syntax"
    );
    assert_eq!(
        refusal(format!(
            "type A @table(key: {}) {{ a: Int }}",
            deep("{a:", "}")
        )),
        "sdl.syntax"
    );
    assert_eq!(refusal(deep("{a", "}")), "sdl.syntax");
    assert_eq!(refusal("(".repeat(1_000_000)), "sdl.syntax");
}

#[test]
fn lists_in_lists_have_an_end() {
    let text = |levels: usize| {
        let list = format!("{}A{}", "[".repeat(levels), "]".repeat(levels));
        format!("type T @table {{ id: Int! @id a: {list} }} type A @json {{ a: {list} }}")
    };
    let schema = show::schema(&text(8), Dialect::Sqlite);
    let read = engine::artefact::read(&engine::artefact::write(&schema));
    assert_eq!(read.expect("our own").schema, schema);
    assert_eq!(refusal(text(9)), "sdl.list");
    assert_eq!(refusal(text(200)), "sdl.list");
}

#[test]
fn huge_names_are_refused_and_not_repeated() {
    let name = "x".repeat(1_000_000);
    assert_eq!(
        refusal(format!("type {name} @table {{ id: Int! @id }}")),
        "sdl.long_name"
    );
    assert_eq!(
        refusal(format!("type A @table {{ {name}: Int! @id }}")),
        "sdl.long_name"
    );
    assert_eq!(
        refusal(format!("type A @table {{ id: {name} @id }}")),
        "sdl.unknown_type"
    );
    assert_eq!(
        refusal(format!("type A @{name} {{ id: Int }}")),
        "sdl.unknown_directive"
    );
    assert_eq!(
        refusal(format!(
            "type A @table(name: \"{name}\") {{ id: Int! @id }}"
        )),
        "sdl.database_name"
    );
    assert_eq!(
        refusal(format!(
            "type A @table {{ id: Int! @id @column(type: \"{name}\") }}"
        )),
        "sdl.unknown_native"
    );
    assert_eq!(
        refusal(format!(
            "type A @table {{ id: Int! @id a: A @relation(fields: [\"{name}\"]) }}"
        )),
        "sdl.unknown_field"
    );
    assert_eq!(
        refusal(format!(
            "enum A {{ A @value(name: \"{name}\") }}\nenum {name} {{ B }}"
        )),
        "sdl.long_name"
    );
}

#[test]
fn bytes_that_are_no_text_of_ours_are_refused() {
    for text in [
        "\0",
        "type A\0 @table { id: Int! }",
        "\u{feff}\u{202e}",
        "💥",
        "\"\"\"",
        "\"\\u0000",
        "#",
        "",
    ] {
        let source = Source {
            name: String::new(),
            text: text.to_owned(),
        };
        // An empty file is an empty schema; what is broken has a place within the text.
        if let Err(findings) = compile(&[source], Dialect::Postgres) {
            let end = findings
                .iter()
                .filter_map(|finding| finding.place.as_ref())
                .map(|place| place.span.end)
                .max();
            assert!(
                end.is_none_or(|end| end <= text.len() + 1),
                "{text:?} {findings:?}"
            );
        }
    }
}

#[test]
fn every_prefix_of_a_schema_is_read_or_refused() {
    let text = "\"é\" type A @table(name: \"ä\", key: [\"id\"]) { id: Int! @id b: [B!]! @relation(inverse: \"a\") }\n\
                type B @table { id: Int! @id a: A @relation(fields: [\"id\"]) s: S }\nenum S @enum { X @value(name: \"x\") }";
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let source = Source {
            name: "a".to_owned(),
            text: text.get(..end).expect("a boundary").to_owned(),
        };
        let _ = compile(std::slice::from_ref(&source), Dialect::Postgres)
            .map_err(|findings| show::findings_of(&source.text, &findings));
    }
}

#[test]
fn relations_in_circles_resolve_or_are_refused() {
    let through = "type A @table { id: Int! @id a: [A!]! @relation(through: [\"a\", \"a\"]) b: [A!]! @relation(inverse: \"b\") }";
    assert_eq!(refusal(through.to_owned()), "sdl.relation_through");
}

#[test]
fn errors_without_end_are_cut_off() {
    let mut text = String::from("type A @table {\n  id: Int! @id\n");
    for index in 0..20_000 {
        writeln!(text, "  f{index}: Strin").expect("a string takes any text");
    }
    text.push('}');
    let source = Source {
        name: "a".to_owned(),
        text,
    };
    let findings = compile(&[source], Dialect::Sqlite).expect_err("unknown types");
    assert_eq!(findings.len(), 201);
    insta::assert_snapshot!(findings[200].message);
}
