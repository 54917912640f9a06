//! The engine as the request path sees it: prepare a document, bind its variables.

use crate::access::{HashKey, Shape, actor};
use crate::artefact::{Artefact, Hash};
use crate::bind::{Bound, Means, bind};
use crate::config::Config;
use crate::input::{Variables, coerce_variables};
use crate::json::Members;
use crate::metrics::{CacheMetrics, Metrics};
use crate::plan::{Inserts, Plan, plan};
use crate::prepare::{Operation, located, operation};
use model::metric::Registry;
use model::{Actor, Caller, Claims, Fault, Kind, Mask, Rights, Schema};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::convert::Infallible;
use std::hash::{Hash as Hashed, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why an artefact cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The generated API is not a valid type system.
    #[error("the schema does not make a valid API: {0}")]
    Api(String),
}

/// One artefact, ready to answer; made anew for each reload, so no cache outlives its schema.
pub struct Engine {
    hash: Hash,
    /// What those are shown who are held to no rule.
    all: Arc<Shape>,
    shapes: Cache<Rights, Weighed, Bytes>,
    config: Config,
    hash_key: Option<HashKey>,
    metrics: Metrics,
    operations: Cache<DocumentKey, Arc<Operation>, Bytes>,
    plans: Plans,
    trusted: Trusted,
    next: AtomicU64,
}

/// Plans by what they are made for.
type Plans = Cache<PlanKey, Arc<Plan>, Bytes>;

/// What a request asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The GraphQL document.
    pub document: &'a str,
    /// Which operation of it, where it has several.
    pub operation: Option<&'a str>,
    /// The access shape: plans are never shared between different ones.
    pub rights: &'a Rights,
}

impl Engine {
    /// Builds the API of an artefact.
    pub fn new(
        artefact: Artefact,
        config: &Config,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        let all = Shape::all(Arc::new(artefact.schema)).map_err(Error::Api)?;
        Ok(Self {
            all: Arc::new(all),
            shapes: shapes(config.shape_cache_bytes_max),
            hash: artefact.hash,
            config: config.clone(),
            hash_key: None,
            metrics: Metrics::register(registry),
            operations: cache(config.document_cache_bytes_max),
            plans: cache(config.plan_cache_bytes_max),
            trusted: Trusted::new(artefact.documents, config, registry),
            next: AtomicU64::new(0),
        })
    }

    /// The same with a key for the hashes that masked columns are shown as.
    pub fn hashing_by(mut self, key: HashKey) -> Self {
        self.hash_key = Some(key);
        self
    }

    /// Whether its rules show hashes, for which a key is needed.
    pub fn hashes(&self) -> bool {
        let rules = self.schema().tables.iter().flat_map(|table| &table.access);
        let mut masks = rules.flat_map(|rule| &rule.masks);
        masks.any(|(_, mask)| *mask == Mask::Hash)
    }

    /// The content hash of the artefact.
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// The schema it serves.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.all.schema
    }

    /// Whether it has access rules, so that callers see nothing but what these let them.
    pub fn has_rules(&self) -> bool {
        !self.schema().roles.is_empty()
    }

    /// As whom a caller asks the database, where it has rules of its own; nobody else than the login
    /// where none is given.
    pub fn actor(&self, caller: &Caller) -> Result<Option<Actor>, Fault> {
        actor(self.schema(), caller)
    }

    /// Whether whoever is held to no rules is told what there is.
    pub fn tells_all(&self) -> bool {
        self.config.introspection.tells(&Rights::All)
    }

    /// The type system of the API as SDL, as it is shown to some rights.
    pub fn sdl(&self, rights: &Rights) -> Result<String, Fault> {
        Ok(self.shape(rights).api.text())
    }

    /// Most bytes that `__schema` and `__type` bring in an operation.
    pub fn introspection_bytes_max(&self, operation: &Operation) -> usize {
        let whole = operation.shape.api.whole();
        let text = whole.map_or(0, |whole| whole.text().len());
        self.config.introspection_bytes(text)
    }

    /// What requests of those rights share.
    fn shape(&self, rights: &Rights) -> Arc<Shape> {
        if let Some(known) = self.shapes.get(rights) {
            self.metrics.shapes.hits.inc();
            return known.shape;
        }
        self.metrics.shapes.misses.inc();
        let made = Arc::new(match rights {
            Rights::All => self.all.again(),
            Rights::Of(roles) => self.all.of(roles),
        });
        self.weigh(rights, &made);
        made
    }

    /// Takes down how much of a shape is made by now; one that has become too large is kept no longer.
    fn weigh(&self, rights: &Rights, shape: &Arc<Shape>) {
        let bytes = shape.bytes();
        let known = self.shapes.peek(rights);
        if known.is_some_and(|known| !Arc::ptr_eq(&known.shape, shape) || known.bytes == bytes) {
            return;
        }
        let shape = Arc::clone(shape);
        self.shapes.insert(rights.clone(), Weighed { shape, bytes });
        self.metrics.shapes.observe(&self.shapes);
        let made = self.shapes.iter().map(|(_, known)| known.shape.api.types());
        let made = self.all.api.types() + made.sum::<usize>();
        self.metrics
            .types
            .set(i64::try_from(made).unwrap_or(i64::MAX));
    }

    /// The rights without roles that no rule is for: nothing is kept for each name somebody brings.
    pub fn settled<'r>(&self, rights: &'r Rights) -> Cow<'r, Rights> {
        let Rights::Of(roles) = rights else {
            return Cow::Borrowed(rights);
        };
        let is_known = |name: &&str| {
            let mut known = self.all.schema.roles.iter();
            known.any(|role| role.name == **name)
        };
        if roles.names().all(|name| is_known(&name)) {
            return Cow::Borrowed(rights);
        }
        Cow::Owned(Rights::Of(roles.names().filter(is_known).collect()))
    }

    /// The operation of a document that was prepared before.
    pub fn known(&self, ask: &Ask<'_>) -> Option<Arc<Operation>> {
        let rights = self.settled(ask.rights);
        let ask = Ask {
            rights: &rights,
            ..*ask
        };
        let known = self.operations.get(&ask)?;
        self.metrics.documents.hits.inc();
        Some(known)
    }

    /// Parses and validates a document, once for each document, operation name and access shape.
    pub fn prepare(&self, ask: &Ask<'_>) -> Result<Arc<Operation>, Vec<Fault>> {
        if let Some(known) = self.known(ask) {
            return Ok(known);
        }
        self.metrics.documents.misses.inc();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let rights = self.settled(ask.rights);
        let shape = self.shape(&rights);
        let reading = (&self.config, self.config.introspection.tells(&rights));
        let made = operation(Arc::clone(&shape), reading, id, ask.document, ask.operation);
        self.weigh(&rights, &shape);
        let made = Arc::new(made?);
        let key = DocumentKey::from(&Ask {
            rights: &rights,
            ..*ask
        });
        let made = first(&self.operations, &key, made);
        self.metrics.documents.observe(&self.operations);
        Ok(made)
    }

    /// Coerces the variables, finds or makes the plan for their structure, and binds their values.
    pub fn bind(
        &self,
        operation: &Operation,
        (claims, variables): (&Claims, Option<&RawValue>),
        inserts: Inserts,
    ) -> Result<Bound, Vec<Fault>> {
        self.bound_variables(variables)
            .map_err(|fault| vec![fault])?;
        let given = given(variables).map_err(|fault| vec![fault])?;
        let definitions = &operation.definition.variables;
        let variables = coerce_variables(&operation.shape, claims, definitions, &given)?;
        self.bind_to(operation, &variables, inserts)
            .map_err(|fault| vec![fault])
    }

    fn bind_to(
        &self,
        operation: &Operation,
        variables: &Variables,
        inserts: Inserts,
    ) -> Result<Bound, Fault> {
        let cost = self.afford(operation, variables)?;
        let plan = self.plan(operation, variables, inserts)?;
        bind(&plan, operation, (variables, cost), self.means())
    }

    /// What values are bound by.
    fn means(&self) -> Means<'_> {
        Means {
            config: &self.config,
            hash_key: self.hash_key.as_ref(),
        }
    }

    /// What an operation costs; refuses one that costs too much.
    fn afford(&self, operation: &Operation, variables: &Variables) -> Result<u64, Fault> {
        let (cost, most) = (operation.cost.cost(variables), self.config.cost_max);
        if cost <= most {
            return Ok(cost);
        }
        let message = format!("the operation costs {cost}, and at most {most} is allowed");
        let fault = Fault::new("engine.cost", Kind::Limit, message);
        let place = operation.definition.location();
        Err(located(fault, place, &operation.document.sources))
    }

    /// Refuses variables that are too long, before anybody reads them.
    fn bound_variables(&self, variables: Option<&RawValue>) -> Result<(), Fault> {
        let most = self.config.variables_bytes_max;
        match variables {
            Some(raw) if raw.get().len() > most => {
                let message = format!("the variables have more than {most} bytes");
                Err(Fault::new("engine.variables_bytes", Kind::Limit, message))
            }
            _ => Ok(()),
        }
    }

    /// Where plans of an operation are kept: what strangers send never drives out what is trusted.
    fn plans_of(&self, operation: &Operation) -> (&Plans, &CacheMetrics) {
        if operation.trusted {
            return (&self.trusted.plans, &self.trusted.plan_metrics);
        }
        (&self.plans, &self.metrics.plans)
    }

    /// Finds or makes a plan; one that holds the answer of an introspection is not kept.
    fn plan(
        &self,
        operation: &Operation,
        variables: &Variables,
        inserts: Inserts,
    ) -> Result<Arc<Plan>, Fault> {
        let make = || plan(&self.config, operation.asked(), (variables, inserts)).map(Arc::new);
        if operation.introspects() {
            return make();
        }
        let shape = variables.fingerprint(&operation.toggles);
        let planned = Planned {
            operation: operation.id,
            shape: &shape,
            inserts,
        };
        let (plans, metrics) = self.plans_of(operation);
        if let Some(known) = plans.get(&planned) {
            metrics.hits.inc();
            return Ok(known);
        }
        metrics.misses.inc();
        let made = make()?;
        let key = PlanKey {
            operation: operation.id,
            shape: shape.into_boxed_slice(),
            inserts,
        };
        let made = first(plans, &key, made);
        metrics.observe(plans);
        Ok(made)
    }
}

/// Keeps what was made, unless somebody made the same meanwhile: all who ask for it have one, so that
/// answers of it are kept once.
fn first<K, V>(cache: &Cache<K, V, Bytes>, key: &K, made: V) -> V
where
    K: Eq + Hashed + Clone,
    V: Clone,
    Bytes: Weighter<K, V>,
{
    let Ok(first) = cache.get_or_insert_with(key, || Ok::<_, Infallible>(made));
    first
}

/// The variables as JSON members.
fn given(variables: Option<&RawValue>) -> Result<Members<'_>, Fault> {
    let Some(raw) = variables else {
        return Ok(Members::default());
    };
    let refused = |message: String| Fault::new("request.variables", Kind::Malformed, message);
    if !raw.get().starts_with('{') && raw.get() != "null" {
        return Err(refused("variables must be a JSON object".to_owned()));
    }
    Members::of(raw).map_err(|flaw| refused(format!("variables: {flaw}")))
}

fn cache<K: Eq + Hashed, V: Clone>(bytes_max: u64) -> Cache<K, V, Bytes>
where
    Bytes: Weighter<K, V>,
{
    Cache::with_weighter(1_024, bytes_max, Bytes)
}

/// A cache of few entries, of which one may take all the room: it is not dealt out beforehand.
fn shapes(bytes_max: u64) -> Cache<Rights, Weighed, Bytes> {
    let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
    let mut options = OptionsBuilder::new();
    options
        .estimated_items_capacity(64)
        .weight_capacity(bytes_max);
    match options.shards(1).build() {
        Ok(options) => Cache::with_options(options, Bytes, hasher, lifecycle),
        // Nothing of that is left out.
        Err(_) => Cache::with(64, bytes_max, Bytes, hasher, lifecycle),
    }
}

/// Weighs entries by the memory they take.
#[derive(Clone)]
struct Bytes;

impl Weighter<DocumentKey, Arc<Operation>> for Bytes {
    fn weight(&self, key: &DocumentKey, value: &Arc<Operation>) -> u64 {
        key.document.len() as u64 + value.bytes()
    }
}

/// A shape, and how much of it was made when somebody looked last.
#[derive(Clone)]
struct Weighed {
    shape: Arc<Shape>,
    bytes: u64,
}

impl Weighter<Rights, Weighed> for Bytes {
    fn weight(&self, _: &Rights, value: &Weighed) -> u64 {
        value.bytes
    }
}

impl Weighter<PlanKey, Arc<Plan>> for Bytes {
    fn weight(&self, key: &PlanKey, value: &Arc<Plan>) -> u64 {
        key.shape.len() as u64 + value.bytes()
    }
}

/// A plan belongs to one operation and one structure of variables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PlanKey {
    operation: u64,
    shape: Box<[u8]>,
    inserts: Inserts,
}

/// The same, borrowed.
#[derive(PartialEq, Eq, Hash)]
struct Planned<'a> {
    operation: u64,
    shape: &'a [u8],
    inserts: Inserts,
}

impl Equivalent<PlanKey> for Planned<'_> {
    fn equivalent(&self, key: &PlanKey) -> bool {
        let PlanKey {
            operation,
            shape,
            inserts,
        } = key;
        *self
            == Planned {
                operation: *operation,
                shape,
                inserts: *inserts,
            }
    }
}

/// An operation belongs to one document, operation name and access shape.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DocumentKey {
    document: Box<str>,
    operation: Option<Box<str>>,
    rights: Rights,
}

impl From<&Ask<'_>> for DocumentKey {
    fn from(ask: &Ask<'_>) -> Self {
        Self {
            document: ask.document.into(),
            operation: ask.operation.map(Into::into),
            rights: ask.rights.clone(),
        }
    }
}

impl Hashed for DocumentKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&*self.document, self.operation.as_deref(), &self.rights).hash(state);
    }
}

impl Hashed for Ask<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.document, self.operation, self.rights).hash(state);
    }
}

impl Equivalent<DocumentKey> for Ask<'_> {
    fn equivalent(&self, key: &DocumentKey) -> bool {
        *self.document == *key.document
            && self.operation == key.operation.as_deref()
            && *self.rights == key.rights
    }
}

mod advising;
mod explaining;
mod given;
mod trusted;

pub use explaining::{Inexplicable, Inquiry};
pub use given::Writing;
pub use trusted::{Ahead, Named};

use trusted::Trusted;

#[cfg(test)]
mod tests;
