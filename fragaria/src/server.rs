//! The server, and the one way to build it: start, reload and tests come through here.

use crate::cache::Cache;
use crate::config::Config;
use crate::desks::Desks;
use crate::documents::{Documents, prepare_ahead};
use crate::edition::Edition;
use crate::http::answers::Answers;
use crate::http::bodies::Bodies;
use crate::http::packing::Packed;
use crate::http::room::Room;
use crate::mend;
use crate::outward::Network;
use crate::project::Face;
use crate::tenancy::{self, Tenancy};
use crate::tls::Tls;
use anyhow::{Context as _, Result, anyhow};
use arc_swap::ArcSwap;
use engine::HashKey;
use engine::artefact::Artefact;
use guard::load::Load;
use guard::rates::Rates;
use guard::{Doorkeeper, World};
use model::metric::Registry;
use model::{Caller, Diagnostic, Secret, SystemClock};
use observe::build::Build;
use observe::exposition;
use observe::health::Health;
use observe::request::Requests;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The database, as a dependency.
pub(crate) const DATABASE: &str = "database";
/// The agreement of the artefact with the database, as a dependency.
pub(crate) const SCHEMA: &str = "schema";
/// Those who issue tokens, as a dependency; there only if some are configured.
pub(crate) const ISSUERS: &str = "issuers";
/// What was revoked, as a dependency; there only if it is looked for.
pub(crate) const REVOCATIONS: &str = "revocations";

/// Whom a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Whoever develops the project, on the same machine: held to no rule, unless it asks to be.
    Development,
    /// Callers, who are told apart.
    Service,
}

/// Everything a request needs.
pub(crate) struct Server {
    /// Whom it is for.
    pub(crate) stage: Stage,
    /// What people see of the project.
    pub(crate) face: Face,
    /// The effective configuration.
    pub(crate) config: Config,
    /// The database.
    pub(crate) database: store::Database,
    /// Those of tenants, where each has one.
    pub(crate) tenancy: Option<Arc<Tenancy>>,
    /// Tells callers apart.
    pub(crate) doorkeeper: Doorkeeper,
    /// What is known of the condition of the server.
    pub(crate) health: Health,
    /// How often may be asked.
    pub(crate) rates: Rates,
    /// The lines and counters of requests.
    pub(crate) requests: Requests,
    /// The port's own end of TLS, if it speaks that.
    pub(crate) tls: Option<Tls>,
    /// The bounds of connections, counted.
    pub(crate) connections: crate::http::Connections,
    /// The bound of request bodies.
    pub(crate) bodies: Bodies,
    /// The bound of answers that wait for their receivers.
    pub(crate) answers: Answers,
    /// What is packed, counted.
    pub(crate) packed: Packed,
    /// The bound of answers to introspection.
    pub(crate) introspections: Room,
    /// The bound of requests that are worked on.
    pub(crate) load: Arc<Load>,
    /// Where work that takes processor time is done.
    pub(crate) desks: Desks,
    /// Which documents are run.
    pub(crate) documents: Documents,
    /// The answers that are kept, if any are.
    pub(crate) cache: Option<Cache>,
    edition: ArcSwap<Edition>,
    open: AtomicBool,
    /// The database has answered a look.
    answered: Notify,
    draining: AtomicBool,
    /// Whether a request found something else in the database than the artefact says.
    doubted: AtomicBool,
    /// The differences from the database that were told last.
    drift: Mutex<Vec<Diagnostic>>,
    build: Build,
    /// The key of the hashes that masked columns are shown as.
    hash_key: Option<HashKey>,
    registry: Registry,
}

impl Server {
    /// Builds a server that serves an artefact; the database need not be up.
    pub(crate) fn build(
        stage: Stage,
        face: Face,
        config: Config,
        artefact: Artefact,
    ) -> Result<Arc<Self>> {
        let mut registry = Registry::default();
        observe::logs::declare(&mut registry);
        tenancy::is_nameless(&artefact.schema, &config)?;
        let hash_key = hash_key(stage, &config.masks.hash_key)?;
        let documents = Documents::new(stage, &config.documents, &mut registry);
        documents.have_something(&artefact)?;
        let database = store::Database::open(&config.database, &mut registry)
            .context("the database cannot be used")?;
        let doorkeeper = doorkeeper(stage, &config.auth, &database, &mut registry)?;
        let issuers = doorkeeper.has_issuers().then_some(ISSUERS);
        let revocations = doorkeeper.has_revocations().then_some(REVOCATIONS);
        let load = Load::new(config.load, Arc::new(SystemClock), &mut registry);
        let tenancy = Tenancy::of(&config, &database, &load, &mut registry);
        let schema = tenancy.is_none().then_some(SCHEMA);
        let further = schema.into_iter().chain(issuers).chain(revocations);
        let dependencies: Vec<_> = [DATABASE].into_iter().chain(further).collect();
        let edition = Edition::new(artefact, &config.limits, hash_key.as_ref())
            .context("the artefact is refused")?;
        hashes(&edition, hash_key.as_ref())?;
        let patience = Duration::from_millis(config.database.queue_timeout_ms);
        let server = Self {
            stage,
            face,
            cache: Cache::of(&config.cache, patience, &mut registry)?,
            database,
            tenancy,
            doorkeeper,
            health: Health::new(&dependencies, &mut registry),
            rates: Rates::open(&config.rates, Arc::new(SystemClock), &mut registry)?,
            requests: Requests::new(Arc::new(SystemClock), config.log.callers, &mut registry),
            tls: Tls::open(&config.tls, &mut registry)?,
            connections: crate::http::Connections::new(&config.server, &mut registry),
            bodies: Bodies::new(&config.server, &mut registry),
            answers: Answers::new(&config.server, &config.database, &mut registry),
            packed: Packed::new(config.server.compression.packers_max, &mut registry),
            introspections: Room::of_introspections(
                config.server.introspections_bytes_max,
                &mut registry,
            ),
            load,
            desks: Desks::new(patience, &mut registry),
            documents,
            build: Build::new(env!("CARGO_PKG_VERSION"), &mut registry),
            edition: ArcSwap::from_pointee(edition),
            open: AtomicBool::new(false),
            answered: Notify::new(),
            draining: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
            drift: Mutex::default(),
            config,
            hash_key,
            registry,
        };
        server.build.serves(&server.edition().hash);
        prepare_ahead(server.edition(), stage);
        Ok(Arc::new(server))
    }

    /// What stands before its address.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The names it answers to, besides those of this machine.
    pub(crate) fn hosts(&self) -> &[String] {
        match self.stage {
            Stage::Development => &[],
            Stage::Service => &self.config.server.hosts,
        }
    }

    /// Whether there are pages for people, which send documents of theirs.
    pub(crate) fn has_console(&self) -> bool {
        self.config.console.enabled && self.documents.takes_text()
    }

    /// The edition that answers new requests.
    pub(crate) fn edition(&self) -> Arc<Edition> {
        self.edition.load_full()
    }

    /// Serves another artefact from the next request on; requests in flight finish on the old one.
    pub(crate) fn replace(&self, artefact: Artefact) -> Result<(), engine::Error> {
        let edition = Edition::new(artefact, &self.config.limits, self.hash_key.as_ref())?;
        self.build.serves(&edition.hash);
        let edition = Arc::new(edition);
        self.edition.store(Arc::clone(&edition));
        if let Some(cache) = &self.cache {
            cache.clear();
        }
        prepare_ahead(edition, self.stage);
        Ok(())
    }

    /// Whether GraphQL requests are taken: the artefact was seen to agree with the database.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Takes GraphQL requests from now on, or refuses them.
    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    /// The database has answered: it can be connected to.
    pub(crate) fn has_answered(&self) {
        self.answered.notify_one();
    }

    /// Waits until the database has answered once more.
    pub(crate) async fn answer(&self) {
        self.answered.notified().await;
    }

    /// Has the next look compare the artefact with the database, whatever was known of them.
    pub(crate) fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether there was a doubt since this was asked last.
    pub(crate) fn was_doubted(&self) -> bool {
        self.doubted.swap(false, Ordering::Relaxed)
    }

    /// Whether differences from the database are others than those that were told last.
    pub(crate) fn is_news(&self, findings: &[Diagnostic]) -> bool {
        let mut told = self.drift.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *told != findings;
        *told = findings.to_vec();
        news
    }

    /// Whether the server is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Announces that the server is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.health.drain();
    }

    /// All metrics as text.
    pub(crate) fn exposition(&self) -> Result<String, observe::Error> {
        exposition::render([&self.registry, &self.edition().registry])
    }
}

fn doorkeeper(
    stage: Stage,
    config: &guard::Config,
    database: &store::Database,
    registry: &mut Registry,
) -> Result<Doorkeeper> {
    let stranger = (stage == Stage::Development).then(Caller::development);
    let world = World {
        outward: Arc::new(Network::new(&config.root_certificates)?),
        api_keys: Arc::new(database.keys()),
        revocations: Arc::new(database.revocations()),
        clock: Arc::new(SystemClock),
    };
    Ok(Doorkeeper::new(config, stranger, world, registry))
}

/// The key of the hashes that masked columns are shown as; whoever develops needs none.
pub(crate) fn hash_key(stage: Stage, given: &Secret) -> Result<Option<HashKey>> {
    match (given.expose().is_empty(), stage) {
        (false, _) => Ok(Some(HashKey::new(given))),
        (true, Stage::Service) => Ok(None),
        (true, Stage::Development) => {
            let mut chance = [0; 32];
            rustls::crypto::ring::default_provider()
                .secure_random
                .fill(&mut chance)
                .map_err(|_| anyhow!("the system gives no random bytes"))?;
            let words = chance.map(|byte| byte.to_string());
            Ok(Some(HashKey::new(&Secret::new(words.join(" ")))))
        }
    }
}

/// Refuses a schema that shows hashes where there is no key for them.
fn hashes(edition: &Edition, key: Option<&HashKey>) -> Result<()> {
    if key.is_none() && edition.engine.hashes() {
        return Err(mend::failure(
            "the access rules show hashes of masked columns, and there is no key for them",
            "set masks.hash_key, best as FRAGARIA_MASKS__HASH_KEY: openssl rand -hex 32 makes one",
        ));
    }
    Ok(())
}
