//! What `policy explain` and `policy test` tell of rules of the database: the same as a request.

use super::{Ground, clerk};
use crate::project::told;
use std::fs;

/// A case of a clerk of tenant 1, among rows of two tenants that only the login may put there.
const CASES: &str = r#"
[[rows]]
type = "Customer"
values = { id = 50, tenantId = 1, name = "Mine" }

[[rows]]
type = "Customer"
values = { id = 51, tenantId = 2, name = "Theirs" }

[[case]]
name = "a clerk works for its tenant"
as = { roles = ["clerk"], claims = { tenant = 1 } }
sees = [{ type = "Customer", id = 1 }, { type = "Customer", id = 50 }]
does_not_see = [{ type = "Customer", id = 3 }, { type = "Customer", id = 51 }]
may = [
  { update = "Customer", id = 50, values = { name = "Changed" } },
  { create = "Customer", values = { id = 60, tenantId = 1, name = "New" } },
]
may_not = [
  { update = "Customer", id = 51, values = { name = "Changed" } },
  { create = "Customer", values = { id = 60, tenantId = 2, name = "New" } },
]

[[case.asks]]
document = "{ customers(orderBy: [{ id: ASC }]) { id } counted }"
answer = { customers = [{ id = 1 }, { id = 2 }, { id = 50 }], counted = "3" }
"#;

impl Ground {
    /// How a command on the project ends that connects as the login, and what it tells.
    fn command(&self, arguments: &[&str]) -> (i32, String) {
        let url = format!("database.url={}", self.stage.url_of(&self.login));
        let arguments = [arguments, &["--set", &url]].concat();
        let output = self.stage.project.output(&arguments);
        let answer = String::from_utf8(output.stdout.clone()).unwrap();
        (output.status.code().unwrap(), answer + &told(&output))
    }

    fn explained(&self, caller: &str, id: &str) -> (i32, String) {
        let row = ["--type", "Customer", "--id", id];
        self.command(&[&["policy", "explain", "--as", caller][..], &row].concat())
    }

    fn tried(&self, cases: &str) -> (i32, String) {
        fs::create_dir_all(self.stage.project.path("policy")).unwrap();
        self.stage.project.write("policy/clerks.toml", cases);
        self.command(&["policy", "test"])
    }
}

#[test]
fn a_row_is_explained_as_the_role_of_the_caller_sees_it() {
    let ground = Ground::new();
    for (id, verdict) in [("1", "The row is seen."), ("3", "There is no such row.")] {
        let (code, told) = ground.explained(&clerk(1), id);
        assert_eq!(code, 0, "{told}");
        assert!(told.contains(verdict), "{id}: {told}");
        let acting = format!("asked as {} in the database", ground.clerk);
        assert!(told.contains(&acting), "{told}");
    }
    let (_, told) = ground.explained(&clerk(2), "3");
    assert!(told.contains("The row is seen."), "{told}");
    let (code, told) = ground.explained(r#"{"roles": ["clerk"], "tenant": "2"}"#, "3");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("The row is seen."), "{told}");
    let (code, told) = ground.explained(r#"{"roles": ["clerk", "boss"]}"#, "1");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("access.database_role"), "{told}");
}

#[test]
fn cases_are_tried_as_the_role_of_their_caller_and_leave_nothing() {
    let ground = Ground::new();
    let rows = "SELECT count(*) || ' ' || sum(id) FROM customer";
    let before = ground.stage.outside(rows);
    let (code, told) = ground.tried(CASES);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("1 case, 0 failing"), "{told}");
    for (right, wrong, expected) in [
        ("id = 3 }", "id = 2 }", "expected  not seen"),
        (
            "id = 51, values",
            "id = 50, values",
            "expected  refused by the rules",
        ),
        (
            "tenantId = 1, name = \"New\"",
            "tenantId = 2, name = \"New\"",
            "store.policy",
        ),
    ] {
        let (code, told) = ground.tried(&CASES.replacen(right, wrong, 1));
        assert_eq!(code, 1, "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let two = CASES.replacen("[\"clerk\"]", "[\"clerk\", \"boss\"]", 1);
    let (code, told) = ground.tried(&two);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("access.database_role"), "{told}");
    assert_eq!(ground.stage.outside(rows), before);
}

#[test]
fn who_has_a_tenant_with_a_database_of_its_own_is_not_asked_for_at_home() {
    let ground = Ground::new();
    let project = &ground.stage.project;
    let tenancy =
        "\n[tenancy]\nby = \"schema\"\n[[tenancy.tenants]]\nname = \"north\"\nschema = \"north\"\n";
    project.write("fragaria.toml", &(project.read("fragaria.toml") + tenancy));
    let caller = r#"{"roles": ["clerk"], "tenant": "north", "claims": {"tenant": 1}}"#;
    let (code, told) = ground.explained(caller, "1");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("that of `north` is not asked here"), "{told}");
    let north = CASES.replacen("[\"clerk\"],", "[\"clerk\"], tenant = \"north\",", 1);
    let (code, told) = ground.tried(&north);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("that of `north` is not asked here"), "{told}");
    assert_eq!(ground.tried(CASES).0, 0);
}
