//! The layers of a configuration, each as a list of settings that know where they came from.

use super::File;
use super::keys::{Keys, join};
use crate::environment::PREFIX;
use model::Diagnostic;
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// A value given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// The flag as it was typed, `--listen`.
    pub(crate) name: String,
    /// The key it sets.
    pub(crate) key: String,
    /// The value, as text.
    pub(crate) value: String,
}

/// One key, the value a layer gives it, and where.
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A place in a file, and its line.
    File {
        name: String,
        span: Range<usize>,
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl Origin {
    /// The finding, told to be about this place.
    pub(super) fn place(&self, finding: Diagnostic) -> Diagnostic {
        match self {
            Self::File { name, span, .. } => finding.at(name, span.clone()),
            Self::Variable(_) | Self::Flag(_) => {
                let origin = self.to_string();
                // `--set` names the key itself; once is enough.
                let message = match finding.message.split_once(": ") {
                    Some((key, message)) if origin.ends_with(key) => format!("{origin}: {message}"),
                    _ => format!("{origin}: {}", finding.message),
                };
                Diagnostic { message, ..finding }
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, .. } => write!(f, "{name}:{line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The settings of a file.
pub(super) fn file(file: &File, keys: &Keys, findings: &mut Vec<Diagnostic>) -> Vec<Setting> {
    let parsed = DeTable::parse(&file.text).and_then(|spans| {
        let values = toml::from_str::<Table>(&file.text)?;
        Ok((spans, values))
    });
    let mut walk = Walk {
        file,
        keys,
        findings,
        settings: Vec::new(),
    };
    match parsed {
        Ok((spans, values)) => walk.table("", spans.get_ref(), &values),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let finding = Diagnostic::error("config.syntax", error.message());
            walk.findings.push(finding.at(&file.name, span));
        }
    }
    walk.settings
}

/// A walk through a file: its spans and its values side by side.
struct Walk<'a> {
    file: &'a File,
    keys: &'a Keys,
    findings: &'a mut Vec<Diagnostic>,
    settings: Vec<Setting>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, spans: &DeTable<'_>, values: &Table) {
        for (name, spanned) in spans {
            let key = join(prefix, name.get_ref());
            let Some(value) = values.get(name.get_ref().as_ref()) else {
                continue;
            };
            match (spanned.get_ref(), value) {
                (DeValue::Table(spans), Value::Table(values)) if self.keys.is_section(&key) => {
                    self.table(&key, spans, values);
                }
                _ if self.keys.default_of(&key).is_some() || self.keys.is_section(&key) => {
                    let origin = self.origin(spanned.span());
                    self.settings.push(Setting {
                        key,
                        value: value.clone(),
                        origin,
                    });
                }
                _ => {
                    let finding = unknown("config.unknown_key", &key, self.keys, str::to_owned);
                    self.findings.push(finding.at(&self.file.name, name.span()));
                }
            }
        }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.file.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Origin::File {
            name: self.file.name.clone(),
            span,
            line,
        }
    }
}

/// The settings of the environment: `FRAGARIA_DATABASE__URL` is `database.url`.
pub(super) fn variables(
    variables: &[(String, Option<String>)],
    keys: &Keys,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (name, text) in variables {
        let key = name
            .trim_start_matches(PREFIX)
            .to_lowercase()
            .replace("__", ".");
        let Some(text) = text else {
            let message = format!("the value of {name} is not UTF-8");
            findings.push(Diagnostic::error("config.value", message));
            continue;
        };
        let origin = Origin::Variable(name.clone());
        match keys.default_of(&key) {
            Some(default) => settings.push(Setting {
                value: read(text, default),
                key,
                origin,
            }),
            None => findings.push(unknown("config.unknown_variable", &key, keys, variable)),
        }
    }
    settings
}

/// The settings of the command line.
pub(super) fn flags(flags: &[Flag], keys: &Keys, findings: &mut Vec<Diagnostic>) -> Vec<Setting> {
    let mut settings = Vec::new();
    for Flag { name, key, value } in flags {
        let origin = Origin::Flag(name.clone());
        match keys.default_of(key) {
            Some(default) => {
                settings.push(Setting {
                    key: key.clone(),
                    value: read(value, default),
                    origin,
                });
            }
            None => findings.push(unknown("config.unknown_key", key, keys, str::to_owned)),
        }
    }
    settings
}

/// Text becomes what its key's default is; what cannot is left as text and refused as a value.
fn read(text: &str, default: &Value) -> Value {
    let text_value = || Value::String(text.to_owned());
    match default {
        Value::String(_) => text_value(),
        _ => text.parse().unwrap_or_else(|_| text_value()),
    }
}

fn unknown(
    code: &'static str,
    key: &str,
    keys: &Keys,
    spelled: impl Fn(&str) -> String,
) -> Diagnostic {
    if let Some(first) = keys.first_in(key) {
        let message = format!("{} is no key, but has some", spelled(key));
        return Diagnostic::error(code, message).help(format!("give one, as {}", spelled(first)));
    }
    let finding = Diagnostic::error(code, format!("{} is not known", spelled(key)));
    match keys.nearest(key) {
        Some(near) => finding.help(format!("did you mean {}?", spelled(near))),
        None => finding.help("`fragaria config` lists the known keys"),
    }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}
