//! A served world, and a look at its rows past the server.

use super::world::{Caller, Kind, Row, State, Value, World};
use super::writes;
use crate::client::{Client, PATIENCE};
use crate::database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use rusqlite::types::ValueRef;
use serde_json::{Value as Json, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    Mariadb,
}

/// What is asked at random may be slow, and what is written is soon gone.
const SETTINGS: [&str; 4] = [
    "database.sqlite.durable=false",
    "database.read_timeout_ms=25000",
    "database.write_timeout_ms=25000",
    "masks.hash_key=a key of the tests that nobody can guess",
];

/// A server, and the database it is on.
pub(super) struct Home {
    client: Client,
    _server: Server,
    _project: Project,
    place: Place,
}

enum Place {
    File(rusqlite::Connection),
    Postgres(database::Database),
    Mariadb(mariadb::Database),
}

impl Home {
    pub(super) fn new(world: &World) -> Self {
        let project = Project::empty();
        let sql = world.sql();
        let (place, url) = match world.dialect {
            Dialect::Sqlite => {
                project.sql(&sql);
                let file = rusqlite::Connection::open(project.path("shop.db")).unwrap();
                file.busy_timeout(PATIENCE).unwrap();
                (Place::File(file), "sqlite:shop.db".to_owned())
            }
            Dialect::Postgres => {
                let database = database::Database::empty();
                database.sql(&sql);
                let url = database.url();
                (Place::Postgres(database), url)
            }
            Dialect::Mariadb => {
                let database = mariadb::Database::empty();
                database.sql(&sql);
                let url = database.url();
                (Place::Mariadb(database), url)
            }
        };
        project.write("schema.graphql", &world.sdl());
        project.configure(&url);
        let server = project.dev(&SETTINGS).ready();
        Self {
            client: server.client(),
            _server: server,
            _project: project,
            place,
        }
    }

    /// What a caller is answered, or whoever develops the schema.
    pub(super) fn ask(&mut self, caller: Option<&Caller>, document: &str) -> Json {
        let body = json!({ "query": document }).to_string();
        let mut headers = vec!["content-type: application/json".to_owned()];
        headers.extend(caller.map(Caller::header));
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let sent = self
            .client
            .request("POST /graphql", &headers, body.as_bytes());
        let response = sent.and_then(|()| self.client.response());
        response
            .unwrap_or_else(|error| panic!("{error}: {document}"))
            .json()
    }

    /// All rows there are.
    pub(super) fn state(&self, world: &World) -> State {
        let rows = |table: usize| {
            let statement = writes::contents(world, table);
            let kinds: Vec<_> = world.tables[table]
                .columns
                .iter()
                .map(|column| column.kind)
                .collect();
            let mut rows = match &self.place {
                Place::File(file) => from_file(file, &statement, &kinds),
                Place::Postgres(database) => from_text(&database.sql(&statement), '|', &kinds),
                Place::Mariadb(database) => from_text(&database.sql(&statement), '\t', &kinds),
            };
            rows.sort_by_key(|row| world.tables[table].key_of(row));
            rows
        };
        (0..world.tables.len()).map(rows).collect()
    }
}

fn from_file(file: &rusqlite::Connection, statement: &str, kinds: &[Kind]) -> Vec<Row> {
    let mut statement = file.prepare_cached(statement).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let cells =
            kinds
                .iter()
                .enumerate()
                .map(|(index, kind)| match row.get_ref(index).unwrap() {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) if *kind == Kind::Boolean => {
                        Value::Boolean(number == 1)
                    }
                    ValueRef::Integer(number) => Value::Number(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    other => panic!("no such value is written: {other:?}"),
                });
        rows.push(cells.collect());
    }
    rows
}

/// Rows as the client of a server prints them: no text that is stored is empty, or is `NULL`.
fn from_text(text: &str, separator: char, kinds: &[Kind]) -> Vec<Row> {
    let cell = |(text, kind): (&str, &Kind)| match kind {
        _ if text.is_empty() || text == "NULL" => Value::Null,
        Kind::Boolean => Value::Boolean(matches!(text, "t" | "1")),
        Kind::Int | Kind::BigInt => Value::Number(text.parse().unwrap()),
        Kind::Text | Kind::Date => Value::Text(text.to_owned()),
    };
    let rows = text
        .lines()
        .map(|line| line.split(separator).zip(kinds).map(cell).collect());
    rows.collect()
}
