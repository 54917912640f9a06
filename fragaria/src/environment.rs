//! The environment, read here and nowhere else.

use observe::logs::Reader;
use std::io::IsTerminal as _;

/// What every variable that sets a configuration key begins with.
pub(crate) const PREFIX: &str = "FRAGARIA_";

/// What the process was started with.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// Variables that begin with [`PREFIX`], by name; a value that is not UTF-8 is `None`.
    pub(crate) variables: Vec<(String, Option<String>)>,
    /// Who reads standard output.
    pub(crate) out: Reader,
    /// Who reads standard error.
    pub(crate) err: Reader,
}

impl Environment {
    /// Reads it.
    pub(crate) fn read() -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        let reader = |person| Reader {
            person,
            colour: colour && person,
        };
        Self {
            variables: variables(),
            out: reader(std::io::stdout().is_terminal()),
            err: reader(std::io::stderr().is_terminal()),
        }
    }
}

fn variables() -> Vec<(String, Option<String>)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok())))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    variables
}
