//! What is attacked: a server on a database, perhaps with rules and an issuer, and how it must be
//! after each attack.

use super::certified::{self, Certified};
use super::front::{Attack, Front, Kind, Step, Way};
use super::text::{self, Kept};
use super::wire::{self, Sent};
use crate::client::{Client, Response};
use crate::project::Project;
use crate::server::Server;
use crate::stage::Stage;
use crate::who::provider::Provider;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// Words of ours or of a database that no answer may have.
const INNER: [&str; 13] = [
    "SELECT ",
    "INSERT INTO",
    "UPDATE \"",
    "DELETE FROM",
    "SQLSTATE",
    "near \\\"",
    "syntax error at",
    "panicked",
    ".rs:",
    "RUST_BACKTRACE",
    "shop.db",
    "_pkey",
    "constraint failed",
];

/// A database that it stands on.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Dialect {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
        }
    }
}

/// A server, and what it stands on.
pub(super) struct Stand {
    pub(super) server: Server,
    pub(super) provider: Option<Provider>,
    certified: Option<Certified>,
    /// The keys there are, and what was made of them.
    keys: Kept,
    stage: Stage,
    callers: BTreeMap<String, Value>,
    holds: Option<[String; 2]>,
}

impl Stand {
    pub(super) fn new(front: &Front, dialect: Dialect) -> Self {
        let tables = read("tables.sql");
        let stage = match dialect {
            Dialect::Sqlite => Stage::on_sqlite(&tables, &[]),
            Dialect::Postgres => Stage::on_postgres(&tables.replace(" json", " jsonb"), &[]),
            Dialect::Mariadb => Stage::on_mariadb(&tables, &[]),
        };
        let rules = match front.stand {
            Kind::Open => None,
            Kind::Ruled | Kind::Guarded | Kind::Keyed | Kind::Certified => {
                Some(read("rules.graphql"))
            }
            Kind::Policed => Some(policed(&stage)),
        };
        let project = &stage.project;
        if let Some(rules) = rules {
            let schema = project.read("schema.graphql") + &rules;
            project.write("schema.graphql", &schema);
            trust(project, &front.documents);
            project.run(&["compile"]);
        }
        for (name, statement) in &front.places {
            let place = project.path(&format!("{name}.db"));
            std::fs::copy(project.path("shop.db"), &place).unwrap();
            let place = rusqlite::Connection::open(place).unwrap();
            place.execute_batch(statement).unwrap();
        }
        let keys = keys(front, &stage);
        front.changes.iter().for_each(|sql| stage.change(sql));
        let provider = (front.stand == Kind::Guarded).then(Provider::start);
        let certified =
            (front.stand == Kind::Certified).then(|| Certified::new(project, &front.certificates));
        Self {
            server: serve(front, &stage, provider.as_ref(), certified.as_ref()),
            provider,
            certified,
            keys,
            callers: front.callers.clone(),
            holds: front.holds.clone(),
            stage,
        }
    }

    /// The header by which a step has its caller.
    pub(super) fn caller(&self, step: &Step) -> Option<String> {
        let name = step.caller.as_deref()?;
        Some(format!("fragaria-as: {}", self.callers[name]))
    }

    /// The connection of a step.
    pub(super) fn client(&self, step: &Step) -> io::Result<Client> {
        match &self.certified {
            Some(certified) if step.way != Way::Open => certified.connect(&self.server, step),
            _ => Ok(Client::connect(self.server.address)),
        }
    }

    /// Whether nothing of what an attack wants comes of it; why not, if not.
    pub(super) fn withstands(&self, attack: &Attack) -> Result<(), String> {
        let mut kept = self.keys.clone();
        for (number, step) in attack.steps.iter().enumerate() {
            let sent = wire::send(self, step, &kept);
            let told = self.is_as_it_must_be(step, &sent, &mut kept);
            told.map_err(|why| format!("at step {}: {why}", number + 1))?;
        }
        self.stands()
    }

    fn is_as_it_must_be(&self, step: &Step, sent: &Sent, kept: &mut Kept) -> Result<(), String> {
        let statuses: Vec<_> = sent.answers.iter().map(|answer| answer.status).collect();
        let fits = if step.raw.is_some() || step.closes {
            statuses == step.status && sent.closed == step.closes
        } else {
            matches!(statuses[..], [status] if step.status.contains(&status))
        };
        if !fits {
            let shown: Vec<_> = sent.answers.iter().map(shown).collect();
            return Err(format!("{statuses:?}, closed: {}: {shown:?}", sent.closed));
        }
        for answer in &sent.answers {
            let shown = shown(answer);
            let lacks = step.lacks.iter().map(String::as_str).chain(INNER);
            let told = lacks.into_iter().find(|word| shown.contains(word));
            if let Some(word) = told {
                return Err(format!("{word} is told: {shown}"));
            }
            if let Some(word) = step.has.iter().find(|word| !shown.contains(&***word)) {
                return Err(format!("{word} is not told: {shown}"));
            }
        }
        if let Some(answer) = sent.answers.first() {
            content(step, answer, kept)?;
        }
        match (step.logged, sent.answers.first()) {
            (Some(most), Some(answer)) => {
                self.is_logged_within(most, answer.header("x-request-id"))
            }
            _ => Ok(()),
        }
    }

    /// Whether that request is one line of the log, and no longer than that.
    fn is_logged_within(&self, most: usize, id: &str) -> Result<(), String> {
        loop {
            let lines = self.server.read_log("request");
            if let Some(line) = lines.iter().find(|line| line.get("drawn").is_some()) {
                return Err(format!("a line of the log is {line}"));
            }
            let last = &lines[lines.len() - 1];
            if last["request_id"] == id {
                let length = last.to_string().len();
                let is_short = length <= most;
                let told = || format!("{length} letters are logged");
                return is_short.then_some(()).ok_or_else(told);
            }
        }
    }

    /// Whether it serves, and what it holds is as it was.
    fn stands(&self) -> Result<(), String> {
        let ready = self.server.get("/health/ready").status;
        if ready != 200 {
            return Err(format!("the server is not ready: {ready}"));
        }
        let Some([sql, expected]) = &self.holds else {
            return Ok(());
        };
        let found = self.stage.outside(sql);
        let is_same = found == *expected;
        is_same
            .then_some(())
            .ok_or_else(|| format!("the database holds {found}, not {expected}"))
    }
}

/// Looks at data and code of an answer, and keeps parts of it.
fn content(step: &Step, answer: &Response, kept: &mut Kept) -> Result<(), String> {
    if step.code.is_none() && step.data.is_none() && step.keep.is_empty() {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("the answer is no JSON, {error}: {}", shown(answer)))?;
    let code = body["errors"][0]["extensions"]["code"].as_str();
    if code != step.code.as_deref() {
        return Err(format!(
            "{} is not expected: {body}",
            code.unwrap_or("no code")
        ));
    }
    if let Some(data) = &step.data {
        let data: Value = serde_json::from_str(&text::text(data, kept)).unwrap();
        if body["data"] != data {
            return Err(format!("{} is not {data}", body["data"]));
        }
    } else if code.is_some() && !body["data"].is_null() {
        return Err(format!("an error comes with data: {body}"));
    }
    for (name, place) in &step.keep {
        let part = body.pointer(place).and_then(Value::as_str);
        let part = part.ok_or_else(|| format!("nothing is at {place}: {body}"))?;
        kept.insert(name.clone(), part.to_owned());
    }
    Ok(())
}

/// An answer, head and body, as text.
fn shown(answer: &Response) -> String {
    let head = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    head.collect::<String>() + &String::from_utf8_lossy(&answer.body)
}

/// Puts documents into the project.
fn trust(project: &Project, documents: &BTreeMap<String, String>) {
    if documents.is_empty() {
        return;
    }
    std::fs::create_dir(project.path("documents")).unwrap();
    for (id, text) in documents {
        project.write(&format!("documents/{id}.graphql"), text);
    }
    let config = project.read("fragaria.toml") + "\n[documents]\nfolder = \"documents\"\n";
    project.write("fragaria.toml", &config);
}

/// Makes policies, and the roles they are for; gives the rules beside them.
fn policed(stage: &Stage) -> String {
    let name = stage.outside("SELECT current_database()");
    let named = |file| read(file).replace("{database}", &name);
    stage.change(&named("policies.sql"));
    named("policies.graphql")
}

/// Makes the keys of a front: each is kept by its name, and beside it its id, and a key of that id with
/// another secret.
fn keys(front: &Front, stage: &Stage) -> Kept {
    let mut kept = Kept::new();
    for (name, options) in &front.keys {
        let create = ["api-key", "create", "--name", name].into_iter();
        let create: Vec<_> = create.chain(options.iter().map(String::as_str)).collect();
        let key = stage.project.run(&create).trim().to_owned();
        let id = key.split('_').nth(1).unwrap().to_owned();
        let forged = guard::api_key::renew(&id).unwrap();
        kept.insert(format!("{name}-forged"), forged.text.expose().to_owned());
        kept.insert(format!("{name}-id"), id);
        kept.insert(name.clone(), key);
    }
    let nobodys = guard::api_key::mint().unwrap();
    kept.insert("nobodys".to_owned(), nobodys.text.expose().to_owned());
    kept
}

fn serve(
    front: &Front,
    stage: &Stage,
    provider: Option<&Provider>,
    certified: Option<&Certified>,
) -> Server {
    let settings: Vec<_> = front.settings.iter().map(String::as_str).collect();
    let project = &stage.project;
    match (front.stand, provider) {
        (Kind::Policed, _) => {
            let login = stage.outside("SELECT current_database()") + "_login";
            let url = format!("database.url={}", stage.url_of(&login));
            project.dev(&[&[&*url], &*settings].concat()).ready()
        }
        (Kind::Ruled, _) => project.dev(&settings).ready(),
        (_, Some(provider)) => provider.serve(project, &settings),
        (Kind::Certified, None) => {
            let server = project.serve(&[&certified::SETTINGS, &*settings].concat());
            let known = certified.map(Certified::known).unwrap();
            server.trusted(&known).ready()
        }
        (_, None) => project.serve(&settings).ready(),
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(super::root().join(name)).unwrap()
}
