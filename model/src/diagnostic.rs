//! What a person is told about a file they wrote.

use std::ops::Range;

/// A finding about a source text, with the place and the mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, `sdl.unknown_directive`.
    pub code: &'static str,
    /// Whether it stops the work.
    pub level: Level,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// The part of a schema it is about, `Order`, `Order.total` or `@role clerk`, if it is about one.
    pub about: Option<String>,
    /// Where, if it is about one place.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A stretch of bytes in a named source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the person named it.
    pub file: String,
    /// Byte offsets into that file.
    pub span: Range<usize>,
}

/// Whether a finding stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The work cannot go on.
    Error,
    /// The work goes on; somebody should look.
    Warning,
}

impl Diagnostic {
    /// An error without place or help.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            level: Level::Error,
            message: message.into(),
            about: None,
            place: None,
            help: None,
        }
    }

    /// A warning without place or help.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same finding, at a place.
    pub fn at(mut self, file: impl Into<String>, span: Range<usize>) -> Self {
        self.place = Some(Place {
            file: file.into(),
            span,
        });
        self
    }

    /// The same finding, about a part of a schema unless a narrower one is known.
    pub fn about(mut self, part: &str) -> Self {
        self.about.get_or_insert_with(|| part.to_owned());
        self
    }

    /// The same finding, with its mend.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_an_error_that_lets_the_work_go_on() {
        let warning = Diagnostic::warning("sdl.scale", "no scale")
            .at("a.graphql", 3..7)
            .help("add one");
        assert_eq!(warning.level, Level::Warning);
        assert_eq!(
            warning.place.map(|place| (place.file, place.span)),
            Some(("a.graphql".to_owned(), 3..7))
        );
        assert_eq!(warning.help.as_deref(), Some("add one"));
        assert_eq!(
            Diagnostic::error("sdl.scale", "no scale").level,
            Level::Error
        );
    }
}
