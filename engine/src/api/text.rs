//! SDL, written a line at a time.

/// The member of a definition that has none of its own; GraphQL knows no empty ones.
const NOTHING: &str = "  \"There is nothing here.\"\n  _";

/// SDL text under construction.
#[derive(Default)]
pub(crate) struct Sdl(String);

impl Sdl {
    /// A whole definition or member on a line of its own.
    pub(crate) fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A description, if there is one.
    pub(crate) fn describe(&mut self, indent: &str, description: Option<&str>) {
        if let Some(description) = description {
            let escaped = description.replace("\"\"\"", "\\\"\"\"");
            self.line(&format!(
                "{indent}\"\"\"\n{indent}{}\n{indent}\"\"\"",
                clean(&escaped)
            ));
        }
    }

    /// A definition with members between braces.
    pub(crate) fn block(&mut self, head: &str, members: impl IntoIterator<Item = String>) {
        self.line(&format!("{head} {{"));
        let mut is_empty = true;
        for member in members {
            is_empty = false;
            self.line(&format!("  {member}"));
        }
        if is_empty {
            let ty = if head.starts_with("enum ") {
                ""
            } else {
                ": Boolean"
            };
            self.line(&format!("{NOTHING}{ty}"));
        }
        self.line("}\n");
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// Control characters have no place in a description.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control() || *character == '\n')
        .collect()
}
