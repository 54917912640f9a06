//! Random mutations: the binary on SQLite, on PostgreSQL and on MariaDB, and a model in memory,
//! must give the same answers, and at the end hold the same rows.
//!
//! A failure prints the seed. `FRAGARIA_WRITES_SEED` and `FRAGARIA_WRITES_COUNT` make other and
//! longer runs.

mod change;
mod condition;
mod model;

use crate::client::Client;
use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::Server;
use change::Change;
use fastrand::Rng;
use model::State;
use serde_json::{Value, json};

/// Mutations of a run that nobody made longer.
const MUTATIONS: u64 = 600;

/// Mutations after which the rows are compared.
const CHECKED_AFTER: u64 = 20;

const CONTENT: &str = "{ clubs(orderBy: [{ id: ASC }]) { id name size version } \
                         people(orderBy: [{ id: ASC }]) { id name age clubId } }";

#[test]
fn random_mutations_change_every_database_as_a_model_says() {
    let first = setting("SEED", 1);
    let stage = Stage::start();
    let mut clients = stage.clients();
    let mut state = State::default();
    let (mut done, mut refused) = (0, 0);
    for seed in first..first + setting("COUNT", MUTATIONS) {
        let mut dice = Rng::with_seed(seed);
        let roots = [1, 1, 1, 2, 3][dice.usize(..5)];
        let changes: Vec<_> = (0..roots).map(|_| Change::random(&mut dice)).collect();
        let document = document(&changes);
        let wanted = state.apply(&changes);
        match wanted {
            Ok(_) => done += 1,
            Err(_) => refused += 1,
        }
        for (name, client) in &mut clients {
            let answer = ask(client, &document);
            let told =
                format!("seed {seed} on {name}: {document}\nanswer {answer}\nwanted {wanted:?}");
            match &wanted {
                Ok(data) => assert_eq!(&answer["data"], data, "{told}"),
                Err(codes) => {
                    let code = answer["errors"][0]["extensions"]["code"].as_str();
                    assert!(code.is_some_and(|code| codes.contains(&code)), "{told}");
                    assert!(answer["data"].is_null(), "{told}");
                }
            }
            if seed % CHECKED_AFTER == 0 {
                let content = ask(client, CONTENT);
                assert_eq!(content["data"], state.content(), "the rows after {told}");
            }
        }
    }
    for (name, client) in &mut clients {
        assert_eq!(
            ask(client, CONTENT)["data"],
            state.content(),
            "the rows on {name} at the end"
        );
    }
    assert!(
        done > refused / 4 && refused > done / 20,
        "{done} done, {refused} refused"
    );
}

fn setting(name: &str, usual: u64) -> u64 {
    let given = std::env::var(format!("FRAGARIA_WRITES_{name}"));
    given.map_or(usual, |text| text.parse().unwrap())
}

fn document(changes: &[Change]) -> String {
    let roots = changes.iter().enumerate();
    let roots = roots.map(|(index, change)| format!("r{index}: {change}"));
    format!("mutation {{ {} }}", roots.collect::<Vec<_>>().join(" "))
}

fn ask(client: &mut Client, document: &str) -> Value {
    let body = json!({ "query": document }).to_string();
    let headers = ["content-type: application/json"];
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client.response().unwrap().json()
}

/// The same tables behind three servers.
struct Stage {
    servers: [(&'static str, Server); 3],
    _projects: [Project; 3],
    _databases: (Database, mariadb::Database),
}

impl Stage {
    fn start() -> Self {
        let databases = (Database::empty(), mariadb::Database::empty());
        let sqlite = Project::database(&tables("text"));
        databases.0.sql(&tables("text"));
        databases.1.sql(&tables("varchar(20)"));
        let urls = [databases.0.url(), databases.1.url()];
        let places = [
            ("sqlite", sqlite, "sqlite:shop.db", "text"),
            ("postgres", Project::empty(), &urls[0], "text"),
            ("mariadb", Project::empty(), &urls[1], "varchar(20)"),
        ];
        let started = places.map(|(name, project, url, text)| {
            project.configure(url);
            project.write("schema.graphql", &schema(text));
            project.run(&["compile", "--against"]);
            let server = project.serve(&[]).ready();
            ((name, server), project)
        });
        let [a, b, c] = started;
        Self {
            servers: [a.0, b.0, c.0],
            _projects: [a.1, b.1, c.1],
            _databases: databases,
        }
    }

    fn clients(&self) -> [(&'static str, Client); 3] {
        self.servers
            .each_ref()
            .map(|(name, server)| (*name, server.client()))
    }
}

fn tables(text: &str) -> String {
    format!(
        "CREATE TABLE club (id integer PRIMARY KEY, name {text} NOT NULL UNIQUE, size integer,
             version integer NOT NULL DEFAULT 1);
         CREATE TABLE person (id integer PRIMARY KEY, name {text} NOT NULL, age integer DEFAULT 7,
             club_id integer, FOREIGN KEY (club_id) REFERENCES club (id));"
    )
}

fn schema(text: &str) -> String {
    let text = match text {
        "text" => String::new(),
        other => format!(" @column(type: \"{other}\")"),
    };
    format!(
        "type Club @table(name: \"club\") {{
           id: Int! @id name: String!{text} @unique size: Int version: Int! @version @default
           people: [Person!]! @relation(inverse: \"club\")
         }}
         type Person @table(name: \"person\") @api(singular: \"person\", plural: \"people\") {{
           id: Int! @id name: String!{text} age: Int @default clubId: Int @column(name: \"club_id\")
           club: Club @relation(fields: [\"clubId\"])
         }}"
    )
}
