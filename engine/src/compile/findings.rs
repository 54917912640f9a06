//! What the stages have found so far.

use super::Source;
use apollo_compiler::parser::{FileId, SourceSpan};
use model::{Diagnostic, Place};
use std::collections::HashMap;

/// Findings with their places.
#[derive(Default)]
pub(super) struct Findings {
    files: HashMap<FileId, String>,
    errors: Bounded,
    warnings: Bounded,
}

/// A list that stops growing.
#[derive(Default)]
struct Bounded {
    list: Vec<Diagnostic>,
    left_out: usize,
}

impl Findings {
    /// Makes a parsed file known by the name its person gave it.
    pub(super) fn name_file(&mut self, id: FileId, name: &str) {
        self.files.insert(id, name.to_owned());
    }

    /// Whether a place is in a file of the person, not in what we add to it.
    pub(super) fn is_theirs(&self, span: Option<SourceSpan>) -> bool {
        span.is_some_and(|span| self.files.contains_key(&span.file_id()))
    }

    /// How many errors there are so far.
    pub(super) fn error_count(&self) -> usize {
        self.errors.list.len() + self.errors.left_out
    }

    /// Adds an error at a place; `error` is asked only while there is room.
    pub(super) fn add(&mut self, span: Option<SourceSpan>, error: impl FnOnce() -> Diagnostic) {
        let place = self.place(span);
        self.errors.push(place, error);
    }

    /// Adds a warning at a place; `warning` is asked only while there is room.
    pub(super) fn warn(&mut self, span: Option<SourceSpan>, warning: impl FnOnce() -> Diagnostic) {
        let place = self.place(span);
        self.warnings.push(place, warning);
    }

    /// The place of a span, where it is in a file of the person.
    pub(super) fn place(&self, span: Option<SourceSpan>) -> Option<Place> {
        let span = span?;
        let file = self.files.get(&span.file_id())?.clone();
        Some(Place {
            file,
            span: span.offset()..span.end_offset(),
        })
    }

    /// The findings by file, in the order the files were given, and by place.
    pub(super) fn into_sorted(self, sources: &[Source]) -> Vec<Diagnostic> {
        let position = |finding: &Diagnostic| {
            let place = finding.place.as_ref()?;
            let file = sources.iter().position(|source| source.name == place.file);
            Some((file, place.span.start))
        };
        let (errors, warnings) = (self.errors.left_out, self.warnings.left_out);
        let mut list = self.errors.list;
        list.extend(self.warnings.list);
        list.sort_by_cached_key(|finding| (position(finding).is_none(), position(finding)));
        list.dedup();
        if errors > 0 {
            list.push(Diagnostic::error(
                "sdl.more",
                format!("and {errors} more {}", plural(errors, "error")),
            ));
        }
        if warnings > 0 {
            list.push(Diagnostic::warning(
                "sdl.more",
                format!("and {warnings} more {}", plural(warnings, "warning")),
            ));
        }
        list
    }
}

fn plural(count: usize, word: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{word}{end}")
}

impl Bounded {
    /// Nobody reads more than this, and looking for near names takes time.
    const MAX: usize = 200;

    fn push(&mut self, place: Option<Place>, finding: impl FnOnce() -> Diagnostic) {
        if self.list.len() < Self::MAX {
            self.list.push(Diagnostic { place, ..finding() });
        } else {
            self.left_out += 1;
        }
    }
}
