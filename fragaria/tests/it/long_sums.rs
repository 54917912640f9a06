//! Sums of more digits than MariaDB's decimals have: it gives nines for them, we an error.

use crate::mariadb::Database;
use crate::project::Project;
use serde_json::{Value, json};

/// The most that the column has before the point.
const NINES: &str = "99999999999999999999999999999999999";
/// The most that it has behind.
const TINY: &str = "999999999999999999999999999999";

#[test]
fn a_sum_that_is_too_long_is_refused_and_every_other_one_is_exact() {
    let database = Database::empty();
    database.sql(&format!(
        "CREATE TABLE account (id int PRIMARY KEY, owner int NOT NULL, amount decimal(65,30));
         INSERT INTO account VALUES (1, 1, {NINES}), (2, 1, {NINES}.5), (3, 2, {NINES}.{TINY}),
           (4, 3, -7), (5, 3, -0.5), (6, 4, NULL), (7, 5, 50)"
    ));
    let server = Project::on(&database.url()).serve(&[]).ready();
    let ask = |arguments: &str, figures: &str| -> Value {
        let groups = format!("groupBy: [{{ owner: VALUE }}] {arguments}");
        let document = format!("{{ accountAggregate({groups}) {{ {figures} }} }}");
        server.graphql(&document).json()
    };
    let figures = "key { owner } sum { amount } avg { amount }";
    let found = ask(
        "where: { owner: { gt: 1 } }, orderBy: [{ avg: { amount: ASC } }]",
        figures,
    );
    let group = |owner: i32, sum: String, average: String| json!({ "key": { "owner": owner }, "sum": { "amount": sum }, "avg": { "amount": average } });
    let zeros = "0".repeat(TINY.len() - 1);
    assert_eq!(
        found["data"]["accountAggregate"],
        json!([
            group(3, format!("-7.5{zeros}"), "-3.750000".to_owned()),
            group(5, format!("50.0{zeros}"), "50.000000".to_owned()),
            group(2, format!("{NINES}.{TINY}"), format!("1{}.000000", "0".repeat(NINES.len()))),
            { "key": { "owner": 4 }, "sum": { "amount": null }, "avg": { "amount": null } },
        ]),
        "{found}"
    );
    for (arguments, figures) in [
        ("", "sum { amount }"),
        ("", "avg { amount }"),
        ("", "sumDistinct { amount }"),
        ("", "sum(where: { id: { lt: 3 } }) { amount }"),
        ("orderBy: [{ sum: { amount: DESC } }]", "key { owner }"),
        ("having: { sum: { amount: { gt: \"0\" } } }", "count"),
    ] {
        let answer = ask(arguments, figures);
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "store.out_of_range", "{figures}: {answer}");
        assert!(answer["data"].is_null(), "{answer}");
    }
}
