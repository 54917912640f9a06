//! Rows of interfaces that others have broken: they are told, and not passed over.

use crate::project::Project;
use serde_json::json;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/kinds");

fn project() -> Project {
    let read = |name: &str| std::fs::read_to_string(format!("{CASES}/{name}")).unwrap();
    let project = Project::database(&read("sqlite.sql"));
    project.run(&["init", "--from", "sqlite:shop.db"]);
    project.write("schema.graphql", &read("schema.sqlite.graphql"));
    project.run(&["compile", "--against", "sqlite:shop.db"]);
    project
}

#[test]
fn a_row_of_no_known_type_or_without_its_other_part_is_told() {
    let project = project();
    project.sql("INSERT INTO party VALUES (30, 'person', 'Half'); INSERT INTO party VALUES (31, 'ghost', 'None')");
    project.sql("INSERT INTO attachment VALUES (30, 7, 1, NULL, NULL)");
    let server = project.serve(&[]).ready();
    for (document, told) in [
        (
            "{ parties(where: {id: {eq: 30}}) { name ... on Person { born } } }",
            "a row is of type Person by its discriminator, but the table of that type has no row",
        ),
        (
            "{ party(id: 31) { name } }",
            "a row is not of type Company, Person by its discriminator",
        ),
        (
            "{ attachments { __typename } }",
            "a row is not of type Link, Note by its discriminator",
        ),
    ] {
        let answer = server.graphql(document);
        assert_eq!(
            (answer.status, &*answer.code()),
            (500, "store.conversion"),
            "{document}"
        );
        let cause = server.logged("the database refused")["detail"].to_string();
        assert!(cause.contains(told), "{cause}");
    }
    let whole = server
        .graphql("{ parties(where: {id: {eq: 30}}) { name } }")
        .json();
    assert_eq!(whole["data"]["parties"][0]["name"], "Half");
    let gone = server
        .graphql("mutation { deleteParty(id: 30) { name } }")
        .json();
    assert_eq!(gone["data"]["deleteParty"]["name"], "Half");
    let still = server.graphql("mutation { deleteParty(id: 31) { name } }");
    assert_eq!(&*still.code(), "store.conversion", "it cannot be shown");
    let known = server.graphql("mutation { updateParty(id: 31, set: {kind: \"person\"}) { id } }");
    assert_eq!(&*known.code(), "store.conversion", "it has no person");
    let left = server
        .graphql("{ partyAggregate(where: {id: {gt: 4}}, groupBy: [{kind: VALUE}]) { key { kind } count } }")
        .json();
    let ghost = json!([{ "key": { "kind": "ghost" }, "count": 1 }]);
    assert_eq!(left["data"]["partyAggregate"], ghost);
}
