//! Rules in schema files: what is refused of them, what they come to, and who gains by a change.

use crate::show;
use engine::{Sight, artefact, diff, prove, report};
use model::Dialect::{Mariadb, Postgres, Sqlite};
use std::fmt::Write as _;

const SHOP: &str = r#"
type Customer @table {
  id: Int! @id
  tenantId: Int!
  name: String!
  email: String
  orders: [Order!]! @relation(inverse: "customer")
}
type Order @table {
  id: Int! @id
  customerId: Int!
  customer: Customer! @relation(fields: ["customerId"])
}
type Sales @view {
  total: Int
}
extend schema @role(name: "clerk", description: "Works for one tenant.") @role(name: "auditor")
extend type Customer
  @access(to: "clerk", allow: [READ, UPDATE], where: {tenantId: {eq: {claim: "tenant"}}}, except: ["email"])
  @access(to: "clerk", allow: CREATE, set: {tenantId: {claim: "tenant"}}, fields: ["name", "tenantId"])
  @access(to: ["auditor", "clerk"], allow: READ, where: {orders: {none: {}}}, fields: ["id", "email"])
extend type Order @access(to: "clerk", allow: [READ, DELETE], where: {customer: {tenantId: {in: {claim: "org.tenants"}}}})
extend type Sales @access(to: "auditor", allow: READ)
"#;

#[test]
fn who_may_do_what_is_told_in_words() {
    let report = report(&show::schema(SHOP, Sqlite)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn rules_that_cannot_be_read_are_refused_where_they_stand() {
    let rules = [
        r#"extend schema @role(name: "a") @role(name: "a") @role(name: "b c") @role(name: "")"#,
        r#"extend type Customer @access(to: "clark", allow: READ)"#,
        r#"extend type Customer @access(to: "clerk")"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, fields: ["id"], except: ["id"])"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, fields: ["emial"])"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, check: {})"#,
        r#"extend type Customer @access(to: "clerk", allow: CREATE, set: {nmae: "x"})"#,
        r#"extend type Sales @access(to: "clerk", allow: [READ, DELETE])"#,
        r#"extend type Order { more: Int @access(to: "clerk") }"#,
        "schema { query: Query }",
    ];
    let literals = [
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {tenant: {eq: 1}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {tenantId: {eq: "x"}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {tenantId: {claim: "x"}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: 1)"#,
        r#"extend type Customer @access(to: "clerk", allow: CREATE, check: {name: {like: 1}})"#,
        r#"extend type Customer @access(to: "clerk", allow: CREATE, set: {name: 1, tenantId: null})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {tenantId: {eq: null}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {or: [{id: {eq: 1}}, {tenantId: null}]})"#,
        r#"extend type Customer @access(to: "clerk", allow: CREATE, check: {not: null})"#,
    ];
    let idle = [
        r#"extend type Customer @access(to: "clerk", allow: READ, where: [])"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {tenantId: {}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {and: [{id: {eq: 1}}, {or: []}]})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {orders: {every: {}}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {compare: {id: {}}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {id: {notIn: []}})"#,
        r#"extend type Customer @access(to: "clerk", allow: READ, where: {id: {eq: {claim: ""}}})"#,
        r#"extend type Customer @access(to: "clerk", allow: CREATE, check: {name: {}})"#,
    ];
    let told = [rules.join("\n"), literals.join("\n"), idle.join("\n")].map(|rules| {
        let text = format!("{SHOP}{rules}\n");
        show::findings(&text, Sqlite)
    });
    insta::assert_snapshot!(told.join("\n===\n"));
}

#[test]
fn a_diff_tells_who_gains_and_who_loses_sight_of_what() {
    let old = show::schema(SHOP, Sqlite);
    let text = SHOP
        .replace("except: [\"email\"]", "except: [\"name\"]")
        .replace("{orders: {none: {}}}", "{orders: {some: {}}}")
        .replace("allow: [READ, DELETE]", "allow: READ");
    let new = show::schema(&text, Sqlite);
    let told = |from, to| {
        let changes = diff(from, to);
        let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(format!(
        "{}\n\nand back:\n{}",
        told(&old, &new),
        told(&new, &old)
    ));
    assert!(diff(&old, &old).is_empty());
    let open = SHOP.split("extend schema").next().unwrap();
    let open = show::schema(open, Sqlite);
    let gains = diff(&old, &open);
    assert!(
        gains
            .iter()
            .any(|change| change.at == "schema" && change.access == Some(Sight::Gains))
    );
}

#[test]
fn every_way_of_each_role_is_shown_to_be_held_to_its_rules() {
    for (dialect, statements) in [(Sqlite, 24), (Postgres, 24), (Mariadb, 28)] {
        let shown = prove(&show::schema(SHOP, dialect)).unwrap();
        let told: Vec<_> = shown
            .iter()
            .map(|shown| (&*shown.role, shown.ways, shown.statements))
            .collect();
        assert_eq!(told, [("auditor", 7, 7), ("clerk", 14, statements)]);
    }
}

/// Tables that lead to each other, each with rules for each of so many roles.
fn large(tables: usize, roles: usize) -> String {
    let mut text = String::from("extend schema");
    for role in 0..roles {
        write!(text, " @role(name: \"r{role}\")").unwrap();
    }
    for table in 0..tables {
        let next = (table + 1) % tables;
        let columns = ["a", "b", "c1", "d"].map(|name| format!("  {name}: String\n"));
        let columns = columns.concat();
        write!(
            text,
            "\ntype T{table} @table {{\n  id: Int! @id\n  tenantId: Int!\n  nextId: Int!\n{columns}\
               next: T{next}! @relation(fields: [\"nextId\"])\n  \
               last: [T{}!]! @relation(inverse: \"next\")\n}}\n",
            (table + tables - 1) % tables
        )
        .unwrap();
        for role in 0..roles {
            let rule = "where: {tenantId: {eq: {claim: \"tenant\"}}}, except: [\"c1\"]";
            writeln!(
                text,
                "extend type T{table} @access(to: \"r{role}\", allow: [READ, CREATE, UPDATE, DELETE], {rule})"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn ways_of_many_tables_and_roles_are_shown() {
    let shown = prove(&show::schema(&large(6, 4), Postgres)).unwrap();
    let ways: Vec<_> = shown.iter().map(|shown| shown.ways).collect();
    assert_eq!(ways, [78; 4]);
}

#[test]
fn roles_of_the_database_are_told_apart_from_what_is_none() {
    let roles = |text: &str| format!("type A @table {{ id: Int! @id }}\nextend schema\n{text}\n");
    let long = "x".repeat(64);
    let told = [
        (
            Postgres,
            "  @role(name: \"a\", database: \"x\")\n  @role(name: \"b\")".to_owned(),
        ),
        (
            Postgres,
            format!(
                "  @role(name: \"a\", database: \"none\")\n  @role(name: \"b\", database: \"pg_monitor\")\n  \
                 @role(name: \"c\", database: \"\")\n  @role(name: \"d\", database: \"{long}\")\n  \
                 @role(name: \"e\", database: \"a\\nb\")\n  @role(name: \"f\", database: \"public\")"
            ),
        ),
        (Sqlite, "  @role(name: \"a\", database: \"x\")".to_owned()),
        (Mariadb, "  @role(name: \"a\", database: \"x\")".to_owned()),
    ]
    .map(|(dialect, text)| show::findings(&roles(&text), dialect));
    insta::assert_snapshot!(told.join("\n===\n"));
    let fits =
        "@role(name: \"a\", database: \"None\") @role(name: \"b\", database: \"A \\\"b\\\"; é\")";
    let schema = show::schema(&roles(fits), Postgres);
    let text = String::from_utf8(artefact::write(&schema)).unwrap();
    assert!(
        text.contains(r#""roles":[{"name":"a","database":"None"},"#),
        "{text}"
    );
    assert_eq!(artefact::read(text.as_bytes()).unwrap().schema, schema);
}

#[test]
fn an_artefact_in_which_some_roles_act_as_nobody_or_as_the_login_is_damaged() {
    let text = "type A @table { id: Int! @id } extend schema \
                @role(name: \"a\", database: \"x\") @role(name: \"b\", database: \"y\")";
    let schema = show::schema(text, Postgres);
    for name in [None, Some("none"), Some("")] {
        let mut bad = schema.clone();
        bad.roles[1].database = name.map(str::to_owned);
        let error = artefact::read(&artefact::write(&bad)).unwrap_err();
        assert!(matches!(error, artefact::Error::Damaged(_)), "{error}");
    }
    let mut bad = schema;
    bad.dialect = Mariadb;
    assert!(artefact::read(&artefact::write(&bad)).is_err());
}
