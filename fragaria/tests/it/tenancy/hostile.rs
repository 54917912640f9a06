//! Names that want to be something else.

use super::ground::{Ground, Kind};
use super::{WHOSE, owners};

#[test]
fn a_tenant_may_be_called_anything_and_is_still_itself() {
    let long = "x".repeat(255);
    let names = [
        "acme",
        "ACME",
        "public",
        "home",
        "../place0.db",
        "a\"b",
        "a'; DROP TABLE note; --",
        "früh",
        "fru\u{308}h",
        " ",
        "{claim}",
        &long,
    ];
    for kind in [Kind::Files, Kind::Schemas] {
        let ground = Ground::new(kind, &names);
        let server = ground.serve(&["tenancy.open_max=3", "database.queue_timeout_ms=20000"]);
        for _ in 0..2 {
            for name in names {
                assert_eq!(owners(&server.ask_as(name, WHOSE)), [name]);
            }
        }
        for name in names {
            assert_eq!(ground.count(name), "2");
        }
    }
}
