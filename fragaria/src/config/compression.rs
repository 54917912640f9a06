//! How answers are packed.

use serde::{Deserialize, Serialize};

/// How answers are packed for clients that say that they unpack them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Compression {
    /// The content codings that are offered, the best first: `zstd`, `br`, `gzip`; none where a proxy
    /// packs.
    pub(crate) codings: Vec<Coding>,
    /// The smallest answer that is packed, in bytes; one that is streamed is packed whatever it comes
    /// to.
    pub(crate) bytes_min: usize,
    /// How many answers of more than 64 KiB are packed at a time, each of which takes about a MiB until
    /// its client has taken it; further ones are sent as they are.
    pub(crate) packers_max: usize,
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Coding {
    /// Zstandard, RFC 8878.
    Zstd,
    /// Brotli, RFC 7932.
    Br,
    /// RFC 1952.
    Gzip,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            codings: vec![Coding::Zstd, Coding::Br, Coding::Gzip],
            bytes_min: 1_024,
            packers_max: 128,
        }
    }
}

impl Compression {
    /// What is wrong with it.
    pub(crate) fn flaw(&self) -> Option<String> {
        let mut rest = self.codings.iter();
        while let Some(coding) = rest.next() {
            if rest.as_slice().contains(coding) {
                return Some(format!("{coding:?} is named twice"));
            }
        }
        None
    }
}
