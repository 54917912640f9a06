//! What was taken back and holds again, what is told of it, and the commands that name where it is kept.

use super::keys::{ON, create, text};
use super::provider::Provider;
use super::revoked::{invalid, until};
use super::{fares, good, rule, ruled};
use crate::project::{Project, told};
use crate::stage::Stage;
use serde_json::{Value, json};

const LOOKS: [&str; 2] = [
    "auth.revocations.enabled=true",
    "auth.revocations.recheck_seconds=1",
];

fn token(project: &Project, words: &[&str]) -> Value {
    let told = project.run(&[&["token"], words, &["--json", "--set", LOOKS[0]]].concat());
    serde_json::from_str(&told).unwrap()
}

/// What is listed of the tokens of the test: `jti`, subject and issuer.
fn rows(issuer: &str) -> [[Value; 3]; 3] {
    [
        [json!("ä 'a"), Value::Null, Value::Null],
        [json!("b"), Value::Null, Value::Null],
        [Value::Null, json!("bob"), json!(issuer)],
    ]
}

fn listed(project: &Project) -> Vec<[Value; 3]> {
    let told = token(project, &["list"]);
    let rows = told["revocations"].as_array().unwrap().iter();
    rows.map(|row| {
        assert!(
            row["until"].is_string() && row["revoked"].is_string(),
            "{row}"
        );
        ["jti", "subject", "issuer"].map(|part| row[part].clone())
    })
    .collect()
}

#[test]
fn what_was_revoked_is_listed_and_holds_again_once_it_is_restored() {
    let provider = Provider::start();
    for stage in Stage::all(&[]) {
        let project = &stage.project;
        rule(project);
        let called = |jti: &str| provider.sign(&json!({}), &json!({ "jti": jti, "sub": "ann" }));
        let (a, b) = (called("ä 'a"), called("b"));
        let issuer = provider.origin.as_str();
        token(project, &["revoke", "--jti", "b"]);
        token(project, &["revoke", "--jti", "ä 'a"]);
        token(project, &["revoke", "--jti", "ä 'a", "--keep", "9d"]);
        token(project, &["revoke", "--subject", "bob", "--issuer", issuer]);
        let server = provider.serve(project, &LOOKS);
        assert_eq!(
            [fares(&server, &a), fares(&server, &b)],
            [invalid(), invalid()]
        );

        let [a_row, b_row, bob] = rows(issuer);
        assert_eq!(
            listed(project),
            [b_row.clone(), a_row.clone(), a_row, bob.clone()]
        );
        let words = project.run(&["token", "list"]);
        assert!(
            words.contains("the token ä 'a  any issuer  revoked 20"),
            "{words}"
        );

        // It must be told as it was revoked.
        for wrong in [
            &["--subject", "bob"][..],
            &["--jti", "b", "--issuer", issuer],
            &["--jti", "c"],
        ] {
            let refusal = project.fail(&[&["token", "restore"], wrong].concat());
            assert!(refusal.contains("nothing of that is revoked"), "{refusal}");
            assert!(refusal.contains("fragaria token list"), "{refusal}");
        }
        let told = project.run(&["token", "restore", "--jti", "ä 'a"]);
        assert!(
            told.starts_with("restored: what was revoked at 20"),
            "{told}"
        );
        until(&server, &a, &good());
        assert_eq!(fares(&server, &b), invalid());
        let fresh = provider.serve(project, &LOOKS);
        assert_eq!([fares(&fresh, &a), fares(&fresh, &b)], [good(), invalid()]);
        assert_eq!(listed(project), [b_row, bob]);
        assert!(
            project
                .fail(&["token", "restore", "--jti", "ä 'a"])
                .contains("nothing of that")
        );

        // The newest may be restored too, and what is revoked anew is.
        token(
            project,
            &["restore", "--subject", "bob", "--issuer", issuer],
        );
        token(project, &["revoke", "--jti", "ä 'a"]);
        for server in [&server, &fresh] {
            until(server, &a, &invalid());
        }
        assert_eq!(stage.outside("SELECT max(number) FROM REVOCATIONS"), "7");
    }
}

#[test]
fn servers_agree_on_what_was_revoked_and_restored_at_once() {
    let provider = Provider::start();
    for stage in Stage::all(&[]) {
        let project = &stage.project;
        rule(project);
        let a = provider.sign(&json!({}), &json!({ "jti": "a" }));
        token(project, &["revoke", "--jti", "a"]);
        let server = provider.serve(project, &LOOKS);
        std::thread::scope(|scope| {
            for number in 0..6 {
                let verb = if number % 2 == 0 { "restore" } else { "revoke" };
                // Whoever comes first is not known, so it may be that nothing is revoked.
                scope.spawn(move || {
                    project.output(&["token", verb, "--jti", "a", "--set", LOOKS[0]])
                });
            }
        });
        let listed = token(project, &["list"]);
        let is_revoked = !listed["revocations"].as_array().unwrap().is_empty();
        let expected = if is_revoked { invalid() } else { good() };
        let fresh = provider.serve(project, &LOOKS);
        assert_eq!(fares(&fresh, &a), expected);
        // What was read meanwhile may have said something else.
        token(project, &["revoke", "--jti", "last"]);
        let last = provider.sign(&json!({}), &json!({ "jti": "last" }));
        until(&server, &last, &invalid());
        assert_eq!(fares(&server, &a), expected);
    }
}

#[test]
fn a_whole_key_is_taken_for_its_id_and_its_secret_is_not_told() {
    let project = ruled();
    let made = create(&project, &[]);
    assert!(text(&made, "database").contains("shop.db"), "{made}");
    let (id, key) = (text(&made, "id"), text(&made, "key"));
    let secret = key.rsplit('_').next().unwrap();
    let server = project.serve(&[ON, super::keys::RECHECK]).ready();
    let rotate = ["api-key", "rotate", key];
    let output = project.output(&rotate);
    assert!(output.status.success());
    assert!(
        told(&output).contains("it is kept in sqlite:"),
        "{}",
        told(&output)
    );
    let renewed = String::from_utf8(output.stdout).unwrap();
    assert!(renewed.starts_with(&format!("fra_{id}_")) && !renewed.contains(secret));
    super::keys::until(&server, renewed.trim(), &good());

    let cut = renewed.get(..40).unwrap();
    let output = project.output(&["api-key", "revoke", cut]);
    let said = told(&output) + &String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("revoked {id}: ")), "{said}");
    assert!(said.contains("in sqlite:") && !said.contains(cut), "{said}");
    super::keys::until(&server, renewed.trim(), &invalid());
    for strange in ["fra_short_secret", "fra_", "fra_ABCDEFGHIJKLMNOP_x"] {
        let refusal = project.fail(&["api-key", "revoke", strange]);
        assert!(refusal.contains("no id of 16 letters"), "{refusal}");
        assert!(
            refusal.contains("fragaria api-key list") && !refusal.contains(strange),
            "{refusal}"
        );
    }
}

#[test]
fn one_of_two_options_is_named_where_neither_is_given() {
    let project = ruled();
    for (words, named) in [
        (
            &["api-key", "create", "--name", "a", "--role", "b"][..],
            "<--expires <TIME>|--no-expiry>",
        ),
        (&["token", "revoke"], "<--jti <JTI>|--subject <NAME>>"),
        (&["token", "restore"], "<--jti <JTI>|--subject <NAME>>"),
    ] {
        let output = project.output(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let help = project.run(&[&words[..2], &["--help"]].concat());
        for text in [told(&output), help] {
            assert!(text.contains(named), "{text}");
        }
    }
}
