//! Fields that an expression computes: what the database does not take never serves.

use crate::database::Database;
use crate::mariadb;
use crate::project::Project;
use serde_json::json;

const SOON: &str = "server.check_interval_ms=20";
const TABLES: &str = "
    CREATE TABLE line (id integer PRIMARY KEY, price integer NOT NULL, number integer NOT NULL);
    INSERT INTO line VALUES (1, 3, 4);";

/// A project whose field is computed by that expression, on a database that is there.
fn project(url: &str, expression: &str) -> Project {
    let project = if url.starts_with("sqlite:") {
        Project::database(TABLES)
    } else {
        Project::empty()
    };
    project.configure(url);
    let schema = format!(
        "type Line @table(name: \"line\") {{ id: Int! @id price: Int! number: Int! \
         cost: Int! @computed(sql: \"{expression}\") }}"
    );
    project.write("schema.graphql", &schema);
    project
}

#[test]
fn an_expression_that_the_database_refuses_is_drift() {
    let databases = (Database::empty(), mariadb::Database::empty());
    databases.0.sql(TABLES);
    databases.1.sql(TABLES);
    let urls = [
        "sqlite:shop.db".to_owned(),
        databases.0.url(),
        databases.1.url(),
    ];
    for url in urls {
        for (expression, why) in [
            ("{price} * no_such({number})", "no_such"),
            ("{price} * number", "number"),
            ("{price} * ", ""),
        ] {
            let project = project(&url, expression);
            project.run(&["compile"]);
            let told = project.fail(&["compile", "--against"]);
            assert!(told.contains("error[drift.expression]"), "{told}");
            assert!(told.contains("`Line.cost`") && told.contains(why), "{told}");
        }
        let project = project(&url, "{price} * {number}");
        project.run(&["compile", "--against"]);
    }
}

#[test]
fn a_server_waits_until_the_database_takes_its_expressions() {
    let database = Database::empty();
    database.sql(TABLES);
    let project = project(&database.url(), "twice({price})");
    project.run(&["compile"]);
    let server = project.serve(&[SOON]);
    let closed = server.until("/health/ready", |response| {
        response.json()["dependencies"]["schema"]["status"] == "down"
    });
    assert_eq!(closed.status, 503);
    assert!(
        !closed.json().to_string().contains("twice"),
        "expressions are for the log"
    );
    assert_eq!(
        server.graphql("{ lines { cost } }").code(),
        "server.not_ready"
    );
    database.sql(
        "CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1'",
    );
    let server = server.ready();
    let body = server.graphql("{ lines { cost } }").json();
    assert_eq!(body, json!({ "data": { "lines": [{ "cost": 6 }] } }));
}
