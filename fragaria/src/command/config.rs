//! `fragaria config`: prints the effective configuration and where each value came from.

use crate::cli::Config;
use crate::environment::Environment;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;

/// Prints it; passwords are redacted.
pub(crate) fn run(args: &Config, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.listening.flags())?;
    let effective = project.loaded.effective();
    let machine = effective
        .iter()
        .map(|(key, value, origin)| (key.clone(), json!({ "value": value, "origin": origin })))
        .collect();
    terminal.either(&serde_json::Value::Object(machine), || toml(&effective))?;
    Ok(())
}

/// The configuration as a file that says the same, with the origins as comments.
fn toml(effective: &[(String, toml::Value, String)]) -> String {
    let mut text = String::new();
    let mut open = "";
    for (key, value, origin) in effective {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        if section != open {
            let gap = if open.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{section}]");
            open = section;
        }
        let setting = format!("{name} = {value}");
        let _ = writeln!(text, "{setting:<44} # {origin}");
    }
    text.trim_end().to_owned()
}
