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

/// What differs, each at its place in the files that the schema was compiled from.
pub(crate) fn placed(mut findings: Vec<Diagnostic>, texts: &Texts) -> Vec<Diagnostic> {
    let sources = texts.iter().map(|(name, text)| Source {
        name: name.clone(),
        text: text.clone(),
    });
    engine::locate(&mut findings, &sources.collect::<Vec<_>>());
    findings
}
