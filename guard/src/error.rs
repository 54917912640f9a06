//! Why nobody knows who is calling or it may not go on, and what of it a client is told.

use model::{Fault, Kind};

/// The code of credentials that are no good.
pub const INVALID: &str = "auth.invalid";

/// A request whose caller is not known, or that may not go on; its text is for the log, and holds nothing of a token but
/// what names its issuer and its key, and of an API key its id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It has none, and needs some.
    #[error("no credentials were given")]
    Required,
    /// It has none, and needs a certificate.
    #[error("the connection has no certificate")]
    CertificateRequired,
    /// It has several.
    #[error("more than one credential was given")]
    Ambiguous,
    /// They are no good.
    #[error("the credential is refused: {0}")]
    Invalid(#[from] Flaw),
    /// The certificate of its connection is no caller's.
    #[error("the certificate of the connection is refused: {0}")]
    Certificate(#[from] Blemish),
    /// Nobody can say now whether they are good.
    #[error("whether a credential is good cannot be found out: {0}")]
    Unavailable(String),
    /// As much is being found out for its address as may be for one.
    #[error("its address has its share of the questions about tokens")]
    Share,
    /// A rule of rates was passed.
    #[error("the limit {rule} was passed")]
    Exceeded {
        /// Its name.
        rule: Box<str>,
        /// Seconds until the same request would be let through; none if it never is.
        retry_after: Option<u64>,
    },
    /// The header of the proxies is not as they write it.
    #[error("the header of the proxies does not say where the request came from")]
    Forwarded,
    /// The address of Redis cannot be used.
    #[error("the limits cannot be shared: {0}")]
    Redis(String),
}

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is no token.
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
    /// It is of somebody who is not configured.
    #[error("its issuer is not known here")]
    Issuer,
    /// No key of its issuer signed it.
    #[error("its signature does not hold: {0}")]
    Signature(&'static str),
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    Early,
    /// It is for another API.
    #[error("it is for another audience")]
    Audience,
    /// A claim says something that cannot be worked with.
    #[error("its claims cannot be used: {0}")]
    Claims(&'static str),
    /// Its issuer has taken it back, or never gave it.
    #[error("its issuer says that it is not active")]
    Inactive,
    /// It was taken back here.
    #[error("it was revoked")]
    Revoked,
    /// It is to be a key, and is none.
    #[error("it is no API key, or a mistyped one")]
    Mistyped,
    /// It has the form of a key, and is not good.
    #[error("the API key {id} {why}")]
    Key {
        /// Which key it says it is.
        id: Box<str>,
        /// What is wrong with it; for the log alone.
        why: KeyFlaw,
    },
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFlaw {
    /// There is none of that id.
    #[error("is not known")]
    Unknown,
    /// Its secret is another one.
    #[error("has another secret")]
    Secret,
    /// Its time is over.
    #[error("has expired")]
    Expired,
    /// It was taken back.
    #[error("was revoked")]
    Revoked,
}

/// What is wrong with a certificate that holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blemish {
    /// It is nobody's.
    #[error("no caller has the subject {0:?} and its names")]
    Unnamed(Box<str>),
    /// It is that of several.
    #[error("several callers have the subject {0:?} or its names")]
    Several(Box<str>),
    /// What it says of its holder cannot be read.
    #[error("it cannot be read")]
    Malformed,
}

impl Error {
    /// Its name among the outcomes that are counted at the door, where no rate is judged.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Exceeded { .. } | Self::Forwarded | Self::Redis(_) => "rates",
            Self::Required | Self::CertificateRequired => "required",
            Self::Certificate(blemish) => match blemish {
                Blemish::Unnamed(_) => "certificate_unnamed",
                Blemish::Several(_) => "certificate_several",
                Blemish::Malformed => "certificate_malformed",
            },
            Self::Ambiguous => "ambiguous",
            Self::Unavailable(_) => "unavailable",
            Self::Share => "share",
            Self::Invalid(flaw) => match flaw {
                Flaw::Malformed(_) => "malformed",
                Flaw::Issuer => "issuer",
                Flaw::Signature(_) => "signature",
                Flaw::Expired => "expired",
                Flaw::Early => "early",
                Flaw::Audience => "audience",
                Flaw::Claims(_) => "claims",
                Flaw::Inactive => "inactive",
                Flaw::Revoked => "revoked",
                Flaw::Mistyped => "key_mistyped",
                Flaw::Key { why, .. } => match why {
                    KeyFlaw::Unknown => "key_unknown",
                    KeyFlaw::Secret => "key_secret",
                    KeyFlaw::Expired => "key_expired",
                    KeyFlaw::Revoked => "key_revoked",
                },
            },
        }
    }
}

impl Flaw {
    /// What a client can do about it.
    fn mend(&self) -> &'static str {
        match self {
            Self::Malformed(_) => {
                "the header Authorization holds no token that can be read: send `Bearer` and a token"
            }
            Self::Issuer => "the token comes from an issuer that is not known here",
            Self::Signature(_) => "the token is not signed with a key of its issuer",
            Self::Expired => "the token has expired: get a new one",
            Self::Early => "the token is not valid yet",
            Self::Audience => "the token is not for this API: ask its issuer for one that is",
            Self::Claims(_) => "the token does not say of its caller what it must",
            Self::Inactive => "the token is not active: get a new one",
            Self::Revoked => "the token was revoked: get a new one",
            // Whoever tries keys learns nothing of which there are.
            Self::Mistyped | Self::Key { .. } => "the API key is not valid: ask for one that is",
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Required => {
                let message =
                    "credentials are needed: send `Authorization: Bearer` and a token, or a key";
                Self::new("auth.required", Kind::Unauthenticated, message)
            }
            Error::CertificateRequired => {
                let message = "credentials are needed: come with a certificate that is known here";
                Self::new("auth.required", Kind::Unauthenticated, message)
            }
            Error::Certificate(_) => {
                let message = "the certificate of the connection is not that of one caller here";
                Self::new("auth.certificate", Kind::Unauthenticated, message)
            }
            Error::Ambiguous => {
                let message = "the request has more than one credential, as a certificate and a \
                               token: send one";
                Self::new("auth.ambiguous", Kind::Malformed, message)
            }
            Error::Invalid(flaw) => Self::new(INVALID, Kind::Unauthenticated, flaw.mend()),
            Error::Unavailable(_) => {
                let message =
                    "whether the credential is good cannot be found out now, try again later";
                Self::new("auth.unavailable", Kind::Unavailable, message)
            }
            Error::Share => {
                let message = "as many tokens from this address as may be are being asked about, try again later";
                Self::new("auth.share", Kind::Unavailable, message)
            }
            Error::Exceeded { rule, retry_after } => {
                let when = match retry_after {
                    Some(1) => "try again in a second".to_owned(),
                    Some(seconds) => format!("try again in {seconds} seconds"),
                    None => "the request costs more than that allows at once".to_owned(),
                };
                let message = format!("the limit `{rule}` was passed, {when}");
                Self::new("rates.exceeded", Kind::Limit, message)
            }
            Error::Forwarded => {
                let message = "the request did not come through the proxies of this server";
                Self::new("rates.proxies", Kind::Malformed, message)
            }
            Error::Redis(_) => {
                let message = "the rate limits of the server cannot be shared";
                Self::new("rates.shared", Kind::Internal, message)
            }
        }
    }
}
