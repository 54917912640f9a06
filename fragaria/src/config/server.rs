//! How requests come in, and within which bounds.

use super::compression::Compression;
use crate::http::{answers, host, origin};
use guard::share;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How requests come in, and within which bounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// The address to listen on; port 0 takes a free one. Without TLS it is on loopback, and other
    /// machines come through a proxy that speaks it.
    pub(crate) listen: SocketAddr,
    /// The names and addresses by which other machines reach the server, without port, as in
    /// `api.example.com`; requests for any other are refused. It always answers to those of its own
    /// machine, and `fragaria dev` to no other.
    pub(crate) hosts: Vec<String>,
    /// How long requests in flight may go on after a stop signal, in milliseconds.
    pub(crate) shutdown_grace_ms: u64,
    /// The largest request body, in bytes.
    pub(crate) body_bytes_max: usize,
    /// How many bytes of request bodies are held at a time, in all; one more waits for room within
    /// the body timeout, and is refused then.
    pub(crate) bodies_bytes_max: usize,
    /// How many of these bytes may be of requests from one address, in percent, and at least those of
    /// one body; of IPv6 a /64 is one address. One more waits for room, too.
    pub(crate) bodies_share_percent: u8,
    /// How many bytes of answers to introspection (`__schema`, `__type`) are held at a time, in all,
    /// from when they are written until they are taken; one more waits for room within
    /// `database.queue_timeout_ms`, and is refused then. An answer takes twice its bound while it is
    /// written.
    pub(crate) introspections_bytes_max: usize,
    /// How many bytes of answers wait for their receivers at a time, in all, each with 1 KiB beside; one
    /// whose rows stream counts as what it holds at most. Whoever asks when there is no room is refused at
    /// once; the answer to a mutation that was begun is given all the same.
    pub(crate) answers_bytes_max: usize,
    /// How many of these bytes may wait for receivers at one address, in percent, and at least those of
    /// one answer; and how many of the connections that long answers may keep. Of IPv6 a /64 is one address.
    pub(crate) answers_share_percent: u8,
    /// The largest head of a request, in bytes.
    pub(crate) header_bytes_max: u32,
    /// How long a client may take to send the head of a request, in milliseconds.
    pub(crate) header_timeout_ms: u64,
    /// How long a client may take to send the body of a request, in milliseconds.
    pub(crate) body_timeout_ms: u64,
    /// How long a connection may stay open without a request, in milliseconds.
    pub(crate) idle_timeout_ms: u64,
    /// How long a client may take nothing of a response before it is cut off, in milliseconds.
    pub(crate) stall_timeout_ms: u64,
    /// Connections open at a time; one more is refused at once.
    pub(crate) connections_max: usize,
    /// How many of them one address may have, in percent; of IPv6 a /64 is one address. Behind proxies
    /// the address is that of the nearest one.
    pub(crate) connections_share_percent: u8,
    /// Requests at a time on one HTTP/2 connection.
    pub(crate) streams_max: u32,
    /// About how often the database is looked at, in milliseconds.
    pub(crate) check_interval_ms: u64,
    /// Whether a GET must have a header that makes browsers ask first, `graphql-require-preflight`, or
    /// the content type `application/json`: for browsers from before 2023, which do not say which site
    /// a request comes from.
    pub(crate) preflight_required: bool,
    /// How answers are packed for clients that unpack them.
    pub(crate) compression: Compression,
    /// Which pages of other sites may ask.
    pub(crate) cors: Cors,
}

/// Which pages of other sites may ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cors {
    /// Origins whose pages may ask and read the answers, each as browsers write it:
    /// `https://app.example`. There is no word for all of them.
    pub(crate) origins: Vec<String>,
    /// Whether browsers may send what they keep for this server with such a request, as cookies.
    pub(crate) credentials: bool,
    /// How long a browser may remember that a page may ask, in seconds.
    pub(crate) max_age_seconds: u32,
}

impl Cors {
    /// What is wrong with the origins.
    pub(crate) fn flaws(&self) -> impl Iterator<Item = String> {
        let origins = self.origins.iter();
        origins.filter_map(|origin| Some(format!("{origin:?} {}", origin::flaw(origin)?)))
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            credentials: false,
            max_age_seconds: 600,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            hosts: Vec::new(),
            shutdown_grace_ms: 30_000,
            body_bytes_max: 1024 * 1024,
            bodies_bytes_max: 256 * 1024 * 1024,
            bodies_share_percent: share::PERCENT,
            introspections_bytes_max: 256 * 1024 * 1024,
            answers_bytes_max: 256 * 1024 * 1024,
            answers_share_percent: share::PERCENT,
            header_bytes_max: 64 * 1024,
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            idle_timeout_ms: 75_000,
            stall_timeout_ms: 20_000,
            connections_max: 4_096,
            connections_share_percent: share::PERCENT,
            streams_max: 128,
            check_interval_ms: 2_000,
            preflight_required: false,
            compression: Compression::default(),
            cors: Cors::default(),
        }
    }
}

impl Server {
    /// Keys whose values cannot be worked with beside those limits and those of the database, and why.
    pub(crate) fn findings(
        &self,
        limits: &engine::Config,
        database: &store::Config,
    ) -> Vec<(&'static str, String)> {
        let bounds = [
            ("shutdown_grace_ms", self.shutdown_grace_ms, 1),
            ("body_bytes_max", self.body_bytes_max as u64, 1),
            (
                "bodies_bytes_max",
                self.bodies_bytes_max as u64,
                (self.body_bytes_max as u64).max(1024),
            ),
            (
                "introspections_bytes_max",
                self.introspections_bytes_max as u64,
                (limits.introspection_bytes_max as u64)
                    .saturating_mul(2)
                    .max(1024),
            ),
            (
                "answers_bytes_max",
                self.answers_bytes_max as u64,
                answers::one(database) as u64,
            ),
            (
                "header_bytes_max",
                u64::from(self.header_bytes_max),
                8 * 1024,
            ),
            ("header_timeout_ms", self.header_timeout_ms, 1),
            ("body_timeout_ms", self.body_timeout_ms, 1),
            ("idle_timeout_ms", self.idle_timeout_ms, 1),
            ("stall_timeout_ms", self.stall_timeout_ms, 1),
            ("connections_max", self.connections_max as u64, 1),
            ("streams_max", u64::from(self.streams_max), 1),
            ("check_interval_ms", self.check_interval_ms, 10),
        ];
        let shares = [
            ("bodies_share_percent", self.bodies_share_percent),
            ("answers_share_percent", self.answers_share_percent),
            ("connections_share_percent", self.connections_share_percent),
        ];
        let shares = shares.map(|(key, percent)| Some((key, share::flaw(percent)?)));
        bounds
            .into_iter()
            .filter(|&(_, value, least)| value < least)
            .map(|(key, value, least)| (key, format!("{value} is too small, at least {least}")))
            .chain(shares.into_iter().flatten())
            .collect()
    }

    /// What is wrong with the names.
    pub(crate) fn host_flaws(&self) -> impl Iterator<Item = String> {
        let hosts = self.hosts.iter();
        hosts.filter_map(|host| Some(format!("{host:?} {}", host::flaw(host)?)))
    }

    /// How long requests in flight may go on after a stop signal.
    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    /// How long a client may take to send the head of a request.
    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// How long a client may take to send the body of a request.
    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// How long a connection may stay open without a request.
    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// How long a client may take nothing of a response.
    pub(crate) fn stall_timeout(&self) -> Duration {
        Duration::from_millis(self.stall_timeout_ms)
    }

    /// About how often the database is looked at.
    pub(crate) fn check_interval(&self) -> Duration {
        Duration::from_millis(self.check_interval_ms)
    }
}
