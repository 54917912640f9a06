//! A shop whose answers are kept, on a database that tells what others change.

use crate::client::{Client, PATIENCE, Response};
use crate::database::{Session, psql};
use crate::instance::Instance;
use crate::mariadb::{client_at, command_at};
use crate::mariadb_instance;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Several beats of a feed.
const SETTLING: Duration = Duration::from_millis(80);

pub(super) const JSON: &str = "content-type: application/json";

/// Books on shelves, and loans of which nothing is kept.
const TABLES: &str = "
    CREATE TABLE shelf (id INT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);
    CREATE TABLE book (id INT NOT NULL PRIMARY KEY, shelf_id INT NOT NULL, title VARCHAR(200) NOT NULL,
        FOREIGN KEY (shelf_id) REFERENCES shelf (id) ON DELETE CASCADE);
    CREATE TABLE loan (id INT NOT NULL PRIMARY KEY, book_id INT NOT NULL, reader VARCHAR(50) NOT NULL,
        FOREIGN KEY (book_id) REFERENCES book (id) ON DELETE CASCADE);
    CREATE TABLE note (id INT NOT NULL PRIMARY KEY, word VARCHAR(200) NOT NULL);
    CREATE TABLE counter (id INT NOT NULL PRIMARY KEY, value INT NOT NULL);
    INSERT INTO counter VALUES (1, 0), (2, 0);
    INSERT INTO shelf VALUES (1, 'high'), (2, 'low');
    INSERT INTO book VALUES (1, 1, 'Emma'), (2, 1, 'Ulysses'), (3, 2, 'Momo');
    INSERT INTO loan VALUES (1, 1, 'Ann');
    INSERT INTO note VALUES (1, 'first');";

/// A write to `book` fires one to `note`.
const TRIGGER: &str = "CREATE TRIGGER noted AFTER UPDATE ON book FOR EACH ROW
    BEGIN UPDATE note SET word = NEW.title WHERE id = 1; END";

const POSTGRES_TRIGGER: &str = "
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE note SET word = NEW.title WHERE id = 1; RETURN NULL; END $$;
    CREATE TRIGGER noted AFTER UPDATE ON book FOR EACH ROW EXECUTE FUNCTION noted();";

/// A project and what it is on.
pub(super) struct Ground {
    pub(super) project: Project,
    pub(super) base: Base,
}

pub(super) enum Base {
    Sqlite,
    Postgres(Instance),
    Mariadb(mariadb_instance::Instance),
}

/// What came of a request: its answer, and what the log says of the cache.
pub(super) struct Told {
    pub(super) answer: Response,
    pub(super) cache: String,
}

impl Ground {
    pub(super) fn all() -> [Self; 3] {
        [Self::sqlite(), Self::postgres(""), Self::mariadb()]
    }

    pub(super) fn sqlite() -> Self {
        let project = Project::database(&format!("PRAGMA journal_mode = WAL; {TABLES} {TRIGGER};"));
        project.run(&["init", "--from", "sqlite:shop.db"]);
        Self::keeping(project, Base::Sqlite)
    }

    /// A server with these settings beside those that a feed needs.
    pub(super) fn postgres(settings: &str) -> Self {
        let instance = Instance::start(&format!("wal_level = logical\n{settings}"), |_| {});
        psql(&instance.address(), &format!("{TABLES} {POSTGRES_TRIGGER}"));
        let project = Project::empty();
        project.run(&["init", "--from", &instance.address()]);
        Self::keeping(project, Base::Postgres(instance))
    }

    pub(super) fn mariadb() -> Self {
        let options = ["--log-bin=log", "--server-id=1", "--binlog-format=ROW"];
        let options = options.map(str::to_owned).to_vec();
        let instance = mariadb_instance::Instance::start(|_| options);
        client_at(&instance.address(), "mysql", "CREATE DATABASE shop");
        let trigger = TRIGGER.replace("BEGIN", "").replace("; END", "");
        client_at(&instance.address(), "shop", &format!("{TABLES} {trigger}"));
        let project = Project::empty();
        let url = instance.address().replace("/mysql", "/shop");
        project.run(&["init", "--from", &url]);
        Self::keeping(project, Base::Mariadb(instance))
    }

    /// All types but loans say for how long.
    fn keeping(project: Project, base: Base) -> Self {
        let mut schema = project.read("schema.graphql");
        for (name, age) in [
            ("Shelf", 3_600),
            ("Book", 600),
            ("Note", 60),
            ("Counter", 60),
        ] {
            let named = format!("type {name} @table(");
            assert!(schema.contains(&named), "{schema}");
            let kept = format!("type {name} @cache(maxAge: {age}) @table(");
            schema = schema.replace(&named, &kept);
        }
        project.write("schema.graphql", &schema);
        project.run(&["compile"]);
        Self { project, base }
    }

    /// Another word in the schema.
    pub(super) fn replace(&self, old: &str, new: &str) {
        let schema = self.project.read("schema.graphql");
        assert!(schema.contains(old), "{schema}");
        self.project
            .write("schema.graphql", &schema.replacen(old, new, 1));
        self.project.run(&["compile"]);
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.base, Base::Postgres(_))
    }

    pub(super) fn serve(&self, settings: &[&str]) -> Server {
        let own = ["cache.enabled=true", "database.changes.beat_ms=5"];
        let mut settings = [&own, settings].concat();
        if !settings
            .iter()
            .any(|it| it.starts_with("cache.stale_ms_max"))
        {
            // Whatever else the machine does meanwhile.
            settings.push("cache.stale_ms_max=60000");
        }
        self.project.serve(&settings).ready()
    }

    /// Stops the server of the database without a word to its clients.
    pub(super) fn kill(&self) {
        match &self.base {
            Base::Sqlite => panic!("SQLite has no server"),
            Base::Postgres(instance) => instance.kill(),
            Base::Mariadb(instance) => instance.kill(),
        }
    }

    pub(super) fn start_again(&self) {
        match &self.base {
            Base::Sqlite => panic!("SQLite has no server"),
            Base::Postgres(instance) => instance.start_again(),
            Base::Mariadb(instance) => instance.start_again(),
        }
    }

    /// What somebody else changes.
    pub(super) fn sql(&self, sql: &str) {
        match &self.base {
            Base::Sqlite => self.project.sql(&format!("PRAGMA foreign_keys = 1; {sql}")),
            Base::Postgres(instance) => _ = psql(&instance.address(), sql),
            Base::Mariadb(instance) => _ = client_at(&instance.address(), "shop", sql),
        }
    }

    /// A connection of somebody else to a server.
    pub(super) fn session(&self) -> Session {
        match &self.base {
            Base::Sqlite => panic!("SQLite has no server"),
            Base::Postgres(instance) => Session::open(&instance.address()),
            Base::Mariadb(instance) => {
                Session::over(command_at(&instance.address(), "shop").arg("--unbuffered"))
            }
        }
    }
}

/// Sends a document on a connection of its own.
pub(super) fn send(server: &Server, headers: &[&str], body: &Value) -> Client {
    let mut client = server.client();
    let headers = [&[JSON], headers].concat();
    let body = body.to_string();
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client
}

/// What the log says of the cache in the line of a request; nothing for what may not be kept.
pub(super) fn told(server: &Server, answer: Response) -> Told {
    let id = answer.header("x-request-id").to_owned();
    loop {
        let line = server.logged("request");
        if line["request_id"] == *id {
            let cache = line["cache"].as_str().unwrap_or_default().to_owned();
            return Told { answer, cache };
        }
    }
}

pub(super) fn ask_as(server: &Server, headers: &[&str], body: &Value) -> Told {
    let answer = send(server, headers, body).response().unwrap();
    told(server, answer)
}

pub(super) fn ask(server: &Server, document: &str) -> Told {
    ask_as(server, &[], &json!({ "query": document }))
}

/// Asks until the answer is kept for a while: a feed takes a moment to begin, and counts what was
/// committed once more when it is shown. The data.
pub(super) fn settled(server: &Server, document: &str) -> Value {
    let (start, mut kept) = (Instant::now(), None);
    loop {
        let told = ask(server, document);
        if told.cache != "hit" {
            assert!(start.elapsed() < PATIENCE, "it stays {}", told.cache);
            kept = None;
            continue;
        }
        let since = *kept.get_or_insert_with(Instant::now);
        if since.elapsed() > SETTLING {
            return told.data();
        }
    }
}

/// Asks until the data is that.
pub(super) fn until(server: &Server, document: &str, expected: &Value) {
    let start = Instant::now();
    loop {
        let data = ask(server, document).data();
        if data == *expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{document} stays {data}");
    }
}

impl Told {
    pub(super) fn data(&self) -> Value {
        let mut body = self.answer.json();
        assert!(body["errors"].is_null(), "{body}");
        body["data"].take()
    }
}

/// How many requests ended that way.
pub(super) fn counted(server: &Server, outcome: &str) -> u64 {
    server.metric(&format!(
        "fragaria_cache_requests_total{{outcome=\"{outcome}\"}}"
    ))
}
