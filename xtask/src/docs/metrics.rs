//! The page of all metrics, read from a running server.

use super::strip;
use crate::process::{self, Service, Stop};
use crate::scratch::Scratch;
use crate::{packages, server};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const START_SECONDS: u64 = 60;

/// What is shown only where it is in use: what is counted for each issuer, and of kept answers.
const IN_USE: [&str; 2] = [
    "auth.issuers=[{ issuer = 'http://127.0.0.1:1', audience = 'none' }]",
    "cache.enabled=true",
];

const OPENING: &str = "\
# Metrics

Written by `cargo xtask docs` from what a server shows at `/metrics`; do not edit it.

A counter is shown with `_total` behind its name, a histogram with `_bucket`, `_count` and `_sum`.

| metric | type | meaning |
|---|---|---|
";

/// What an exposition says of one metric.
#[derive(Default)]
struct Metric {
    kind: String,
    help: String,
}

/// The page.
pub(super) fn page(binary: &Path) -> Result<String> {
    packages::ensure(&[packages::CURL])?;
    let metrics = read(&exposition(binary)?);
    if metrics.is_empty() {
        bail!("the server shows no metrics");
    }
    let mut text = OPENING.to_owned();
    for (name, Metric { kind, help }) in metrics {
        writeln!(text, "| `{name}` | {kind} | {help} |")?;
    }
    Ok(text)
}

/// What a server shows that was just started on the example, and has refused a request: what is
/// counted by code is shown once there is one.
fn exposition(binary: &Path) -> Result<String> {
    let scratch = Scratch::create(None)?;
    let address = format!("127.0.0.1:{}", server::free_port()?);
    let mut service = Service::start(binary, None, Stop::Gracefully, |command| {
        strip(command);
        command
            .arg("dev")
            .arg(scratch.path().join("shop"))
            .args(["--listen", &address])
            .args(IN_USE.into_iter().flat_map(|setting| ["--set", setting]))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    })?;
    let curl = |options: &[&str], path: &str| {
        let mut curl = Command::new("curl");
        curl.args(options).arg(format!("http://{address}{path}"));
        process::read(&mut curl)
    };
    let ask = || curl(&["--silent", "--fail"], "/metrics");
    service
        .wait_until(START_SECONDS, || ask().is_ok())
        .context("the example is not served")?;
    curl(&["--silent"], "/nothing")?;
    ask()
}

/// The metrics of an exposition in the `OpenMetrics` format, by name.
fn read(exposition: &str) -> BTreeMap<String, Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for line in exposition.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        let ["#", about @ ("TYPE" | "HELP"), name, text] = words.as_slice() else {
            continue;
        };
        let metric = metrics.entry((*name).to_owned()).or_default();
        let member = match *about {
            "TYPE" => &mut metric.kind,
            _ => &mut metric.help,
        };
        (*text).clone_into(member);
    }
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_known_by_its_type_and_its_help() {
        let text = "# HELP b Bytes sent.\n# TYPE b counter\n# UNIT b bytes\nb_total 1\n# EOF\n";
        let metrics = read(text);
        assert_eq!(metrics.len(), 1);
        let metric = &metrics["b"];
        assert_eq!((&*metric.kind, &*metric.help), ("counter", "Bytes sent."));
    }
}
