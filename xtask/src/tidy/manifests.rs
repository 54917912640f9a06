//! Who may depend on whom.

use super::Finding;
use super::files::Source;
use crate::house;
use toml::{Table, Value};

/// Foreign crates only some rooms may build on; their tests are free to look from outside.
const RESERVED: [(&[&str], &[&str]); 4] = [
    (
        &[
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "postgres",
            "mysql_async",
            "sqlx",
        ],
        &["store"],
    ),
    (
        &[
            "apollo-compiler",
            "apollo-parser",
            "graphql-parser",
            "async-graphql",
        ],
        &["engine"],
    ),
    // The benchmark has a server that is nothing but HTTP.
    (&["hyper", "axum"], &["fragaria", house::SERVICE]),
    (&["clap"], &["fragaria", house::SERVICE]),
];

/// Manifests that do not fit the house.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let Some((folder, "Cargo.toml")) = source.path.rsplit_once('/') else {
            continue;
        };
        let text = source.text.as_deref().unwrap_or_default();
        match text.parse::<Table>() {
            Ok(contents) => findings.extend(
                Manifest {
                    source,
                    folder,
                    text,
                    contents,
                }
                .check(),
            ),
            Err(error) => findings.push(Finding::new(&source.path, 1, error.to_string())),
        }
    }
    findings
}

struct Manifest<'a> {
    source: &'a Source,
    folder: &'a str,
    text: &'a str,
    contents: Table,
}

impl Manifest<'_> {
    fn check(&self) -> Vec<Finding> {
        if self.folder == house::SERVICE {
            return self.reserved();
        }
        if self.folder == house::FUZZ {
            return Vec::new();
        }
        let Some(tier) = house::tier(self.folder) else {
            let message = "this room has no tier: give it one in xtask/src/house.rs";
            return vec![self.finding("", message.to_owned())];
        };
        let mut findings = self.names();
        findings.extend(self.tiers(tier));
        findings.extend(self.reserved());
        findings
    }

    fn finding(&self, word: &str, message: String) -> Finding {
        let found = self
            .text
            .lines()
            .position(|line| line.trim_start().starts_with(word));
        Finding::new(
            &self.source.path,
            found.map_or(1, |index| index + 1),
            message,
        )
    }

    /// Folder, package and library go by one name.
    fn names(&self) -> Vec<Finding> {
        let name = |section: &str| self.contents.get(section)?.get("name")?.as_str();
        let package = house::package(self.folder);
        let mut findings = Vec::new();
        if name("package") != Some(&package) {
            findings
                .push(self.finding("name", format!("the package of this folder is `{package}`")));
        }
        if name("lib").is_some_and(|library| library != self.folder) {
            let message = format!("the library of this folder is `{}`", self.folder);
            findings.push(self.finding("[lib]", message));
        }
        findings
    }

    /// Dependencies on rooms that do not lie below; tests keep to this too.
    fn tiers(&self, tier: usize) -> Vec<Finding> {
        let mut findings = Vec::new();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, package) in self.dependencies(section) {
                let room = package.strip_prefix("fragaria-").unwrap_or(&package);
                if house::tier(room).is_some_and(|other| other >= tier)
                    && is_of_ours(&name, &package)
                {
                    let message = format!(
                        "`{}` depends on `{room}`, which does not lie below it: \
                         say in `model` what both need, and let `fragaria` carry it",
                        self.folder
                    );
                    findings.push(self.finding(&name, message));
                }
            }
        }
        findings
    }

    /// Foreign crates that belong to other rooms.
    fn reserved(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for section in ["dependencies", "build-dependencies"] {
            for (name, package) in self.dependencies(section) {
                for (crates, rooms) in RESERVED {
                    if crates.contains(&package.as_str()) && !rooms.contains(&self.folder) {
                        let rooms = rooms.join(" and ");
                        let message =
                            format!("only {rooms} may depend on `{package}`: go through it");
                        findings.push(self.finding(&name, message));
                    }
                }
            }
        }
        findings
    }

    /// Names and packages of the dependencies of a kind, for every platform.
    fn dependencies(&self, section: &str) -> Vec<(String, String)> {
        let mut tables: Vec<_> = self.contents.get(section).into_iter().collect();
        if let Some(targets) = self.contents.get("target").and_then(Value::as_table) {
            tables.extend(targets.values().filter_map(|target| target.get(section)));
        }
        let entries = tables.into_iter().filter_map(Value::as_table).flatten();
        entries
            .map(|(name, value)| {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                (name.clone(), package.to_owned())
            })
            .collect()
    }
}

/// Whether a dependency by that name is a room, rather than a foreign crate that shares its name:
/// rooms go by the short name of the workspace or by the name of their package.
fn is_of_ours(name: &str, package: &str) -> bool {
    name == package || package.starts_with("fragaria")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &str, dependencies: &str) -> Vec<String> {
        let package = house::package(folder);
        let text = format!("[package]\nname = \"{package}\"\n{dependencies}\n");
        let findings = check(&[Source::new(&format!("{folder}/Cargo.toml"), &text)]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_room_leans_only_on_lower_ones() {
        assert!(found("engine", "[dependencies]\nmodel.workspace = true").is_empty());
        assert!(found("fragaria", "[dependencies]\nengine.workspace = true").is_empty());
        for dependency in [
            "[dependencies]\nstore.workspace = true",
            "[dependencies]\nfragaria-store = { path = \"../store\" }",
            "[dev-dependencies]\nobserve.workspace = true",
            "[build-dependencies]\nx = { package = \"fragaria-store\", path = \"../store\" }",
            "[target.'cfg(unix)'.dependencies]\nfragaria = \"1\"",
        ] {
            assert_eq!(found("engine", dependency).len(), 1, "{dependency}");
        }
    }

    #[test]
    fn drivers_parsers_and_servers_have_their_rooms() {
        assert!(found("store", "[dependencies]\nrusqlite = \"0.43\"").is_empty());
        assert!(found("fragaria", "[dev-dependencies]\ntokio-postgres = \"0.7\"").is_empty());
        assert!(found("xtask", "[dependencies]\nclap = \"4\"").is_empty());
        assert!(found("xtask", "[dependencies]\nhyper = \"1\"").is_empty());
        for (room, dependency) in [
            ("engine", "[dependencies]\nrusqlite = \"0.43\""),
            (
                "fragaria",
                "[dependencies]\nx = { package = \"tokio-postgres\", version = \"0.7\" }",
            ),
            ("store", "[dependencies]\napollo-compiler.workspace = true"),
            ("observe", "[dependencies]\nhyper = \"1\""),
            ("engine", "[dependencies]\nclap = \"4\""),
            ("xtask", "[dependencies]\nrusqlite = \"0.43\""),
        ] {
            let findings = found(room, dependency);
            assert_eq!(findings.len(), 1, "{dependency}");
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.contains("Cargo.toml:4: ")),
                "{findings:?}"
            );
        }
    }

    #[test]
    fn a_room_goes_by_one_name_and_has_a_tier() {
        let cellar = Source::new(
            "cellar/Cargo.toml",
            "[package]\nname = \"fragaria-cellar\"\n",
        );
        assert_eq!(check(&[cellar]).len(), 1);
        let text = "[package]\nname = \"engine\"\n[lib]\nname = \"motor\"\n";
        assert_eq!(check(&[Source::new("engine/Cargo.toml", text)]).len(), 2);
    }
}
