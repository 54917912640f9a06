//! Documents that requests name by an id: found without a look at their text, and kept apart from what
//! strangers send.

use super::{Bytes, Engine, Plans, cache, first};
use crate::config::Config;
use crate::metrics::CacheMetrics;
use crate::plan::Inserts;
use crate::prepare::{Operation, operation};
use crate::trusted::{self, Document, given};
use foldhash::HashMap;
use model::metric::Registry;
use model::{Fault, Kind, Rights};
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a request asks that names a trusted document.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The id.
    pub id: &'a str,
    /// Which operation of the document, where it has several.
    pub operation: Option<&'a str>,
    /// The access shape: plans are never shared between different ones.
    pub rights: &'a Rights,
}

/// What became of preparing trusted documents before they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Operations that are prepared, each for callers of a role.
    pub prepared: usize,
    /// Operations that cannot be, by the bounds of this server.
    pub refused: usize,
    /// Operations for which there was no room.
    pub left: usize,
    /// Operations that become other statements here than the artefact says.
    pub differing: usize,
}

/// The trusted documents of an artefact, and what is kept of them.
pub(super) struct Trusted {
    documents: Vec<Document>,
    /// Ids are those of the artefact, so nobody chooses which of them meet.
    by_id: HashMap<Box<str>, usize>,
    operations: Cache<Key, Arc<Operation>, Bytes>,
    /// The plans of their operations.
    pub(super) plans: Plans,
    /// What is counted of their operations.
    metrics: CacheMetrics,
    /// What is counted of those plans.
    pub(super) plan_metrics: CacheMetrics,
}

/// An operation of a document, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    document: usize,
    operation: usize,
}

/// An operation belongs to one place and access shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    place: Place,
    rights: Rights,
}

/// A key that is looked for.
#[derive(Clone, Copy, Debug, Hash)]
struct Look<'a> {
    place: Place,
    rights: &'a Rights,
}

impl Equivalent<Key> for Look<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.place == key.place && *self.rights == key.rights
    }
}

impl Weighter<Key, Arc<Operation>> for Bytes {
    fn weight(&self, _: &Key, value: &Arc<Operation>) -> u64 {
        value.bytes()
    }
}

impl Trusted {
    pub(super) fn new(documents: Vec<Document>, config: &Config, registry: &mut Registry) -> Self {
        let ids = documents.iter().enumerate().flat_map(|(place, document)| {
            let others = document.ids.iter().map(|id| (**id).into());
            let ids = others.chain([document.hash.to_string().into()]);
            ids.map(move |id| (id, place))
        });
        let registry = registry.sub_registry_with_prefix("fragaria_engine");
        Self {
            by_id: ids.collect(),
            documents,
            operations: cache(config.trusted_cache_bytes_max),
            plans: cache(config.trusted_cache_bytes_max),
            metrics: CacheMetrics::register(registry, "trusted_document"),
            plan_metrics: CacheMetrics::register(registry, "trusted_plan"),
        }
    }

    /// Whether there may be no room for one more beside operations of so many bytes. A cache gives each
    /// part of it a share of the room, so it is not filled to the brim.
    fn is_full(&self, bytes: u64) -> bool {
        let is_full = |bytes: u64, most: u64| bytes > most / 4 * 3;
        is_full(bytes, self.operations.capacity())
            || is_full(self.plans.weight(), self.plans.capacity())
    }
}

impl Engine {
    /// The trusted documents.
    pub fn documents(&self) -> &[Document] {
        &self.trusted.documents
    }

    /// Whether a document of that id is trusted.
    pub fn trusts(&self, id: &str) -> bool {
        self.trusted.by_id.contains_key(id)
    }

    /// The operation of a trusted document that was prepared before.
    pub fn known_by_id(&self, named: &Named<'_>) -> Option<Arc<Operation>> {
        let place = self.place(named)?.ok()?;
        let rights = self.settled(named.rights);
        let known = self.trusted.operations.get(&Look {
            place,
            rights: &rights,
        })?;
        self.trusted.metrics.hits.inc();
        Some(known)
    }

    /// Prepares an operation of a trusted document, once for each access shape; `None` where no document
    /// has that id.
    pub fn prepare_by_id(&self, named: &Named<'_>) -> Option<Result<Arc<Operation>, Vec<Fault>>> {
        let place = match self.place(named)? {
            Ok(place) => place,
            // Which operations a document has is told to those who may run one of them.
            Err(fault) => return self.runs_some(named).then(|| Err(vec![fault])),
        };
        self.trusted.metrics.misses.inc();
        Some(self.prepare_trusted(place, named.rights))
    }

    /// Whether some operation of a document can be run by whoever names it.
    fn runs_some(&self, named: &Named<'_>) -> bool {
        let Some(document) = self.trusted.by_id.get(named.id).copied() else {
            return false;
        };
        let count = self.trusted.documents[document].operations.len();
        *named.rights == Rights::All
            || (0..count).any(|operation| {
                let place = Place {
                    document,
                    operation,
                };
                self.prepare_trusted(place, named.rights).is_ok()
            })
    }

    fn prepare_trusted(&self, place: Place, rights: &Rights) -> Result<Arc<Operation>, Vec<Fault>> {
        let rights = self.settled(rights);
        let shape = self.shape(&rights);
        let reading = (&self.config, self.config.introspection.tells(&rights));
        let document = &self.trusted.documents[place.document];
        let name = document.operations[place.operation].name.as_deref();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut made = operation(Arc::clone(&shape), reading, id, &document.text, name)?;
        made.trusted = true;
        self.weigh(&rights, &shape);
        let made = Arc::new(made);
        let key = Key {
            place,
            rights: rights.into_owned(),
        };
        let made = first(&self.trusted.operations, &key, made);
        self.trusted.metrics.observe(&self.trusted.operations);
        Ok(made)
    }

    /// Where the operation is that somebody names; `None` where no document has that id.
    fn place(&self, named: &Named<'_>) -> Option<Result<Place, Fault>> {
        let document = *self.trusted.by_id.get(named.id)?;
        let operations = &self.trusted.documents[document].operations;
        Some(chosen(operations, named.operation).map(|operation| Place {
            document,
            operation,
        }))
    }

    /// Prepares and plans what trusted documents ask, for callers of single roles, or for whoever is
    /// held to no rules: as much as there is room for, and as long as it is to go on.
    pub fn prepare_ahead(&self, as_all: bool, goes_on: impl Fn() -> bool) -> Ahead {
        let (mut ahead, mut bytes) = (Ahead::default(), 0);
        let single = |role: &str| Rights::Of([role].into_iter().collect());
        let roles = self.schema().roles.iter();
        let single: Vec<_> = roles.map(|role| single(&role.name)).collect();
        let is_ruled = !as_all && self.has_rules();
        let all = [Rights::All];
        for rights in if is_ruled { &single[..] } else { &all[..] } {
            for place in self.places(rights) {
                if self.trusted.is_full(bytes) || !goes_on() {
                    ahead.left += 1;
                } else if let Ok((operation, is_as_said)) = self.make_ready(place, rights) {
                    ahead.prepared += 1;
                    ahead.differing += usize::from(!is_as_said);
                    bytes += operation.bytes();
                } else {
                    ahead.refused += 1;
                }
            }
        }
        ahead
    }

    /// The operations that some rights are enough for.
    fn places(&self, rights: &Rights) -> Vec<Place> {
        let may = |operation: &trusted::Operation| match rights {
            Rights::All => true,
            Rights::Of(roles) => {
                let mut held = operation.scripts.iter().flat_map(|script| &script.roles);
                held.any(|role| roles.contains(role))
            }
        };
        let documents = self.trusted.documents.iter().enumerate();
        let places = documents.flat_map(|(document, known)| {
            let operations = known.operations.iter().enumerate();
            let held = operations.filter(|(_, operation)| may(operation));
            held.map(move |(operation, _)| Place {
                document,
                operation,
            })
        });
        places.collect()
    }

    /// Prepares an operation, and plans it where its statements are known before anybody asks; tells
    /// whether they are those that the artefact says.
    fn make_ready(
        &self,
        place: Place,
        rights: &Rights,
    ) -> Result<(Arc<Operation>, bool), Vec<Fault>> {
        let operation = self.prepare_trusted(place, rights)?;
        let definitions = &operation.definition.variables;
        let Some(variables) = given(&operation.shape, definitions) else {
            return Ok((operation, true));
        };
        // Values of ours may be refused where those of clients are not.
        let plan = variables
            .ok()
            .and_then(|known| self.plan(&operation, &known, Inserts::Together).ok());
        let said = self.said(place, rights);
        let is_as_said = plan.zip(said).is_none_or(|(plan, said)| {
            let steps = plan.script.steps.iter();
            steps.map(|step| &*step.statement.sql).eq(said)
        });
        Ok((operation, is_as_said))
    }

    /// The statements that the artefact says an operation becomes for those of one role, or of none.
    fn said(&self, place: Place, rights: &Rights) -> Option<impl Iterator<Item = &str>> {
        let operation = &self.trusted.documents[place.document].operations[place.operation];
        let is_of = |script: &&trusted::Script| match rights {
            Rights::All => script.roles.is_empty(),
            Rights::Of(roles) => script.roles.iter().any(|role| roles.contains(role)),
        };
        let script = operation.scripts.iter().find(is_of)?;
        Some(script.sql.as_ref()?.iter().map(String::as_str))
    }
}

/// The operation of that name, or the only one.
fn chosen(operations: &[trusted::Operation], name: Option<&str>) -> Result<usize, Fault> {
    let refused = |message: String| Fault::new("engine.operation", Kind::Invalid, message);
    match (name, operations) {
        (None, [_]) => Ok(0),
        (None, _) => Err(refused(
            "the document has several operations: name one".to_owned(),
        )),
        (Some(name), operations) => {
            let found = operations
                .iter()
                .position(|operation| operation.name.as_deref() == Some(name));
            found.ok_or_else(|| refused("the document has no operation of that name".to_owned()))
        }
    }
}
