//! The certificates by which callers are known.

use crate::who::Holder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A caller that is known by the certificate of its connection. With both `subject` and `san` both must
/// be those of the certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    /// The subject of the certificate as RFC 4514 writes it, `CN=orders,O=Shop`: all of it, in that
    /// order, letter by letter.
    pub subject: String,
    /// A name that the certificate is for besides: a URI such as `spiffe://shop.example/orders`, or a
    /// host such as `orders.shop.example`.
    pub san: String,
    /// The roles of the caller.
    pub roles: Vec<String>,
    /// The tenant of the caller; rules know it as the claim `tenant`, where `claims` has none of that name.
    pub tenant: String,
    /// What is known of the caller, for access rules: `claims = { region = "north", shops = [1, 2] }`.
    pub claims: BTreeMap<String, Claim>,
}

/// Something that is known of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Claim {
    /// Yes or no.
    Truth(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Claim>),
    /// Some with names.
    Object(BTreeMap<String, Claim>),
}

impl From<Claim> for Value {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Truth(truth) => truth.into(),
            Claim::Number(number) => number.into(),
            Claim::Text(text) => text.into(),
            Claim::List(list) => list.into_iter().map(Self::from).collect(),
            Claim::Object(object) => {
                let members = object.into_iter();
                Self::Object(members.map(|(name, claim)| (name, claim.into())).collect())
            }
        }
    }
}

/// What is wrong with those certificates.
pub(super) fn findings(certificates: &[Certificate]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for (index, certificate) in certificates.iter().enumerate() {
        let number = format!("number {}", index + 1);
        match Holder::try_from(certificate) {
            Ok(holder) if seen.contains(&holder) => {
                findings.push(format!("{number} is that of another"));
            }
            Ok(holder) => seen.push(holder),
            Err(why) => findings.push(format!("{number} {why}")),
        }
    }
    findings
}
