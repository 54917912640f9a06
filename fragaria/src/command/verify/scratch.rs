//! The place the matrix is grown in, apart from all that is yours, and removed in the end.

use super::statements::{number, run};
use crate::address::{self, Target};
use crate::mend;
use anyhow::Result;
use model::metric::Registry;
use model::{Dialect, Secret};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use store::{Config, Database, Error, Failure};
use tokio::task::JoinSet;
use verify::bed::Planting;

/// What every scratch is called, with a random number behind it.
const PREFIX: &str = "fragaria_verify_";

/// Longest name that every database takes.
const NAME_BYTES_MAX: usize = 60;

/// A place for tables.
pub(super) struct Scratch {
    /// The settings of the database the tables are in.
    pub(super) config: Config,
    /// The schema they are in, where there are such.
    pub(super) schema: Option<String>,
    /// The settings as they were given.
    given: Config,
    remains: Remains,
    /// The statement on its way; it ends even when nobody waits for it any more.
    work: JoinSet<(Option<String>, Result<(), Failure>)>,
}

/// What there is to remove.
enum Remains {
    /// A directory with a SQLite file.
    Directory(PathBuf),
    /// A schema, or in MariaDB a database, and all that is in it.
    Schema(String),
    /// What was put into a schema that was there: the statements that remove it.
    Contents(Vec<String>),
}

impl Scratch {
    /// Makes a place of its own, or takes one that is empty.
    pub(super) async fn make(
        config: &Config,
        target: &Target,
        schema: Option<&str>,
    ) -> Result<Self> {
        let dialect = address::dialect(&config.url)?;
        let name = format!("{PREFIX}{:012x}", fastrand::u64(..1 << 48));
        if dialect == Dialect::Sqlite {
            return match schema {
                None => Self::beside(config, &name),
                Some(_) => Err(mend::failure(
                    "SQLite has no schemas",
                    "leave --schema out: the matrix has a file of its own, beside yours",
                )),
            };
        }
        let database = Database::open(config, &mut Registry::default());
        let database = database.map_err(|error| away(error.into(), target))?;
        let remains = match schema {
            None => own(&database, target, &name)
                .await
                .map(|()| Remains::Schema(name.clone())),
            Some(name) => taken(&database, target, name)
                .await
                .map(|()| Remains::Contents(Vec::new())),
        };
        database.close().await;
        let name = schema.unwrap_or(&name);
        let place = Self {
            config: config.clone(),
            schema: None,
            given: config.clone(),
            remains: remains?,
            work: JoinSet::new(),
        };
        Ok(match dialect {
            Dialect::Mariadb => Self {
                config: Config {
                    url: in_database(&config.url, name),
                    ..config.clone()
                },
                ..place
            },
            _ => Self {
                schema: Some(name.to_owned()),
                ..place
            },
        })
    }

    /// A file in a directory beside that of the database, on the same disk.
    fn beside(given: &Config, name: &str) -> Result<Self> {
        let beside = match store::sqlite_file(&given.url) {
            None => std::env::temp_dir(),
            Some(path) => path.parent().map_or_else(PathBuf::new, Path::to_owned),
        };
        let directory = beside.join(name);
        fs::create_dir(&directory).map_err(|error| {
            mend::failure(
                format!("cannot make the directory {}: {error}", directory.display()),
                "with --against sqlite::memory: it is made among the temporary files",
            )
        })?;
        let mut config = given.clone();
        config.url = Secret::new(store::sqlite_url(&directory.join("matrix.db")));
        config.sqlite.create = true;
        // Nothing in it outlives the command.
        config.sqlite.durable = false;
        Ok(Self {
            config,
            schema: None,
            given: given.clone(),
            remains: Remains::Directory(directory),
            work: JoinSet::new(),
        })
    }

    /// Makes parts of beds in it one after the other, as each may be about one before it.
    pub(super) async fn plant(
        &mut self,
        database: &Database,
        plantings: impl IntoIterator<Item = Planting>,
    ) -> Result<(), Failure> {
        for planting in plantings {
            let database = database.clone();
            self.work.spawn(async move {
                let ran = run(&database, slice::from_ref(&planting.statement)).await;
                (planting.removal, ran)
            });
            self.settle().await?;
        }
        Ok(())
    }

    /// Waits for the statement on its way, and keeps in mind what it made: what was there before it
    /// is none of ours.
    async fn settle(&mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        while let Some(joined) = self.work.join_next().await {
            let (removal, ran) = joined.unwrap_or_else(|error| {
                let error = Error::Internal(format!("a statement of the matrix: {error}"));
                (None, Err(error.into()))
            });
            let is_made = match &ran {
                Ok(()) => true,
                Err(failure) => may_be_made(&failure.error),
            };
            if let (Remains::Contents(contents), true) = (&mut self.remains, is_made) {
                // What came last goes first.
                contents.splice(0..0, removal);
            }
            outcome = outcome.and(ran);
        }
        outcome
    }

    /// Removes it, and says what is left if it cannot be.
    pub(super) async fn remove(mut self) -> Result<()> {
        // Whether it failed was told, or nobody waits for it any more.
        let _ = self.settle().await;
        let (what, statements) = match self.remains {
            Remains::Directory(directory) => {
                let what = format!("the directory {}", directory.display());
                let removed = fs::remove_dir_all(&directory);
                return removed.map_err(|error| {
                    let command = format!("remove it: rm -r {}", directory.display());
                    mend::failure(format!("{what} is left: {error}"), command)
                });
            }
            Remains::Schema(name) => {
                let dialect = address::dialect(&self.given.url)?;
                let what = format!("{} {name}", word(dialect));
                let cascade = match dialect {
                    Dialect::Postgres => " CASCADE",
                    Dialect::Sqlite | Dialect::Mariadb => "",
                };
                let statement = format!("DROP {what}{cascade}");
                (what, vec![statement])
            }
            Remains::Contents(statements) => {
                ("what was put into the schema".to_owned(), statements)
            }
        };
        let database = Database::open(&self.config, &mut Registry::default())?;
        let removed = run(&database, &statements).await;
        database.close().await;
        removed.map_err(|error| {
            let statements = statements.join("; ");
            let help = format!("remove it when the database answers: {statements}");
            mend::failure(format!("{what} is left: {error}"), help)
        })
    }
}

/// Whether a statement that failed so may have done its work.
fn may_be_made(error: &Error) -> bool {
    matches!(
        error,
        Error::OutcomeUnknown(_) | Error::Unavailable(_) | Error::Timeout(_)
    )
}

/// What a dialect calls a place for tables.
fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => "schema",
        Dialect::Mariadb => "database",
    }
}

/// Makes a schema.
async fn own(database: &Database, target: &Target, name: &str) -> Result<()> {
    let word = word(database.dialect());
    let made = run(database, &[format!("CREATE {word} {name}")]).await;
    made.map_err(|failure| match failure.error {
        store::Error::Internal(_) | store::Error::Denied(_) => mend::failure(
            format!("the {word} {name} cannot be made: {}", failure.error),
            format!("let this login make one, or give it an empty one by --schema <{word}>"),
        ),
        _ => away(failure, target),
    })
}

/// Refuses a schema that is not there or not empty.
async fn taken(database: &Database, target: &Target, name: &str) -> Result<()> {
    let word = word(database.dialect());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_plain) {
        return Err(mend::failure(
            format!("{name:?} is no name for --schema"),
            "take one of letters, digits and underscores",
        ));
    }
    let answers = database.check().await;
    answers.map_err(|error| away(error.into(), target))?;
    match number(database, &contents(database.dialect(), name)).await? {
        Some(0) => Ok(()),
        None => Err(mend::failure(
            format!("there is no {word} {name}"),
            "make it, or leave --schema out and one is made",
        )),
        Some(_) => Err(mend::failure(
            format!("the {word} {name} is not empty"),
            "give one that is, so that nothing of yours can be touched",
        )),
    }
}

fn away(failure: Failure, target: &Target) -> anyhow::Error {
    match target.remedy(&failure.error) {
        Some(help) => mend::failure(format!("the database cannot be used: {failure}"), help),
        None => anyhow::Error::from(failure).context("the database cannot be used"),
    }
}

/// Asks how much is in a schema; no row without one.
fn contents(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => format!(
            "SELECT (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = n.oid) \
             + (SELECT count(*) FROM pg_catalog.pg_type WHERE typnamespace = n.oid) \
             + (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = n.oid) \
             FROM pg_catalog.pg_namespace n WHERE n.nspname = '{name}'"
        ),
        Dialect::Mariadb => format!(
            "SELECT (SELECT count(*) FROM information_schema.tables t WHERE t.table_schema = s.schema_name) \
             + (SELECT count(*) FROM information_schema.routines r WHERE r.routine_schema = s.schema_name) \
             FROM information_schema.schemata s WHERE s.schema_name = '{name}'"
        ),
    }
}

/// The same address, of another database.
fn in_database(url: &Secret, name: &str) -> Secret {
    let (base, query) = match url.expose().split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url.expose(), String::new()),
    };
    let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
    Secret::new(format!("{server}/{name}{query}"))
}
