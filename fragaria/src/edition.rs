//! One edition of the API: an artefact, the engine made from it, and the engine's metrics.

use engine::artefact::Artefact;
use engine::{Engine, HashKey};
use model::Schema;
use model::metric::Registry;
use std::sync::Arc;

/// What a request is answered by, from its first step to its last; it is swapped whole.
pub(crate) struct Edition {
    /// The engine.
    pub(crate) engine: Engine,
    /// The compiled schema, to be compared with the database.
    pub(crate) schema: Arc<Schema>,
    /// Hash of the artefact.
    pub(crate) hash: Arc<str>,
    /// Metrics of the engine; they end with it.
    pub(crate) registry: Registry,
}

impl Edition {
    /// Makes an edition of an artefact.
    pub(crate) fn new(
        artefact: Artefact,
        limits: &engine::Config,
        hash_key: Option<&HashKey>,
    ) -> Result<Self, engine::Error> {
        let mut registry = Registry::default();
        let engine = Engine::new(artefact, limits, &mut registry)?;
        let engine = match hash_key {
            Some(key) => engine.hashing_by(key.clone()),
            None => engine,
        };
        let schema = Arc::clone(engine.schema());
        let hash = engine.hash().to_string().into();
        Ok(Self {
            engine,
            schema,
            hash,
            registry,
        })
    }
}
