//! What techniques bring that are off until somebody asks for them: the same server with one of them
//! switched on.

use super::ablation::{Pair, Share};
use super::load::Asked;
use super::server::{Callers, Project, Server, UNSHED};
use super::workloads::WORKLOADS;
use super::{Options, progress};
use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// A technique, and how to have it.
struct Technique {
    name: &'static str,
    /// What switches it on, as the report shows it.
    by: &'static str,
    settings: &'static [&'static str],
    edit: fn(&Path) -> Result<()>,
    asked: Asked,
}

const TECHNIQUES: [Technique; 3] = [
    Technique {
        name: "answers are kept",
        by: "`cache.enabled=true`, `cache.unseen=expire`, `@cache(maxAge: 60)` on every type",
        settings: &["cache.enabled=true", "cache.unseen=expire"],
        edit: keep_answers,
        asked: Asked::ByText,
    },
    Technique {
        name: "documents are trusted, and asked for by their ids",
        by: "`documents.mode=strict`, `documents.folder=documents`",
        settings: &[],
        edit: trust_documents,
        asked: Asked::ById,
    },
    Technique {
        name: "answers are packed",
        by: "`accept-encoding: zstd` in the request",
        settings: &[],
        edit: |_| Ok(()),
        asked: Asked::Packed,
    },
];

/// What the rates are with a technique.
#[derive(Serialize)]
pub(super) struct Extra {
    pub(super) technique: &'static str,
    pub(super) by: &'static str,
    /// As multiples of those without.
    pub(super) shares: Vec<Share>,
}

/// Switches on one after the other.
pub(super) fn measure(
    options: &Options,
    project: &Project,
    without: &Server,
) -> Result<Vec<Extra>> {
    let techniques = TECHNIQUES.iter();
    techniques
        .map(|technique| {
            let name = technique.name;
            progress(&format!("with: {name}"));
            let settings = [technique.settings, &[UNSHED]].concat();
            let with = project.serve_edited("with", Callers::All, &settings, technique.edit)?;
            let pair = Pair {
                with: without,
                other: &with,
                asked: technique.asked,
                clients: options.clients(),
                scratch: project.place,
            };
            let shares = pair
                .shares(options)
                .with_context(|| format!("with: {name}"))?;
            Ok(Extra {
                technique: name,
                by: technique.by,
                shares,
            })
        })
        .collect()
}

/// Has answers from every table kept.
fn keep_answers(project: &Path) -> Result<()> {
    let path = project.join("schema.graphql");
    let schema = fs::read_to_string(&path)?;
    let types = schema.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("type ")?.split_once(' ')?;
        Some(format!("extend type {name} @cache(maxAge: 60)\n"))
    });
    let kept: String = types.collect();
    Ok(fs::write(&path, format!("{schema}\n{kept}"))?)
}

/// Has the documents of all workloads compiled, and no other run.
fn trust_documents(project: &Path) -> Result<()> {
    let folder = project.join("documents");
    fs::create_dir(&folder)?;
    for workload in &WORKLOADS {
        let file = folder.join(format!("{}.graphql", workload.id()));
        fs::write(file, workload.document)?;
    }
    let path = project.join("fragaria.toml");
    let settings = fs::read_to_string(&path)?;
    let trusted = "[documents]\nmode = \"strict\"\nfolder = \"documents\"\n";
    Ok(fs::write(&path, format!("{settings}\n{trusted}"))?)
}
