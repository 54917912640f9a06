//! Editing a project while it is served.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use crate::server::{Server, binary};
use serde_json::json;

#[test]
fn an_edit_is_served_and_a_broken_one_is_shown_while_the_old_schema_serves() {
    let project = Project::small();
    let server = project.dev(&[]).ready();
    let schema = project.read("schema.graphql");
    let query = "{ product(id: 1) { label: name } }";
    let expected = json!({ "data": { "product": { "label": "Strawberry" } } });
    project.write(
        "schema.graphql",
        &schema.replacen("name: String!", "name: Strin!", 1),
    );
    let drawn = server.read_log("the edit is not served: the schema before it goes on serving");
    let drawn: Vec<_> = drawn
        .iter()
        .filter_map(|line| line["drawn"].as_str())
        .collect();
    let line = schema
        .lines()
        .position(|line| line.contains("name: String!"))
        .unwrap()
        + 1;
    assert!(
        drawn
            .join("\n")
            .contains(&format!("schema.graphql:{line}:")),
        "{drawn:?}"
    );
    assert_eq!(server.graphql(query).json(), expected);
    project.write("schema.graphql", &schema);
    server.read_log("the schema is whole again: it is the one that is served");
    let renamed = schema.replacen("name: String!", "title: String! @column(name: \"name\")", 1);
    project.write("schema.graphql", &renamed);
    server.read_log("the edit is served");
    let renamed = server.graphql("{ product(id: 1) { label: title } }");
    assert_eq!(renamed.json(), expected);
    assert_eq!(server.graphql(query).json().get("data"), None);
}

#[test]
fn an_edit_the_database_cannot_answer_is_not_served() {
    let project = Project::small();
    let server = project.dev(&[]).ready();
    let schema = project.read("schema.graphql");
    let unknown = schema.replacen("name: String!", "name: String!\n  colour: String", 1);
    project.write("schema.graphql", &unknown);
    let drawn = server.read_log("the edit is not served: the schema before it goes on serving");
    assert!(format!("{drawn:?}").contains("colour"), "{drawn:?}");
    assert_eq!(server.graphql("{ products { name } }").status, 200);
}

#[test]
fn the_example_is_made_once_and_keeps_its_data() {
    let home = Project::empty();
    let start = || {
        let mut command = binary();
        command.arg("dev").arg(home.path("shop"));
        Server::start(&mut command).ready()
    };
    let server = start();
    let made = home
        .path("shop/fragaria.toml")
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    drop(server);
    let server = start();
    assert_eq!(
        made,
        home.path("shop/fragaria.toml")
            .metadata()
            .unwrap()
            .modified()
            .unwrap()
    );
    assert_eq!(
        server.graphql("{ __typename }").json(),
        json!({ "data": { "__typename": "Query" } })
    );
}

#[test]
fn a_database_that_cannot_be_opened_is_told_with_its_mend_and_without_a_query() {
    let project = Project::small();
    std::fs::rename(project.path("shop.db"), project.path("away.db")).unwrap();
    let server = project.dev(&[]);
    let banner = server.read_answer("Ctrl-C stops.");
    assert!(
        banner.contains("unable to open database file: ./shop.db"),
        "{banner}"
    );
    let help = format!(
        "  = help: there is no file {}",
        project.path("shop.db").display()
    );
    assert!(banner.contains(&help), "{banner}");
    assert!(banner.contains("database.sqlite.create"), "{banner}");
    assert!(banner.contains("not ready yet") && !banner.contains("A first query"));
}

#[test]
fn the_log_of_a_server_without_its_database_says_why_and_what_to_do() {
    let project = Project::small();
    std::fs::rename(project.path("shop.db"), project.path("away.db")).unwrap();
    let server = project.serve(&[]);
    let line = server.logged("down");
    let (why, help) = (line["reason"].to_string(), line["help"].to_string());
    assert!(
        why.contains("unable to open database file: ./shop.db"),
        "{line}"
    );
    assert!(help.contains("database.sqlite.create"), "{line}");
    let health = server.get("/health/ready").json().to_string();
    assert!(!health.contains("shop.db"), "{health}");
}

#[test]
fn a_database_server_that_does_not_let_us_in_is_told_with_its_mend() {
    let (postgres, mariadb) = (Database::empty(), mariadb::Database::empty());
    let start = "start the database, or correct the host and the name in database.url";
    for (url, gone, nobody) in [
        (postgres.url(), "does not exist", "nobody"),
        (mariadb.url(), "Unknown database", "root:wrong"),
    ] {
        let project = Project::empty();
        project.write(
            "schema.graphql",
            "type Product @table {\n  id: Int! @id\n}\n",
        );
        project.configure(&url);
        project.run(&["compile"]);
        let (scheme, place) = url.split_once("://").unwrap();
        let (_, place) = place.rsplit_once('@').unwrap();
        for (url, why, help) in [
            (
                format!("{scheme}://me@127.0.0.1:1/shop"),
                "Connection refused",
                start,
            ),
            (format!("{url}_gone"), gone, start),
            (
                format!("{scheme}://{nobody}@{place}"),
                "the database refuses the login: ",
                &format!("FRAGARIA_DATABASE__URL={scheme}://<user>:<password>@<host>/<name>"),
            ),
        ] {
            let settings = [&*format!("database.url={url}")];
            let banner = project.dev(&settings).read_answer("Ctrl-C stops.");
            assert!(banner.contains("not ready yet: the database "), "{banner}");
            assert!(banner.contains(why) && banner.contains(help), "{banner}");
            let server = project.serve(&settings);
            let line = server.logged("down");
            assert!(line["reason"].as_str().unwrap().contains(why), "{line}");
            assert!(line["help"].as_str().unwrap().contains(help), "{line}");
            let health = server.get("/health/ready").json().to_string();
            assert!(!health.contains(why), "{health}");
        }
    }
}

#[test]
fn the_example_whose_database_is_gone_can_be_made_anew() {
    let home = Project::empty();
    let start = || Server::start(binary().arg("dev").arg(home.path("shop")));
    start().read_answer("A first query");
    std::fs::remove_file(home.path("shop/shop.db")).unwrap();
    let banner = start().read_answer("Ctrl-C stops.");
    let expected = format!(
        "; or delete {} and run dev again",
        home.path("shop").display()
    );
    assert!(banner.contains(&expected), "{banner}");
}

#[test]
fn drift_at_the_start_is_shown_as_drift_after_an_edit_is() {
    let project = Project::small();
    project.sql("ALTER TABLE product RENAME COLUMN price TO cost");
    let server = project.dev(&["server.check_interval_ms=20"]);
    let banner = server.read_answer("Ctrl-C stops.");
    assert!(
        banner.contains("not ready yet: the database does not hold what the schema says"),
        "{banner}"
    );
    let drawn = format!("{:?}", server.begun);
    assert!(drawn.contains("error[drift.missing_column]"), "{drawn}");
    assert!(!drawn.contains("drift: "), "it is not told twice: {drawn}");
    project.sql("ALTER TABLE product RENAME COLUMN cost TO price");
    let server = server.ready();
    assert_eq!(server.graphql("{ products { price } }").status, 200);
}
