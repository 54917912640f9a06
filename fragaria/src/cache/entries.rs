//! The answers that are kept, bounded by the memory they take.

use super::metrics::Metrics;
use anyhow::Result;
use bytes::Bytes;
use model::{Argument, Value};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Equivalent, Lifecycle, OptionsBuilder, Weighter};
use sha2::{Digest as _, Sha256};
use std::mem::size_of;
use std::sync::Arc;
use std::time::Instant;
use store::{Followed, Generation};

/// What an entry takes beside the answer, the values it was asked with and its tables, in bytes.
const ENTRY_BYTES: usize = 512;
/// What is taken for each table.
const TABLE_BYTES: usize = 2 * size_of::<usize>();
/// How many bytes an entry has, about.
const USUAL_BYTES: u64 = 4_096;
/// How many of the largest entries fit into a shard, at least.
const LARGEST_PER_SHARD: u64 = 8;
/// The most shards.
const SHARDS_MAX: u64 = 64;

/// What an answer depends on, whole: it is compared and not only hashed, so nobody can be given the
/// answer of another question.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The number of the database.
    database: u64,
    /// The number of the plan: document, operation, access shape and structure of the variables, of one
    /// artefact.
    plan: u64,
    /// All values that are bound, those of claims among them.
    arguments: Vec<Vec<Argument>>,
}

/// A key that is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Look<'a> {
    pub(super) database: u64,
    pub(super) plan: u64,
    pub(super) arguments: &'a [Vec<Argument>],
}

impl Look<'_> {
    pub(super) fn key(&self) -> Key {
        Key {
            database: self.database,
            plan: self.plan,
            arguments: self.arguments.to_vec(),
        }
    }
}

impl Equivalent<Arc<Key>> for Look<'_> {
    fn equivalent(&self, key: &Arc<Key>) -> bool {
        let Key {
            database,
            plan,
            arguments,
        } = &**key;
        *self
            == Look {
                database: *database,
                plan: *plan,
                arguments,
            }
    }
}

/// An answer that is kept.
pub(crate) struct Entry {
    /// What was seen of its tables before they were read.
    pub(super) read: Read,
    /// The JSON text of `data`.
    pub(super) data: Bytes,
    /// By what it is told apart from others.
    pub(super) print: Print,
    /// The memory it takes with its key.
    bytes: usize,
}

/// The SHA-256 of an answer.
pub(crate) type Print = [u8; 32];

/// The moment of a read.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) followed: Followed,
    /// Taken before the read.
    pub(super) generation: Generation,
    pub(super) since: Instant,
}

impl Entry {
    /// The answer of a read of so many tables.
    pub(super) fn new(key: &Key, read: Read, tables: usize, data: &[u8]) -> Self {
        Self {
            read,
            print: Sha256::digest(data).into(),
            // What it came in may have room for more.
            data: Bytes::copy_from_slice(data),
            bytes: weight(key, tables) + data.len(),
        }
    }
}

/// The memory an entry takes beside its answer, in bytes.
pub(super) fn weight(key: &Key, tables: usize) -> usize {
    let steps = key.arguments.len() * size_of::<Vec<Argument>>();
    let values: usize = key.arguments.iter().flatten().map(argument).sum();
    ENTRY_BYTES + steps + values + tables * TABLE_BYTES
}

fn argument(argument: &Argument) -> usize {
    size_of::<Argument>()
        + match argument {
            Argument::Value(value) => inside(value),
            Argument::Kept { steps, .. } | Argument::KeptRows { steps } => {
                steps.len() * size_of::<usize>()
            }
            Argument::KeptOne { .. } => 0,
        }
}

/// What a value takes beside its own size.
fn inside(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => {
            let items = items.iter().map(|item| size_of::<Value>() + inside(item));
            items.sum()
        }
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => 0,
    }
}

/// The kept answers by their keys.
pub(super) struct Entries {
    known: Cache<Arc<Key>, Arc<Entry>, Bytewise, DefaultHashBuilder, Evictions>,
    metrics: Metrics,
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<Arc<Key>, Arc<Entry>> for Bytewise {
    fn weight(&self, _: &Arc<Key>, entry: &Arc<Entry>) -> u64 {
        entry.bytes as u64
    }
}

#[derive(Clone)]
struct Evictions(Metrics);

impl Lifecycle<Arc<Key>, Arc<Entry>> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Arc<Key>, _: Arc<Entry>) {
        self.0.evictions.inc();
    }
}

impl Entries {
    /// Room for so many bytes, of entries that have at most so many.
    pub(super) fn new(bytes_max: u64, entry_bytes_max: usize, metrics: &Metrics) -> Result<Self> {
        let largest = LARGEST_PER_SHARD.saturating_mul(entry_bytes_max as u64);
        let shards = bytes_max.checked_div(largest).unwrap_or(1);
        let shards = shards.clamp(1, SHARDS_MAX).ilog2();
        let usual = usize::try_from(bytes_max / USUAL_BYTES).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .shards(1 << shards)
            .estimated_items_capacity(usual.clamp(64, 65_536))
            .weight_capacity(bytes_max)
            .build()?;
        let known = Cache::with_options(
            options,
            Bytewise,
            DefaultHashBuilder::default(),
            Evictions(metrics.clone()),
        );
        Ok(Self {
            known,
            metrics: metrics.clone(),
        })
    }

    pub(super) fn find(&self, look: &Look<'_>) -> Option<Arc<Entry>> {
        self.known.get(look)
    }

    pub(super) fn keep(&self, key: &Arc<Key>, entry: Arc<Entry>) {
        self.known.insert(Arc::clone(key), entry);
        self.metrics.puts.inc();
        self.tell();
    }

    /// Lets go of an entry, unless another one took its place.
    pub(super) fn drop(&self, look: &Look<'_>, entry: &Arc<Entry>) {
        self.known
            .remove_if(look, |known| Arc::ptr_eq(known, entry));
        self.tell();
    }

    /// Lets go of all of them.
    pub(super) fn clear(&self) {
        self.known.clear();
        self.tell();
    }

    fn tell(&self) {
        let told = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics.bytes.set(told(self.known.weight()));
        self.metrics.entries.set(told(self.known.len() as u64));
    }
}
