//! `cargo xtask licences`: licences, sources and banned crates, after `deny.toml`.
//!
//! Where cargo-deny is installed it does the work; elsewhere the same file is read here, since
//! building that tool takes longer than everything else together.

pub(crate) mod graph;
mod policy;

use crate::{house, process};
use anyhow::{Context, Result};
use graph::{Graph, Package};
use policy::{Level, Policy};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// What a check found: errors stop, warnings are told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Verdict {
    fn add(&mut self, level: Level, message: String) {
        match level {
            Level::Deny => self.errors.push(message),
            Level::Warn => self.warnings.push(message),
            Level::Allow => {}
        }
    }
}

/// Checks every crate of the lockfile.
pub(crate) fn run() -> Result<ExitCode> {
    let root = house::root()?;
    println!(
        "advisories: not checked, as their database is not here; where it can be fetched: cargo deny check advisories"
    );
    if process::is_installed("cargo-deny") {
        let mut command = Command::new("cargo");
        command
            .current_dir(root)
            .args(["deny", "check", "licenses", "bans", "sources"]);
        let status = process::status(&mut command)?;
        return Ok(if status.success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let text = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let policy = policy::parse(&text).context("deny.toml")?;
    let graph = graph::read(&root, policy.graph.all_features)?;
    let verdict = judge(&policy, &graph, |path| fs::read(path).ok());
    for warning in &verdict.warnings {
        println!("warning: {warning}");
    }
    for error in &verdict.errors {
        println!("error: {error}");
    }
    let (crates, errors) = (graph.packages.len(), verdict.errors.len());
    println!(
        "licences: {crates} crates, {errors} errors, {} warnings",
        verdict.warnings.len()
    );
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn judge(policy: &Policy, graph: &Graph, read: impl Fn(&Path) -> Option<Vec<u8>>) -> Verdict {
    let mut verdict = Verdict::default();
    for package in &graph.packages {
        licence(policy, package, &read, &mut verdict);
        source(policy, package, &mut verdict);
        bans(policy, package, &mut verdict);
    }
    versions(policy, graph, &mut verdict);
    verdict
}

fn licence(
    policy: &Policy,
    package: &Package,
    read: &impl Fn(&Path) -> Option<Vec<u8>>,
    verdict: &mut Verdict,
) {
    let stated = package.license.as_deref();
    let Some(expression) = stated.or_else(|| clarified(policy, package, read)) else {
        let message = format!(
            "{package} states no licence, and deny.toml clarifies none for its licence file"
        );
        return verdict.errors.push(message);
    };
    match policy.allows(expression) {
        Ok(true) => {}
        Ok(false) => {
            let message =
                format!("{package} is under {expression}, which deny.toml does not allow");
            verdict.errors.push(message);
        }
        Err(error) => verdict
            .errors
            .push(format!("{package} states `{expression}`: {error}")),
    }
}

/// The licence deny.toml gives a crate, if the crate's licence files are still those it was read
/// from.
fn clarified<'a>(
    policy: &'a Policy,
    package: &Package,
    read: &impl Fn(&Path) -> Option<Vec<u8>>,
) -> Option<&'a str> {
    let directory = package.manifest_path.parent()?;
    let clarify = policy
        .licenses
        .clarify
        .iter()
        .find(|entry| entry.name == package.name)?;
    let is_known = clarify.license_files.iter().all(|file| {
        read(&directory.join(&file.path)).is_some_and(|text| crc32fast::hash(&text) == file.hash)
    });
    is_known.then_some(clarify.expression.as_str())
}

fn source(policy: &Policy, package: &Package, verdict: &mut Verdict) {
    let Some(source) = &package.source else {
        return;
    };
    let registry = source
        .strip_prefix("registry+")
        .or_else(|| source.strip_prefix("sparse+"));
    match registry {
        Some(registry)
            if policy
                .sources
                .allow_registry
                .iter()
                .any(|known| known == registry) => {}
        Some(_) => {
            let message = format!("{package} comes from {source}, an unknown registry");
            verdict.add(policy.sources.unknown_registry, message);
        }
        None => {
            let message = format!("{package} comes from {source}, an unknown repository");
            verdict.add(policy.sources.unknown_git, message);
        }
    }
}

fn bans(policy: &Policy, package: &Package, verdict: &mut Verdict) {
    for ban in policy
        .bans
        .deny
        .iter()
        .filter(|ban| ban.name == package.name)
    {
        verdict
            .errors
            .push(format!("{package} is banned: {}", ban.reason));
    }
    for dependency in package
        .dependencies
        .iter()
        .filter(|dependency| dependency.req == "*")
    {
        let is_path = dependency.path.is_some() && policy.bans.allow_wildcard_paths;
        // What others publish is theirs; our own requirements name a version.
        if package.source.is_none() && !is_path {
            let message = format!(
                "{package} takes any version of {}: name one",
                dependency.name
            );
            verdict.add(policy.bans.wildcards, message);
        }
    }
}

fn versions(policy: &Policy, graph: &Graph, verdict: &mut Verdict) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &graph.packages {
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
    }
    for (name, versions) in versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
    {
        let message = format!(
            "{} versions of {name}: {}",
            versions.len(),
            versions.join(", ")
        );
        verdict.add(policy.bans.multiple_versions, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [graph]
        all-features = true
        [licenses]
        allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        confidence-threshold = 0.9
        [[licenses.clarify]]
        crate = "filed"
        expression = "MIT"
        license-files = [{ path = "LICENSE", hash = 0x352441c2 }]
        [bans]
        multiple-versions = "warn"
        wildcards = "deny"
        allow-wildcard-paths = true
        deny = [{ crate = "openssl", reason = "we use another" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://github.com/rust-lang/crates.io-index"]
    "#;

    fn verdict(packages: &str) -> Verdict {
        let graph = graph::parse(&format!(r#"{{ "packages": [{packages}] }}"#)).unwrap();
        // "abc" has the hash of the policy.
        judge(&policy::parse(POLICY).unwrap(), &graph, |path| {
            (path == Path::new("/filed/LICENSE")).then(|| b"abc".to_vec())
        })
    }

    fn package(name: &str, license: &str, source: &str) -> String {
        format!(
            r#"{{ "name": "{name}", "version": "1.0.0", "license": {license}, "source": {source},
                 "manifest_path": "/{name}/Cargo.toml", "dependencies": [] }}"#
        )
    }

    const INDEX: &str = r#""registry+https://github.com/rust-lang/crates.io-index""#;

    #[test]
    fn an_allowed_licence_passes_and_another_does_not() {
        for license in [
            "MIT OR GPL-3.0-only",
            "Apache-2.0 WITH LLVM-exception",
            "MIT/GPL-3.0",
        ] {
            let errors = verdict(&package("a", &format!("\"{license}\""), INDEX)).errors;
            assert!(errors.is_empty(), "{license}: {errors:?}");
        }
        for license in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "Cheese",
        ] {
            let errors = verdict(&package("a", &format!("\"{license}\""), INDEX)).errors;
            assert_eq!(errors.len(), 1, "{license}");
        }
        assert_eq!(verdict(&package("a", "null", INDEX)).errors.len(), 1);
    }

    #[test]
    fn a_licence_file_stands_for_a_licence_while_it_is_unchanged() {
        assert_eq!(
            verdict(&package("filed", "null", INDEX)),
            Verdict::default()
        );
        let changed = POLICY.replace("0x352441c2", "0x352441c3");
        let graph = format!(r#"{{ "packages": [{}] }}"#, package("filed", "null", INDEX));
        let graph = graph::parse(&graph).unwrap();
        let policy = policy::parse(&changed).unwrap();
        let verdict = judge(&policy, &graph, |_| Some(b"abc".to_vec()));
        assert_eq!(verdict.errors.len(), 1);
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        assert!(verdict(&package("a", r#""MIT""#, "null")).errors.is_empty());
        for source in [
            r#""git+https://example.org/a""#,
            r#""registry+https://example.org""#,
        ] {
            assert_eq!(
                verdict(&package("a", r#""MIT""#, source)).errors.len(),
                1,
                "{source}"
            );
        }
    }

    #[test]
    fn a_banned_crate_is_refused_with_the_reason() {
        let errors = verdict(&package("openssl", r#""MIT""#, INDEX)).errors;
        assert_eq!(errors, ["openssl 1.0.0 is banned: we use another"]);
    }

    #[test]
    fn a_requirement_of_any_version_is_refused() {
        let dependency = r#"[{ "name": "b", "req": "*", "path": null }]"#;
        let own = package("a", r#""MIT""#, "null").replace("[]", dependency);
        assert_eq!(verdict(&own).errors.len(), 1);
        let path = own.replace(r#""path": null"#, r#""path": "/b""#);
        assert!(verdict(&path).errors.is_empty());
    }

    #[test]
    fn two_versions_of_a_crate_are_a_warning() {
        let one = package("a", r#""MIT""#, INDEX);
        let both = format!("{one}, {}", one.replace("1.0.0", "2.0.0"));
        let verdict = verdict(&both);
        assert!(verdict.errors.is_empty());
        assert_eq!(verdict.warnings, ["2 versions of a: 1.0.0, 2.0.0"]);
    }
}
