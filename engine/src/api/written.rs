//! SDL and what it defines, part by part: what two APIs write alike is parsed once and shared.

use super::text::Sdl;
use apollo_compiler::ast::{Definition, Document};
use apollo_compiler::parser::SourceMap;
use std::collections::HashMap;
use std::sync::Arc;

/// The definitions of a text.
#[derive(Debug)]
pub(super) struct Written {
    text: String,
    parts: Vec<Part>,
    sources: SourceMap,
}

/// One definition, or a few that stand together.
#[derive(Debug)]
struct Part {
    end: usize,
    definitions: Vec<Definition>,
}

impl Written {
    /// Parses a text, but for the parts that are known.
    ///
    /// An error is a name the compiler should have refused.
    pub(super) fn parse(sdl: Sdl, known: Option<&Self>) -> Result<Self, String> {
        let (text, ends) = sdl.into_parts();
        let known_parts: HashMap<_, _> = known.into_iter().flat_map(Self::parts).collect();
        let (mut fresh, mut parts) = (String::new(), Vec::with_capacity(ends.len()));
        for part in split(&text, &ends) {
            let shared = known_parts.get(part).copied();
            if shared.is_none() {
                fresh.push_str(part);
            }
            parts.push((shared, fresh.len()));
        }
        let parsed = if fresh.is_empty() {
            Document::new()
        } else {
            let parsed = Document::parse(fresh, "api.graphql");
            parsed.map_err(|invalid| invalid.errors.to_string())?
        };
        let mut sources = parsed.sources;
        if let Some(known) = known {
            let shared = known.sources.iter();
            let shared = shared.map(|(id, file)| (*id, Arc::clone(file)));
            Arc::make_mut(&mut sources).extend(shared);
        }
        let mut definitions = parsed.definitions.into_iter().peekable();
        let mut definitions_until = |end: usize| {
            let is_before = |definition: &Definition| {
                let place = definition.location();
                place.is_none_or(|place| place.offset() < end)
            };
            std::iter::from_fn(|| definitions.next_if(is_before)).collect()
        };
        let parts = parts.into_iter().zip(ends);
        let parts = parts.map(|((shared, fresh_end), end)| Part {
            end,
            definitions: shared.map_or_else(|| definitions_until(fresh_end), <[_]>::to_vec),
        });
        Ok(Self {
            parts: parts.collect(),
            text,
            sources,
        })
    }

    /// All that is defined.
    pub(super) fn document(&self) -> Document {
        let definitions = self.parts.iter().flat_map(|part| &part.definitions);
        Document {
            sources: Arc::clone(&self.sources),
            definitions: definitions.cloned().collect(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn parts(&self) -> impl Iterator<Item = (&str, &[Definition])> {
        let ends: Vec<_> = self.parts.iter().map(|part| part.end).collect();
        let texts: Vec<_> = split(&self.text, &ends).collect();
        let definitions = self.parts.iter().map(|part| part.definitions.as_slice());
        texts.into_iter().zip(definitions)
    }
}

fn split<'t>(text: &'t str, ends: &[usize]) -> impl Iterator<Item = &'t str> {
    let starts = std::iter::once(&0).chain(ends);
    starts
        .zip(ends)
        .map(|(start, end)| text.get(*start..*end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(types: &[&str], known: Option<&Written>) -> Written {
        let mut sdl = Sdl::default();
        sdl.line("scalar Date");
        for ty in types {
            sdl.describe("", Some("What has\\n\\n}\\n\\ninside."));
            sdl.last_line(ty);
        }
        Written::parse(sdl, known).unwrap()
    }

    #[test]
    fn what_is_written_alike_is_shared_and_stays_in_its_place() {
        let one = written(
            &["type A { b: B }", "type B { a: A }", "type C { a: A }"],
            None,
        );
        let types = [
            "type A { b: B }",
            "type B { a: A! }",
            "type C { a: A }",
            "type D { a: A }",
        ];
        let other = written(&types, Some(&one));
        let parsed = Document::parse(other.text(), "whole").unwrap();
        let (document, known) = (other.document(), one.document());
        assert_eq!(document.to_string(), parsed.to_string());
        let shares = |index: usize| {
            let sources = |document: &Document| document.definitions[index].location();
            sources(&document) == sources(&known)
        };
        assert_eq!([1, 2, 3].map(shares), [true, false, true]);
        let place = document.definitions[1].location().unwrap();
        assert!(place.line_column(&document.sources).is_some());
        let same = written(&types, Some(&other));
        assert_eq!(same.document().to_string(), document.to_string());
    }
}
