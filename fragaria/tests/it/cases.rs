//! `tests/cases/`: one behaviour, one folder, the same answer from every database.
//!
//! A fixture folder holds `schema.<dialect>.graphql`, `<dialect>.sql` (for the databases it is
//! about, if a `README.md` says why it is not about all) and a folder for each case:
//! `request.graphql`, perhaps `variables.json`, and `expected.json`. A case that changes data has
//! `then.graphql` and `then.json` too, and gets a database of its own. With
//! `FRAGARIA_CASES_WRITE=1` the answers of the first database become what is expected. Where a
//! database has an answer of its own, for a reason its `README.md` gives, it stands in
//! `expected.<dialect>.json`.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

#[test]
fn every_case_has_the_same_answer_on_every_database() {
    all(Callers::Developers);
}

/// Every statement is narrowed, every column guarded and every write looked at: the answers are the
/// same, and of each plan it can be shown that the rules hold.
#[test]
fn every_case_has_the_same_answer_under_rules_that_let_everything() {
    all(Callers::Ruled);
}

/// Whom the cases are answered.
#[derive(Clone, Copy, PartialEq)]
enum Callers {
    Developers,
    /// Somebody who holds a role that may do everything, as rules that hold of every row say.
    Ruled,
}

impl Callers {
    /// Whether they ask the case of that index of the database at that place: what rules add is asked
    /// of one of them.
    fn ask(self, case: usize, place: usize, databases: usize) -> bool {
        self == Self::Developers || case % databases == place
    }

    /// The schema for them.
    fn schema(self, text: String) -> String {
        if self == Self::Developers {
            return text;
        }
        let text = text.replace("@function", "@access(to: \"all\") @function");
        let mut rules = vec!["\nextend schema @role(name: \"all\")".to_owned()];
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let is_table = line.contains("@table") || line.contains("@view");
            let mut words = line.split_whitespace();
            let (Some(kind), Some(name), true) = (words.next(), words.next(), is_table) else {
                continue;
            };
            let allow = if line.contains("@view") {
                "READ"
            } else {
                "[READ, CREATE, UPDATE, DELETE]"
            };
            let fields = lines.by_ref().take_while(|line| !line.starts_with('}'));
            let key = fields.filter(|line| line.contains("@id")).find_map(|line| {
                let (field, _) = line.trim().split_once(':')?;
                Some(field.to_owned())
            });
            let rows = key.map_or(String::new(), |key| {
                format!(", where: {{not: {{{key}: {{isNull: true}}}}}}")
            });
            rules.push(format!(
                "extend {kind} {name} @access(to: \"all\", allow: {allow}{rows})"
            ));
        }
        text + &rules.join("\n")
    }
}

fn all(callers: Callers) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for fixture in folders(&root()) {
        let cases = folders(&fixture);
        wrong.extend(everywhere(&fixture, &cases, callers));
        count += cases.len();
    }
    assert!(count > 50, "only {count} cases were found");
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Dialect {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
        }
    }
}

/// Runs the cases of a fixture on every database it is about at once; returns what is wrong.
fn everywhere(fixture: &Path, cases: &[PathBuf], callers: Callers) -> Vec<String> {
    if let (true, Some(first)) = (writes_answers(), dialects(fixture).first()) {
        run_fixture(fixture, cases, (*first, true), callers);
    }
    let dialects = dialects(fixture);
    thread::scope(|scope| {
        let runs: Vec<_> = dialects
            .iter()
            .enumerate()
            .map(|(place, dialect)| {
                let own = cases.iter().enumerate();
                let own = own.filter(|(index, _)| callers.ask(*index, place, dialects.len()));
                let own: Vec<_> = own.map(|(_, case)| case.clone()).collect();
                scope.spawn(move || run_fixture(fixture, &own, (*dialect, place == 0), callers))
            })
            .collect();
        let ended = runs.into_iter().map(|run| run.join().unwrap());
        ended.flatten().collect()
    })
}

/// The databases that a fixture is about.
fn dialects(fixture: &Path) -> Vec<Dialect> {
    let mut dialects = vec![Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb];
    let schema = |dialect: Dialect| fixture.join(format!("schema.{}.graphql", dialect.name()));
    dialects.retain(|dialect| schema(*dialect).exists());
    assert!(
        dialects.len() == 3 || fixture.join("README.md").exists() && !dialects.is_empty(),
        "{} is not about every database, and says not why",
        fixture.display()
    );
    dialects
}

/// Runs the cases of a fixture on one database, whose answers may become what is expected; returns
/// what is wrong.
fn run_fixture(
    fixture: &Path,
    cases: &[PathBuf],
    dialect: (Dialect, bool),
    callers: Callers,
) -> Vec<String> {
    let home = Home::new(fixture, dialect.0, callers);
    let (writing, reading): (Vec<_>, Vec<_>) = cases
        .iter()
        .partition(|case| case.join("then.graphql").exists());
    let mut wrong: Vec<_> = writing
        .into_iter()
        .flat_map(|case| {
            let copy = home.copy();
            let server = copy.serve();
            let first = run(
                &server,
                case,
                ["request.graphql", "expected.json"],
                (dialect, callers),
            );
            let then = run(
                &server,
                case,
                ["then.graphql", "then.json"],
                (dialect, callers),
            );
            first.into_iter().chain(then)
        })
        .collect();
    let server = home.serve();
    let of_reading = |case: &&PathBuf| {
        run(
            &server,
            case,
            ["request.graphql", "expected.json"],
            (dialect, callers),
        )
    };
    wrong.extend(reading.iter().filter_map(of_reading));
    wrong
}

/// A project on a database of its own.
struct Home {
    project: Project,
    place: Place,
    callers: Callers,
}

/// Where the rows are.
enum Place {
    /// In a file of the project.
    File,
    Postgres(Database),
    /// With the script that made it: it has no templates.
    Mariadb(mariadb::Database, String),
}

impl Place {
    fn new(dialect: Dialect, sql: &str) -> Self {
        match dialect {
            Dialect::Sqlite => Self::File,
            Dialect::Postgres => {
                let database = Database::empty();
                database.sql(sql);
                Self::Postgres(database)
            }
            Dialect::Mariadb => {
                let database = mariadb::Database::empty();
                database.sql(sql);
                Self::Mariadb(database, sql.to_owned())
            }
        }
    }

    fn copy(&self) -> Self {
        match self {
            Self::File => Self::File,
            Self::Postgres(database) => Self::Postgres(Database::copy(database)),
            Self::Mariadb(_, sql) => Self::new(Dialect::Mariadb, sql),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::File => "sqlite:shop.db".to_owned(),
            Self::Postgres(database) => database.url(),
            Self::Mariadb(database, _) => database.url(),
        }
    }
}

impl Home {
    fn new(fixture: &Path, dialect: Dialect, callers: Callers) -> Self {
        let sql = read(&fixture.join(format!("{}.sql", dialect.name())));
        let schema = read(&fixture.join(format!("schema.{}.graphql", dialect.name())));
        let project = match dialect {
            Dialect::Sqlite => Project::database(&sql),
            Dialect::Postgres | Dialect::Mariadb => Project::empty(),
        };
        project.write("schema.graphql", &callers.schema(schema));
        let place = Place::new(dialect, &sql);
        let url = place.url();
        project.configure(&url);
        let told = project.run(&["compile", "--against", &url]);
        assert!(!told.contains("not looked at"), "{told}");
        Self {
            project,
            place,
            callers,
        }
    }

    /// The same data once more.
    fn copy(&self) -> Self {
        let project = Project::empty();
        let place = self.place.copy();
        if matches!(place, Place::File) {
            fs::copy(self.project.path("shop.db"), project.path("shop.db")).unwrap();
        }
        for file in ["fragaria.artefact.json", "schema.graphql"] {
            project.write(file, &self.project.read(file));
        }
        project.configure(&place.url());
        Self {
            project,
            place,
            callers: self.callers,
        }
    }

    fn serve(&self) -> Server {
        match self.callers {
            Callers::Developers => self.project.serve(&[]).ready(),
            Callers::Ruled => self.project.dev(&[]).ready(),
        }
    }
}

/// Sends one request of a case; returns how its answer differs from what is expected.
fn run(
    server: &Server,
    case: &Path,
    files: [&str; 2],
    ((dialect, is_first), callers): ((Dialect, bool), Callers),
) -> Option<String> {
    let [request, expected] = files;
    let variables = case.join("variables.json");
    let variables = if request == "request.graphql" && variables.exists() {
        serde_json::from_str(&read(&variables)).unwrap()
    } else {
        Value::Null
    };
    let body = json!({ "query": read(&case.join(request)), "variables": variables }).to_string();
    let headers = [
        "content-type: application/json",
        r#"fragaria-as: {"roles": ["all"]}"#,
    ];
    let headers = match callers {
        Callers::Developers => &headers[..1],
        Callers::Ruled => &headers,
    };
    let answer = server.ask("POST /graphql", headers, body.as_bytes()).json();
    let own = expected.replace(".json", &format!(".{}.json", dialect.name()));
    let own = case.join(own);
    let path = if own.exists() {
        own
    } else {
        case.join(expected)
    };
    if writes_answers() && is_first {
        fs::write(&path, serde_json::to_string_pretty(&answer).unwrap() + "\n").unwrap();
    }
    let wanted: Value = serde_json::from_str(&read(&path)).unwrap();
    let is_same = answer == wanted
        || dialect == Dialect::Mariadb && at_any_scale(&answer) == at_any_scale(&wanted);
    (!is_same).then(|| {
        let case = case.strip_prefix(root()).unwrap().display();
        format!(
            "{case} on {}:\n  wanted {wanted}\n  got    {answer}",
            dialect.name()
        )
    })
}

/// Whether the answers of SQLite are what is expected from now on.
fn writes_answers() -> bool {
    std::env::var_os("FRAGARIA_CASES_WRITE").is_some()
}

/// The same answer with decimals that lost the zeros at their ends: MariaDB gives as many digits
/// after the point as the column has, whatever was written.
fn at_any_scale(answer: &Value) -> Value {
    match answer {
        Value::Array(items) => items.iter().map(at_any_scale).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), at_any_scale(member)))
            .collect(),
        Value::String(text) if text.contains('.') && text.parse::<f64>().is_ok() => {
            text.trim_end_matches('0').trim_end_matches('.').into()
        }
        other => other.clone(),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
