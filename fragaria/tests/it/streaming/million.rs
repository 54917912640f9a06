//! A list of a million rows: its first rows come while the database is at work on the others, all
//! come in order, and the server grows no more for them than for a short one, packed or not.

use super::{JSON, assert_settles};
use crate::client::Client;
use crate::server::Server;
use crate::stage::Stage;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{BufReader, Read};

const ROWS: u64 = 1_000_000;
/// How often a reader that is slow stops on its way, and waits until nobody does anything any more.
const STOPS: u64 = 4;
/// What the server may need for all of it, whatever its coding.
const MEMORY: u64 = 24 << 20;
/// How much of the text may be on its way when the first row is there, or another one is waited for.
const AHEAD: u64 = 16 << 20;

const EVERYTHING: &str = "{ ticks(orderBy: [{ id: ASC }]) { id note } }";
/// The text is longer than answers may be by default.
const SETTINGS: [&str; 2] = [
    "database.answer_bytes_max=100000000",
    "database.answer_rows_max=1000000",
];
/// Numbers that a note is made of: what they give looks like chance, and packs badly.
const FACTORS: [u64; 6] = [
    2_654_435_761,
    2_246_822_519,
    3_266_489_917,
    668_265_263,
    374_761_393,
    2_860_486_313,
];

/// SQL of the note of a row, by how a database writes a number in eight hexadecimal digits.
fn note(number: &str, digits: impl Fn(&str) -> String) -> String {
    let words = FACTORS.map(|factor| digits(&format!("{number} * {factor} % 4294967296")));
    words.join(", ")
}

/// SQL that counts connections to the database whose rows wait to be taken, as it sees them itself.
const POSTGRES_WAITS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE application_name = 'fragaria' AND datname = current_database() \
    AND state = 'idle in transaction' AND query LIKE 'FETCH%'";
const MARIADB_WAITS: &str = "SELECT count(*) FROM information_schema.processlist \
    WHERE db = DATABASE() AND command = 'Execute' AND state = 'Writing to net'";

fn postgres() -> Stage {
    let note = note("g", |word| format!("lpad(to_hex({word}), 8, '0')"));
    let tables = format!(
        "CREATE TABLE tick (id int PRIMARY KEY, note text NOT NULL);
         INSERT INTO tick SELECT g, concat({note}) FROM generate_series(1::bigint, {ROWS}) g;
         ANALYZE tick;"
    );
    Stage::on_postgres(&tables, &SETTINGS)
}

fn mariadb() -> Stage {
    let note = note("seq", |word| format!("lpad(hex({word}), 8, '0')"));
    let tables = format!(
        "CREATE TABLE tick (id int PRIMARY KEY, note varchar(60) NOT NULL);
         INSERT INTO tick SELECT seq, lower(concat({note})) FROM seq_1_to_{ROWS};"
    );
    Stage::on_mariadb(&tables, &SETTINGS)
}

fn sqlite() -> Stage {
    let note = note("i", |word| format!("printf('%08x', {word})"));
    let note = note.replace(", printf", " || printf");
    let tables = format!(
        "CREATE TABLE tick (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO tick SELECT i, {note} FROM n;"
    );
    Stage::on_sqlite(&tables, &SETTINGS)
}

/// What the text of the answer is, row by row, and how much of it came.
struct Expected {
    text: String,
    rows: u64,
    bytes: u64,
}

impl Expected {
    fn new() -> Self {
        Self {
            text: "{\"data\":{\"ticks\":[".to_owned(),
            rows: 0,
            bytes: 0,
        }
    }

    /// The next rows come, these and no others.
    fn come(&mut self, rows: u64, answer: &mut impl Read) {
        let mut came = Vec::new();
        for _ in 0..rows {
            self.rows += 1;
            let id = self.rows;
            let comma = if id == 1 { "" } else { "," };
            let _ = write!(self.text, "{comma}{{\"id\":{id},\"note\":\"");
            for factor in FACTORS {
                let _ = write!(self.text, "{:08x}", id * factor % (1 << 32));
            }
            self.text.push_str("\"}");
            if self.text.len() > 60_000 {
                self.compare(&mut came, answer);
            }
        }
        self.compare(&mut came, answer);
    }

    fn compare(&mut self, came: &mut Vec<u8>, answer: &mut impl Read) {
        came.resize(self.text.len(), 0);
        answer.read_exact(came).unwrap();
        assert!(
            came == self.text.as_bytes(),
            "before row {} comes {:?} for {:?}",
            self.rows,
            String::from_utf8_lossy(came),
            self.text
        );
        self.bytes += self.text.len() as u64;
        self.text.clear();
    }

    /// Nothing more comes but the end.
    fn end(self, answer: &mut impl Read) -> u64 {
        let mut rest = String::new();
        answer.read_to_string(&mut rest).unwrap();
        assert_eq!((self.rows, &*rest), (ROWS, "]}}"));
        self.bytes + 3
    }
}

/// The text of a body in this coding, as it comes.
fn unpacking<'b>(coding: &str, body: impl Read + 'b) -> Box<dyn Read + 'b> {
    match coding {
        "" => Box::new(body),
        "zstd" => Box::new(zstd::Decoder::new(body).unwrap()),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        "gzip" => Box::new(flate2::read::GzDecoder::new(body)),
        other => panic!("{other:?}"),
    }
}

/// Takes all rows slowly; how long the text was.
fn take_slowly(server: &Server, coding: &str, at_work: &dyn Fn() -> String) -> u64 {
    let before = server.metric("fragaria_store_bytes_total");
    let handed_out = || server.metric("fragaria_store_bytes_total") - before;
    let mut client = Client::narrow(server.address);
    let body = json!({ "query": EVERYTHING }).to_string();
    let accepted = format!("accept-encoding: {coding}");
    client
        .request("POST /graphql", &[JSON, &accepted], body.as_bytes())
        .unwrap();
    let head = client.head().unwrap();
    assert_eq!(
        (head.status, head.header("content-encoding")),
        (200, coding)
    );
    let mut answer = BufReader::new(unpacking(coding, client.chunks()));
    let mut expected = Expected::new();
    expected.come(1, &mut answer);
    for stop in 1..=STOPS {
        // The database has more to give, and gives it when this reader goes on.
        assert_settles(|| handed_out().to_string());
        let ahead = handed_out() - expected.bytes;
        assert!(0 < ahead && ahead < AHEAD, "{coding}: {ahead} bytes ahead");
        assert_eq!(at_work(), "1", "{coding}");
        let rows = stop * ROWS / (STOPS + 1) - expected.rows;
        expected.come(rows, &mut answer);
    }
    expected.come(ROWS - expected.rows, &mut answer);
    expected.end(&mut answer)
}

fn assert_streams(stage: &Stage, coding: &str, waits: Option<&str>) {
    let server = stage.serve();
    let at_work = || match waits {
        Some(waits) => stage.outside(waits),
        // It is in the server itself.
        None => server.metric("fragaria_store_pool_in_use").to_string(),
    };
    server.graphql("{ tick(id: 1) { id } }");
    let (before, _) = server.memory();
    for coding in ["", coding] {
        let bytes = take_slowly(&server, coding, &at_work);
        assert!(bytes > 2 * MEMORY, "{bytes} bytes are few");
        let (_, most) = server.memory();
        let grown = most.saturating_sub(before);
        assert!(
            grown < MEMORY,
            "{coding}: memory grew by {} KiB",
            grown >> 10
        );
    }
    assert_eq!(server.metric("fragaria_store_rows_total"), 2 * ROWS + 1);
}

#[test]
fn a_million_rows_of_postgresql_leave_as_they_are_read_in_constant_memory() {
    assert_streams(&postgres(), "zstd", Some(POSTGRES_WAITS));
}

#[test]
fn a_million_rows_of_mariadb_leave_as_they_are_read_in_constant_memory() {
    assert_streams(&mariadb(), "br", Some(MARIADB_WAITS));
}

#[test]
fn a_million_rows_of_sqlite_leave_as_they_are_read_in_constant_memory() {
    assert_streams(&sqlite(), "gzip", None);
}
