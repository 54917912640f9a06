//! Where the parts of a schema are declared, for findings of those who see no file.

use super::Source;
use super::directive::word;
use super::forms;
use super::parse;
use apollo_compiler::Name;
use apollo_compiler::ast::{Definition, Document};
use apollo_compiler::parser::SourceSpan;
use model::{Diagnostic, Place};
use std::collections::BTreeMap;

/// Gives findings the place of what they are about, in the files that a schema was compiled from.
pub fn locate(findings: &mut [Diagnostic], sources: &[Source]) {
    let is_lost = |finding: &Diagnostic| finding.place.is_none() && finding.about.is_some();
    if !findings.iter().any(is_lost) {
        return;
    }
    let places = Places::of(sources);
    for finding in findings.iter_mut().filter(|finding| is_lost(finding)) {
        let about = finding.about.as_deref();
        finding.place = about.and_then(|part| places.find(part));
    }
}

/// What a finding that is about a role calls this part of the schema.
pub fn part_of_role(name: &str) -> String {
    format!("@role {name}")
}

/// The place of each part, under its name.
#[derive(Default)]
struct Places(BTreeMap<String, Place>);

impl Places {
    fn of(sources: &[Source]) -> Self {
        let mut places = Self::default();
        for source in sources {
            let parsed = parse::parser().parse_ast(&source.text, &source.name);
            // They were compiled, so there is nothing wrong with them that would have to be told.
            let document = parsed.unwrap_or_else(|failure| failure.partial);
            places.gather(&document, &source.name);
        }
        places
    }

    fn gather(&mut self, document: &Document, file: &str) {
        for definition in &document.definitions {
            for role in definition.directives().get_all("role") {
                if let Some(name) = word(role, "name") {
                    self.add(part_of_role(name.text), role.location(), file);
                }
            }
            let Some(name) = definition.name() else {
                continue;
            };
            if !definition.is_extension_definition() {
                self.add(name.to_string(), name.location(), file);
            }
            for member in members(definition) {
                self.add(format!("{name}.{member}"), member.location(), file);
            }
        }
    }

    fn add(&mut self, part: String, span: Option<SourceSpan>, file: &str) {
        let place = span.map(|span| Place {
            file: file.to_owned(),
            span: span.offset()..span.end_offset(),
        });
        if let Some(place) = place {
            self.0.entry(part).or_insert(place);
        }
    }

    /// The place of a part. A field may be declared by one of the types of its table; then it is
    /// that of the table.
    fn find(&self, part: &str) -> Option<Place> {
        let owner = part.split('.').next().unwrap_or(part);
        self.0.get(part).or_else(|| self.0.get(owner)).cloned()
    }
}

/// The names of the fields and the values of a definition.
fn members(definition: &Definition) -> impl Iterator<Item = &Name> {
    let fields = forms::fields(definition).map(|field| &field.name);
    fields.chain(forms::values(definition).map(|value| &value.value))
}
