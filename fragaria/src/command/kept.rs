//! What is kept about callers in the database of a project.

use crate::address::{self, Target};
use crate::keys::Error;
use crate::mend;
use crate::project::Project;
use anyhow::{Result, anyhow};
use model::metric::Registry;

/// The address of the database in which it is kept, without a password.
pub(super) fn place(project: &Project) -> String {
    store::without_password(&project.loaded.config.database.url)
}

/// Does something in the database of a project, and closes it.
pub(super) async fn within<T>(
    project: &Project,
    work: impl AsyncFnOnce(&store::Database) -> Result<T, Error>,
) -> Result<T> {
    project.dialect()?;
    let config = &project.loaded.config.database;
    let target = Target::configured(&config.url, "database.url");
    address::must_exist(&target.url)?;
    let told = |error: Error| match &error {
        Error::Store(cause) => match target.remedy(cause) {
            Some(help) => mend::failure(error.to_string(), help),
            None => anyhow!(error),
        },
        Error::NotRevoked => mend::failure(
            error.to_string(),
            "`fragaria token list` tells what is, and of which issuer: give that by --issuer",
        ),
        Error::Nameless | Error::Unknown => mend::failure(
            error.to_string(),
            "`fragaria api-key list` tells the ids of all",
        ),
        _ => anyhow!(error),
    };
    let database = store::Database::open(config, &mut Registry::default());
    let database = database.map_err(|error| told(error.into()))?;
    let outcome = work(&database).await;
    database.close().await;
    outcome.map_err(told)
}
