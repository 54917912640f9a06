//! The door with an issuer and a clock moved by hand.

use super::*;
use crate::config::{self, Algorithm, Issuer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use model::api_key::{ApiKey, Former, Looking};
use model::outward::{Asking, Question, Told, Unanswered};
use model::revocation::{Revocation, Revocations as Revoked};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(super) const ISSUER: &str = "https://issuer.example";
const NOW: u64 = 1_800_000_000;

/// An issuer and the time, both moved by hand.
pub(super) struct Stage {
    begin: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: Duration,
    keys: Vec<(String, u8)>,
    away: bool,
    asked: Vec<String>,
    answer: Value,
    kept: Vec<ApiKey>,
    used: Vec<(String, u64)>,
    revoked: Vec<Revocation>,
}

impl Stage {
    pub(super) fn new(keys: &[(&str, u8)]) -> Arc<Self> {
        let stage = Self {
            begin: Instant::now(),
            state: Mutex::default(),
        };
        stage.shows(keys);
        Arc::new(stage)
    }

    /// The issuer shows these keys from now on, each made of a seed.
    pub(super) fn shows(&self, keys: &[(&str, u8)]) {
        let keys = keys
            .iter()
            .map(|&(kid, seed)| (kid.to_owned(), seed))
            .collect();
        self.state.lock().unwrap().keys = keys;
    }

    pub(super) fn is_away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.state.lock().unwrap().passed += Duration::from_secs(seconds);
    }

    /// How often a place whose address ends so was asked.
    pub(super) fn asked(&self, end: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|url| url.ends_with(end)).count()
    }

    pub(super) fn world(self: &Arc<Self>) -> World {
        World {
            outward: self.clone(),
            api_keys: self.clone(),
            revocations: self.clone(),
            clock: self.clone(),
        }
    }

    /// Keeps these keys from now on.
    fn keeps(&self, kept: &[&ApiKey]) {
        self.state.lock().unwrap().kept = kept.iter().map(|&key| key.clone()).collect();
    }

    /// The table of what was revoked has this from now on.
    fn revokes(&self, revoked: &[Revocation]) {
        self.state.lock().unwrap().revoked = revoked.to_vec();
    }

    fn used(&self) -> Vec<(String, u64)> {
        self.state.lock().unwrap().used.clone()
    }

    fn answers(&self, answer: Value) {
        self.state.lock().unwrap().answer = answer;
    }

    fn told(&self, question: &Question) -> Result<Told, Unanswered> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(question.url.to_string());
        if state.away {
            return Err(Unanswered("away".to_owned()));
        }
        let body = match question.url.strip_prefix(ISSUER) {
            Some("/.well-known/openid-configuration") => {
                json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") })
            }
            Some("/jwks") => {
                let keys = state.keys.iter().map(|(kid, seed)| {
                    let x = URL_SAFE_NO_PAD.encode(pair(*seed).public_key());
                    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
                });
                json!({ "keys": keys.collect::<Vec<_>>() })
            }
            _ => state.answer.clone(),
        };
        Ok(Told {
            status: 200,
            body: body.to_string().into_bytes(),
        })
    }
}

impl Outward for Stage {
    fn ask(&self, question: Question) -> Asking {
        let told = self.told(&question);
        // Whoever asks waits, so that others can come in between.
        Box::pin(async {
            tokio::task::yield_now().await;
            told
        })
    }
}

impl ApiKeys for Stage {
    fn find(&self, id: &str) -> Looking<Option<ApiKey>> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(format!("table/{id}"));
        let found = if state.away {
            Err(Unanswered("away".to_owned()))
        } else {
            Ok(state.kept.iter().find(|key| &*key.id == id).cloned())
        };
        Box::pin(async {
            tokio::task::yield_now().await;
            found
        })
    }

    fn note_use(&self, id: &str, second: u64) -> Looking<()> {
        let mut state = self.state.lock().unwrap();
        state.used.push((id.to_owned(), second));
        Box::pin(async { Ok(()) })
    }
}

impl Revoked for Stage {
    fn since(&self, number: u64) -> Looking<Vec<Revocation>> {
        let state = self.state.lock().unwrap();
        let later = state.revoked.iter().filter(|one| one.number >= number);
        let read = if state.away {
            Err(Unanswered("away".to_owned()))
        } else {
            Ok(later.take(2).cloned().collect())
        };
        Box::pin(async { read })
    }
}

impl Clock for Stage {
    fn instant(&self) -> Instant {
        self.begin + self.state.lock().unwrap().passed
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + self.state.lock().unwrap().passed
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// A token signed by the key of a seed.
pub(super) fn token(kid: &str, seed: u8, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "kid": kid }).to_string();
    let [header, claims] = [header, claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(pair(seed).sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(super) fn claims(seconds: u64) -> Value {
    json!({ "iss": ISSUER, "aud": "api", "sub": "me", "exp": NOW + seconds, "roles": ["a"] })
}

fn config() -> Config {
    Config {
        issuers: vec![Issuer {
            issuer: ISSUER.to_owned(),
            audience: "api".to_owned(),
            algorithms: vec![Algorithm::EdDSA],
            leeway_seconds: 0,
            ..Issuer::default()
        }],
        ..Config::default()
    }
}

fn doorkeeper(stage: &Arc<Stage>, config: &Config) -> Doorkeeper {
    let world = stage.world();
    Doorkeeper::new(config, None, world, &mut Registry::default())
}

async fn outcome(doorkeeper: &Doorkeeper, token: &str) -> Result<Box<str>, &'static str> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let caller = doorkeeper.identify(&headers, None, "").await;
    caller
        .map(|caller| caller.name.clone())
        .map_err(|error| error.outcome())
}

const ME: &str = "https://issuer.example me";

#[tokio::test]
async fn a_token_that_was_found_good_is_remembered_until_it_expires() {
    let stage = Stage::new(&[("a", 1)]);
    let doorkeeper = doorkeeper(&stage, &config());
    let token = token("a", 1, &claims(60));
    for _ in 0..3 {
        assert_eq!(outcome(&doorkeeper, &token).await.as_deref(), Ok(ME));
    }
    let remembered = |outcome: &'static str| doorkeeper.metrics.count(outcome);
    assert_eq!((remembered("token"), remembered("remembered")), (1, 2));
    stage.pass(59);
    assert!(outcome(&doorkeeper, &token).await.is_ok());
    stage.pass(1);
    assert_eq!(outcome(&doorkeeper, &token).await, Err("expired"));
}

#[tokio::test]
async fn a_token_is_forgotten_with_its_key() {
    let stage = Stage::new(&[("a", 1)]);
    let doorkeeper = doorkeeper(&stage, &config());
    let token = token("a", 1, &claims(600));
    assert!(outcome(&doorkeeper, &token).await.is_ok());
    // Another key under the same name is another key.
    stage.shows(&[("a", 2)]);
    let keyring = doorkeeper.issuers[0].1.clone();
    keyring.refresh().await;
    assert_eq!(outcome(&doorkeeper, &token).await, Err("signature"));
}

#[tokio::test]
async fn a_token_is_asked_about_once_for_as_long_as_the_answer_holds() {
    let stage = Stage::new(&[]);
    let config = Config {
        introspection: config::Introspection {
            url: "https://issuer.example/ask".to_owned(),
            issuer: ISSUER.to_owned(),
            audience: "api".to_owned(),
            ..config::Introspection::default()
        },
        ..Config::default()
    };
    let doorkeeper = doorkeeper(&stage, &config);
    stage.answers(json!({ "active": true, "aud": "api", "sub": "me", "exp": NOW + 60 }));
    assert_eq!(outcome(&doorkeeper, "opaque").await.as_deref(), Ok(ME));
    stage.answers(json!({ "active": false }));
    stage.pass(9);
    assert!(outcome(&doorkeeper, "opaque").await.is_ok());
    stage.pass(1);
    assert_eq!(outcome(&doorkeeper, "opaque").await, Err("inactive"));
    stage.answers(json!({ "active": "true", "aud": "api", "sub": "me" }));
    stage.pass(9);
    assert_eq!(outcome(&doorkeeper, "opaque").await, Err("inactive"));
    assert_eq!(stage.asked("/ask"), 2);
    stage.pass(1);
    assert_eq!(
        outcome(&doorkeeper, "opaque").await,
        Err("inactive"),
        "not the word itself"
    );
    stage.is_away(true);
    assert_eq!(outcome(&doorkeeper, "opaque").await, Err("inactive"));
    stage.pass(10);
    assert_eq!(outcome(&doorkeeper, "opaque").await, Err("unavailable"));
}

#[tokio::test]
async fn who_has_no_credentials_is_who_the_configuration_says() {
    let stage = Stage::new(&[]);
    let nobody = async |config: &Config, stranger| {
        let world = stage.world();
        let doorkeeper = Doorkeeper::new(config, stranger, world, &mut Registry::default());
        let caller = doorkeeper.identify(&HeaderMap::new(), None, "").await;
        caller.map(|caller| Caller::clone(&caller))
    };
    let development = Caller::development();
    let developer = Some(development.clone());
    let open = Config {
        open: true,
        ..Config::default()
    };
    let public = Config {
        anonymous_role: "public".to_owned(),
        ..config()
    };
    for config in [&Config::default(), &open, &config(), &public] {
        let caller = nobody(config, developer.clone()).await;
        assert_eq!(caller.as_ref(), Ok(&development));
    }
    assert_eq!(nobody(&open, None).await, Ok(development));
    assert_eq!(nobody(&config(), None).await, Err(Error::Required));
    let mut keys = Config::default();
    keys.api_keys.enabled = true;
    assert_eq!(nobody(&keys, None).await, Err(Error::Required));
    let certified = Config {
        certificates: vec![config::Certificate {
            san: "orders".to_owned(),
            ..config::Certificate::default()
        }],
        ..Config::default()
    };
    let missing = Err(Error::CertificateRequired);
    assert_eq!(nobody(&certified, None).await, missing);
    let rights = |roles: &[&str]| Rights::Of(roles.iter().copied().collect());
    let caller = nobody(&Config::default(), None).await.unwrap();
    assert_eq!(caller.rights, rights(&[]));
    let caller = nobody(&public, None).await.unwrap();
    assert_eq!(caller.rights, rights(&["public"]));
    let doorkeeper = doorkeeper(&stage, &public);
    assert_eq!(outcome(&doorkeeper, "no-token").await, Err("malformed"));
}

mod kept;
mod revocations;
