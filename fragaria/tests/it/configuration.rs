//! The configuration as people meet it: what is wrong, where, and how to mend it.

use crate::project::{Project, told};
use crate::server::binary;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn an_unknown_key_is_shown_in_its_line() {
    let project = Project::empty();
    project.write("fragaria.toml", "[server]\nlistn = '127.0.0.1:1'\n");
    let expected = "\
error[config.unknown_key]: server.listn is not known
 --> fragaria.toml:2:1
  |
2 | listn = '127.0.0.1:1'
  | ^^^^^
  |
  = help: did you mean server.listen?

";
    assert_eq!(project.fail(&["config"]), expected);
}

#[test]
fn a_wrong_value_is_shown_in_its_line() {
    let project = Project::empty();
    project.write("fragaria.toml", "[limits]\n\ndepth_max = 'deep'\n");
    let told = project.fail(&["config"]);
    assert!(told.contains(" --> fragaria.toml:3:13\n"), "{told}");
    assert!(
        told.contains(
            "limits.depth_max: expected a whole number, 0 or more, found the text \"deep\""
        ),
        "{told}"
    );
}

#[test]
fn a_machine_is_told_the_same_as_json() {
    let project = Project::empty();
    project.write("fragaria.toml", "[server]\nlistn = 1\n");
    let told = project.fail(&["config", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told[0]["code"], "config.unknown_key");
    assert_eq!(
        (&told[0]["line"], &told[0]["column"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn an_unknown_variable_is_refused() {
    let project = Project::empty();
    let directory = project.path("");
    let output = binary()
        .args(["config"])
        .arg(&directory)
        .env("FRAGARIA_SERVER__LISTN", "127.0.0.1:1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("did you mean FRAGARIA_SERVER__LISTEN?"));
}

#[test]
fn the_effective_configuration_names_origins_and_redacts_passwords_alone() {
    let project = Project::empty();
    project.write(
        "fragaria.toml",
        "[database]\nurl = 'postgres://me:hunter2@db/shop'\n",
    );
    let directory = project.path("");
    let output = binary()
        .args(["config", "--listen", "127.0.0.1:7", "--json"])
        .arg(&directory)
        .env("FRAGARIA_LOG__LEVEL", "debug")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2"));
    assert!(text.contains("postgres://me:[redacted]@db/shop"), "{text}");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["log.level"]["value"], "debug");
    assert_eq!(told["log.level"]["origin"], "FRAGARIA_LOG__LEVEL");
    assert_eq!(told["server.listen"]["origin"], "--listen");
    assert!(
        told["database.url"]["origin"]
            .as_str()
            .unwrap()
            .ends_with("fragaria.toml:2")
    );
    assert_eq!(told["console.enabled"]["origin"], "default");
}

#[test]
fn the_path_of_a_sqlite_file_is_no_secret() {
    let project = Project::small();
    let printed = project.run(&["config"]);
    assert!(printed.contains("url = \"sqlite:shop.db\""), "{printed}");
}

#[test]
fn what_config_prints_can_be_read_again() {
    let project = Project::empty();
    let printed = project.run(&["config"]);
    project.write("fragaria.toml", &printed);
    let again = project.run(&["config"]);
    let settings = |text: &str| {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap().trim().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(settings(&printed), settings(&again));
}

#[test]
fn an_address_other_machines_reach_is_refused() {
    let project = Project::small();
    let told = project.fail(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(
        told.contains("--listen: server.listen: 0.0.0.0:0 is reachable"),
        "{told}"
    );
}

#[test]
fn bounds_that_would_refuse_every_request_are_refused_at_the_start() {
    let project = Project::small();
    for (setting, message) in [
        (
            "limits.page_rows_default=2000",
            "limits.page_rows_default: 2000 is more than limits.page_rows_max, 1000",
        ),
        (
            "limits.page_rows_max=50",
            "limits.page_rows_default: 100 is more than limits.page_rows_max, 50",
        ),
        (
            "limits.depth_max=0",
            "--set limits.depth_max: 0 is too small, at least 1",
        ),
        (
            "limits.page_rows_max=-1",
            "limits.page_rows_max: -1 is too small",
        ),
        (
            "database.answer_rows_max=0",
            "database.answer_rows_max: 0 is too small",
        ),
        (
            "database.idempotency.rows_max=0",
            "database.idempotency.rows_max: 0 is too small",
        ),
        (
            "database.mariadb.connect_timeout_ms=0",
            "database.mariadb.connect_timeout_ms: 0 is too small",
        ),
    ] {
        let told = project.fail(&["serve", "--set", setting]);
        assert!(told.contains(message), "{told}");
    }
}

#[test]
fn an_address_to_listen_on_is_refused_in_the_words_of_the_configuration() {
    let project = Project::small();
    let told = project.fail(&["serve", "--listen", "localhost:9999"]);
    assert!(
        told.contains(
            "--listen: server.listen: expected an address and a port, such as 127.0.0.1:8080, \
             found the text \"localhost:9999\""
        ),
        "{told}"
    );
}

#[test]
fn a_bound_of_all_answers_has_room_for_one() {
    let project = Project::empty();
    project.write(
        "fragaria.toml",
        "[server]\nintrospections_bytes_max = 134217727\n",
    );
    let told = project.fail(&["config"]);
    let expected = "server.introspections_bytes_max: 134217727 is too small, at least 134217728";
    assert!(told.contains(expected), "{told}");
    let told = project.fail(&["config", "--set", "server.answers_bytes_max=16778239"]);
    let expected = "server.answers_bytes_max: 16778239 is too small, at least 16778240";
    assert!(told.contains(expected), "{told}");
    project.write(
        "fragaria.toml",
        "[server]\nintrospections_bytes_max = 2048\n[limits]\nintrospection_bytes_max = 1024\n",
    );
    project.run(&["config"]);
}

#[test]
fn a_file_with_secrets_that_everybody_may_read_is_told_at_start() {
    let project = Project::small();
    let key = "0123456789abcdef0123456789abcdef";
    let without = project.read("fragaria.toml");
    let with = format!("{without}\n[masks]\nhash_key = \"{key}\"\n");
    let said = |text: &str, mode: u32, settings: &[&str]| {
        project.write("fragaria.toml", text);
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(project.path("fragaria.toml"), mode).unwrap();
        let begun = format!("{:?}", project.serve(settings).begun);
        assert!(!begun.contains(key), "{begun}");
        begun.contains(
            "fragaria.toml has secrets in it (masks.hash_key), and is open to everybody on this \
             machine, mode 0644: chmod 600 fragaria.toml, or set them by the environment",
        )
    };
    assert!(said(&with, 0o644, &[]));
    assert!(!said(&with, 0o640, &[]));
    assert!(!said(&without, 0o644, &[&format!("masks.hash_key={key}")]));
}
