//! The certificate of a connection: whose it is.

use super::claims::{NAME_BYTES_MAX, is_name, name};
use crate::config::Certificate;
use crate::error::Blemish;
use model::{Caller, Claims, Rights};
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::sync::Arc;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode as _, Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

/// An attribute of a subject: which one, and its value. A text is what it says, however it is
/// encoded; any other value is its bytes.
type Attribute = (ObjectIdentifier, Result<String, Vec<u8>>);

/// A subject: attributes of which some may stand together, without an order.
type Subject = Vec<BTreeSet<Attribute>>;

/// What a certificate must say to be that of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    subject: Option<Subject>,
    san: Option<San>,
}

/// A name besides the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
enum San {
    Host(String),
    Uri(String),
}

/// What a certificate says of whom it is for.
struct Names {
    written: String,
    subject: Subject,
    sans: Vec<San>,
}

/// The callers that are known by certificates.
pub(super) struct Holders(Vec<(Holder, Arc<Caller>)>);

impl Holders {
    /// Those of the configuration, which was found to be right.
    pub(super) fn new(certificates: &[Certificate]) -> Self {
        let known = certificates.iter().filter_map(|certificate| {
            let holder = Holder::try_from(certificate).ok()?;
            Some((holder, Arc::new(caller(certificate))))
        });
        Self(known.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose a certificate is, by its bytes (DER); its signature was looked at in the handshake.
    pub(super) fn find(&self, bytes: &[u8]) -> Result<Arc<Caller>, Blemish> {
        let names = Names::read(bytes).ok_or(Blemish::Malformed)?;
        let mut fitting = self
            .0
            .iter()
            .filter(|(holder, _)| holder.is_named_by(&names));
        match (fitting.next(), fitting.next()) {
            (Some((_, caller)), None) => Ok(Arc::clone(caller)),
            (Some(_), Some(_)) => Err(Blemish::Several(names.written.into())),
            (None, _) => Err(Blemish::Unnamed(names.written.into())),
        }
    }
}

fn caller(certificate: &Certificate) -> Caller {
    let parts = [&*certificate.subject, &*certificate.san].into_iter();
    let own: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let claims = certificate.claims.clone().into_iter();
    let claims: serde_json::Map<_, _> = claims.map(|(name, claim)| (name, claim.into())).collect();
    let tenant = (!certificate.tenant.is_empty()).then_some(&*certificate.tenant);
    Caller {
        name: name("certificate", &own.join(" ")),
        rights: Rights::Of(certificate.roles.iter().map(String::as_str).collect()),
        claims: Claims::of_tenant(claims, tenant),
        tenant: tenant.map(Into::into),
    }
}

impl TryFrom<&Certificate> for Holder {
    type Error = &'static str;

    fn try_from(certificate: &Certificate) -> Result<Self, Self::Error> {
        let Certificate { subject, san, .. } = certificate;
        if subject.is_empty() && san.is_empty() {
            return Err("has neither `subject` nor `san`: give what its certificate says");
        }
        if !certificate.roles.iter().all(|role| is_name(role)) {
            return Err("has a role without letters, or with more than 255");
        }
        if certificate.tenant.len() > NAME_BYTES_MAX {
            return Err("has a `tenant` of more than 255 letters");
        }
        let subject = (!subject.is_empty()).then(|| {
            let name = Name::from_str(subject).ok()?;
            read_subject(&name).filter(|subject| !subject.is_empty())
        });
        if subject == Some(None) {
            return Err(
                "has a `subject` that is none: write it as `CN=orders,O=Shop`, without \
                        spaces around commas",
            );
        }
        Ok(Self {
            subject: subject.flatten(),
            san: (!san.is_empty()).then(|| San::written(san)),
        })
    }
}

impl Holder {
    fn is_named_by(&self, names: &Names) -> bool {
        let is_subject = self
            .subject
            .as_ref()
            .is_none_or(|own| *own == names.subject);
        let is_san = self.san.as_ref().is_none_or(|own| names.sans.contains(own));
        is_subject && is_san
    }
}

impl San {
    fn written(text: &str) -> Self {
        if text.contains(':') {
            Self::Uri(text.to_owned())
        } else {
            Self::Host(text.to_ascii_lowercase())
        }
    }
}

impl Names {
    fn read(bytes: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(bytes)
            .ok()?
            .tbs_certificate;
        let named = certificate.get::<SubjectAltName>().ok()?;
        let named = named.map_or_else(Vec::new, |(_, names)| names.0);
        let sans = named.iter().filter_map(|name| match name {
            GeneralName::DnsName(host) => Some(San::Host(host.as_str().to_ascii_lowercase())),
            GeneralName::UniformResourceIdentifier(uri) => Some(San::Uri(uri.to_string())),
            _ => None,
        });
        Some(Self {
            written: certificate.subject.to_string(),
            subject: read_subject(&certificate.subject)?,
            sans: sans.collect(),
        })
    }
}

fn read_subject(name: &Name) -> Option<Subject> {
    let together = name
        .0
        .iter()
        .map(|set| set.0.iter().map(attribute).collect());
    together.collect()
}

fn attribute(attribute: &AttributeTypeAndValue) -> Option<Attribute> {
    let value = &attribute.value;
    let text = match value.tag() {
        Tag::PrintableString => PrintableStringRef::try_from(value).ok()?.to_string(),
        Tag::Utf8String => Utf8StringRef::try_from(value).ok()?.to_string(),
        Tag::Ia5String => Ia5StringRef::try_from(value).ok()?.to_string(),
        _ => return Some((attribute.oid, Err(value.to_der().ok()?))),
    };
    Some((attribute.oid, Ok(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(subject: &str) -> Result<Holder, &'static str> {
        Holder::try_from(&Certificate {
            subject: subject.to_owned(),
            ..Certificate::default()
        })
    }

    #[test]
    fn a_subject_is_its_attributes_and_not_its_letters() {
        let one = holder("CN=orders,O=Shop\\, Ltd.").unwrap();
        for same in [
            "cn=orders,o=Shop\\, Ltd.",
            "2.5.4.3=orders,O=Shop\\2c Ltd.",
            "CN=orders,O=#0c0a53686f702c204c74642e",
        ] {
            assert_eq!(holder(same).as_ref(), Ok(&one), "{same}");
        }
        for other in [
            "O=Shop\\, Ltd.,CN=orders",
            "CN=orders",
            "CN=orders,O=Shop\\, Ltd.,C=DE",
            "CN=Orders,O=Shop\\, Ltd.",
            "CN=orders+O=Shop\\, Ltd.",
        ] {
            assert_ne!(holder(other).unwrap(), one, "{other}");
        }
        assert_eq!(holder("CN=a+O=b"), holder("O=b+CN=a"));
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for bad in ["", "orders", "CN", "XX=orders", "CN=a, O=b", "/CN=a"] {
            assert!(holder(bad).is_err(), "{bad}");
        }
    }
}
