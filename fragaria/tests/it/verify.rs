//! `fragaria verify`: the matrix on every database, on wrong ones, and on ones that go away; limits
//! under a load.

use crate::client::PATIENCE;
use crate::database::{Database, Session, psql};
use crate::instance::Instance;
use crate::mariadb;
use crate::project::{Project, told};
use crate::server::binary;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

/// Schemas of the matrix that are there now.
const SCRATCHES: &str = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'fragaria_verify_%'";

/// What was found when the page of support was written.
const RECORD: &str = include_str!("../../../docs/reference/support.json");

fn verify(url: &str, more: &[&str]) -> Output {
    let mut command = binary();
    command.args(["verify", "api", "--against", url]).args(more);
    command.output().unwrap()
}

/// What a machine is told of a matrix that holds.
fn holds(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let failures = serde_json::to_string_pretty(&report["failures"]).unwrap();
    assert!(output.status.success(), "{}{failures}", told(output));
    assert_eq!(report["failed"], 0);
    report
}

/// The whole matrix holds, and finds what the page of support says.
fn finds_the_record(database: &str, output: &Output) {
    let report = holds(output);
    assert_eq!(report["database"], database);
    let record: Value = serde_json::from_str(RECORD).unwrap();
    let list = |types: &Value| types.as_array().unwrap().clone();
    let (found, recorded) = (list(&report["types"]), list(&record[database]));
    let names = |types: &[Value]| -> Vec<_> {
        let names = types.iter();
        names
            .map(|kind| (kind["type"].clone(), kind["scalar"].clone()))
            .collect()
    };
    assert_eq!(names(&found), names(&recorded), "{MEND}");
    for (found, recorded) in found.iter().zip(&recorded) {
        // What not every server has is nothing to miss.
        if found["tried"] == true || found["needs"].is_null() {
            assert_eq!(found, recorded, "{MEND}");
        }
    }
}

/// What makes the record anew.
const MEND: &str = "if that is wanted, run `cargo xtask docs --record`";

#[test]
fn the_matrix_holds_on_sqlite_and_leaves_nothing_behind() {
    let project = Project::database("CREATE TABLE mine (id INTEGER PRIMARY KEY)");
    let before = std::fs::read(project.path("shop.db")).unwrap();
    let output = project.output(&["verify", "api", "--against", "sqlite:shop.db", "--json"]);
    finds_the_record("sqlite", &output);
    assert_eq!(std::fs::read(project.path("shop.db")).unwrap(), before);
    let left = std::fs::read_dir(project.path("")).unwrap();
    assert_eq!(left.count(), 1, "only the database is there");
}

#[test]
fn the_matrix_holds_on_postgres_and_leaves_nothing_behind() {
    let database = Database::empty();
    database.sql(
        "CREATE EXTENSION citext; CREATE EXTENSION postgis; CREATE TABLE mine (id int PRIMARY KEY)",
    );
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let before = database.sql(tables);
    finds_the_record("postgres", &verify(&database.url(), &["--json"]));
    assert_eq!(database.sql(SCRATCHES), "0");
    assert_eq!(database.sql(tables), before);
}

#[test]
fn the_matrix_holds_on_mariadb_and_leaves_nothing_behind() {
    let database = mariadb::Database::empty();
    finds_the_record("mariadb", &verify(&database.url(), &["--json"]));
    let left = "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'fragaria_verify_%'";
    assert_eq!(database.sql(left), "0");
}

#[test]
fn a_database_that_changes_values_fails_and_the_table_says_where() {
    let database = Database::empty();
    database.sql(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN NEW.value := upper(NEW.value); RETURN NEW; END $$;
         CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
           DECLARE made record;
           BEGIN
             FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
               IF made.object_identity LIKE '%.v\\_text\\_as\\_string' THEN
                 EXECUTE 'CREATE TRIGGER shouts BEFORE INSERT OR UPDATE ON ' || made.object_identity ||
                         ' FOR EACH ROW EXECUTE FUNCTION public.shout()';
               END IF;
             END LOOP;
           END $$;
         CREATE EVENT TRIGGER watches ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
           EXECUTE FUNCTION watch();",
    );
    let types = ["--type", "text", "--type", "varchar"];
    let output = verify(&database.url(), &types);
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(3), "{table}{}", told(&output));
    assert!(
        told(&output).contains("of the matrix fail"),
        "{}",
        told(&output)
    );
    let row = table
        .lines()
        .find(|line| line.starts_with("text as String"));
    assert!(row.unwrap().contains("FAIL"), "{table}");
    let other = table
        .lines()
        .find(|line| line.starts_with("varchar as String"));
    assert!(!other.unwrap().contains("FAIL"), "{table}");
    assert!(table.contains("  asked: query"), "{table}");
    assert!(table.contains("expected \"a\", found \"A\""), "{table}");
    assert_eq!(database.sql(SCRATCHES), "0");
}

#[test]
fn a_given_schema_is_used_when_it_is_empty_and_left_empty() {
    let database = Database::empty();
    database.sql("CREATE SCHEMA mine; CREATE SCHEMA full_one; CREATE TABLE full_one.t (id int)");
    let url = database.url();
    let refused = verify(&url, &["--schema", "full_one"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("the schema full_one is not empty\n  = help: "),
        "{}",
        told(&refused)
    );
    let refused = verify(&url, &["--schema", "nowhere"]);
    assert!(
        told(&refused).contains("there is no schema nowhere"),
        "{}",
        told(&refused)
    );
    let refused = verify(&url, &["--schema", "a\"; DROP"]);
    assert!(
        told(&refused).contains("is no name for --schema"),
        "{}",
        told(&refused)
    );
    let report = holds(&verify(
        &url,
        &["--schema", "mine", "--type", "mood", "--json"],
    ));
    assert!(report["passed"].as_u64().unwrap() > 100, "{report}");
    assert_eq!(report["types"].as_array().unwrap().len(), 1);
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'mine'::regnamespace)
        + (SELECT count(*) FROM pg_type WHERE typnamespace = 'mine'::regnamespace)";
    assert_eq!(database.sql(left), "0");
    assert_eq!(database.sql(SCRATCHES), "0");
}

#[test]
fn what_somebody_makes_in_the_given_schema_in_the_meantime_stays() {
    let database = Database::empty();
    database.sql("CREATE SCHEMA mine");
    let mut other = Session::open(&database.url());
    other.sql("BEGIN; CREATE TYPE mine.mood AS ENUM ('theirs'); SELECT 1");
    let mut command: Command = binary();
    command.args([
        "verify",
        "api",
        "--against",
        &database.url(),
        "--schema",
        "mine",
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    Session::open(&database.url()).until("1", &waits.replace('\n', " "));
    other.sql("COMMIT; SELECT 1");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let labels = "SELECT enumlabel FROM pg_enum WHERE enumtypid = 'mine.mood'::regtype";
    assert_eq!(database.sql(labels), "theirs");
}

#[test]
fn a_login_that_may_not_make_a_schema_is_told_the_mend() {
    let database = Database::empty();
    let name = format!("guest_{}", std::process::id());
    database.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'hunter2'"));
    let url = database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let output = verify(&format!("{scheme}://{name}:hunter2@{place}"), &[]);
    let said = told(&output);
    database.sql(&format!("DROP ROLE {name}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("cannot be made"), "{said}");
    assert!(
        said.contains("= help: ") && said.contains("--schema"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn sqlite_has_no_schemas_and_a_database_that_is_away_is_said_so() {
    let project = Project::small();
    let refused = project.fail(&[
        "verify",
        "api",
        "--against",
        "sqlite:shop.db",
        "--schema",
        "x",
    ]);
    assert!(refused.contains("SQLite has no schemas"), "{refused}");
    let refused = project.fail(&["verify", "api", "--against", "sqlite:gone.db"]);
    assert!(refused.contains("there is no file gone.db"), "{refused}");
    let refused = project.fail(&[
        "verify",
        "api",
        "--against",
        "postgres://nobody@127.0.0.1:1/nothing",
    ]);
    let mend = "  = help: start the database, or correct the host and the name in the address behind --against";
    assert!(
        refused.contains("the database cannot be used") && refused.contains(mend),
        "{refused}"
    );
    let encrypted = "postgres://nobody@127.0.0.1:1/nothing?sslmode=require";
    let refused = project.fail(&["verify", "api", "--against", encrypted]);
    let mend = "correct the host, the name and sslmode in the address behind --against";
    assert!(refused.contains(mend), "{refused}");
    let refused = project.fail(&[
        "verify",
        "api",
        "--against",
        "sqlite:shop.db",
        "--type",
        "colour",
    ]);
    assert!(
        refused.contains("no columns of type \"colour\"") && refused.contains("decimal_text"),
        "{refused}"
    );
    let refused = project.fail(&["verify", "api"]);
    assert!(refused.contains("database.url is not set"), "{refused}");
    let usage = project.output(&["verify"]);
    assert_eq!(usage.status.code(), Some(2));
}

/// A run that is stopped in its midst, and the server it runs on.
struct Midst {
    instance: Instance,
    child: Child,
}

impl Midst {
    /// Waits until tables of the matrix are there.
    fn reach() -> Self {
        let instance = Instance::start("", |_| {});
        let mut command: Command = binary();
        command.args(["verify", "api", "--against", &instance.address()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let there = "SELECT count(*) > 40 FROM pg_tables WHERE schemaname LIKE 'fragaria_verify_%'";
        Session::open(&instance.address()).until("t", there);
        Self { instance, child }
    }
}

#[test]
fn a_database_that_dies_in_the_midst_is_said_so_with_what_is_left() {
    let Midst { instance, child } = Midst::reach();
    instance.kill();
    let output = child.wait_with_output().unwrap();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("schema fragaria_verify_") && said.contains("is left"),
        "{said}"
    );
    let command = said.split("DROP schema ").nth(1).unwrap();
    let command = format!("DROP schema {}", command.lines().next().unwrap());
    instance.start_again();
    assert_eq!(psql(&instance.address(), SCRATCHES), "1");
    psql(&instance.address(), &command);
    assert_eq!(psql(&instance.address(), SCRATCHES), "0");
}

#[test]
fn an_interrupt_removes_the_scratch() {
    let Midst { instance, child } = Midst::reach();
    let sent = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("interrupted"), "{}", told(&output));
    assert_eq!(psql(&instance.address(), SCRATCHES), "0");
}

#[test]
fn the_limits_are_tried_and_what_fails_decides_the_exit_code() {
    let mut command = binary();
    command.args([
        "verify",
        "limits",
        "--seconds",
        "3",
        "--seed",
        "7",
        "--json",
    ]);
    for scenario in [
        "single",
        "nodes",
        "bursts",
        "restart",
        "partition",
        "tenants",
    ] {
        command.args(["--scenario", scenario]);
    }
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let failed = report["failed"].as_u64().unwrap_or(99);
    let short = report["tooShort"].as_u64().unwrap_or(99);
    let expected = match (failed, short) {
        (0, 0) => 0,
        (0, _) => 1,
        _ => 3,
    };
    assert_eq!(output.status.code(), Some(expected), "{}", told(&output));
    let scenarios = report["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 6);
    for scenario in scenarios {
        // So short a time on a busy machine tells little of how long decisions take.
        let number = |name: &str| scenario[name].as_f64().unwrap();
        assert!(number("accuracy") > 0.9, "{scenario}");
        assert!(number("over") <= number("bound"), "{scenario}");
        assert!(number("worstShare") > 0.5, "{scenario}");
        assert!(number("allowed") > 1_000.0, "{scenario}");
    }
    let single = &scenarios[0];
    assert!(single["accuracy"].as_f64().unwrap() > 0.999, "{single}");
}

#[test]
fn what_came_of_a_scenario_is_told_when_it_ends() {
    let mut command = binary();
    command.args(["verify", "limits", "--seconds", "1", "--scenario", "single"]);
    let mut child = command
        .args(["--scenario", "nodes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "Rate limits, 1 s each, seed 1");
    assert!(next().starts_with("scenario   decisions"));
    assert!(next().starts_with("single     "));
    assert!(
        child.try_wait().unwrap().is_none(),
        "it ended before the second"
    );
    assert!(next().starts_with("nodes      "));
    assert_eq!(next(), "");
    let sum = next();
    assert!(sum.starts_with("2 scenarios: "), "{sum}");
    let output = child.wait_with_output().unwrap();
    let code = output.status.code();
    let told = told(&output);
    if sum.contains("0 fail, ") {
        assert_eq!(code, Some(1), "{told}");
        assert!(
            told.contains("cannot be judged in 1 s\n  = help: give each more time"),
            "{told}"
        );
    } else {
        let passes = sum.contains("2 pass, 0 fail");
        assert_eq!(code, Some(if passes { 0 } else { 3 }), "{told}");
    }
}

#[test]
fn limits_can_be_shared_through_a_redis_that_was_given() {
    let url = std::env::var("FRAGARIA_TEST_REDIS").expect("`cargo xtask test` names a Redis");
    let mut command = binary();
    command.args([
        "verify",
        "limits",
        "--seconds",
        "1",
        "--json",
        "--redis",
        &url,
    ]);
    let output = command.args(["--scenario", "nodes"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let allowed = report["scenarios"][0]["allowed"].as_u64().unwrap();
    assert!((400..=600).contains(&allowed), "{report}");
}

#[test]
fn a_redis_that_nothing_is_shared_through_is_refused() {
    for scenario in ["single", "restart"] {
        let mut command = binary();
        command.args(["verify", "limits", "--seconds", "1", "--scenario", scenario]);
        let output = command.args(["--redis", "redis://127.0.0.1:1/0"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{scenario}");
        let told = told(&output);
        assert!(told.contains("no scenario that is tried uses it"), "{told}");
        assert!(told.contains("= help: leave --redis out"), "{told}");
    }
}

#[test]
fn without_a_redis_it_is_said_how_to_get_one() {
    let mut command = binary();
    command.args(["verify", "limits", "--seconds", "1", "--scenario", "nodes"]);
    let output = command.env("PATH", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(
        told.contains("there is no redis-server on the search path"),
        "{told}"
    );
    assert!(told.contains("= help: install it"), "{told}");
}
