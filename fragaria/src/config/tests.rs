//! Tests of the layers: what wins, and where a finding points.

use super::*;

fn file(text: &str) -> File {
    File {
        name: "fragaria.toml".into(),
        text: text.into(),
    }
}

fn variable(name: &str, value: &str) -> (String, Option<String>) {
    (name.into(), Some(value.into()))
}

fn listen(value: &str) -> Flag {
    Flag {
        name: "--listen".into(),
        key: "server.listen".into(),
        value: value.into(),
    }
}

/// The piece of the file the only finding points at.
fn pointed<'a>(text: &'a str, findings: &[Diagnostic]) -> &'a str {
    assert_eq!(findings.len(), 1, "{findings:?}");
    let place = findings[0].place.as_ref().unwrap();
    text.get(place.span.clone()).unwrap()
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let file = file("[server]\nlisten = '127.0.0.1:1'\nbody_bytes_max = 11\nstreams_max = 7\n");
    let variables = [
        variable("FRAGARIA_SERVER__LISTEN", "127.0.0.1:2"),
        variable("FRAGARIA_SERVER__STREAMS_MAX", "8"),
    ];
    let loaded = load(Some(&file), &variables, &[listen("127.0.0.1:3")]).unwrap();
    let server = &loaded.config.server;
    assert_eq!(server.listen.port(), 3);
    assert_eq!((server.body_bytes_max, server.streams_max), (11, 8));
    let origins: BTreeMap<_, _> = loaded
        .effective()
        .into_iter()
        .map(|(key, _, origin)| (key, origin))
        .collect();
    assert_eq!(origins["server.listen"], "--listen");
    assert_eq!(
        origins["server.streams_max"],
        "FRAGARIA_SERVER__STREAMS_MAX"
    );
    assert_eq!(origins["server.body_bytes_max"], "fragaria.toml:3");
    assert_eq!(origins["server.connections_max"], "default");
}

#[test]
fn an_unknown_key_is_pointed_at_and_the_nearest_known_one_is_named() {
    let text = "[server]\nlisten = '127.0.0.1:1'\nbody_byte_max = 1\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "body_byte_max");
    assert_eq!(
        findings[0].help.as_deref(),
        Some("did you mean server.body_bytes_max?")
    );
}

#[test]
fn an_unknown_section_is_pointed_at() {
    let text = "[databse]\nurl = 'sqlite:a'\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "databse");
    assert_eq!(findings[0].help.as_deref(), Some("did you mean database?"));
}

#[test]
fn a_wrong_value_is_pointed_at() {
    let text = "[server]\nbody_bytes_max = 'many'\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "'many'");
    let text = "[log]\nlevel = 'loud'\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "'loud'");
    assert!(
        findings[0].message.contains("expected one of error, warn"),
        "{findings:?}"
    );
}

#[test]
fn a_syntax_error_is_pointed_at() {
    let findings = load(Some(&file("[server\n")), &[], &[]).unwrap_err();
    assert_eq!(findings[0].code, "config.syntax");
    assert!(findings[0].place.is_some());
}

#[test]
fn an_unknown_variable_is_refused() {
    let variables = [variable("FRAGARIA_DATABASE__ULR", "sqlite:a")];
    let findings = load(None, &variables, &[]).unwrap_err();
    assert_eq!(findings[0].message, "FRAGARIA_DATABASE__ULR is not known");
    assert_eq!(
        findings[0].help.as_deref(),
        Some("did you mean FRAGARIA_DATABASE__URL?")
    );
}

#[test]
fn a_wrong_variable_is_named() {
    let variables = [variable("FRAGARIA_CONSOLE__ENABLED", "perhaps")];
    let findings = load(None, &variables, &[]).unwrap_err();
    assert!(
        findings[0]
            .message
            .starts_with("FRAGARIA_CONSOLE__ENABLED: console.enabled: ")
    );
}

#[test]
fn an_address_other_machines_reach_is_refused_where_it_was_set() {
    let text = "[server]\nlisten = '0.0.0.0:8080'\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "'0.0.0.0:8080'");
    assert!(findings[0].message.contains("in the open"));
    let findings = load(None, &[], &[listen("192.168.1.1:80")]).unwrap_err();
    assert!(findings[0].message.starts_with("--listen: "));
}

#[test]
fn a_limit_that_a_database_would_not_bear_is_refused_where_it_was_set() {
    let text = "[limits]\njoins_max = 64\n";
    let findings = load(Some(&file(text)), &[], &[]).unwrap_err();
    assert_eq!(pointed(text, &findings), "64");
    let message = "limits.joins_max: 64 is too large, at most 50";
    assert!(findings[0].message.ends_with(message), "{findings:?}");
}

#[test]
fn secrets_are_redacted_in_what_is_shown() {
    let file = file("[database]\nurl = 'postgres://me:hunter2@db/shop'\n");
    let loaded = load(Some(&file), &[], &[]).unwrap();
    assert!(!format!("{loaded:?}{:?}", loaded.effective()).contains("hunter2"));
}
