//! Everything that requests of the same rights share.

use super::rules::{Access, Claim};
use super::{refusals, standing, view};
use crate::api::Api;
use crate::artefact::Hash;
use model::{Refusal, Roles, Schema};
use std::sync::Arc;

/// The API of some rights, and what their plans are made by.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) api: Api,
    /// The schema as these rights show it: indexes are those of the artefact.
    pub(crate) schema: Schema,
    /// The rules; none bind whoever may do everything.
    pub(crate) access: Option<Access>,
    /// What tells these rules from others; none where none bind.
    pub(crate) standing: Option<Hash>,
    /// What is told of rows that constraints refuse.
    pub(crate) refusals: Arc<[Refusal]>,
}

impl Shape {
    /// The shape of whoever is held to no rule; that all rules can be applied is seen here.
    pub(crate) fn all(schema: Schema) -> Result<Self, String> {
        let api = Api::new(&schema)?;
        let roles: Vec<_> = (0..schema.roles.len()).collect();
        Access::new(&api, &schema, &roles)?;
        Ok(Self {
            refusals: refusals::of(&schema),
            api,
            schema,
            access: None,
            standing: None,
        })
    }

    /// The shape of those who hold these roles.
    pub(crate) fn of(&self, roles: &Roles) -> Result<Self, String> {
        let known = self.schema.roles.iter().enumerate();
        let held = known.filter(|(_, role)| roles.contains(&role.name));
        let held: Vec<_> = held.map(|(index, _)| index).collect();
        let (schema, access) = shown(&self.api, &self.schema, &held)?;
        Ok(Self {
            api: Api::beside(Some(&self.api), &schema)?,
            refusals: refusals::of(&schema),
            schema,
            access: Some(access),
            standing: Some(standing::hash(&self.schema, &held)),
        })
    }

    /// What plans need to know of callers.
    pub(crate) fn claims(&self) -> &[Claim] {
        self.access.as_ref().map_or(&[], |access| &access.claims)
    }

    /// A figure of the memory it takes, in bytes: the type system takes about ten times its text.
    pub(crate) fn bytes(&self) -> u64 {
        (4_096 + 24 * self.api.text().len()) as u64
    }
}

/// The schema as it is shown to some roles, and their rules.
pub(crate) fn shown(
    api: &Api,
    schema: &Schema,
    roles: &[usize],
) -> Result<(Schema, Access), String> {
    let access = Access::new(api, schema, roles)?;
    let mut schema = schema.clone();
    view::narrow(&mut schema, &access, roles);
    Ok((schema, access))
}
