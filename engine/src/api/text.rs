//! SDL, written a line at a time.

/// The member of a definition that has none of its own; GraphQL knows no empty ones.
const NOTHING: &str = "  \"There is nothing here.\"\n  _";

/// SDL text under construction.
#[derive(Default)]
pub(crate) struct Sdl {
    text: String,
    /// Where one part ends and the next begins: each is one definition, or a few.
    ends: Vec<usize>,
}

impl Sdl {
    /// A whole definition or member on a line of its own.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// The line that ends a definition.
    pub(crate) fn last_line(&mut self, text: &str) {
        self.line(text);
        self.ends.push(self.text.len());
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
        self.last_line("}\n");
    }

    /// The text, and where its parts end.
    pub(crate) fn into_parts(mut self) -> (String, Vec<usize>) {
        if self.ends.last() != Some(&self.text.len()) {
            self.ends.push(self.text.len());
        }
        (self.text, self.ends)
    }
}

/// Control characters have no place in a description.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control() || *character == '\n')
        .collect()
}
