//! The smallest and the largest of a column, in the order PostgreSQL gives its values.

use crate::database::Database;
use crate::project::Project;
use serde_json::json;

#[test]
fn the_largest_is_last_in_the_order_of_the_column_and_not_in_that_of_its_text() {
    let database = Database::empty();
    database.sql(
        "CREATE EXTENSION citext;
         CREATE TABLE host (id integer PRIMARY KEY, net integer NOT NULL, address inet,
           range cidr, lease interval, name citext, card macaddr, at timetz);
         INSERT INTO host VALUES
           (1, 1, '9.0.0.1', '9.0.0.0/8', '9 days', 'b', '08:00:2b:01:02:03', '23:00+08'),
           (2, 1, '10.0.0.1', '10.0.0.0/8', '10 days', 'C', 'ff:00:00:00:00:01', '17:00+00'),
           (3, 3, '100.0.0.1', NULL, '1 mon', 'a', NULL, NULL), (4, 4, NULL, NULL, NULL, NULL, NULL, NULL)",
    );
    let server = Project::on(&database.url()).serve(&[]).ready();
    let found = server.graphql(
        "{ hostAggregate(where: { net: { eq: 1 } }) {
             min { address range lease name card at } max { address range lease name card at }
             first: max(where: { id: { lt: 2 } }) { address lease } }
           late: hostAggregate(groupBy: [{ net: VALUE }], having: { max: { address: { gt: \"10.0.0.0\" } } },
             orderBy: [{ min: { address: DESC } }]) { key { net } }
           unlike: hostAggregate(groupBy: [{ net: VALUE }], having: { max: { name: { like: \"c\" } } }) { count } }",
    );
    let figures = json!([{
        "min": { "address": "9.0.0.1/32", "range": "9.0.0.0/8", "lease": "9 days", "name": "b",
                 "card": "08:00:2b:01:02:03", "at": "23:00:00+08" },
        "max": { "address": "10.0.0.1/32", "range": "10.0.0.0/8", "lease": "10 days", "name": "C",
                 "card": "ff:00:00:00:00:01", "at": "17:00:00+00" },
        "first": { "address": "9.0.0.1/32", "lease": "9 days" },
    }]);
    assert_eq!(
        found.json()["data"],
        json!({ "hostAggregate": figures, "late": [{ "key": { "net": 3 } }, { "key": { "net": 1 } }], "unlike": [] }),
        "{}",
        found.json()
    );
}
