//! PostgreSQL, on the server that `FRAGARIA_TEST_POSTGRES` names; each test has its own database.

mod acting;
mod catalog;
pub(crate) mod crowded;
pub(crate) mod faults;
pub(crate) mod instance;
mod limits;
mod pooler;
mod reading;
mod schemas;
mod statements;
mod streaming;
pub(crate) mod tls;
mod types;
mod writing;

use futures_util::StreamExt;
use model::metric::Registry;
use model::{
    Argument, Cell, Codec, Content, Field, Label, Parameter, Record, Root, Scalar, Script, Secret,
    Statement, Step, Use, Value, Weight,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Config, Database, Error, Failure, Manner, Reply};
use tokio_postgres::{Client, NoTls};

/// A database of its own on the test server, dropped at the end.
pub(crate) struct Scratch {
    server: String,
    name: String,
    /// Another connection, to look from outside.
    pub(crate) outside: Client,
}

impl Scratch {
    /// A new database on the common server, set up with some SQL.
    pub(crate) async fn new(setup: &str) -> Self {
        let server = std::env::var("FRAGARIA_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("FRAGARIA_TEST_POSTGRES names no server: run the tests with `cargo xtask test`")
        });
        Self::on(&server, setup).await
    }

    /// The same on the server of that address.
    pub(crate) async fn on(server: &str, setup: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fragaria_test_{}_{count}", std::process::id());
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C.UTF-8'");
        connect(server).await.batch_execute(&create).await.unwrap();
        let outside = connect(&address(server, &name)).await;
        outside.batch_execute(setup).await.unwrap();
        Self {
            server: server.into(),
            name,
            outside,
        }
    }

    pub(crate) fn address(&self) -> String {
        address(&self.server, &self.name)
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            url: Secret::new(self.address()),
            ..Config::default()
        }
    }

    pub(crate) fn open(&self) -> Database {
        open(&self.config())
    }

    /// A number from another connection.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.outside.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until other connections make a number what it should be.
    pub(crate) async fn assert_soon(&self, expected: i64, sql: &str) {
        let wait = async {
            while self.number(sql).await != expected {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await;
        assert!(waited.is_ok(), "never {expected}: {sql}");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let Ok((client, connection)) = tokio_postgres::connect(&server, NoTls).await else {
                    return;
                };
                tokio::spawn(connection);
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                client.batch_execute(&drop).await.ok();
            });
        });
        dropping.join().ok();
    }
}

/// Connections of this process's store, as the server sees them.
pub(crate) const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE application_name = 'fragaria' AND datname = current_database()";

/// Sessions that wait for an advisory lock in this database; the view shows the whole server's.
pub(crate) const WAITING_FOR_LOCKS: &str = "SELECT count(*) FROM pg_locks l \
     JOIN pg_database d ON d.oid = l.database \
     WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()";

pub(crate) async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn address(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

pub(crate) fn open(config: &Config) -> Database {
    Database::open(config, &mut Registry::default()).unwrap()
}

/// A script that reads the columns `c0`, `c1`, … of some rows in one step, under the key `rows`.
pub(crate) fn rows(sql: &str, parameters: &[Parameter], columns: &[Scalar]) -> Arc<Script> {
    let cells = columns
        .iter()
        .enumerate()
        .map(|(column, scalar)| cell(column, *scalar));
    list(sql, parameters, record(cells))
}

/// A script that reads rows by any plan in one step.
pub(crate) fn list(sql: &str, parameters: &[Parameter], record: Record) -> Arc<Script> {
    script(
        false,
        vec![step("rows", sql, parameters, Use::Rows(record))],
    )
}

/// A script of steps, each under its key.
pub(crate) fn script(writes: bool, steps: Vec<Step>) -> Arc<Script> {
    let roots = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(step.rows, Use::Rows(_) | Use::Value(_)))
        .map(|(index, step)| Root {
            key: Label::new(&step.key),
            content: Content::Step(index),
        });
    Arc::new(Script {
        writes,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        roots: roots.collect(),
        steps,
    })
}

pub(crate) fn step(key: &str, sql: &str, parameters: &[Parameter], rows: Use) -> Step {
    Step {
        statement: Statement {
            sql: sql.into(),
            parameters: parameters.to_vec(),
        },
        rows,
        key: key.into(),
        input: None,
        expects: Vec::new(),
        assures: None,
    }
}

/// An object with the members `c0`, `c1`, ….
pub(crate) fn record(cells: impl IntoIterator<Item = Cell>) -> Record {
    let field = |(index, cell)| Field {
        key: Label::new(&format!("c{index}")),
        cell,
    };
    Record {
        fields: cells.into_iter().enumerate().map(field).collect(),
        ..Record::default()
    }
}

pub(crate) fn cell(column: usize, scalar: Scalar) -> Cell {
    Cell::Scalar {
        column,
        codec: Codec::Scalar(scalar),
    }
}

pub(crate) fn one(scalar: Scalar) -> Parameter {
    Parameter {
        scalar,
        list: false,
    }
}

pub(crate) fn many(scalar: Scalar) -> Parameter {
    Parameter { scalar, list: true }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Runs a script of one step.
pub(crate) async fn run(
    database: &Database,
    script: &Arc<Script>,
    arguments: Vec<Value>,
    weight: Weight,
) -> Result<String, Failure> {
    let arguments = arguments.into_iter().map(Argument::Value).collect();
    run_all(database, script, vec![arguments], weight).await
}

/// Runs a script and gives all of its answer.
pub(crate) async fn run_all(
    database: &Database,
    script: &Arc<Script>,
    arguments: Vec<Vec<Argument>>,
    manner: impl Into<Manner>,
) -> Result<String, Failure> {
    let reply = database.run(Arc::clone(script), arguments, manner).await?;
    Ok(whole(reply).await?)
}

/// All of an answer.
pub(crate) async fn whole(reply: Reply) -> Result<String, Error> {
    let bytes = match reply {
        Reply::Whole(bytes) | Reply::Replayed(bytes) => bytes.to_vec(),
        Reply::Stream(mut chunks) => {
            let mut bytes = Vec::new();
            while let Some(chunk) = chunks.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            bytes
        }
    };
    Ok(String::from_utf8(bytes).unwrap())
}
