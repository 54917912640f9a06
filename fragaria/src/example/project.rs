//! The example as a project on disk: configuration, schema, and a filled database.

use super::{QUERIES, SCHEMA, TABLES, statements};
use crate::project::{CONFIG, QUERIES_DIRECTORY};
use anyhow::{Context as _, Result};
use model::metric::Registry;
use model::{Script, Secret, Statement, Step, Use, Weight};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::{Config, Database};

/// The name of the database file.
const DATABASE: &str = "shop.db";

const CONFIGURATION: &str = "# The configuration of this project; `fragaria config` lists all keys.

[database]
url = \"sqlite:shop.db\"
";

/// Makes the project; an attempt that fails in the middle leaves no directory of that name.
pub(crate) async fn create(directory: &Path) -> Result<()> {
    let name = directory.file_name().context("the project has no name")?;
    let draft = directory.with_file_name(format!(".{}.draft", name.to_string_lossy()));
    if draft.exists() {
        fs::remove_dir_all(&draft).context("an unfinished example is in the way")?;
    }
    fs::create_dir_all(&draft).context("the example cannot be written")?;
    fs::write(draft.join(CONFIG), CONFIGURATION)?;
    fs::write(draft.join("schema.graphql"), SCHEMA)?;
    let queries = draft.join(QUERIES_DIRECTORY);
    fs::create_dir(&queries)?;
    for (name, text) in QUERIES {
        fs::write(queries.join(name), text)?;
    }
    fill(&draft.join(DATABASE)).await?;
    fs::rename(&draft, directory).context("the example cannot be moved to its place")
}

/// Whether a project is the example, as far as it can be told by a file that is in no other.
pub(crate) fn was_made_in(directory: &Path) -> bool {
    let [(name, text), ..] = QUERIES;
    let found = fs::read_to_string(directory.join(QUERIES_DIRECTORY).join(name));
    found.is_ok_and(|found| found == text)
}

/// Makes the tables and their rows, in one transaction.
async fn fill(path: &Path) -> Result<()> {
    let mut config = Config {
        url: Secret::new(store::sqlite_url(path)),
        write_timeout_ms: 120_000,
        ..Config::default()
    };
    config.sqlite.create = true;
    let database = Database::open(&config, &mut Registry::default())?;
    let tables = TABLES.split_inclusive(";\n").map(str::to_owned);
    let steps = tables
        .filter(|sql| sql.trim_end().ends_with(';'))
        .chain(statements())
        .map(step);
    let script = Arc::new(Script {
        writes: true,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        steps: steps.collect(),
        roots: Vec::new(),
    });
    let arguments = vec![Vec::new(); script.steps.len()];
    let written = database.run(script, arguments, Weight::Bounded).await;
    database.close().await;
    written
        .map(drop)
        .context("the example database cannot be filled")
}

fn step(sql: String) -> Step {
    Step {
        statement: Statement {
            sql: sql.into(),
            parameters: Vec::new(),
        },
        rows: Use::Discard,
        key: "example".into(),
        input: None,
        expects: Vec::new(),
        assures: None,
    }
}
