//! What is looked at: a schema with its documents, and the database it is asked of.

use crate::address::{self, Target};
use crate::cli::Advise;
use crate::edition::Edition;
use crate::environment::Environment;
use crate::mend;
use crate::project::{ARTEFACT, Project, directory_of, read_artefact};
use crate::server::{Stage, hash_key};
use crate::snippet::Texts;
use anyhow::{Result, anyhow};
use model::{Dialect, Place, Secret};
use std::path::{Path, PathBuf};

/// The end of the name of a file of plans, in the place of that of its artefact.
const PLANS: &str = "plans.json";

/// What is looked at.
pub(super) struct Subject {
    pub(super) edition: Edition,
    /// Where each rule of each table stands; nowhere for an artefact.
    pub(super) rules: Vec<Vec<Place>>,
    pub(super) texts: Texts,
    /// The database.
    pub(super) target: Target,
    pub(super) database: store::Config,
    /// The file of its plans.
    pub(super) plans: PathBuf,
}

impl Subject {
    /// Compiles a project, or reads an artefact, and settles which database is meant.
    pub(super) fn of(args: &Advise, environment: &Environment) -> Result<Self> {
        let (path, flags) = (args.path.as_path(), args.settings.flags());
        let is_artefact = path.is_file();
        let directory = if is_artefact {
            directory_of(path)
        } else {
            path
        };
        let project = Project::open(directory, environment, &flags)?;
        let target = target(args, &project)?;
        let dialect = address::dialect(&target.url)?;
        let artefact_path = if is_artefact {
            path.to_owned()
        } else {
            directory.join(ARTEFACT)
        };
        let (artefact, rules, texts) = if is_artefact {
            (read_artefact(path)?, Vec::new(), Texts::new())
        } else {
            let compiled = project.compile_alone(Some(dialect))?;
            (compiled.artefact, compiled.rules, compiled.texts)
        };
        fits(artefact.schema.dialect, dialect)?;
        let config = &project.loaded.config;
        let hash_key = hash_key(Stage::Development, &config.masks.hash_key)?;
        let edition = Edition::new(artefact, &config.limits, hash_key.as_ref())?;
        let mut database = config.database.clone();
        database.url = target.url.clone();
        database.sqlite.create = false;
        let beside = || artefact_path.with_extension(PLANS);
        Ok(Self {
            edition,
            rules,
            texts,
            target,
            database,
            plans: args.plans.clone().unwrap_or_else(beside),
        })
    }

    /// Why the database cannot be asked, and what to do about it.
    pub(super) fn failed(&self, error: &store::Error) -> anyhow::Error {
        let what = format!("cannot read the plans of the database: {error}");
        match self.target.remedy(error) {
            Some(help) => mend::failure(what, help),
            None => anyhow!(what),
        }
    }
}

fn target(args: &Advise, project: &Project) -> Result<Target> {
    let known = &project.loaded.config.database.url;
    match args.against.as_deref() {
        None | Some("") => Ok(Target::configured(known, "database.url")),
        Some(path) if Path::new(path).is_dir() => {
            let what = format!("{path} is a directory, and a database is named by an address");
            let help = format!("a project stands before the option: fragaria advise {path}");
            Err(mend::failure(what, help))
        }
        Some(url) => Ok(Target::given(&Secret::new(url), "--against", known)),
    }
}

fn fits(ours: Dialect, theirs: Dialect) -> Result<()> {
    if ours != theirs {
        return Err(mend::other_kind(ours, theirs));
    }
    Ok(())
}
