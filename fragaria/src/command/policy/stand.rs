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
use model::metric::Registry;
use model::{Actor, Caller, Place};
use serde_json::Value;
use std::sync::Arc;
use store::{Database, Failure, Manner, Reply};

/// What questions about rows are asked of.
pub(super) struct Stand {
    pub(super) edition: Edition,
    pub(super) database: Database,
    target: Target,
    rules: Vec<Vec<Place>>,
    texts: Texts,
    /// Whether tenants have databases of their own, which are not asked.
    has_places: bool,
}

/// Why a caller cannot be asked for, and what to do about it.
pub(super) struct Unaskable {
    pub(super) what: String,
    pub(super) help: &'static str,
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
            has_places: config.tenancy.is_on(),
        })
    }

    /// As whom a caller asks the database, as its requests do; as the login where as nobody.
    pub(super) fn actor(&self, caller: &Caller) -> Result<Option<Arc<Actor>>, Unaskable> {
        if let (true, Some(tenant)) = (self.has_places, &caller.tenant) {
            return Err(Unaskable {
                what: format!(
                    "tenants have databases of their own, and that of `{tenant}` is not asked here"
                ),
                help: "leave `tenant` out, and say where its database is by \
                       --set database.url=…; what rules read of it is given in `claims`",
            });
        }
        let actor = self.edition.engine.actor(caller);
        let actor = actor.map_err(|fault| Unaskable {
            what: fault.to_string(),
            help: "name roles that act as one role of the database",
        })?;
        Ok(actor.map(Arc::new))
    }

    /// Whether callers act as roles of the database.
    pub(super) fn acts(&self) -> bool {
        let mut roles = self.edition.schema.roles.iter();
        roles.any(|role| role.database.is_some())
    }

    /// Why a caller may do something with a row, or may not; asked as somebody of the database.
    pub(super) async fn explain(
        &self,
        inquiry: &Inquiry<'_>,
        actor: Option<Arc<Actor>>,
    ) -> Result<Explanation> {
        let explaining = self.edition.engine.inquire(inquiry).map_err(unexplained)?;
        let data = match explaining.bound() {
            Some(bound) => {
                let manner = Manner {
                    actor,
                    ..bound.weight.into()
                };
                self.ask(bound, manner).await?
            }
            None => Value::Null,
        };
        explaining.told(&data).map_err(unexplained)
    }

    /// What the database answers; a failure of it ends everything.
    async fn ask(&self, bound: &Bound, manner: Manner) -> Result<Value> {
        let answer = self.run(bound, manner).await?;
        answer.map_err(|failure| self.failed(&failure))
    }

    /// What the database answers, or why it refuses.
    pub(super) async fn run(
        &self,
        bound: &Bound,
        manner: Manner,
    ) -> Result<Result<Value, Failure>> {
        let (script, arguments) = (Arc::clone(&bound.script), bound.arguments.clone());
        let text = match self.database.run(script, arguments, manner).await {
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
