//! What is made of an API on use is what the whole has.

use super::*;
use apollo_compiler::validation::DiagnosticList;

/// Holds each type and each root field that is made by itself against the whole.
pub(crate) fn made_as_in_the_whole(api: &Api) {
    let whole = api.whole().unwrap();
    for (name, known) in &whole.types.types {
        if matches!(name.as_str(), "Query" | "Mutation") {
            let fields = &known.as_object().unwrap().fields;
            for (field, known) in fields {
                assert_eq!(api.root_field(name, field), Some(known), "{name}.{field}");
            }
            assert_eq!(api.root_field(name, "nothing"), None);
            continue;
        }
        assert_eq!(api.ty(name), Some(known), "{name}");
        assert_eq!(api.ty(&format!("{name}Nothing")), None);
        for of in whole.types.types.keys() {
            let is = whole.types.is_subtype(of, name);
            assert_eq!(api.is_subtype(of, name), is, "{of} {name}");
        }
    }
    let has = whole.types.schema_definition.mutation.is_some();
    assert_eq!(api.shell().schema_definition.mutation.is_some(), has);
    let interfaces = whole.types.types.values();
    for interface in interfaces.filter(|ty| ty.is_interface() && ty.name() != "Node") {
        let known = &whole.implementers[interface.name()].objects;
        let mut possible = api.possible(interface.name());
        let mut known: Vec<_> = known.iter().cloned().collect();
        possible.sort();
        known.sort();
        assert_eq!(possible, known);
        // Nothing but the interface is named, and it shares its objects with the one of all.
        let name = interface.name();
        let text = format!("{{ node(id: \"a\") {{ ... on {name} {{ __typename }} }} }}");
        let document = Document::parse(text, "document").unwrap();
        let whole = document.to_executable_validate(&whole.types).is_ok();
        let touched = document.to_executable_validate(&api.touched(&document));
        assert_eq!(touched.is_ok(), whole, "{name}");
    }
}

/// Holds what is found wrong with a document, and with some that are like it, against what the whole finds.
pub(crate) fn refused_as_by_the_whole(api: &Api, text: &str) {
    let whole = api.whole().unwrap();
    let words: Vec<_> = text
        .split_inclusive(|c: char| !c.is_alphanumeric())
        .collect();
    for (index, word) in words.iter().enumerate() {
        if !word.starts_with(|c: char| c.is_alphabetic()) || index % 7 > 1 {
            continue;
        }
        let end = word.trim_start_matches(|c: char| c.is_alphanumeric());
        for other in ["nothing", "id", "Node", "Query", "where", "__typename"] {
            let changed = format!("{other}{end}");
            let mut words = words.clone();
            words[index] = &changed;
            let text = words.concat();
            let Ok(document) = Document::parse(text.as_str(), "document") else {
                continue;
            };
            let told = |errors: &DiagnosticList| {
                let told = errors.iter();
                let told = told.map(|it| (it.error.to_string(), it.line_column_range()));
                told.collect::<Vec<_>>()
            };
            let types = api.touched(&document);
            let touched = document.to_executable_validate(&types);
            let all = document.to_executable_validate(&whole.types);
            let touched = touched.map_or_else(|it| told(&it.errors), |_| Vec::new());
            let all = all.map_or_else(|it| told(&it.errors), |_| Vec::new());
            assert_eq!(touched, all, "{text}");
        }
    }
}
