//! `fragaria init`: writes a project from a live database.

use super::compile::ask;
use crate::address::{self, Target};
use crate::cli::Init;
use crate::config;
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::{self, CONFIG, SCHEMA, SCHEMA_DIRECTORY, display};
use crate::snippet::{self, Refused, Texts};
use crate::terminal::Terminal;
use anyhow::{Context as _, Result, bail};
use model::catalog::{Catalog, Kind};
use model::{Diagnostic, Dialect, Secret};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Reads the catalog and writes `fragaria.toml` and `schema.graphql`.
pub(crate) async fn run(args: Init, environment: &Environment, terminal: Terminal) -> Result<()> {
    let known = configured(environment)?;
    let given = match args.from.as_deref() {
        Some(url) => Secret::new(url),
        None if known.expose().is_empty() => return Err(nowhere()),
        None => address::locate(&known, &args.out),
    };
    let target = match args.from {
        Some(_) => Target::given(&given, "--from", &known),
        None => Target::configured(&given, "FRAGARIA_DATABASE__URL"),
    };
    let dialect = address::dialect(&given)?;
    refuse_to_overwrite(&args.out, args.force)?;
    let progress = terminal.progress("reading the catalog of the database");
    let catalog = ask(store::Config::default(), &target, async |database| {
        database.catalog().await
    })
    .await?;
    let scaffold = engine::scaffold(&catalog);
    drop(progress);
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let config = config_text(&given, dialect, &args.out)?;
    project::write(&args.out.join(CONFIG), &config)?;
    let schema = args.out.join(SCHEMA);
    project::write(&schema, &scaffold.sdl)?;
    let texts = Texts::from([(SCHEMA.to_owned(), scaffold.sdl)]);
    let machine = json!({
        "found": found(&catalog).into_iter().map(|(name, _, number)| (name, number)).collect::<BTreeMap<_, _>>(),
        "written": [display(&args.out.join(CONFIG)), display(&schema)],
        "warnings": snippet::json(&scaffold.warnings, &texts),
    });
    if !terminal.json {
        terminal.findings(&scaffold.warnings, &texts);
    }
    terminal.either(&machine, || {
        let next = next(&scaffold.warnings, &given, &args.out);
        format!("{}{next}", told(&catalog, &args.out))
    })?;
    Ok(())
}

/// The address in the environment; there is no project yet that could have another.
fn configured(environment: &Environment) -> Result<Secret> {
    let loaded = config::load(None, &environment.variables, &[]);
    let loaded = loaded.map_err(|diagnostics| Refused {
        diagnostics,
        texts: Texts::new(),
    })?;
    Ok(loaded.config.database.url)
}

fn nowhere() -> anyhow::Error {
    let help = "give --from sqlite:<path>, --from postgres://user@host/name or --from \
                mariadb://user@host/name, or set FRAGARIA_DATABASE__URL";
    mend::failure("no database is named", help)
}

fn refuse_to_overwrite(out: &Path, force: bool) -> Result<()> {
    if out.exists() && !out.is_dir() {
        let what = format!("{} is not a directory", out.display());
        return Err(mend::failure(what, "give a directory behind --out"));
    }
    if force {
        return Ok(());
    }
    for name in [CONFIG, SCHEMA, SCHEMA_DIRECTORY] {
        let path = out.join(name);
        if path.exists() {
            bail!("{} is there already; --force replaces it", display(&path));
        }
    }
    Ok(())
}

fn config_text(url: &Secret, dialect: Dialect, out: &Path) -> Result<String> {
    let (url, note) = match dialect {
        Dialect::Sqlite => (sqlite_url(url, out)?, ""),
        Dialect::Postgres | Dialect::Mariadb => (
            store::without_password(url),
            "# The password is not kept here: give the whole address in FRAGARIA_DATABASE__URL.\n",
        ),
    };
    let url = toml::Value::String(url);
    Ok(format!(
        "# The configuration of this project; `fragaria config` lists all keys.\n\n\
         [database]\n{note}url = {url}\n"
    ))
}

/// The file as seen from the project, which may be moved or checked out together with it; where
/// they have nothing in common but the root, the whole path.
fn sqlite_url(url: &Secret, out: &Path) -> Result<String> {
    let path = store::sqlite_file(url).context("a database in memory is gone at the end")?;
    let path = whole(path)?;
    let home = whole(out)?;
    let shared = path.components().zip(home.components());
    let shared = shared.take_while(|(ours, theirs)| ours == theirs).count();
    if shared < 2 {
        return Ok(store::sqlite_url(&path));
    }
    let up = home.components().skip(shared).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(path.components().skip(shared)).collect();
    Ok(store::sqlite_url(&seen))
}

fn whole(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))
}

/// What a catalog holds: the name for machines, the word for people, and how many.
fn found(catalog: &Catalog) -> [(&'static str, &'static str, usize); 5] {
    let of = |kind| {
        catalog
            .tables
            .iter()
            .filter(|table| table.kind == kind)
            .count()
    };
    let keys = catalog.tables.iter().map(|table| table.foreign_keys.len());
    [
        ("tables", "table", of(Kind::Table)),
        ("views", "view", of(Kind::View) + of(Kind::MaterializedView)),
        ("enums", "enum", catalog.enums.len()),
        ("foreignKeys", "foreign key", keys.sum()),
        ("functions", "function", catalog.functions.len()),
    ]
}

fn told(catalog: &Catalog, out: &Path) -> String {
    let [tables, views, enums, keys, functions] =
        found(catalog).map(|(_, word, number)| count(number, word));
    let mut text = format!("found {tables}, {views}, {enums}, {keys} and {functions}\n");
    let _ = writeln!(
        text,
        "wrote {} and {}",
        display(&out.join(CONFIG)),
        display(&out.join(SCHEMA))
    );
    text
}

/// What to do now; there may be nothing to serve yet, or no password to do it with.
fn next(warnings: &[Diagnostic], given: &Secret, out: &Path) -> String {
    let out = out.display();
    if warnings.iter().any(|warning| warning.code == "init.empty") {
        return format!("next: make tables, then fragaria init --force --out {out} once more");
    }
    if store::without_password(given) != given.expose() {
        return format!(
            "next: set FRAGARIA_DATABASE__URL to the whole address, as the password is not written, \
             then fragaria dev {out}"
        );
    }
    format!("next: fragaria dev {out}")
}
