//! The configuration: one typed declaration, and the layers that set it.
//!
//! Defaults < `fragaria.toml` < the environment < flags. Every setting is checked by itself, so
//! that a finding names the file and line, the variable or the flag that is to be mended.

mod cache;
mod compression;
mod documents;
mod keys;
mod layers;
mod server;
mod tenancy;
mod tls;
mod words;

pub(crate) use cache::{Cache, Clients, Unseen};
pub(crate) use compression::{Coding, Compression};
pub(crate) use documents::{Documents, Mode};
pub(crate) use layers::{Flag, Origin};
pub(crate) use server::{Cors, Server};
pub(crate) use tenancy::{By, Listed, Tenancy, Tenant};
pub(crate) use tls::{ClientCertificates, Tls};

use keys::Keys;
use layers::Setting;
use model::{Diagnostic, REDACTED, Secret};
use observe::logs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that can be configured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How requests come in, and within which bounds.
    pub(crate) server: Server,
    /// TLS on the port of the server.
    pub(crate) tls: Tls,
    /// The database and the bounds within which it is used.
    pub(crate) database: store::Config,
    /// Where the data of each tenant is.
    pub(crate) tenancy: Tenancy,
    /// How callers are told apart.
    pub(crate) auth: guard::Config,
    /// How often may be asked, by whom.
    pub(crate) rates: guard::rates::Config,
    /// What a GraphQL document may ask for.
    pub(crate) limits: engine::Config,
    /// Which documents are run, and what is kept of them.
    pub(crate) documents: Documents,
    /// Which answers are kept.
    pub(crate) cache: Cache,
    /// How columns are shown that callers may not see as they are.
    pub(crate) masks: Masks,
    /// How many requests are worked on at a time.
    pub(crate) load: guard::load::Config,
    /// What is logged, and how it looks.
    pub(crate) log: logs::Config,
    /// The pages for people.
    pub(crate) console: Console,
}

/// The pages for people.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Console {
    /// Whether `/` serves GraphiQL.
    pub(crate) enabled: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// How columns are shown that callers may not see as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Masks {
    /// The key of what `HASH` shows: the same text has the same hash as long as the key is the same. At least
    /// 32 bytes that nobody can guess; without it a schema that hashes is not served, and `fragaria dev`
    /// takes one of its own each time it starts.
    pub(crate) hash_key: Secret,
}

impl Masks {
    /// Fewest bytes of a key.
    const HASH_KEY_MIN: usize = 32;

    fn flaw(&self) -> Option<String> {
        let length = self.hash_key.expose().len();
        let least = Self::HASH_KEY_MIN;
        (1..least)
            .contains(&length)
            .then(|| format!("a key of {length} bytes can be guessed, at least {least}"))
    }
}

impl Config {
    /// What other machines could do that they must not, where they reach the server.
    fn reach(&self) -> Option<(&'static str, String)> {
        let listen = self.server.listen;
        if listen.ip().is_loopback() {
            return None;
        }
        let (key, message) = if !self.tls.is_on() {
            let message = format!(
                "{listen} is reachable from other machines, and what they send would travel in the \
                 open; give `tls.certificate` and `tls.key`, or use 127.0.0.1 or [::1], behind a proxy \
                 that speaks TLS"
            );
            ("server.listen", message)
        } else if self.auth.open {
            let message =
                format!("is for this machine only, and {listen} is reachable from others");
            ("auth.open", message)
        } else if self.server.hosts.is_empty() {
            let message = format!("is missing: the names by which other machines reach {listen}");
            ("server.hosts", message)
        } else {
            return None;
        };
        Some((key, message))
    }

    /// Callers by certificates that nobody could come with.
    fn strangers(&self) -> Option<(&'static str, String)> {
        let is_amiss = !self.auth.certificates.is_empty() && self.tls.client_ca.is_empty();
        is_amiss.then(|| {
            let message =
                "need `tls.client_ca`: the authorities by whose certificates callers come";
            ("auth.certificates", message.to_owned())
        })
    }
}

/// A configuration and where its values came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The effective configuration.
    pub(crate) config: Config,
    origins: BTreeMap<String, Origin>,
    /// The address of the database as it was given, however it is reached from here.
    url: Secret,
    /// The tenants as they were given in the configuration itself.
    tenants: Vec<Tenant>,
}

/// The text of a configuration file and its name as the person knows it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The name for diagnostics.
    pub(crate) name: String,
    /// All of its text.
    pub(crate) text: String,
}

/// Puts the layers on top of each other and checks the outcome.
pub(crate) fn load(
    file: Option<&File>,
    variables: &[(String, Option<String>)],
    flags: &[Flag],
) -> Result<Loaded, Vec<Diagnostic>> {
    let keys = Keys::known();
    let mut findings = Vec::new();
    let mut settings = Vec::new();
    if let Some(file) = file {
        settings.extend(layers::file(file, &keys, &mut findings));
    }
    settings.extend(layers::variables(variables, &keys, &mut findings));
    settings.extend(layers::flags(flags, &keys, &mut findings));
    settings.retain(|setting| accept(setting, &keys, &mut findings));
    if !findings.is_empty() {
        return Err(findings);
    }
    let loaded = merge(settings)?;
    let findings = loaded.check(loaded.config.tenancy.file.is_empty());
    if findings.is_empty() {
        Ok(loaded)
    } else {
        Err(findings)
    }
}

impl Loaded {
    /// A finding about a key, shown where its value was set.
    pub(crate) fn finding(&self, key: &str, code: &'static str, message: &str) -> Diagnostic {
        let finding = Diagnostic::error(code, format!("{key}: {message}"));
        match self.origins.get(key) {
            Some(origin) => origin.place(finding),
            None => finding,
        }
    }

    /// Whether nobody set that key.
    pub(crate) fn is_default(&self, key: &str) -> bool {
        !self.origins.contains_key(key)
    }

    /// The keys that have a secret from the configuration file.
    pub(crate) fn secret_keys(&self) -> Vec<String> {
        let from_file = |key: &str| matches!(self.origins.get(key), Some(Origin::File { .. }));
        let secret = |value: &toml::Value| value.to_string().contains(REDACTED);
        let keys = self.effective().into_iter();
        let keys = keys.filter(|(key, value, _)| from_file(key) && secret(value));
        keys.map(|(key, ..)| key).collect()
    }

    /// Whether tenants that are listed in a file of their own have secrets.
    pub(crate) fn lists_secrets(&self) -> bool {
        let listed = self.config.tenancy.tenants.get(self.tenants.len()..);
        // What cannot be written out may have some.
        let has_some = |written: String| written.contains(REDACTED);
        listed.is_some_and(|listed| serde_json::to_string(listed).map_or(true, has_some))
    }

    /// Every key with its effective value, passwords redacted, and where the value came from.
    pub(crate) fn effective(&self) -> Vec<(String, toml::Value, String)> {
        let described = |(key, value): (String, toml::Value)| {
            let origin = self
                .origins
                .get(&key)
                .map_or("default".to_owned(), Origin::to_string);
            (key, value, origin)
        };
        let mut given = self.config.clone();
        given.database.url = self.url.clone();
        given.tenancy.tenants.clone_from(&self.tenants);
        keys::leaves(&given).into_iter().map(described).collect()
    }

    /// The same with the tenants of a file beside it.
    pub(crate) fn joined_by(mut self, listed: Listed) -> Result<Self, Vec<Diagnostic>> {
        self.config.tenancy.tenants.extend(listed.tenants);
        let findings = self.check(true);
        findings.is_empty().then_some(self).ok_or(findings)
    }

    /// What is wrong, as far as it can be told while a file of tenants is perhaps to come.
    fn check(&self, is_whole: bool) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        let server = &self.config.server;
        for (key, message) in server.findings(&self.config.limits, &self.config.database) {
            findings.push(self.finding(&format!("server.{key}"), "config.value", &message));
        }
        for message in self.config.server.host_flaws() {
            findings.push(self.finding("server.hosts", "config.value", &message));
        }
        if let Some(message) = self.config.server.compression.flaw() {
            findings.push(self.finding("server.compression.codings", "config.value", &message));
        }
        for message in self.config.server.cors.flaws() {
            findings.push(self.finding("server.cors.origins", "config.value", &message));
        }
        for (key, message) in self.config.limits.findings() {
            findings.push(self.finding(&format!("limits.{key}"), "config.value", &message));
        }
        for (key, message) in self.config.load.findings() {
            findings.push(self.finding(&format!("load.{key}"), "config.value", &message));
        }
        if let Some(message) = self.config.masks.flaw() {
            findings.push(self.finding("masks.hash_key", "config.value", &message));
        }
        let database = self.config.database.findings().into_iter();
        let database = database.chain(
            self.config
                .tenancy
                .findings(&self.config.database, is_whole),
        );
        let guard = self.config.auth.findings().into_iter();
        let guard = guard.chain(self.config.rates.findings());
        let tls = self
            .config
            .tls
            .findings()
            .into_iter()
            .chain(self.config.cache.findings(&self.config.database.changes))
            .chain(self.config.reach())
            .chain(self.config.strangers());
        for (key, message) in database.chain(guard).chain(tls) {
            findings.push(self.finding(key, "config.value", &message));
        }
        findings
    }
}

/// Whether a setting by itself makes a configuration; if not, says what is wrong with it.
fn accept(setting: &Setting, keys: &Keys, findings: &mut Vec<Diagnostic>) -> bool {
    let outcome = Config::deserialize(keys::nest(&setting.key, setting.value.clone()));
    if outcome.is_err() {
        let message = words::refusal(&setting.key, &setting.value, keys);
        let finding = Diagnostic::error("config.value", &message);
        findings.push(setting.origin.place(finding));
    }
    outcome.is_ok()
}

fn merge(settings: Vec<Setting>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut table = toml::Table::new();
    let mut origins = BTreeMap::new();
    for Setting { key, value, origin } in settings {
        keys::put(&mut table, &key, value);
        origins.insert(key, origin);
    }
    let config = Config::deserialize(table)
        .map_err(|error| vec![Diagnostic::error("config.value", error.message())])?;
    Ok(Loaded {
        url: config.database.url.clone(),
        tenants: config.tenancy.tenants.clone(),
        config,
        origins,
    })
}

#[cfg(test)]
mod tests;
