//! Tokens that were taken back, with the table and its times moved by hand.

use super::*;
use model::revocation::{RESTORED, Revocation, Revoked};

fn looking() -> Config {
    Config {
        revocations: config::Revocations {
            enabled: true,
            rows_max: 4,
            ..config::Revocations::default()
        },
        ..config()
    }
}

fn of_token(number: u64, jti: &str) -> Revocation {
    Revocation {
        number,
        what: Revoked::Token(jti.into()),
        issuer: None,
        at: NOW,
        until: NOW + 100,
    }
}

fn of_subject(number: u64, subject: &str, issuer: Option<&str>) -> Revocation {
    Revocation {
        what: Revoked::Subject(subject.into()),
        issuer: issuer.map(Into::into),
        ..of_token(number, "")
    }
}

fn signed(changes: &Value) -> String {
    let mut claims = claims(600);
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    token("a", 1, &claims)
}

/// A door that has looked once, and its stage.
async fn looked(revoked: &[Revocation]) -> (Arc<Stage>, Doorkeeper) {
    let stage = Stage::new(&[("a", 1)]);
    let doorkeeper = doorkeeper(&stage, &looking());
    stage.revokes(revoked);
    look(&doorkeeper).await;
    (stage, doorkeeper)
}

async fn look(doorkeeper: &Doorkeeper) {
    let revocations = doorkeeper.revocations.as_ref().unwrap();
    revocations.look().await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_found_good_is_refused_once_it_is_taken_back() {
    let (stage, doorkeeper) = looked(&[]).await;
    let [one, other] = ["1", "2"].map(|jti| signed(&json!({ "jti": jti })));
    assert!(outcome(&doorkeeper, &one).await.is_ok());
    stage.revokes(&[of_token(1, "x"), of_token(2, "y"), of_token(3, "1")]);
    look(&doorkeeper).await;
    for _ in 0..2 {
        assert_eq!(outcome(&doorkeeper, &one).await, Err("revoked"));
    }
    assert!(outcome(&doorkeeper, &other).await.is_ok());
    assert!(outcome(&doorkeeper, &signed(&json!({}))).await.is_ok());
}

#[tokio::test]
async fn a_subject_is_refused_with_what_was_issued_up_to_then() {
    let (_, doorkeeper) = looked(&[
        of_subject(1, "me", Some(ISSUER)),
        of_subject(2, "you", Some("https://other.example")),
        of_subject(3, "all", None),
    ])
    .await;
    let fate = async |sub: &str, issued: Value| {
        let token = signed(&json!({ "sub": sub, "iat": issued }));
        outcome(&doorkeeper, &token).await.map(|_| ())
    };
    assert_eq!(fate("me", json!(NOW - 1)).await, Err("revoked"));
    assert_eq!(fate("all", json!(NOW)).await, Err("revoked"));
    assert_eq!(fate("you", json!(NOW)).await, Ok(()));
    assert_eq!(fate("m", json!(NOW)).await, Ok(()));
    let without = signed(&json!({}));
    assert_eq!(outcome(&doorkeeper, &without).await, Err("revoked"));
}

#[tokio::test]
async fn a_token_that_is_issued_afterwards_is_good() {
    let (stage, doorkeeper) = looked(&[of_subject(1, "me", None)]).await;
    stage.pass(1);
    let token = signed(&json!({ "iat": NOW + 1 }));
    assert!(outcome(&doorkeeper, &token).await.is_ok());
}

#[tokio::test]
async fn what_was_not_read_for_long_lets_nobody_in() {
    let stage = Stage::new(&[("a", 1)]);
    let doorkeeper = doorkeeper(&stage, &looking());
    let token = signed(&json!({}));
    assert_eq!(outcome(&doorkeeper, &token).await, Err("unavailable"));
    assert_eq!(doorkeeper.knows_revoked(), None);
    look(&doorkeeper).await;
    assert_eq!(doorkeeper.knows_revoked(), Some(true));
    stage.pass(10);
    assert!(outcome(&doorkeeper, &token).await.is_ok());
    stage.pass(1);
    assert_eq!(outcome(&doorkeeper, &token).await, Err("unavailable"));
    stage.is_away(true);
    let revocations = doorkeeper.revocations.clone().unwrap();
    assert!(revocations.look().await.is_err());
    let tended = tokio::spawn(Arc::clone(&revocations).tend());
    while doorkeeper.knows_revoked().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(doorkeeper.knows_revoked(), Some(false));
    tended.abort();
}

#[tokio::test]
async fn a_table_that_begins_anew_is_read_from_its_beginning() {
    let (stage, doorkeeper) = looked(&[of_token(1, "a"), of_token(2, "b"), of_token(3, "c")]).await;
    for revoked in [
        &[of_token(1, "d")][..],
        &[],
        &[of_token(1, "a"), of_token(2, "d")],
    ] {
        stage.revokes(revoked);
        look(&doorkeeper).await;
    }
    for jti in ["c", "d"] {
        let token = signed(&json!({ "jti": jti }));
        assert_eq!(outcome(&doorkeeper, &token).await, Err("revoked"), "{jti}");
    }
}

#[tokio::test]
async fn what_need_not_be_known_is_forgotten_and_too_much_lets_nobody_in() {
    let many: Vec<_> = (1..=5)
        .map(|number| of_token(number, &number.to_string()))
        .collect();
    let (stage, doorkeeper) = looked(&many).await;
    let token = signed(&json!({ "jti": "other" }));
    assert_eq!(outcome(&doorkeeper, &token).await, Err("unavailable"));
    stage.pass(101);
    look(&doorkeeper).await;
    assert!(outcome(&doorkeeper, &token).await.is_ok());
    let again = signed(&json!({ "jti": "1" }));
    assert!(outcome(&doorkeeper, &again).await.is_ok());
}

#[tokio::test]
async fn what_was_taken_back_is_good_again_once_that_is_taken_back() {
    let (stage, doorkeeper) = looked(&[of_token(1, "1"), of_token(2, "2")]).await;
    let [one, other] = ["1", "2"].map(|jti| signed(&json!({ "jti": jti })));
    assert!(outcome(&doorkeeper, &one).await.is_err());
    let restored = Revocation {
        at: RESTORED,
        ..of_token(3, "1")
    };
    stage.revokes(&[of_token(2, "2"), restored]);
    look(&doorkeeper).await;
    assert!(outcome(&doorkeeper, &one).await.is_ok());
    assert!(outcome(&doorkeeper, &other).await.is_err());
}
