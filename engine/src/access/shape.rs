//! Everything that requests of the same rights share.

use super::rules::{Access, Claim};
use super::{refusals, standing, view};
use crate::api::Api;
use crate::artefact::Hash;
use model::{Refusal, Roles, Schema};
use std::sync::{Arc, OnceLock};

/// The API of some rights, and what their plans are made by.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) api: Arc<Api>,
    /// The schema as these rights show it: indexes are those of the artefact.
    pub(crate) schema: Arc<Schema>,
    /// The rules; none bind whoever may do everything.
    pub(crate) access: Option<Access>,
    /// The roles that are held, and what tells their rules from others; none where none bind.
    standing: Option<(Vec<usize>, OnceLock<Hash>)>,
    /// What is told of rows that constraints refuse.
    pub(crate) refusals: Arc<[Refusal]>,
    /// A figure of the memory that its own schema takes.
    schema_bytes: usize,
}

impl Shape {
    /// The shape of whoever is held to no rule.
    pub(crate) fn all(schema: Arc<Schema>) -> Result<Self, String> {
        Ok(Self {
            refusals: refusals::of(&schema),
            api: Arc::new(Api::new(Arc::clone(&schema))?),
            schema,
            access: None,
            standing: None,
            schema_bytes: 0,
        })
    }

    /// The same for requests of whoever is held to no rule: what is made for them can be dropped again.
    pub(crate) fn again(&self) -> Self {
        Self {
            api: Arc::new(self.api.again()),
            schema: Arc::clone(&self.schema),
            access: None,
            standing: None,
            refusals: Arc::clone(&self.refusals),
            schema_bytes: 0,
        }
    }

    /// The shape of those who hold these roles.
    pub(crate) fn of(&self, roles: &Roles) -> Self {
        let known = self.schema.roles.iter().enumerate();
        let held = known.filter(|(_, role)| roles.contains(&role.name));
        let held: Vec<_> = held.map(|(index, _)| index).collect();
        let (schema, access) = shown(&self.api, &held);
        let schema = Arc::new(schema);
        Self {
            refusals: refusals::of(&schema),
            schema_bytes: schema_bytes(&schema),
            api: Arc::new(Api::beside(Arc::clone(&self.api), Arc::clone(&schema))),
            schema,
            access: Some(access),
            standing: Some((held, OnceLock::new())),
        }
    }

    /// What plans need to know of callers.
    pub(crate) fn claims(&self) -> &[Claim] {
        self.access.as_ref().map_or(&[], |access| &access.claims)
    }

    /// What tells these rules from others; none where none bind.
    pub(crate) fn standing(&self) -> Option<Hash> {
        let (roles, hash) = self.standing.as_ref()?;
        Some(*hash.get_or_init(|| standing::hash(&self.schema, roles)))
    }

    /// A figure of the memory it takes so far, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        (4_096 + self.schema_bytes + self.api.bytes()) as u64
    }
}

/// About what a table and a column take in memory.
const TABLE_BYTES: usize = 1_024;
const COLUMN_BYTES: usize = 384;

fn schema_bytes(schema: &Schema) -> usize {
    let columns = schema.tables.iter().map(|table| table.columns.len());
    TABLE_BYTES * schema.tables.len() + COLUMN_BYTES * columns.sum::<usize>()
}

/// The schema as it is shown to some roles, and their rules; the API is that of whoever is held to none.
pub(crate) fn shown(api: &Arc<Api>, roles: &[usize]) -> (Schema, Access) {
    let access = Access::new(api, roles);
    let mut schema = Schema::clone(api.schema());
    view::narrow(&mut schema, &access, roles);
    (schema, access)
}
