//! The shipped binary on every database, with the rows of a world in them.

use super::ddl;
use super::tables::TABLES;
use crate::client::Client;
use crate::mariadb;
use crate::server::{Server, binary};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use verify::answer::{Decimals, members};
use verify::catalogue::MOODS;
use verify::render::Rendered;
use verify::world::World;

/// What one server answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) body: String,
}

impl Reply {
    /// The text of `data`, unless there are errors.
    pub(super) fn data(&self) -> Option<&str> {
        let members = members(&self.body).ok()?;
        match members.as_slice() {
            [(key, data)] if key == "data" => Some(data.get()),
            _ => None,
        }
    }

    /// The code of the first error.
    pub(super) fn code(&self) -> Option<String> {
        let body: Json = serde_json::from_str(&self.body).ok()?;
        let code = body["errors"][0]["extensions"]["code"].as_str()?;
        Some(code.to_owned())
    }
}

/// A server, and a name for it.
pub(super) struct Served {
    pub(super) name: &'static str,
    decimals: Decimals,
    server: Server,
    api: String,
}

/// All servers and what they need.
pub(super) struct Servers {
    pub(super) all: [Served; 3],
    _home: TempDir,
    _postgres: Database,
    _mariadb: mariadb::Database,
}

impl Servers {
    /// Makes the databases, goes through `init` and `compile`, and serves.
    pub(super) fn start(world: &World) -> Self {
        let home = TempDir::new().unwrap();
        let [sqlite, postgres, mariadb] = ["sqlite", "postgres", "mariadb"].map(|name| {
            let path = home.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        });
        ddl::sqlite(&sqlite.join("test.db"), world).unwrap();
        run(&sqlite, &["init", "--from", "sqlite:test.db"]);
        name_the_moods(&sqlite.join("schema.graphql"));
        let database = Database::create(&ddl::postgres(world));
        run(&postgres, &["init", "--from", &database.url]);
        let other = mariadb::Database::empty();
        other.sql(&ddl::mariadb(world));
        run(&mariadb, &["init", "--from", &other.url()]);
        ddl::say_what_mariadb_cannot(&mariadb.join("schema.graphql"));
        Self {
            all: [
                serve("SQLite", &sqlite, Decimals::AsWritten),
                serve("PostgreSQL", &postgres, Decimals::AsWritten),
                serve("MariaDB", &mariadb, Decimals::AtTheirScale),
            ],
            _home: home,
            _postgres: database,
            _mariadb: other,
        }
    }

    /// The APIs of all, as SDL.
    pub(super) fn apis(&self) -> [&str; 3] {
        self.all.each_ref().map(|served| served.api.as_str())
    }

    /// A connection to each.
    pub(super) fn connections(&self) -> [Connection; 3] {
        self.all.each_ref().map(|served| Connection {
            name: served.name,
            decimals: served.decimals,
            client: served.server.client(),
        })
    }
}

/// A connection that asks one thing after the other.
pub(super) struct Connection {
    pub(super) name: &'static str,
    /// How decimals are spelled there.
    pub(super) decimals: Decimals,
    client: Client,
}

impl Connection {
    pub(super) fn ask(&mut self, rendered: &Rendered) -> Reply {
        let body = json!({"query": rendered.query, "variables": rendered.variables}).to_string();
        let headers = ["content-type: application/json"];
        let sent = self
            .client
            .request("POST /graphql", &headers, body.as_bytes());
        let response = sent.and_then(|()| self.client.response());
        let response = response.unwrap_or_else(|error| {
            panic!("{} does not answer: {error}: {body}", self.name);
        });
        Reply {
            body: String::from_utf8(response.body).unwrap(),
        }
    }
}

fn serve(name: &'static str, home: &Path, decimals: Decimals) -> Served {
    run(home, &["compile"]);
    let api = run(home, &["schema"]);
    let mut command = binary();
    command.current_dir(home).args(["serve", "."]);
    // Requests that are made up nest lists as nobody does, over tables of a few rows.
    command.args(["--set", "limits.cost_max=1000000000000000"]);
    Served {
        name,
        decimals,
        server: Server::start(&mut command).ready(),
        api,
    }
}

fn run(home: &Path, arguments: &[&str]) -> String {
    let output = binary().args(arguments).current_dir(home).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// SQLite has no enum types, so a person says which columns hold an enum.
fn name_the_moods(path: &Path) {
    let mut schema = std::fs::read_to_string(path).unwrap();
    for column in TABLES.iter().flat_map(|table| table.columns.iter()) {
        if column.kind == verify::catalogue::Kind::Mood {
            let text = format!("  {}: String", column.field);
            schema = schema.replace(&text, &format!("  {}: Mood", column.field));
        }
    }
    let values = MOODS.map(|(name, label)| format!("  {name} @value(name: \"{label}\")\n"));
    let enumeration = format!("\nenum Mood {{\n{}}}\n", values.concat());
    std::fs::write(path, schema + &enumeration).unwrap();
}

/// A PostgreSQL database that is dropped at the end.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create(script: &str) -> Self {
        let server = std::env::var("FRAGARIA_TEST_POSTGRES")
            .expect("FRAGARIA_TEST_POSTGRES names a server to make databases on");
        let name = format!("differential_{:016x}", fastrand::u64(..));
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        let database = Self { server, name, url };
        let create = format!(
            "CREATE DATABASE {} TEMPLATE template0 LOCALE 'C.UTF-8'",
            database.name
        );
        execute(&database.server, &create);
        execute(&database.url, script);
        database
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        execute(&self.server, &drop);
    }
}

/// Runs SQL with a client of its own.
fn execute(url: &str, sql: &str) {
    let mut psql = Command::new("psql");
    psql.args([url, "-qXv", "ON_ERROR_STOP=1", "-f", "-"]);
    psql.stdin(std::process::Stdio::piped());
    let mut child = psql.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, sql.as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success(), "psql refuses the script");
}
