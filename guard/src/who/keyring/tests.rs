//! Keys that come, go and are asked for, with an issuer and a clock moved by hand.

use super::*;
use crate::config::Algorithm;
use crate::who::tests::{ISSUER, Stage, claims, token};
use crate::who::token::read_token;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::metric::Registry;

fn keyring(stage: &Arc<Stage>) -> Arc<Keyring> {
    let issuer = Issuer {
        issuer: ISSUER.to_owned(),
        audience: "api".to_owned(),
        ..Issuer::default()
    };
    let metrics = Metrics::register(&mut Registry::default());
    Arc::new(Keyring::new(
        &issuer,
        &Config::default(),
        &stage.world(),
        &metrics,
    ))
}

/// How a token fares that names a key and is signed with that of a seed.
async fn fares(keyring: &Arc<Keyring>, kid: &str, seed: u8) -> &'static str {
    let token = token(kid, seed, &claims(60));
    let signer = keyring.signer(&read_token(&token).unwrap()).await;
    signer.map_or_else(|error| error.outcome(), |_| "good")
}

#[tokio::test]
async fn a_flood_of_unknown_keys_costs_one_question_a_while() {
    let stage = Stage::new(&[("a", 1)]);
    let keyring = keyring(&stage);
    assert_eq!(fares(&keyring, "a", 1).await, "good");
    assert_eq!(stage.asked("/jwks"), 1);
    let mut flood = tokio::task::JoinSet::new();
    for index in 0..100 {
        let keyring = keyring.clone();
        flood.spawn(async move { fares(&keyring, &format!("x{index}"), 1).await });
    }
    for told in flood.join_all().await {
        assert_eq!(told, "signature");
    }
    assert_eq!(stage.asked("/jwks"), 2);
    stage.pass(9);
    assert_eq!(fares(&keyring, "b", 1).await, "signature");
    assert_eq!(stage.asked("/jwks"), 2);
    stage.pass(1);
    assert_eq!(fares(&keyring, "b", 1).await, "signature");
    assert_eq!(stage.asked("/jwks"), 3);
}

#[tokio::test]
async fn a_new_key_is_found_at_once_by_all_who_need_it() {
    let stage = Stage::new(&[("a", 1)]);
    let keyring = keyring(&stage);
    for (generation, kid) in ["b", "c", "d"].into_iter().enumerate() {
        assert_eq!(fares(&keyring, "a", 1).await, "good");
        let seed = u8::try_from(generation).unwrap() + 2;
        stage.shows(&[(kid, seed), ("a", 1)]);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let keyring = keyring.clone();
            all.spawn(async move { fares(&keyring, kid, seed).await });
        }
        assert!(all.join_all().await.into_iter().all(|told| told == "good"));
        assert_eq!(
            stage.asked("/jwks"),
            generation + 2,
            "one question found it"
        );
    }
}

#[tokio::test]
async fn who_asks_and_goes_away_takes_no_answer_from_the_others() {
    let stage = Stage::new(&[("a", 1)]);
    let keyring = keyring(&stage);
    let text = token("a", 1, &claims(60));
    let read = read_token(&text).unwrap();
    {
        let mut gone = Box::pin(keyring.signer(&read));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(gone.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(fares(&keyring, "a", 1).await, "good");
    assert_eq!(stage.asked("/jwks"), 1);
}

#[tokio::test]
async fn the_last_keys_hold_for_a_while_and_then_nobody_is_let_in() {
    let stage = Stage::new(&[("a", 1)]);
    let keyring = keyring(&stage);
    stage.is_away(true);
    assert_eq!(fares(&keyring, "a", 1).await, "unavailable");
    assert!(!keyring.is_usable());
    assert_eq!(fares(&keyring, "a", 1).await, "unavailable");
    let description = "/openid-configuration";
    assert_eq!(
        stage.asked(description),
        1,
        "a pause, before it is asked again"
    );
    stage.is_away(false);
    stage.pass(10);
    assert_eq!(fares(&keyring, "a", 1).await, "good");
    stage.is_away(true);
    stage.pass(3_599);
    assert_eq!(fares(&keyring, "a", 1).await, "good");
    assert_eq!(fares(&keyring, "a", 2).await, "signature");
    assert_eq!(
        fares(&keyring, "b", 1).await,
        "unavailable",
        "it may be a new one"
    );
    stage.pass(1);
    assert_eq!(fares(&keyring, "a", 1).await, "unavailable");
    stage.is_away(false);
    stage.pass(10);
    assert_eq!(fares(&keyring, "a", 1).await, "good");
}

#[tokio::test]
async fn a_token_names_one_key_and_an_algorithm_that_is_taken() {
    let stage = Stage::new(&[("a", 1), ("b", 2)]);
    let issuer = keyring(&stage);
    assert_eq!(fares(&issuer, "b", 1).await, "signature");
    let claims = claims(60).to_string();
    let nameless = |alg: &str| {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        format!(
            "{}.{}.AA",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(&claims)
        )
    };
    let text = nameless("EdDSA");
    let told = issuer
        .signer(&read_token(&text).unwrap())
        .await
        .unwrap_err();
    assert!(told.to_string().contains("no single key"), "{told}");
    let text = nameless("ES384");
    let told = issuer
        .signer(&read_token(&text).unwrap())
        .await
        .unwrap_err();
    assert!(
        told.to_string().contains("not taken from that issuer"),
        "{told}"
    );
    assert_eq!(read_token(&text).unwrap().algorithm, Algorithm::ES384);
}
