//! Readers beside writers: nobody is given a value that is older than it may be.
//!
//! `FRAGARIA_CACHE_READS` sets how many reads there are on each database.

use super::ground::{Base, Ground, JSON, counted};
use crate::client::{Client, PATIENCE};
use crate::database::Session;
use crate::server::Server;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const READS: u64 = 20_000;
const READERS: u64 = 4;
/// So many reads are done for each write of a writer.
const READS_PER_WRITE: u64 = 40;
/// What the servers are told, and the bound for what others write.
const STALE: Duration = Duration::from_millis(150);

const READ: &str = "{ theirs: counter(id: 1) { value } ours: counter(id: 2) { value } }";

/// When each value was there for all, in order.
#[derive(Default)]
struct Written(Mutex<Vec<(Instant, u64)>>);

impl Written {
    fn note(&self, value: u64) {
        self.0.lock().unwrap().push((Instant::now(), value));
    }

    /// The last value that was there by then.
    fn by(&self, moment: Instant) -> u64 {
        let written = self.0.lock().unwrap();
        let later = written.partition_point(|(then, _)| *then <= moment);
        later.checked_sub(1).map_or(0, |last| written[last].1)
    }
}

/// What readers and writers share.
#[derive(Default)]
struct Race {
    reads: AtomicU64,
    ended: AtomicBool,
    theirs: Written,
    ours: Written,
    /// Values that were too old.
    wrong: Mutex<Vec<String>>,
}

impl Race {
    /// Waits until so much was read that it is time for the next write; whether there is one.
    fn goes_on(&self, writes: u64) -> bool {
        while self.reads.load(SeqCst) < writes * READS_PER_WRITE {
            if self.ended.load(SeqCst) {
                return false;
            }
            thread::yield_now();
        }
        !self.ended.load(SeqCst)
    }

    fn read(&self, address: SocketAddr, reads: u64, stale: Duration) {
        let mut client = Client::connect(address);
        for _ in 0..reads {
            let begun = Instant::now();
            let least = [
                begun
                    .checked_sub(stale)
                    .map_or(0, |then| self.theirs.by(then)),
                self.ours.by(begun),
            ];
            let answer = asked(&mut client, READ);
            let given = ["theirs", "ours"].map(|name| answer["data"][name]["value"].as_u64());
            for (index, given) in given.into_iter().enumerate() {
                let given = given.unwrap_or_else(|| panic!("{answer}"));
                if given < least[index] {
                    let least = least[index];
                    let told = format!("counter {} was {given}, and {least} before", index + 1);
                    self.wrong.lock().unwrap().push(told);
                }
            }
            self.reads.fetch_add(1, SeqCst);
        }
    }

    /// Lets all of them run until so much was read.
    fn run(
        &self,
        server: &Server,
        (reads, stale): (u64, Duration),
        write: impl FnMut() -> u64 + Send,
    ) {
        let address = server.address;
        thread::scope(|scope| {
            scope.spawn(|| self.theirs(write));
            scope.spawn(|| self.ours(address));
            let readers = (0..READERS).map(|_| {
                scope.spawn(|| {
                    let _ended = End(self);
                    self.read(address, reads / READERS, stale);
                })
            });
            let readers: Vec<_> = readers.collect();
            // Each read leaves a line, which is not to pile up.
            for _ in 0..reads {
                server.logged("request");
            }
            for reader in readers {
                reader.join().unwrap();
            }
        });
    }

    /// Another one writes, without a word to the server.
    fn theirs(&self, mut write: impl FnMut() -> u64) {
        let mut writes = 0;
        while self.goes_on(writes) {
            let value = write();
            self.theirs.note(value);
            writes += 1;
        }
    }

    /// A client writes.
    fn ours(&self, address: SocketAddr) {
        let mut client = Client::connect(address);
        let mut value = 0;
        while self.goes_on(value) {
            value += 1;
            let write = format!(
                "mutation {{ updateCounter(id: 2, set: {{ value: {value} }}) {{ value }} }}"
            );
            let answer = asked(&mut client, &write);
            assert_eq!(answer["data"]["updateCounter"]["value"], value, "{answer}");
            self.ours.note(value);
        }
    }
}

/// The first reader that ends, however it does, ends the writers.
struct End<'r>(&'r Race);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, SeqCst);
    }
}

fn asked(client: &mut Client, document: &str) -> Value {
    let body = json!({ "query": document }).to_string();
    client
        .request("POST /graphql", &[JSON], body.as_bytes())
        .unwrap();
    client.response().unwrap().json()
}

/// What writes from outside, each time one more.
fn writer(ground: &Ground) -> Box<dyn FnMut() -> u64 + Send> {
    const WRITE: &str = "UPDATE counter SET value = value + 1 WHERE id = 1";
    let over = |mut session: Session, sql: String| -> Box<dyn FnMut() -> u64 + Send> {
        Box::new(move || session.sql(&sql).parse().unwrap())
    };
    match &ground.base {
        Base::Sqlite => {
            let path = ground.project.path("shop.db");
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.busy_timeout(PATIENCE).unwrap();
            let mut value = 0;
            Box::new(move || {
                connection.execute(WRITE, []).unwrap();
                value += 1;
                value
            })
        }
        Base::Postgres(_) => over(ground.session(), format!("{WRITE} RETURNING value")),
        Base::Mariadb(_) => over(
            ground.session(),
            format!("{WRITE}; SELECT value FROM counter WHERE id = 1"),
        ),
    }
}

#[test]
fn no_value_is_older_than_it_may_be_beside_writers_inside_and_outside() {
    let told = std::env::var("FRAGARIA_CACHE_READS");
    let reads = told.map_or(READS, |reads| reads.parse().unwrap());
    for ground in Ground::all() {
        let stale = match ground.base {
            // It is asked each time.
            Base::Sqlite => Duration::ZERO,
            Base::Postgres(_) | Base::Mariadb(_) => STALE,
        };
        let bound = format!("cache.stale_ms_max={}", STALE.as_millis());
        let server = ground.serve(&[&bound, "rates.rules=[]"]);
        let race = Race::default();
        let write = writer(&ground);
        race.run(&server, (reads, stale), write);
        let wrong = race.wrong.into_inner().unwrap();
        assert!(
            wrong.is_empty(),
            "{} of {reads}: {:?}",
            wrong.len(),
            wrong.first()
        );
        let (hits, shared) = (counted(&server, "hit"), counted(&server, "shared"));
        println!("{reads} reads: {hits} hits, {shared} shared");
        assert!(hits > reads / 100, "{hits} of {reads} reads were hits");
    }
}
