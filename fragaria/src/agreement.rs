//! Whether a database holds what a schema says.

use crate::snippet::Texts;
use engine::Source;
use model::{Diagnostic, Schema, Weight};
use store::{Database, Error};

/// Reads the catalog of a database, tries the expressions of the schema on it, and tells what
/// differs.
pub(crate) async fn compare(
    database: &Database,
    schema: &Schema,
) -> Result<Vec<Diagnostic>, Error> {
    let mut findings = engine::drift(schema, &database.catalog().await?);
    findings.extend(row_security(database, schema).await?);
    for trial in engine::trials(schema, &findings) {
        let arguments = trial.arguments();
        match database
            .run(trial.script(), arguments, Weight::Bounded)
            .await
        {
            Ok(_) => {}
            Err(failure) if failure.error.is_away() => return Err(failure.error),
            Err(failure) => findings.push(trial.refused(&failure.error.to_string())),
        }
    }
    Ok(findings)
}

/// What keeps the policies of the database from holding for those whom requests act as.
async fn row_security(database: &Database, schema: &Schema) -> Result<Vec<Diagnostic>, Error> {
    let roles = engine::acted_as(schema);
    if roles.is_empty() || database.dialect() != schema.dialect {
        return Ok(Vec::new());
    }
    let served = engine::served(schema);
    let (login, roles) = database.row_security(&roles, &served).await?;
    Ok(engine::row_security(schema, &login, &roles))
}

/// What differs, each at its place in the files that the schema was compiled from.
pub(crate) fn placed(mut findings: Vec<Diagnostic>, texts: &Texts) -> Vec<Diagnostic> {
    let sources = texts.iter().map(|(name, text)| Source {
        name: name.clone(),
        text: text.clone(),
    });
    engine::locate(&mut findings, &sources.collect::<Vec<_>>());
    findings
}
