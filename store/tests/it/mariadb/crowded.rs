//! Servers that take few connections.

use super::{Scratch, WAITING_FOR_LOCKS};
use crate::postgres::crowded::Crowded;
use crate::postgres::{script, step};
use model::{Secret, Use};
use store::Config;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_few_connections_answers_all_requests_over_those() {
    let scratch = Scratch::new("CREATE TABLE t (n INT)");
    let address = scratch.address();
    let name = address.rsplit('/').next().unwrap();
    scratch.outside.run(&format!(
        "CREATE USER {name} WITH MAX_USER_CONNECTIONS 3; GRANT ALL ON {name}.* TO {name}"
    ));
    let crowded = Crowded::open(&Config {
        url: Secret::new(address.replace("//root@", &format!("//{name}@"))),
        ..scratch.config()
    });
    crowded.writers().await;
    assert_eq!(scratch.number("SELECT COUNT(*) FROM t"), 90);
    // Once the server takes more, the pool grows while its connections are at work.
    scratch.outside.run(&format!(
        "SELECT GET_LOCK('limit', 0); ALTER USER {name} WITH MAX_USER_CONNECTIONS 20"
    ));
    let wait = step("w", "DO GET_LOCK('limit', 600)", &[], Use::Discard);
    crowded.hold(&script(true, vec![wait]));
    scratch.assert_soon(10, WAITING_FOR_LOCKS).await;
    scratch.outside.run(&format!("DROP USER {name}"));
}
