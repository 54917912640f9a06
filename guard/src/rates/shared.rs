//! Limits that several servers share through Redis.
//!
//! One task asks, so that whatever came up while an answer was on its way goes out together, as one
//! call of one script. Where Redis is away, or takes too long, nobody waits for it: every server
//! lets through its part of each limit until it is back, and tells it then what it knows is owed.

use super::config;
use super::ledger::{Asked, Ledger, Place, Question};
use crate::error::Error;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script, TlsCertificates};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::{error::Elapsed, sleep, timeout};

/// Keys in one call.
const KEYS_MAX: usize = 256;

/// Questions that may wait to be asked.
const ASKS_MAX: usize = 65_536;

/// What a file of certificates has in it.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// How soon, and how seldom at last, Redis is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(100));

/// The way to Redis.
pub(super) struct Shared {
    state: Arc<State>,
    /// Each entry has one question on its way at most.
    asks: mpsc::Sender<Place>,
    /// How long an answer is waited for.
    pub(super) patience: Duration,
}

struct State {
    away: AtomicBool,
    /// Changes whenever questions were answered, or will not be.
    answers: watch::Sender<u64>,
}

/// The task that asks.
struct Asking {
    client: Client,
    script: Script,
    prefix: String,
    patience: Duration,
    ledger: Arc<Ledger>,
    state: Arc<State>,
    asks: mpsc::Receiver<Place>,
}

/// Why Redis does not answer.
#[derive(Debug, thiserror::Error)]
enum Away {
    #[error("{0}")]
    Failed(#[from] RedisError),
    #[error("it takes too long to answer")]
    Slow(#[from] Elapsed),
    #[error("it answers something else than was asked")]
    Strange,
}

impl Shared {
    /// The way to the Redis of a configuration; none where there is none. Needs a runtime.
    pub(super) fn open(
        config: &config::Redis,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<Self>, Error> {
        if config.url.expose().is_empty() {
            return Ok(None);
        }
        let client = client(config)?;
        let (asks, receiver) = mpsc::channel(ASKS_MAX);
        let patience = Duration::from_millis(config.timeout_ms);
        // Until it was reached it is away.
        let state = Arc::new(State {
            away: AtomicBool::new(true),
            answers: watch::Sender::new(0),
        });
        let asking = Asking {
            client,
            script: Script::new(include_str!("shared/grant.lua")),
            prefix: config.prefix.clone(),
            patience,
            ledger: ledger.clone(),
            state: state.clone(),
            asks: receiver,
        };
        tokio::spawn(asking.run());
        Ok(Some(Self {
            state,
            asks,
            patience,
        }))
    }

    /// Whether nobody is to wait for it.
    pub(super) fn is_away(&self) -> bool {
        self.state.away.load(Ordering::Acquire)
    }

    /// Has the task ask for an entry; `false` where too many questions wait for that.
    pub(super) fn ask(&self, place: Place) -> bool {
        self.asks.try_send(place).is_ok()
    }

    /// Changes with every answer from now on.
    pub(super) fn answers(&self) -> watch::Receiver<u64> {
        self.state.answers.subscribe()
    }
}

/// A client of the Redis of a configuration, which is not asked yet.
fn client(config: &config::Redis) -> Result<Client, Error> {
    let (url, file) = (config.url.expose(), &config.root_certificates);
    let unusable = |error: RedisError| {
        let detail = error.detail().unwrap_or("it is no address of a Redis");
        Error::Redis(detail.to_owned())
    };
    if file.is_empty() {
        return Client::open(url).map_err(unusable);
    }
    let unread =
        |why: String| Error::Redis(format!("rates.redis.root_certificates: {file}: {why}"));
    let pem = std::fs::read(file).map_err(|error| unread(error.to_string()))?;
    if !pem.windows(PEM.len()).any(|window| window == PEM) {
        return Err(unread("it has no certificate in it".to_owned()));
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(pem),
    };
    Client::build_with_tls(url, certificates).map_err(|error| unread(error.to_string()))
}

impl Asking {
    /// Asks until nobody has a question any more.
    async fn run(mut self) {
        let mut pause = RETRY.0;
        while !self.asks.is_closed() {
            let why = match self.connect().await {
                Err(why) => why,
                Ok(mut connection) => {
                    pause = RETRY.0;
                    self.found();
                    match self.serve(&mut connection).await {
                        Ok(()) => return,
                        Err(why) => why,
                    }
                }
            };
            self.lost(&why);
            sleep(pause).await;
            pause = (pause * 2).min(RETRY.1);
        }
    }

    /// A connection that answers.
    async fn connect(&self) -> Result<MultiplexedConnection, Away> {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let mut connection = timeout(self.patience * 4, connecting).await??;
        let load = self.script.prepare_invoke();
        timeout(self.patience, load.load_async(&mut connection)).await??;
        Ok(connection)
    }

    fn found(&self) {
        if self.state.away.swap(false, Ordering::AcqRel) {
            tracing::info!("rate limits are shared: redis answers");
        }
        self.ledger.metrics.redis.up(true);
    }

    /// Nobody waits any more, and whoever did is told.
    fn lost(&mut self, why: &Away) {
        if !self.state.away.swap(true, Ordering::AcqRel) {
            let detail = why.to_string();
            tracing::warn!(
                detail,
                "redis is away: this server keeps its part of rate limits"
            );
        }
        self.ledger.metrics.redis.up(false);
        while let Ok(place) = self.asks.try_recv() {
            self.ledger.unanswered(place);
        }
        self.state.answers.send_modify(|count| *count += 1);
    }

    async fn serve(&mut self, connection: &mut MultiplexedConnection) -> Result<(), Away> {
        while let Some(first) = self.asks.recv().await {
            let mut places = vec![first];
            while places.len() < KEYS_MAX
                && let Ok(place) = self.asks.try_recv()
            {
                places.push(place);
            }
            let questions: Vec<_> = places
                .into_iter()
                .map(|place| self.ledger.ask(place))
                .collect();
            let outcome = self.call(connection, &questions).await;
            match &outcome {
                Err(_) => questions
                    .iter()
                    .for_each(|question| self.ledger.unheard(question)),
                Ok(answers) => {
                    for (question, answer) in questions.iter().zip(answers) {
                        self.ledger.answered(question, *answer);
                    }
                }
            }
            self.state.answers.send_modify(|count| *count += 1);
            outcome?;
        }
        Ok(())
    }

    /// One call for all of these, and an answer for each.
    async fn call(
        &self,
        connection: &mut MultiplexedConnection,
        questions: &[Question],
    ) -> Result<Vec<Asked>, Away> {
        let began = Instant::now();
        let mut call = self.script.prepare_invoke();
        for question in questions {
            call.key(self.name(question.place));
            for argument in question.arguments() {
                call.arg(argument);
            }
        }
        let told = timeout(self.patience, call.invoke_async(connection)).await;
        let metrics = &self.ledger.metrics.redis;
        metrics.called(began.elapsed(), matches!(told, Ok(Ok(_))));
        let told: Vec<u64> = told??;
        let answers = told.chunks_exact(3).filter_map(|told| match *told {
            [units, wait_us, full_us] => Some(Asked {
                units,
                wait_us,
                full_us,
            }),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        if answers.len() == questions.len() {
            Ok(answers)
        } else {
            Err(Away::Strange)
        }
    }

    /// The name of an entry in Redis; nobody can tell from it who it is about.
    fn name(&self, place: Place) -> String {
        let mut name = self.prefix.clone();
        for byte in place.key {
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_wait_have_a_bound() {
        let (asks, mut waiting) = mpsc::channel(1);
        let shared = Shared {
            state: Arc::new(State {
                away: AtomicBool::new(false),
                answers: watch::Sender::new(0),
            }),
            asks,
            patience: Duration::ZERO,
        };
        let place = |rule| Place { rule, key: [0; 16] };
        assert!(shared.ask(place(0)) && !shared.ask(place(1)));
        assert_eq!(waiting.try_recv(), Ok(place(0)));
        assert!(shared.ask(place(2)));
    }
}
