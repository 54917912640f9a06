//! A connection by the replication protocol, which the driver does not speak: what a logical slot
//! decodes arrives line by line, and of each line no more is held than its beginning.
//!
//! Section 55.4 of PostgreSQL's manual has the protocol. The driver's own crate reads and writes the
//! messages; where to connect, TLS and login are those of all other connections.

mod login;

use super::session::Equipment;
use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::{DataRowBody, ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use std::io::{self, Cursor};
use std::time::{Duration, SystemTime};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Chain, ReadHalf, WriteHalf,
};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

/// The most that is held of one line; what is longer is told to be.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// What an answer to a command of ours may take.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The tag of the answer that opens the stream.
const COPY_BOTH: u8 = b'W';
/// 2000-01-01, from which the server counts microseconds.
const EPOCH: Duration = Duration::from_secs(946_684_800);

/// Why it came to nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The server refused it.
    Refused {
        /// Its SQLSTATE.
        code: String,
        message: String,
    },
    /// The way there is broken, or what came over it is no answer.
    Lost(String),
}

/// A stream of bytes, with TLS or without.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// A connection that takes commands.
pub(crate) struct Replication {
    wire: Box<dyn Wire>,
    buffer: BytesMut,
}

/// What the server sends once it streams.
pub(crate) struct Incoming(BufReader<Arriving>);

/// What came first, and what comes.
type Arriving = Chain<Cursor<BytesMut>, ReadHalf<Box<dyn Wire>>>;

/// What it is told meanwhile.
pub(crate) struct Outgoing(WriteHalf<Box<dyn Wire>>);

/// A message of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A line of the plug-in, or the beginning of one that is too long.
    Line(Vec<u8>),
    /// All up to there was decoded, and what is to be told of it was sent.
    Position(u64),
}

impl From<crate::Error> for Failed {
    fn from(error: crate::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

fn unexpected() -> Failed {
    Failed::Lost("the server sent something unexpected".into())
}

fn refused(body: &ErrorResponseBody) -> Failed {
    use fallible_iterator::FallibleIterator as _;
    let (mut code, mut message) = (String::new(), String::new());
    let mut fields = body.fields();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => code = value,
            b'M' => message = value,
            _ => {}
        }
    }
    Failed::Refused { code, message }
}

impl Replication {
    /// Connects to the first of the hosts that takes it.
    pub(super) async fn connect(equipment: &Equipment) -> Result<Self, Failed> {
        let mut last = Failed::Lost("the address names no host".into());
        for (host, port) in super::cancel::places(&equipment.config) {
            match Self::enter(equipment, &host, port).await {
                Ok(entered) => return Ok(entered),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn enter(equipment: &Equipment, host: &Host, port: u16) -> Result<Self, Failed> {
        let wire: Box<dyn Wire> = match host {
            Host::Tcp(name) => {
                let stream = TcpStream::connect((name.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                secured(equipment, stream, name).await?
            }
            Host::Unix(directory) => {
                let socket = directory.join(format!(".s.PGSQL.{port}"));
                Box::new(UnixStream::connect(socket).await?)
            }
        };
        let mut entered = Self {
            wire,
            buffer: BytesMut::new(),
        };
        entered.log_in(&equipment.config).await?;
        Ok(entered)
    }

    /// Runs a command, and gives the values of the last row of its answer.
    pub(crate) async fn command(&mut self, sql: &str) -> Result<Vec<String>, Failed> {
        let mut words = BytesMut::new();
        frontend::query(sql, &mut words)?;
        self.send(&words).await?;
        let (mut row, mut failed) = (Vec::new(), None);
        loop {
            match self.message().await? {
                Message::DataRow(body) => row = values(&body)?,
                Message::ErrorResponse(body) => failed = Some(refused(&body)),
                Message::ReadyForQuery(_) => return failed.map_or(Ok(row), Err),
                _ => {}
            }
        }
    }

    /// Opens the stream by a command.
    pub(crate) async fn stream(mut self, sql: &str) -> Result<(Incoming, Outgoing), Failed> {
        let mut words = BytesMut::new();
        frontend::query(sql, &mut words)?;
        self.send(&words).await?;
        while self.buffer.len() < 5 {
            self.read().await?;
        }
        if self.buffer.first() != Some(&COPY_BOTH) {
            return match self.message().await? {
                Message::ErrorResponse(body) => Err(refused(&body)),
                _ => Err(unexpected()),
            };
        }
        let length = self.buffer.get(1..5).map_or(0, |mut bytes| bytes.get_u32());
        let length = 1 + length as usize;
        while self.buffer.len() < length {
            self.read().await?;
        }
        self.buffer.advance(length);
        let read = std::mem::take(&mut self.buffer);
        let (incoming, outgoing) = tokio::io::split(self.wire);
        // What came together with the answer is the beginning of the stream.
        let incoming = AsyncReadExt::chain(Cursor::new(read), incoming);
        let incoming = BufReader::with_capacity(LINE_BYTES_MAX, incoming);
        Ok((Incoming(incoming), Outgoing(outgoing)))
    }

    async fn message(&mut self) -> Result<Message, Failed> {
        loop {
            if let Some(message) = Message::parse(&mut self.buffer)? {
                return Ok(message);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), Failed> {
        if self.buffer.len() > ANSWER_BYTES_MAX {
            return Err(unexpected());
        }
        match self.wire.read_buf(&mut self.buffer).await? {
            0 => Err(Failed::Lost("the server hung up".into())),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.wire.write_all(bytes).await?;
        Ok(self.wire.flush().await?)
    }
}

/// The stream with TLS, as the address wants it.
async fn secured(
    equipment: &Equipment,
    mut stream: TcpStream,
    name: &str,
) -> Result<Box<dyn Wire>, Failed> {
    let mode = equipment.config.get_ssl_mode();
    if mode == SslMode::Disable {
        return Ok(Box::new(stream));
    }
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    match stream.read_u8().await? {
        b'S' => {}
        _ if mode == SslMode::Prefer => return Ok(Box::new(stream)),
        _ => return Err(Failed::Lost("the server does not support TLS".into())),
    }
    let mut tls = equipment.tls.clone();
    let Ok(tls) = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, name);
    Ok(Box::new(tls.connect(stream).await?))
}

fn values(row: &DataRowBody) -> Result<Vec<String>, Failed> {
    use fallible_iterator::FallibleIterator as _;
    let bytes = row.buffer();
    let value = |range: Option<std::ops::Range<usize>>| {
        let text = range.and_then(|range| bytes.get(range)).unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    };
    Ok(row.ranges().map(value).collect()?)
}

impl Incoming {
    /// The next message; what has begun must be read to its end before another is.
    pub(crate) async fn next(&mut self) -> Result<Sent, Failed> {
        loop {
            let tag = self.0.read_u8().await?;
            let length = self.0.read_u32().await? as usize;
            let length = length.checked_sub(4).ok_or_else(unexpected)?;
            let body = self.body(length).await?;
            match (tag, body.split_first()) {
                (b'd', Some((b'w', rest))) => {
                    let line = rest.get(24..).ok_or_else(unexpected)?;
                    return Ok(Sent::Line(line.to_vec()));
                }
                (b'd', Some((b'k', mut rest))) if rest.len() >= 8 => {
                    return Ok(Sent::Position(rest.get_u64()));
                }
                (b'E', _) => return Err(ended(&body)),
                (b'N' | b'S' | b'A', _) => {}
                _ => return Err(unexpected()),
            }
        }
    }

    /// The body of a message, or the beginning of it; the rest is read and dropped.
    async fn body(&mut self, length: usize) -> Result<Vec<u8>, Failed> {
        let mut body = vec![0; length.min(LINE_BYTES_MAX)];
        self.0.read_exact(&mut body).await?;
        let rest = (length - body.len()) as u64;
        let mut rest_of_it = (&mut self.0).take(rest);
        let dropped = tokio::io::copy(&mut rest_of_it, &mut tokio::io::sink()).await?;
        if dropped < rest {
            return Err(Failed::Lost("the server hung up".into()));
        }
        Ok(body)
    }
}

/// Why the server ends the stream.
fn ended(body: &[u8]) -> Failed {
    let mut whole = BytesMut::with_capacity(body.len() + 5);
    whole.extend_from_slice(b"E");
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(body);
    match Message::parse(&mut whole) {
        Ok(Some(Message::ErrorResponse(body))) => refused(&body),
        _ => unexpected(),
    }
}

impl Outgoing {
    /// Tells that all up to there was taken, so that the server need not keep it; it may be asked to
    /// say at once how far it is.
    pub(crate) async fn confirm(&mut self, position: u64, asks: bool) -> Result<(), Failed> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().saturating_sub(EPOCH);
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let mut words = Vec::with_capacity(39);
        words.extend_from_slice(b"d");
        words.extend_from_slice(&38_u32.to_be_bytes());
        words.extend_from_slice(b"r");
        for number in [position, position, position, now] {
            words.extend_from_slice(&number.to_be_bytes());
        }
        words.push(u8::from(asks));
        self.0.write_all(&words).await?;
        Ok(self.0.flush().await?)
    }
}
