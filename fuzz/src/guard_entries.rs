//! The entry of `guard`: the credential of a request. Whatever a stranger sends, nobody is let in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard::{Config, Doorkeeper, Issuer, World};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use model::SystemClock;
use model::api_key::{ApiKey, ApiKeys, Looking};
use model::metric::Registry;
use model::outward::{Asking, Outward, Question, Told};
use model::revocation::{Revocation, Revocations};
use std::sync::Arc;

const ISSUER: &str = "https://issuer.example";

/// An issuer whose key has signed nothing.
struct Elsewhere;

impl Outward for Elsewhere {
    fn ask(&self, question: Question) -> Asking {
        let body = if question.url.ends_with("/jwks") {
            let key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
            format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{key}"}}]}}"#)
        } else {
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/jwks"}}"#)
        };
        let told = Told {
            status: 200,
            body: body.into_bytes(),
        };
        Box::pin(async move { Ok(told) })
    }
}

/// No key is kept.
impl ApiKeys for Elsewhere {
    fn find(&self, _: &str) -> Looking<Option<ApiKey>> {
        Box::pin(async { Ok(None) })
    }

    fn note_use(&self, _: &str, _: u64) -> Looking<()> {
        Box::pin(async { Ok(()) })
    }
}

/// Nothing was taken back.
impl Revocations for Elsewhere {
    fn since(&self, _: u64) -> Looking<Vec<Revocation>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A token: as the header stands, and made of a header, claims and a signature that stand on lines.
pub fn token(bytes: &[u8]) {
    let mut given = vec![bytes.to_vec()];
    let parts: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    if let [header, claims, signature] = parts[..] {
        let [header, claims, signature] =
            [header, claims, signature].map(|part| URL_SAFE_NO_PAD.encode(part));
        given.push(format!("Bearer {header}.{claims}.{signature}").into_bytes());
    }
    let values = given
        .iter()
        .filter_map(|text| HeaderValue::from_bytes(text).ok());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime is made");
    let door = door();
    for value in values {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let caller = runtime.block_on(door.identify(&headers, None, ""));
        assert!(caller.is_err(), "{caller:?} is let in");
    }
}

fn door() -> Doorkeeper {
    let issuer = Issuer {
        issuer: ISSUER.to_owned(),
        audience: "api".to_owned(),
        ..Issuer::default()
    };
    let config = Config {
        issuers: vec![issuer],
        ..Config::default()
    };
    let world = World {
        outward: Arc::new(Elsewhere),
        api_keys: Arc::new(Elsewhere),
        revocations: Arc::new(Elsewhere),
        clock: Arc::new(SystemClock),
    };
    Doorkeeper::new(&config, None, world, &mut Registry::default())
}
