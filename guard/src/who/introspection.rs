//! Tokens that cannot be read here, and their issuer, who is asked about them (RFC 7662).

use super::World;
use super::claims::{Expected, Known};
use crate::config::{self, Config};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::share::Share;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Secret;
use model::outward::{Form, Question};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Largest answer about a token, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Somebody to ask about tokens.
pub(super) struct Introspection {
    url: Box<str>,
    authorization: Secret,
    expected: Expected,
    cache_seconds: u64,
    timeout: Duration,
    questions: Semaphore,
    share: Share,
    world: World,
    metrics: Metrics,
}

impl Introspection {
    /// Whoever is configured, if anybody is.
    pub(super) fn new(config: &Config, world: &World, metrics: &Metrics) -> Option<Self> {
        let of = &config.introspection;
        of.is_on().then(|| Self {
            url: (*of.url).into(),
            authorization: authorization(of),
            expected: Expected::from(of),
            cache_seconds: of.cache_seconds,
            timeout: config.fetch_timeout(),
            questions: Semaphore::new(of.questions_max),
            share: Share::of(of.questions_max, of.questions_share_percent, 1),
            world: world.clone(),
            metrics: metrics.clone(),
        })
    }

    /// How long an answer holds that a token is not active.
    pub(super) fn cache_seconds(&self) -> u64 {
        self.cache_seconds
    }

    /// What its answers must say.
    pub(super) fn expected(&self) -> &Expected {
        &self.expected
    }

    /// Asks about a token that came from an address; nobody is its caller if it is not active.
    pub(super) async fn ask(
        &self,
        token: &str,
        address: &str,
        now: u64,
    ) -> Result<Option<Known>, Error> {
        let Some(_portion) = self.share.take(address) else {
            self.metrics.introspection("share");
            return Err(Error::Share);
        };
        let Ok(_question) = self.questions.try_acquire() else {
            self.metrics.introspection("refused");
            return Err(unavailable("too many tokens are being asked about"));
        };
        let answer = self.answer(token).await.inspect_err(|_| {
            self.metrics.introspection("failed");
        })?;
        // Only the word itself is a yes.
        if answer.get("active") != Some(&Value::Bool(true)) {
            self.metrics.introspection("inactive");
            return Ok(None);
        }
        self.metrics.introspection("active");
        let known = self.expected.of_answer(answer, now, self.cache_seconds)?;
        Ok(Some(known))
    }

    async fn answer(&self, token: &str) -> Result<Map<String, Value>, Error> {
        let body = format!("token={}&token_type_hint=access_token", encoded(token));
        let told = self.world.outward.ask(Question {
            url: self.url.clone(),
            form: Some(Form {
                body: Secret::new(body),
                authorization: self.authorization.clone(),
            }),
            bytes_max: ANSWER_BYTES_MAX,
            timeout: self.timeout,
        });
        let told = told
            .await
            .map_err(|error| unavailable(&error.to_string()))?;
        if told.status != 200 {
            let status = told.status;
            return Err(unavailable(&format!("it answers with the status {status}")));
        }
        serde_json::from_slice(&told.body).map_err(|_| unavailable("its answer is no JSON object"))
    }
}

fn unavailable(why: &str) -> Error {
    Error::Unavailable(format!("introspection: {why}"))
}

/// The name and the password of the server (RFC 6749, section 2.3.1).
fn authorization(of: &config::Introspection) -> Secret {
    let [id, secret] = [&*of.client_id, of.client_secret.expose()].map(encoded);
    Secret::new(format!(
        "Basic {}",
        STANDARD.encode(format!("{id}:{secret}"))
    ))
}

/// A text as a form has it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_who_it_is_as_a_form_would() {
        let of = config::Introspection {
            client_id: "me:too".to_owned(),
            client_secret: Secret::new("a b+ä%"),
            ..config::Introspection::default()
        };
        let told = authorization(&of);
        let told = STANDARD
            .decode(told.expose().trim_start_matches("Basic "))
            .unwrap();
        assert_eq!(told, b"me%3Atoo:a%20b%2B%C3%A4%25");
        assert_eq!(encoded("a.b-c_~+/=="), "a.b-c_%7E%2B%2F%3D%3D");
    }
}
