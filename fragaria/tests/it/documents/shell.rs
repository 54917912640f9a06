//! Commands of the documents, run as a reader would type them.

use super::{expect, judged, parse};
use crate::database::Database;
use crate::project::Project;
use crate::server::{Server, isolated};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// What a reader types differs from what is run in these places, and in no other: an address of a
/// database becomes that of an empty database of this run's server, and the address of a server
/// the one it really has, as ports are taken as they come.
const POSTGRES: [&str; 2] = [
    "postgres://me:secret@localhost/shop",
    "postgres://me@localhost/shop",
];
const SERVER: &str = "127.0.0.1:8080";
const FROM_SOURCES: &str = "cargo run --release -- ";

/// The authority that a reader makes for TLS.
const AUTHORITY: &str = "ca.pem";

/// This runs the tests, and so the test that reads it.
const ITSELF: &str = "cargo xtask test";

/// What stands in the database that a reader brings.
const TABLES: &str = "
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    INSERT INTO products VALUES (1, 'Strawberry');";

/// The rules that cases in documents are about.
const RULES: &str = r#"
extend schema @role(name: "clerk")
extend type Customer
  @access(to: "clerk", allow: [READ, UPDATE], where: {country: {eq: {claim: "country"}}}, except: ["email"])
"#;

/// The example, made once and served.
pub(super) struct Shop {
    project: Project,
    pub(super) server: Server,
}

impl Shop {
    /// Makes and serves it.
    pub(super) fn new() -> Self {
        let project = Project::empty();
        let mut command = crate::server::binary();
        command.arg("dev").arg(project.path("shop"));
        let server = Server::start(&mut command).ready();
        project.run(&["compile", "shop"]);
        Self { project, server }
    }

    /// Runs the lines of a block, beside these files; returns what they print. The last one's answer may
    /// be known.
    pub(super) fn run_lines(
        &self,
        (text, files): (&str, &[(String, String)]),
        in_shop: bool,
        answer: Option<&str>,
    ) -> Result<String, String> {
        let home = if in_shop {
            self.copy()
        } else {
            Project::database(TABLES)
        };
        for (name, text) in files {
            home.write(name, text);
        }
        let mut place = Place::new(home, text);
        let mut printed = String::new();
        let mut last = String::new();
        for line in commands(text) {
            last = place.run(&line, self)?;
            printed.push_str(&last);
        }
        if answer.is_some() {
            expect(answer, &parse(&last)?)?;
        }
        Ok(printed)
    }

    /// Tries cases on the example, with rules.
    pub(super) fn try_cases(&self, text: &str) -> Result<String, String> {
        let copy = self.copy();
        let schema = copy.read("shop/schema.graphql") + RULES;
        copy.write("shop/schema.graphql", &schema);
        fs::create_dir(copy.path("shop/policy")).unwrap();
        copy.write("shop/policy/cases.toml", text);
        judged(&copy, &["policy", "test", "shop"], None)
    }

    /// A directory with the example in it.
    fn copy(&self) -> Project {
        let copy = Project::empty();
        fs::create_dir(copy.path("shop")).unwrap();
        let database = rusqlite::Connection::open(self.project.path("shop/shop.db")).unwrap();
        let target = copy.path("shop/shop.db").display().to_string();
        database.execute("VACUUM INTO ?1", [target]).unwrap();
        for name in ["fragaria.toml", "schema.graphql", "fragaria.artefact.json"] {
            let name = format!("shop/{name}");
            fs::copy(self.project.path(&name), copy.path(&name)).unwrap();
        }
        copy
    }
}

/// Where the lines of one block are run.
struct Place {
    home: Project,
    database: Option<Database>,
    server: Option<Server>,
}

impl Place {
    fn new(home: Project, text: &str) -> Self {
        fs::create_dir(home.path("bin")).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_fragaria"));
        std::os::unix::fs::symlink(program, home.path("bin/fragaria")).unwrap();
        // A status of 400 or more is a failure.
        home.write(".curlrc", "silent\nshow-error\nfail-with-body\n");
        let wanted = POSTGRES.iter().any(|url| text.contains(url));
        let database = wanted.then(Database::empty);
        if let Some(database) = &database {
            database.sql(TABLES);
        }
        Self {
            home,
            database,
            server: None,
        }
    }

    /// Runs a line; a server is started and gets ready.
    fn run(&mut self, line: &str, shop: &Shop) -> Result<String, String> {
        if line == ITSELF {
            return Ok(String::new());
        }
        let line = self.replaced(line, shop);
        if serves(&line) {
            let script = format!("exec env {line} \"$@\"");
            let mut command = self.shell(&script);
            let server = Server::start(command.arg("sh"));
            let server = if line.contains("tls.certificate") {
                server.trusted(&trust(&self.home.path(AUTHORITY)))
            } else {
                server
            };
            self.server = Some(server.ready());
            return Ok(String::new());
        }
        let output = self.shell(&line).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let told = text(&output.stderr) + &text(&output.stdout);
        Err(format!("`{line}` ends with {}: {told}", output.status))
    }

    fn replaced(&self, line: &str, shop: &Shop) -> String {
        let server = self.server.as_ref().unwrap_or(&shop.server);
        let mut line = line.replace(FROM_SOURCES, "fragaria ");
        line = line.replace(SERVER, &server.address.to_string());
        for url in POSTGRES {
            let ours = self.database.as_ref().map(Database::url);
            line = line.replace(url, &ours.unwrap_or_default());
        }
        line
    }

    fn shell(&self, script: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = isolated("sh");
        command
            .args(["-euc", script])
            .current_dir(self.home.path(""))
            .env("CURL_HOME", self.home.path(""))
            .env(
                "PATH",
                format!("{}:{path}", self.home.path("bin").display()),
            );
        command
    }
}

/// How a server is spoken to whose certificate is of that authority.
fn trust(authority: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(authority).unwrap();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Whether a command goes on until it is stopped.
fn serves(line: &str) -> bool {
    let mut words = line.split(' ').skip_while(|word| word.contains('='));
    words.next() == Some("fragaria") && matches!(words.next(), Some("serve" | "dev"))
}

/// The commands of a block, those over several lines put together, comments left out.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| {
        let command = line.split(" #").next().unwrap_or_default();
        command.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[test]
fn a_command_over_several_lines_is_one() {
    let text = "# first\nfragaria serve \\\n    shop   # comment\n\nls\n";
    assert_eq!(commands(text), ["fragaria serve shop", "ls"]);
}

#[test]
fn servers_are_told_from_commands_that_end() {
    assert!(serves("A=b fragaria serve shop") && serves("fragaria dev"));
    assert!(!serves("fragaria compile serve") && !serves("curl dev"));
}
