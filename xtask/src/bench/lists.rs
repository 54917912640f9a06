//! `cargo xtask lists`: how soon a list of a million rows begins, how long it takes, and in what memory.
//!
//! The reader takes what comes as fast as it comes, plain and in each coding. What the memory of the
//! server grows by is counted from the end of the answer before.

use super::progress;
use super::rounds::Rounds;
use super::server::{Callers, Project, Server};
use super::shop::Shop;
use super::usage;
use crate::mariadb::Mariadb;
use crate::postgres::Postgres;
use crate::process;
use crate::scratch::Scratch;
use crate::{packages, release};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is asked.
const BODY: &str = r#"{"query":"{ ticks(orderBy: [{ id: ASC }]) { id note } }"}"#;

/// The text has about 72 bytes for each row.
const SETTINGS: [&str; 2] = [
    "database.answer_bytes_max=10000000000",
    "database.answer_rows_max=100000000",
];

/// What an answer in chunks ends with, if it is whole.
const END: &[u8] = b"0\r\n\r\n";

const CODINGS: [&str; 4] = ["identity", "zstd", "br", "gzip"];

/// How long a list, and how often.
#[derive(Args)]
pub(crate) struct Options {
    /// Rows of the list
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    rows: u32,
    /// Rounds over all codings; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only this database
    #[arg(long, value_name = "DATABASE")]
    on: Option<Shop>,
    /// A binary that is there, instead of that of `cargo xtask release`
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// A database with the list; one that is a process ends with this.
struct Database {
    url: String,
    _server: Option<Box<dyn std::any::Any>>,
}

/// What is found in each round.
#[derive(Default)]
struct Found {
    first_ms: Rounds,
    whole_ms: Rounds,
    mib: Rounds,
    grown_mib: Rounds,
}

/// Measures and prints a table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    packages::ensure(&[packages::SQLITE])?;
    let binary = match &options.binary {
        Some(binary) => binary.canonicalize()?,
        None => release::build()?,
    };
    println!(
        "| database | coding | ms to the first byte | ms to the last | MiB sent | MiB the server grew by |"
    );
    println!("|---|---|---|---|---|---|");
    for shop in Shop::ALL {
        if options.on.is_some_and(|only| only != shop) {
            continue;
        }
        let scratch = Scratch::create(None)?;
        progress(&format!("filling {}", shop.title()));
        let database = Database::fill(shop, options.rows, scratch.path())?;
        let project = Project {
            binary: &binary,
            url: &database.url,
            place: scratch.path(),
        };
        let server = project.serve("lists", Callers::All, &SETTINGS)?;
        // What the first answer of all grows by is not of the list.
        take(&server, CODINGS[0], &mut Found::default())?;
        let mut found = CODINGS.map(|_| Found::default());
        for _ in 0..options.rounds {
            for (coding, found) in CODINGS.iter().zip(&mut found) {
                process::proceed()?;
                take(&server, coding, found)?;
            }
        }
        for (coding, found) in CODINGS.iter().zip(&found) {
            println!(
                "| {} | {coding} | {} | {} | {} | {} |",
                shop.title(),
                found.first_ms.shown(1),
                found.whole_ms.shown(0),
                found.mib.shown(1),
                found.grown_mib.shown(1)
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes all of the list in a coding.
fn take(server: &Server, coding: &str, found: &mut Found) -> Result<()> {
    usage::forget_peak(server.id())?;
    let before = usage::memory_mib(server.id())?;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept-Encoding: {coding}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let start = Instant::now();
    stream.write_all(head.as_bytes())?;
    let (mut buffer, mut begun, mut sent) = (vec![0; 256 * 1024], Vec::new(), 0);
    let mut first = None;
    let mut last = Vec::new();
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        let came = buffer.get(..length).unwrap_or_default();
        last.extend_from_slice(
            came.get(length.saturating_sub(END.len())..)
                .unwrap_or_default(),
        );
        last.drain(..last.len().saturating_sub(END.len()));
        sent += length;
        if first.is_none() {
            begun.extend_from_slice(came);
            first = is_begun(&begun).then(|| start.elapsed());
        }
    }
    let whole = start.elapsed();
    let text = String::from_utf8_lossy(&begun);
    ensure!(
        text.starts_with("HTTP/1.1 200 ") && last == END,
        "the answer is {text}"
    );
    let first = first.context("no byte of the list came")?;
    found.first_ms.0.push(first.as_secs_f64() * 1e3);
    found.whole_ms.0.push(whole.as_secs_f64() * 1e3);
    #[expect(
        clippy::cast_precision_loss,
        reason = "an answer is far shorter than 2^52 bytes"
    )]
    found.mib.0.push(sent as f64 / f64::from(1 << 20));
    let grown = usage::peak_mib(server.id())? - before;
    found.grown_mib.0.push(grown.max(0.0));
    Ok(())
}

/// Whether a byte came behind the head and the length of the first chunk.
fn is_begun(bytes: &[u8]) -> bool {
    let end = |bytes: &[u8], mark: &[u8]| {
        let at = bytes.windows(mark.len()).position(|here| here == mark);
        at.map(|at| at + mark.len())
    };
    let body = end(bytes, b"\r\n\r\n").and_then(|head| bytes.get(head..));
    body.is_some_and(|body| end(body, b"\r\n").is_some_and(|length| body.len() > length))
}

impl Database {
    fn fill(shop: Shop, rows: u32, place: &Path) -> Result<Self> {
        let table =
            "CREATE TABLE tick (id integer PRIMARY KEY NOT NULL, note varchar(60) NOT NULL)";
        Ok(match shop {
            Shop::Postgres => {
                let server = Postgres::start("lists", &[])?;
                let note = note("g", |word| format!("lpad(to_hex({word}), 8, '0')"));
                let fill = format!(
                    "INSERT INTO tick SELECT g, concat({note}) FROM generate_series(1::bigint, {rows}) g"
                );
                for sql in [table, &fill, "VACUUM ANALYZE tick", "CHECKPOINT"] {
                    server.sql("postgres", sql)?;
                }
                Self {
                    url: server.url("postgres"),
                    _server: Some(Box::new(server)),
                }
            }
            Shop::Mariadb => {
                let server = Mariadb::start("lists")?;
                server.sql("mysql", "CREATE DATABASE lists")?;
                let note = note("seq", |word| format!("lpad(hex({word}), 8, '0')"));
                let fill = format!(
                    "INSERT INTO tick SELECT seq, lower(concat({note})) FROM seq_1_to_{rows}"
                );
                for sql in [table, &fill, "ANALYZE TABLE tick"] {
                    server.sql("lists", sql)?;
                }
                Self {
                    url: server.url("lists"),
                    _server: Some(Box::new(server)),
                }
            }
            Shop::Sqlite => {
                let note = note("i", |word| format!("printf('%08x', {word})"));
                let note = note.replace(", printf", " || printf");
                let fill = format!(
                    "{table}; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                     INSERT INTO tick SELECT i, {note} FROM n;"
                );
                let (script, file) = (place.join("lists.sql"), place.join("lists.db"));
                fs::write(&script, fill)?;
                let read = format!(".read {}", script.display());
                process::read(Command::new("sqlite3").arg("-bail").arg(&file).arg(read))?;
                Self {
                    url: format!("sqlite:{}", file.display()),
                    _server: None,
                }
            }
        })
    }
}

/// Numbers that a note is made of: what they give looks like chance.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_begun_with_its_first_byte_of_text() {
        let whole = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n5\r\n{";
        assert!(is_begun(whole));
        for length in 0..whole.len() {
            assert!(!is_begun(&whole[..length]), "{length}");
        }
    }
}
