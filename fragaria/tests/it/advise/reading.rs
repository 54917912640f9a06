//! Nothing is written and nothing is run; whoever may read is enough, and what cannot be asked is told.

use super::{RECENT, TABLES, advise, analyse, proposed, stages, trust};
use crate::stage::Stage;
use std::fs;
use std::thread;

#[test]
fn a_login_that_may_only_read_is_enough_and_no_row_is_read() {
    // Who ran the view would wait for hours.
    let view = "CREATE VIEW slow AS SELECT id, SLEEP AS never FROM orders";
    let [sqlite, postgres, mariadb] = stages(&[("recent", RECENT)]);
    postgres.change(&view.replace("SLEEP", "pg_sleep(3600)::text"));
    mariadb.change(&view.replace("SLEEP", "SLEEP(3600)"));
    let reader = format!("advised_{}", postgres.outside("SELECT current_database()"));
    postgres.change(&format!(
        "CREATE ROLE {reader} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"
    ));
    let database = mariadb.outside("SELECT DATABASE()");
    mariadb.change(&format!(
        "CREATE USER advised_{database}; GRANT SELECT, SHOW VIEW ON `{database}`.* TO advised_{database}"
    ));
    for (stage, user) in [
        (&postgres, reader.clone()),
        (&mariadb, format!("advised_{database}")),
    ] {
        let url = stage.url_of(&user);
        stage
            .project
            .run(&["init", "--from", &stage.url(), "--force"]);
        trust(stage, &[("recent", RECENT)]);
        let schema = stage.project.read("schema.graphql");
        assert!(schema.contains("type Slow"), "{schema}");
        let rows = stage.outside("SELECT COUNT(*) FROM orders");
        let advice = advise(stage, &["--against", &url]);
        assert!(!proposed(&advice).is_empty(), "{advice:#}");
        assert_eq!(advice["left"], serde_json::json!([]), "{advice:#}");
        assert_eq!(stage.outside("SELECT COUNT(*) FROM orders"), rows);
    }
    postgres.change(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}"));
    mariadb.change(&format!("DROP USER advised_{database}"));
    let file = sqlite.project.path("shop.db");
    let before = fs::read(&file).unwrap();
    let advice = advise(&sqlite, &["--against", "sqlite:shop.db"]);
    assert!(!proposed(&advice).is_empty(), "{advice:#}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(!sqlite.project.path("shop.db-wal").exists());
}

#[test]
fn a_database_that_cannot_be_asked_is_told_as_elsewhere() {
    let stage = Stage::on_sqlite(TABLES, &[]);
    analyse(&stage);
    let refused = |arguments: &[&str]| {
        let mut all = vec!["advise"];
        all.extend(arguments);
        stage.project.fail(&all)
    };
    for (against, told) in [
        ("sqlite:none.db", "there is no file none.db"),
        (
            "postgres://127.0.0.1:1/none",
            "the project is compiled for sqlite, and the database is postgres",
        ),
        (
            ".",
            ". is a directory, and a database is named by an address",
        ),
        ("oracle://db/shop", "for no database that has been tested"),
    ] {
        let refusal = refused(&["--against", against]);
        assert!(refusal.contains(told), "{against}: {refusal}");
    }
    let url = "database.url=postgres://127.0.0.1:1/none";
    let refusal = refused(&["--set", url]);
    assert!(
        refusal.contains("cannot read the catalog of the database"),
        "{refusal}"
    );
    assert!(refusal.contains("help: start the database"), "{refusal}");
    stage.change("ALTER TABLE orders DROP COLUMN paid");
    let refusal = refused(&[]);
    assert!(refusal.contains("drift."), "{refusal}");
    for arguments in [
        &["advise", "--growth-max", "0.5"][..],
        &["advise", "--record", "--check"],
        &["advise", "--nothing"],
    ] {
        let output = stage.project.output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_database_that_is_lost_midway_is_a_failure_and_not_left_out() {
    let stage = Stage::on_postgres(TABLES, &[]);
    analyse(&stage);
    // The catalog is read beside whoever holds a table, and a plan of it waits.
    let held = stage.held("BEGIN; LOCK TABLE customer; SELECT 1");
    let lost = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let refusal = thread::scope(|scope| {
        scope.spawn(|| stage.until("1", lost));
        stage.project.fail(&["advise"])
    });
    assert!(
        refusal.starts_with("error: cannot read the plans of the database: "),
        "{refusal}"
    );
    drop(held);
    assert!(!proposed(&advise(&stage, &[])).is_empty());
}

#[test]
fn documents_that_write_are_planned_and_change_nothing() {
    let documents = [
        (
            "made",
            "mutation Made { createCustomer(input: { id: 5000, name: \"x\", country: 1 }) { id } }",
        ),
        (
            "renamed",
            "mutation Renamed { updateCustomer(id: 1, set: { name: \"x\" }) { id } }",
        ),
        (
            "gone",
            "mutation Gone { deleteOrders(where: { placed: { eq: 7 } }, atMost: 9000) { id } }",
        ),
        (
            "moved",
            "mutation Moved { updateOrders(where: { total: { eq: 7 } }, set: { paid: 1 }) { id } }",
        ),
    ];
    let rows = "SELECT CONCAT((SELECT COUNT(*) FROM orders), ' ', (SELECT COUNT(*) FROM customer), ' ', \
                (SELECT COUNT(*) FROM customer WHERE name = 'x'), ' ', \
                (SELECT COUNT(*) FROM orders WHERE paid = 1))";
    for stage in stages(&documents) {
        let advice = advise(&stage, &["--record"]);
        assert_eq!(advice["left"], serde_json::json!([]), "{advice:#}");
        let told = proposed(&advice);
        for start in ["orders: placed", "orders: total"] {
            let is_told = told.iter().any(|index| index.starts_with(start));
            assert!(is_told, "{start}: {advice:#}");
        }
        let plans = stage.project.read("fragaria.artefact.plans.json");
        for operation in ["Made", "Renamed", "Gone", "Moved"] {
            let named = format!("\"operation\": \"{operation}\"");
            assert!(plans.contains(&named), "{operation}: {plans}");
        }
        assert_eq!(stage.outside(rows), "10000 1000 0 0");
    }
}
