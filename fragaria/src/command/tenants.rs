//! `fragaria tenants`: what the databases of tenants hold, beside what the schema says.

use crate::agreement;
use crate::cli::{Tenants, TenantsCheck};
use crate::config;
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::Project;
use crate::readiness::errors;
use crate::snippet::{self, Texts};
use crate::tenancy;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use futures_util::{StreamExt as _, stream};
use model::metric::Registry;
use model::{Diagnostic, Schema};
use serde_json::{Value, json};
use std::fmt;
use store::{Database, Error};

/// How many databases are looked at at a time.
const LOOKS_MAX: usize = 8;

/// Tenants that cannot be served.
#[derive(Debug)]
pub(super) struct Unserved(usize);

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be served", count(self.0, "tenant"))
    }
}

impl std::error::Error for Unserved {}

/// What was found of a tenant: the differences, or why nobody knows.
struct Found {
    name: String,
    outcome: Result<Vec<Diagnostic>, Error>,
}

/// Does what is asked.
pub(crate) async fn run(
    args: Tenants,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    match args {
        Tenants::Check(args) => check(args, environment, terminal).await,
    }
}

async fn check(args: TenantsCheck, environment: &Environment, terminal: Terminal) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags())?;
    project.dialect()?;
    let schema = project.schema()?;
    let config = &project.loaded.config;
    if !config.tenancy.is_on() {
        return Err(mend::failure(
            "the tenants of this project have no databases of their own",
            "set tenancy.by (docs/guide/tenancy.md)",
        ));
    }
    tenancy::is_nameless(&schema, config)?;
    let tenants = chosen(&config.tenancy.tenants, &args.tenant)?;
    let home = Database::open(&config.database, &mut Registry::default())?;
    let progress = terminal.steps("comparing the databases of tenants", tenants.len());
    let looks = stream::iter(tenants).map(async |tenant| {
        let outcome = compare(&home, (&config.database, tenant), &schema).await;
        progress.step();
        Found {
            name: tenant.name.clone(),
            outcome,
        }
    });
    let found: Vec<_> = looks.buffered(LOOKS_MAX).collect().await;
    drop(progress);
    home.close().await;
    terminal.either(
        &json!({ "tenants": found.iter().map(Found::json).collect::<Vec<_>>() }),
        || {
            let lines: Vec<_> = found.iter().map(Found::told).collect();
            lines.join("\n")
        },
    )?;
    match found.iter().filter(|found| !found.fits()).count() {
        0 => Ok(()),
        unserved => Err(Unserved(unserved).into()),
    }
}

/// All tenants, or those that are named.
fn chosen<'t>(all: &'t [config::Tenant], names: &[String]) -> Result<Vec<&'t config::Tenant>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| all.iter().all(|it| it.name != **name))
    {
        bail!("{unknown:?} is none of the tenants");
    }
    let is_meant = |tenant: &&config::Tenant| names.is_empty() || names.contains(&tenant.name);
    Ok(all.iter().filter(is_meant).collect())
}

async fn compare(
    home: &Database,
    (config, tenant): (&store::Config, &config::Tenant),
    schema: &Schema,
) -> Result<Vec<Diagnostic>, Error> {
    let (config, its) = tenant.address(config);
    let database = home.beside(&config, its)?;
    let compared = Box::pin(agreement::compare(&database, schema)).await;
    database.close().await;
    compared
}

impl Found {
    /// Whether its callers would be served.
    fn fits(&self) -> bool {
        let outcome = self.outcome.as_ref();
        outcome.is_ok_and(|findings| errors(findings).next().is_none())
    }

    fn json(&self) -> Value {
        let findings = self.outcome.as_ref().map_or(&[][..], Vec::as_slice);
        json!({
            "name": self.name,
            "fits": self.fits(),
            "away": self.outcome.as_ref().err().map(ToString::to_string),
            "findings": snippet::json(findings, &Texts::default()),
        })
    }

    fn told(&self) -> String {
        let name = &self.name;
        match &self.outcome {
            Err(error) => format!("{name:?} is away: {error}"),
            Ok(_) if self.fits() => format!("{name:?} fits"),
            Ok(findings) => {
                let told = errors(findings).map(|finding| format!("\n  {}", finding.message));
                told.fold(format!("{name:?} does not fit:"), |all, one| all + &one)
            }
        }
    }
}
