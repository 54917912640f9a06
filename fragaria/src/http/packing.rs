//! Answers packed for clients that unpack them (RFC 9110, section 12.5.3), portion by portion, so that
//! a long answer never stands in memory whole.

use super::negotiation::{joined, quality};
use crate::config::{Coding, Compression};
use brotli::CompressorWriter as Brotli;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, HeaderValue};
use model::metric::{Counter, EncodeLabelSet, Family, Registry, Unit};
use std::io::{self, Write as _};
use std::sync::Arc;
use store::Reply;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder as Zstd;

/// How much of an answer is packed at a time: others are served in between.
const PORTION: usize = 64 * 1024;

/// Bytes that a packer looks back, as a power of two; its memory is a few times that.
const WINDOW: u8 = 17;

/// Where packing costs little and still saves most.
const ZSTD_LEVEL: i32 = 3;
const BROTLI_QUALITY: i32 = 4;
const GZIP_LEVEL: u32 = 5;

impl Coding {
    /// The one that a client likes most, if it takes any of those that are offered; of those that it
    /// likes alike, the one that is offered first.
    pub(super) fn chosen(headers: &HeaderMap, offered: &Compression) -> Option<Self> {
        if offered.codings.is_empty() || !headers.contains_key(ACCEPT_ENCODING) {
            return None;
        }
        let accepted = joined(headers, &ACCEPT_ENCODING);
        let weights: Vec<_> = accepted.split(',').filter_map(weighed).collect();
        let liked = |coding: Self| {
            let of = |name: &str| {
                let is_it = |known: &str| known.eq_ignore_ascii_case(name);
                let mut named = weights.iter().filter(|(known, _)| is_it(known));
                named.next().map(|(_, weight)| *weight)
            };
            of(coding.name()).or_else(|| of("*")).unwrap_or(0)
        };
        let mut best = None;
        for coding in offered.codings.iter().copied() {
            let weight = liked(coding);
            if weight > best.map_or(0, |(_, most)| most) {
                best = Some((coding, weight));
            }
        }
        best.map(|(coding, _)| coding)
    }

    /// Its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Br => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The value of `content-encoding`.
    pub(super) fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }
}

/// A coding and its weight in thousandths; one without a proper weight is not accepted.
fn weighed(element: &str) -> Option<(&str, u16)> {
    let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
    let weight = match parameters.trim() {
        "" => 1000,
        weight => quality(weight.strip_prefix("q=").or(weight.strip_prefix("Q="))?)?,
    };
    Some((name.trim(), weight))
}

/// What was packed, counted.
#[derive(Clone)]
pub(crate) struct Packed {
    /// How many more long answers may be packed at a time.
    free: Arc<Semaphore>,
    refused: Counter,
    answers: Family<Labels, Counter>,
    plain: Counter,
    sent: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    coding: &'static str,
}

impl Packed {
    /// Declares the metrics.
    pub(crate) fn new(packers_max: usize, registry: &mut Registry) -> Self {
        let packed = Self {
            free: Arc::new(Semaphore::new(packers_max.min(Semaphore::MAX_PERMITS))),
            refused: Counter::default(),
            answers: Family::default(),
            plain: Counter::default(),
            sent: Counter::default(),
        };
        for coding in [Coding::Zstd, Coding::Br, Coding::Gzip] {
            drop(packed.count(coding));
        }
        registry.register(
            "fragaria_http_packed",
            "Answers that were packed, by their content coding",
            packed.answers.clone(),
        );
        registry.register(
            "fragaria_http_packed_refused",
            "Answers that were sent as they are because packers_max were packed",
            packed.refused.clone(),
        );
        registry.register_with_unit(
            "fragaria_http_packed_plain",
            "Bytes of these answers before they were packed",
            Unit::Bytes,
            packed.plain.clone(),
        );
        registry.register_with_unit(
            "fragaria_http_packed_sent",
            "Bytes of these answers as they were handed to connections",
            Unit::Bytes,
            packed.sent.clone(),
        );
        packed
    }

    /// Something to pack an answer with, unless there are as many as may be: whoever finds none is
    /// answered as it is.
    pub(super) fn packer(&self, coding: Coding) -> Option<Packer> {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            self.refused.inc();
            return None;
        };
        let encoder = Encoder::new(coding).inspect_err(complain).ok()?;
        self.count(coding).inc();
        Some(Packer {
            encoder,
            coding,
            counted: self.clone(),
            _permit: permit,
        })
    }

    fn count(&self, coding: Coding) -> Counter {
        let coding = coding.name();
        self.answers.get_or_create(&Labels { coding }).clone()
    }
}

fn complain(error: &io::Error) {
    tracing::error!(detail = %error, "an answer cannot be packed");
}

/// Packs one answer.
pub(super) struct Packer {
    encoder: Encoder,
    coding: Coding,
    counted: Packed,
    _permit: OwnedSemaphorePermit,
}

enum Encoder {
    Zstd(Zstd<'static, Vec<u8>>),
    Brotli(Box<Brotli<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Packer {
    /// Begins with an answer: one that is short is packed at once, so that nothing is held while its client
    /// takes it. How it is packed, and with what the rest is; nothing where that failed.
    pub(super) fn begin(self, content: &mut Reply) -> Option<(Coding, Option<Self>)> {
        let coding = self.coding;
        match content {
            Reply::Whole(bytes) | Reply::Replayed(bytes) if bytes.len() <= PORTION => {
                *bytes = self.whole(bytes).inspect_err(complain).ok()?;
                Some((coding, None))
            }
            _ => Some((coding, Some(self))),
        }
    }

    fn whole(mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let packed = self.pack(bytes)?;
        Ok([packed, self.finish()?].concat().into())
    }

    /// How much of what is there is packed at a time.
    pub(super) fn portion(bytes: &mut Bytes) -> Bytes {
        bytes.split_to(bytes.len().min(PORTION))
    }

    /// Packs a portion, so that the client can unpack all of it at once.
    pub(super) fn pack(&mut self, portion: &[u8]) -> io::Result<Bytes> {
        self.counted.plain.inc_by(portion.len() as u64);
        let packed = self.encoder.pack(portion)?;
        self.counted.sent.inc_by(packed.len() as u64);
        Ok(packed)
    }

    /// What ends the packed answer.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        let packed = self.encoder.finish()?;
        self.counted.sent.inc_by(packed.len() as u64);
        Ok(packed)
    }
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => {
                let mut encoder = Zstd::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.set_parameter(CParameter::WindowLog(WINDOW.into()))?;
                Self::Zstd(encoder)
            }
            Coding::Br => {
                let parameters = BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: WINDOW.into(),
                    ..BrotliEncoderParams::default()
                };
                let encoder = Brotli::with_params(Vec::new(), 4096, &parameters);
                Self::Brotli(Box::new(encoder))
            }
            Coding::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Self::Gzip(GzEncoder::new(Vec::new(), level))
            }
        })
    }

    fn pack(&mut self, portion: &[u8]) -> io::Result<Bytes> {
        let packed = match self {
            Self::Zstd(encoder) => {
                encoder.write_all(portion)?;
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Brotli(encoder) => {
                encoder.write_all(portion)?;
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Gzip(encoder) => {
                encoder.write_all(portion)?;
                encoder.flush()?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(packed).into())
    }

    fn finish(self) -> io::Result<Bytes> {
        let rest = match self {
            Self::Zstd(encoder) => encoder.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Gzip(encoder) => encoder.finish()?,
        };
        Ok(rest.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accepted: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
        Coding::chosen(&headers, &Compression::default())
    }

    #[test]
    fn what_the_client_likes_most_is_chosen_and_then_what_is_offered_first() {
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip, br", Some(Coding::Br)),
            ("gzip", Some(Coding::Gzip)),
            ("gzip;q=1, zstd;q=0.5", Some(Coding::Gzip)),
            ("br; q=0.8 , gzip;q=0.801", Some(Coding::Gzip)),
            ("*", Some(Coding::Zstd)),
            ("zstd;q=0, *;q=0.1", Some(Coding::Br)),
            ("*;q=0, gzip", Some(Coding::Gzip)),
            ("identity", None),
            ("", None),
            ("gzip;q=0", None),
            ("GZip", Some(Coding::Gzip)),
            ("gzip;q=2, deflate", None),
            ("gzip;level=9", None),
        ] {
            assert_eq!(chosen(accepted), coding, "{accepted}");
        }
        let none = Compression {
            codings: Vec::new(),
            ..Compression::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Coding::chosen(&headers, &none), None);
    }

    #[test]
    fn each_portion_can_be_unpacked_before_the_next_is_packed() {
        let packed = Packed::new(1, &mut Registry::default());
        let mut packer = packed.packer(Coding::Gzip).unwrap();
        assert!(packed.packer(Coding::Gzip).is_none(), "one at a time");
        let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
        for portion in [&b"{\"data\":"[..], b"[1,2,3]", b"}"] {
            let before = unpacked.get_ref().len();
            unpacked.write_all(&packer.pack(portion).unwrap()).unwrap();
            unpacked.flush().unwrap();
            assert_eq!(unpacked.get_ref().get(before..), Some(portion));
        }
        unpacked.write_all(&packer.finish().unwrap()).unwrap();
        assert_eq!(unpacked.finish().unwrap(), b"{\"data\":[1,2,3]}");
    }
}
