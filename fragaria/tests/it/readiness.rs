//! Alive without a database, ready with it, and closed to a database that changed.

use crate::project::Project;
use serde_json::json;
use std::fs;

const SOON: &str = "server.check_interval_ms=20";

#[test]
fn a_server_without_its_database_is_alive_and_recovers() {
    let project = Project::small();
    fs::rename(project.path("shop.db"), project.path("away.db")).unwrap();
    let server = project.serve(&[SOON]);
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/startup").status, 200);
    let down = |response: &crate::client::Response| {
        response.json()["dependencies"]["database"]["status"] == "down"
    };
    let ready = server.until("/health/ready", down);
    assert_eq!(ready.status, 503);
    let refused = server.graphql("{ products { name } }");
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "server.not_ready")
    );
    assert_eq!(refused.header("retry-after"), "1");
    fs::rename(project.path("away.db"), project.path("shop.db")).unwrap();
    let server = server.ready();
    assert_eq!(server.graphql("{ product(id: 1) { name } }").status, 200);
}

#[test]
fn a_database_that_does_not_hold_the_schema_keeps_the_server_closed() {
    let project = Project::small();
    project.sql("ALTER TABLE product RENAME COLUMN price TO cost");
    let server = project.serve(&[SOON]);
    let report = server.until("/health/ready", |response| {
        response.json()["dependencies"]["schema"]["status"] == "down"
    });
    let reason = report.json()["dependencies"]["schema"]["reason"].to_string();
    assert!(
        reason.contains("does not hold") && !reason.contains("price"),
        "{reason}"
    );
    assert_eq!(
        server.graphql("{ products { name } }").code(),
        "server.not_ready"
    );
    project.sql("ALTER TABLE product RENAME COLUMN cost TO price");
    let server = server.ready();
    let body = server.graphql("{ product(id: 1) { price } }").json();
    assert_eq!(body, json!({ "data": { "product": { "price": 3 } } }));
}
