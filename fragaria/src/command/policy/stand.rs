//! The rules of a project and its database, side by side.

use crate::address::{self, Target};
use crate::edition::Edition;
use crate::mend;
use crate::project::Project;
use crate::server::{Stage, hash_key};
use crate::snippet::{self, Texts};
use anyhow::{Result, anyhow, bail};
use engine::{Bound, Explanation, Inexplicable, Inquiry};
use futures_util::TryStreamExt as _;
use model::Place;
use model::metric::Registry;
use serde_json::Value;
use std::sync::Arc;
use store::{Database, Failure, Reply};

/// What questions about rows are asked of.
pub(super) struct Stand {
    pub(super) edition: Edition,
    pub(super) database: Database,
    target: Target,
    rules: Vec<Vec<Place>>,
    texts: Texts,
}

impl Stand {
    /// Compiles the rules as they stand in the files, and makes ready to ask the database.
    pub(super) fn open(project: &Project) -> Result<Self> {
        let compiled = project.compile()?;
        let config = &project.loaded.config;
        let hash_key = hash_key(Stage::Development, &config.masks.hash_key)?;
        let edition = Edition::new(compiled.artefact, &config.limits, hash_key.as_ref())?;
        if !edition.engine.has_rules() {
            return Err(unexplained(Inexplicable::Unruled));
        }
        let target = Target::configured(&config.database.url, "database.url");
        address::must_exist(&target.url)?;
        let database = Database::open(&config.database, &mut Registry::default())?;
        Ok(Self {
            edition,
            database,
            target,
            rules: compiled.rules,
            texts: compiled.texts,
        })
    }

    /// Why a caller may do something with a row, or may not.
    pub(super) async fn explain(&self, inquiry: &Inquiry<'_>) -> Result<Explanation> {
        let explaining = self.edition.engine.inquire(inquiry).map_err(unexplained)?;
        let data = match explaining.bound() {
            Some(bound) => self.ask(bound).await?,
            None => Value::Null,
        };
        explaining.told(&data).map_err(unexplained)
    }

    /// What the database answers; a failure of it ends everything.
    pub(super) async fn ask(&self, bound: &Bound) -> Result<Value> {
        let answer = self.run(bound).await?;
        answer.map_err(|failure| self.failed(&failure))
    }

    /// What the database answers, or why it refuses.
    pub(super) async fn run(&self, bound: &Bound) -> Result<Result<Value, Failure>> {
        let (script, arguments) = (Arc::clone(&bound.script), bound.arguments.clone());
        let text = match self.database.run(script, arguments, bound.weight).await {
            Ok(Reply::Whole(text)) => text.to_vec(),
            Ok(Reply::Stream(chunks)) => chunks.try_collect::<Vec<_>>().await?.concat(),
            Ok(Reply::Replayed(_)) => bail!("an answer came that was not asked for"),
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(Ok(serde_json::from_slice(&text)?))
    }

    /// A failure of the database, with what to do about it.
    pub(super) fn failed(&self, failure: &Failure) -> anyhow::Error {
        let what = format!("the database cannot be asked: {failure}");
        match self.target.remedy(&failure.error) {
            Some(help) => mend::failure(what, help),
            None => anyhow!(what),
        }
    }

    /// Where a rule of a type stands, as people name places.
    pub(super) fn place(&self, type_name: &str, rule: usize) -> String {
        let tables = &self.edition.schema.tables;
        let table = tables.iter().position(|table| table.type_name == type_name);
        let place = table.and_then(|table| self.rules.get(table)?.get(rule));
        place.map_or_else(
            || format!("rule {} of {type_name}", rule + 1),
            |place| snippet::named(place, &self.texts),
        )
    }
}

/// Why nothing can be told, with what to do about it.
pub(super) fn unexplained(why: Inexplicable) -> anyhow::Error {
    let what = why.to_string();
    let help = match why {
        Inexplicable::Unruled => "`@access` says who may do what: see the guide".to_owned(),
        Inexplicable::Type { help, .. }
        | Inexplicable::Key { help, .. }
        | Inexplicable::Row { help, .. } => help,
        Inexplicable::Keyless(_) => {
            "ask for rows that it leads to, or mark its key with `@id`".to_owned()
        }
        Inexplicable::Contradiction(_) => {
            "that is a mistake of ours: please report it, with the rules".to_owned()
        }
        Inexplicable::Fault(fault) => return anyhow!(fault),
    };
    mend::failure(what, help)
}
