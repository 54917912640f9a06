//! Acting as a role of the database: for one transaction, whatever it is and however it ends.

use super::instance::{Bouncer, Instance};
use super::{Scratch, cell, one, open, rows, run_all, script, step};
use model::Relation;
use model::row_security::{Rows, Standing};
use model::{Actor, Argument, Scalar, Script, Secret, Use, Value, Weight};
use std::sync::Arc;
use store::{Config, Database, Error, Manner, Pooler, Postgres};

const SETUP: &str = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); \
    INSERT INTO t SELECT g, 0 FROM generate_series(1, 2000) g; \
    CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t; \
    CREATE TABLE p (id int PRIMARY KEY); ALTER TABLE p ENABLE ROW LEVEL SECURITY;";

/// Who asks, and what is known of it, in each of many rows.
const WHO: &str = "SELECT concat_ws('|', current_user, current_setting('fragaria.claims', true), \
    current_setting('fragaria.caller', true), current_setting('fragaria.tenant', true)) \
    FROM t WHERE id <= $1";

fn actor(role: &str) -> Arc<Actor> {
    Arc::new(Actor {
        role: role.into(),
        claims: r#"{"a":"' \" \\ $1"}"#.into(),
        caller: "ann's".into(),
        tenant: "7".into(),
    })
}

fn acting(weight: Weight, role: &str) -> Manner {
    Manner {
        actor: Some(actor(role)),
        ..weight.into()
    }
}

/// What each of so many rows says of who asks.
async fn who(database: &Database, count: i64, manner: Manner) -> Result<String, Error> {
    let who = rows(WHO, &[one(Scalar::Int)], &[Scalar::String]);
    let arguments = vec![vec![Argument::Value(Value::Integer(count))]];
    let told = run_all(database, &who, arguments, manner).await;
    let told = told.map_err(|failure| failure.error)?;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), usize::try_from(count).unwrap());
    assert!(rows.iter().all(|row| *row == rows[0]), "{told}");
    Ok(rows[0]["c0"].as_str().unwrap().to_owned())
}

/// A write that says who makes it, and may fail behind that.
fn write(fails: bool) -> Arc<Script> {
    let name = Use::Value(cell(0, Scalar::String));
    let sql = if fails {
        "UPDATE t SET n = n / 0 WHERE id = 1 RETURNING current_user::text"
    } else {
        "UPDATE t SET n = n + 1 WHERE id = 1 RETURNING current_user::text"
    };
    script(true, vec![step("w", sql, &[], name)])
}

async fn acts_and_leaves_nothing(database: &Database) {
    const TOLD: &str = "Role \"x\"|{\"a\":\"' \\\" \\\\ $1\"}|ann's|7";
    for (count, weight) in [
        (1, Weight::Light),
        (2_000, Weight::Bounded),
        (2_000, Weight::Unbounded),
    ] {
        let told = who(database, count, acting(weight, "Role \"x\""))
            .await
            .unwrap();
        assert_eq!(told, TOLD);
        let before = who(database, count, weight.into()).await.unwrap();
        assert_eq!(before.trim_end_matches('|'), "postgres");
    }
    for (fails, expected) in [(false, Some("{\"w\":\"Role \\\"x\\\"\"}")), (true, None)] {
        let manner = acting(Weight::Light, "Role \"x\"");
        let made = run_all(database, &write(fails), vec![vec![]], manner).await;
        assert_eq!(made.ok().as_deref(), expected);
    }
    let none = who(database, 1, acting(Weight::Light, "no such role")).await;
    assert!(matches!(none, Err(Error::Denied(_))), "{none:?}");
    let nul = Arc::new(Actor {
        tenant: "\0".into(),
        ..(*actor("Role \"x\"")).clone()
    });
    let nul = Manner {
        actor: Some(nul),
        ..acting(Weight::Light, "")
    };
    assert!(matches!(who(database, 1, nul).await, Err(Error::Denied(_))));
    let unbounded = who(database, 5, Weight::Unbounded.into()).await.unwrap();
    assert_eq!(unbounded.trim_end_matches('|'), "postgres");
}

fn config(address: String, pooler: Pooler) -> Config {
    Config {
        url: Secret::new(address),
        whole_bytes_max: 20_000,
        postgres: Postgres {
            pooler,
            exclusive_connections: 1,
            light_connections: 1,
            bounded_connections: 1,
            ..Postgres::default()
        },
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_acted_as_until_the_transaction_ends_and_behind_a_pooler_too() {
    let instance = Instance::start("", |_| {});
    let scratch = Scratch::on(&instance.address(), SETUP).await;
    let role = "CREATE ROLE \"Role \"\"x\"\"\"; GRANT SELECT, UPDATE ON t TO \"Role \"\"x\"\"\"";
    scratch.outside.batch_execute(role).await.unwrap();
    acts_and_leaves_nothing(&open(&config(scratch.address(), Pooler::None))).await;
    let bouncer = tokio::task::block_in_place(|| Bouncer::start(instance.port));
    let pooled = scratch.address().replace(
        &format!(":{}/", instance.port),
        &format!(":{}/", bouncer.port),
    );
    acts_and_leaves_nothing(&open(&config(pooled, Pooler::Transaction))).await;
    assert_eq!(
        scratch.number("SELECT n::bigint FROM t WHERE id = 1").await,
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_policies_come_to_is_told_of_the_login_and_each_role() {
    let instance = Instance::start("", |_| {});
    let scratch = Scratch::on(&instance.address(), SETUP).await;
    let roles = "CREATE ROLE login LOGIN; CREATE ROLE plain; CREATE ROLE strange; CREATE ROLE passing BYPASSRLS; \
        CREATE ROLE owner; GRANT plain, passing, owner TO login; ALTER TABLE p OWNER TO owner; \
        GRANT SELECT ON t TO plain";
    scratch.outside.batch_execute(roles).await.unwrap();
    let address = scratch.address().replace("//postgres@", "//login@");
    let database = open(&config(address, Pooler::None));
    let relation = |schema: Option<&str>, name: &str| Relation {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
    };
    let relations = [
        relation(None, "t"),
        relation(Some("public"), "v"),
        relation(None, "m"),
        relation(None, "p"),
        relation(Some("elsewhere"), "t"),
    ];
    let names = ["plain", "passing", "owner", "strange", "nobody", "none"].map(str::to_owned);
    let (login, roles) = database.row_security(&names, &relations).await.unwrap();
    let rows = |standing: &Standing| match standing {
        Standing::Narrowed(sights) => sights.iter().map(|sight| sight.rows).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let expected = |last| vec![Rows::All, Rows::OfOwner, Rows::Copied, last, Rows::All];
    // The login has the rights of its roles, those of the owner too.
    assert_eq!(login.name, "login");
    assert_eq!(rows(&login.standing), expected(Rows::Owned));
    assert_eq!(rows(&roles[0].standing), expected(Rows::Policies));
    assert_eq!(roles[1].standing, Standing::Bypasses);
    assert_eq!(rows(&roles[2].standing), expected(Rows::Owned));
    for barred in &roles[3..] {
        assert_eq!(barred.standing, Standing::Barred, "{barred:?}");
    }
    let Standing::Narrowed(sights) = &roles[0].standing else {
        panic!("{roles:?}");
    };
    let readable = sights.iter().map(|sight| sight.is_readable);
    assert!(readable.eq([true, false, false, false, false]));
    assert_eq!(sights[4].relation, None);
}

#[tokio::test]
async fn nobody_acts_as_a_role_where_there_are_none() {
    let database = open(&Config {
        url: Secret::new("sqlite::memory:"),
        ..Config::default()
    });
    let empty = Arc::new(Script {
        writes: false,
        calls: false,
        refusals: Arc::default(),
        footprint: Arc::default(),
        undone: false,
        steps: Vec::new(),
        roots: Vec::new(),
    });
    let refused = run_all(&database, &empty, Vec::new(), acting(Weight::Light, "x")).await;
    assert!(matches!(refused.unwrap_err().error, Error::Internal(_)));
    assert!(database.row_security(&[], &[]).await.is_err());
}
