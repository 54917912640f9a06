//! What the server keeps for itself, how much of it there may be, and how it tells how much there is.

use crate::client::{Client, Response};
use crate::project::Project;
use crate::server::binary;
use crate::stage::Stage;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A name so long that a few hundred comparisons with it are a long statement.
const COLUMN: &str = "the_weight_of_all_that_was_picked_in_this_row_in_grams";
const FIELD: &str = "theWeightOfAllThatWasPickedInThisRowInGrams";

#[test]
fn prepared_statements_are_counted_and_long_ones_are_not_kept() {
    let tables = format!(
        "CREATE TABLE harvest (id integer PRIMARY KEY NOT NULL, {COLUMN} integer NOT NULL);
         INSERT INTO harvest VALUES (1, 600), (2, 10000);"
    );
    let weights: Vec<_> = (1..=700)
        .map(|weight| format!("{{{FIELD}: {{eq: {weight}}}}}"))
        .collect();
    let long = format!(
        "{{ harvests(limit: 9, where: {{or: [{}]}}) {{ id }} }}",
        weights.join(" ")
    );
    for stage in Stage::of(&tables, &[]) {
        let server = stage.serve();
        let kept = || server.metric("fragaria_store_statements_kept");
        assert_eq!(kept(), 0);
        let ask = |document: &str| server.graphql(document).json()["data"].take();
        for _ in 0..3 {
            let one = ask("{ harvest(id: 2) { id } }");
            assert_eq!(one, json!({ "harvest": { "id": 2 } }));
        }
        let few = kept();
        assert!((1..=4).contains(&few), "{few}");
        for _ in 0..3 {
            assert_eq!(ask(&long), json!({ "harvests": [{ "id": 1 }] }));
        }
        // On MariaDB the last one stays until the next is prepared.
        ask("{ harvest(id: 2) { id } }");
        let now = kept();
        assert_eq!(now, few);
        ask(&format!("{{ harvest(id: 2) {{ {FIELD} }} }}"));
        assert!(kept() > few, "one that is short is kept");
    }
}

#[test]
fn lines_of_the_log_wait_for_who_reads_them_and_none_is_lost() {
    let project = Project::small();
    let mut server = Unread(serve(&project).spawn().unwrap());
    let mut log = BufReader::new(server.0.stderr.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&log.next().unwrap().unwrap()).unwrap() };
    let address = loop {
        let line = next();
        if line["message"] == "listening" {
            break line["address"].as_str().unwrap().parse().unwrap();
        }
    };
    while health(address) != 200 {}
    // From here on nobody reads, and the pipe is full before long.
    let mut client = Client::connect(address);
    let mut asked = 0;
    while waiting(address) < 50_000 {
        for _ in 0..50 {
            asked += 1;
            assert_eq!(ask(&mut client, asked).status, 200);
        }
        assert!(asked < 20_000, "all lines went somewhere");
    }
    for expected in 1..=asked {
        let name = loop {
            let line = next();
            if let Some(name) = line["operation"].as_str() {
                break name.to_owned();
            }
        };
        assert_eq!(name, format!("number{expected}"));
    }
    while waiting(address) > 0 {
        next();
    }
}

/// A server whose log nobody else reads; it ends with this.
struct Unread(Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(project: &Project) -> Command {
    let mut command = binary();
    command
        .current_dir(project.path(""))
        .args(["serve", ".", "--open", "--listen", "127.0.0.1:0"])
        .args(["--set", "log.format=json", "--set", "rates.rules=[]"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Asks under a name of its own.
fn ask(client: &mut Client, number: u32) -> Response {
    let query = format!("query number{number} {{ product(id: 1) {{ id }} }}");
    let body = json!({ "query": query }).to_string();
    let headers = ["content-type: application/json"];
    client
        .request("POST /graphql", &headers, body.as_bytes())
        .unwrap();
    client.response().unwrap()
}

fn health(address: SocketAddr) -> u16 {
    let mut client = Client::connect(address);
    client.request("GET /health/ready", &[], b"").unwrap();
    client.response().unwrap().status
}

/// Bytes of lines that wait, as the server tells.
fn waiting(address: SocketAddr) -> u64 {
    let mut client = Client::connect(address);
    client.request("GET /metrics", &[], b"").unwrap();
    let text = String::from_utf8(client.response().unwrap().body).unwrap();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("fragaria_log_waiting_bytes "));
    line.unwrap().parse().unwrap()
}
