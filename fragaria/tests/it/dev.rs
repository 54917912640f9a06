//! Editing a project while it is served.

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
