//! A login for which no policy holds, until it is no longer exempt.

use crate::client::until;
use crate::stage::Stage;
use serde_json::{Value, json};

const TABLES: &str = "
    CREATE TABLE note (id int PRIMARY KEY, word text NOT NULL);
    INSERT INTO note VALUES (1, 'first');
    ALTER TABLE note ENABLE ROW LEVEL SECURITY;";

#[test]
fn policies_hold_for_statements_that_were_prepared_before() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let login = stage.outside("SELECT current_database()") + "_exempt";
    stage.change(&format!(
        "CREATE ROLE {login} LOGIN BYPASSRLS; GRANT SELECT ON note TO {login}"
    ));
    let url = format!("database.url={}", stage.url_of(&login));
    let server = stage
        .project
        .serve(&[&url, "server.check_interval_ms=50"])
        .ready();
    // By its key it is read on a shared connection, and with others in a transaction.
    for (document, seen, unseen) in [
        (
            "{ note(id: 1) { word } }",
            json!({ "note": { "word": "first" } }),
            json!({ "note": null }),
        ),
        (
            "{ notes { word } noteAggregate { count } }",
            json!({ "notes": [{ "word": "first" }], "noteAggregate": [{ "count": 1 }] }),
            json!({ "notes": [], "noteAggregate": [{ "count": 0 }] }),
        ),
    ] {
        let ask = || -> Value { server.graphql(document).json()["data"].take() };
        for _ in 0..3 {
            assert_eq!(ask(), seen);
        }
        stage.change(&format!("ALTER ROLE {login} NOBYPASSRLS"));
        until("rows are seen that no policy lets be seen", || {
            (ask() == unseen).then_some(())
        });
        stage.change(&format!("ALTER ROLE {login} BYPASSRLS"));
        until("the login is exempt again", || {
            (ask() == seen).then_some(())
        });
    }
}

#[test]
fn who_is_no_longer_a_member_sees_no_more_what_members_see() {
    let stage = Stage::on_postgres(TABLES, &[]);
    let name = stage.outside("SELECT current_database()");
    let (login, readers) = (format!("{name}_login"), format!("{name}_readers"));
    stage.change(&format!(
        "CREATE ROLE {readers}; CREATE ROLE {login} LOGIN; GRANT {readers} TO {login};
         GRANT SELECT ON note TO {login}; CREATE POLICY members ON note TO {readers} USING (true)"
    ));
    let url = format!("database.url={}", stage.url_of(&login));
    let server = stage
        .project
        .serve(&[&url, "server.check_interval_ms=50"])
        .ready();
    let ask = || -> Value { server.graphql("{ note(id: 1) { word } }").json()["data"].take() };
    for _ in 0..3 {
        assert_eq!(ask(), json!({ "note": { "word": "first" } }));
    }
    stage.change(&format!("REVOKE {readers} FROM {login}"));
    until("rows are seen that are for members alone", || {
        (ask() == json!({ "note": null })).then_some(())
    });
}
