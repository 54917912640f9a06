//! A small HTTP/1.1 client that can also misbehave, in the open and over TLS.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing in these tests takes this long unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An address of this machine that other tests do not come from.
pub(crate) const OTHER: [u8; 4] = [127, 0, 0, 2];

/// Looks until something is there, and gives it.
pub(crate) fn until<T>(missing: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "{missing}");
        std::thread::yield_now();
    }
}

/// A connection to a server.
pub(crate) struct Client {
    stream: BufReader<Stream>,
}

/// A body in chunks, as it comes; an error if the server closed before its end.
pub(crate) struct Chunks<'c> {
    client: &'c mut Client,
    /// Bytes of the present chunk that are still to come.
    left: usize,
    ended: bool,
}

/// What bytes go through.
enum Stream {
    Open(TcpStream),
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Open(socket) => socket,
            Self::Secure(stream) => &stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.read(bytes),
            Self::Secure(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.write(bytes),
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(socket) => socket.flush(),
            Self::Secure(stream) => stream.flush(),
        }
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// A connection from another address of this machine.
    pub(crate) fn from(source: [u8; 4], address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    /// A connection whose receiver takes in little before it is read from.
    pub(crate) fn narrow(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    /// A connection over TLS, after the handshake, as far as this end can tell: with TLS 1.3 the
    /// server may still refuse a certificate of the client.
    pub(crate) fn secure(address: SocketAddr, trust: &Arc<ClientConfig>) -> io::Result<Self> {
        Self::connect(address).secured(trust)
    }

    /// The same connection over TLS from now on.
    pub(crate) fn secured(mut self, trust: &Arc<ClientConfig>) -> io::Result<Self> {
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(trust.clone(), name).unwrap();
        let Stream::Open(mut socket) = self.stream.into_inner() else {
            unreachable!("it was just opened");
        };
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        let stream = Box::new(StreamOwned::new(connection, socket));
        self.stream = BufReader::new(Stream::Secure(stream));
        Ok(self)
    }

    /// What was agreed upon in the handshake.
    pub(crate) fn agreed(&self) -> &ClientConnection {
        match self.stream.get_ref() {
            Stream::Open(_) => panic!("there was no handshake"),
            Stream::Secure(stream) => &stream.conn,
        }
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: BufReader::new(Stream::Open(stream)),
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes.as_ref())?;
        stream.flush()
    }

    /// Sends a request with these header lines.
    pub(crate) fn request(&mut self, line: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
        let mut head = format!("{line} HTTP/1.1\r\nhost: localhost\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        self.send([head.as_bytes(), body].concat())
    }

    /// Reads the head of a response; an error if the server closed before its end.
    pub(crate) fn head(&mut self) -> io::Result<Response> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut headers = BTreeMap::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Ok(Response {
            status,
            headers,
            body: Vec::new(),
        })
    }

    /// Reads a whole response.
    pub(crate) fn response(&mut self) -> io::Result<Response> {
        let mut response = self.head()?;
        self.body(&mut response)?;
        Ok(response)
    }

    /// Reads the body that belongs to a head.
    pub(crate) fn body(&mut self, response: &mut Response) -> io::Result<()> {
        if matches!(response.status, 204 | 304) {
            return Ok(());
        }
        if let Some(length) = response.headers.get("content-length") {
            response.body = self.exactly(length.parse().unwrap())?;
            return Ok(());
        }
        if !response.headers.contains_key("transfer-encoding") {
            self.stream.read_to_end(&mut response.body)?;
            return Ok(());
        }
        self.chunks().read_to_end(&mut response.body)?;
        Ok(())
    }

    /// A body in chunks, as it comes.
    pub(crate) fn chunks(&mut self) -> Chunks<'_> {
        Chunks {
            client: self,
            left: 0,
            ended: false,
        }
    }

    /// Reads some bytes if any come soon; an error if the server closed.
    pub(crate) fn take_what_comes(&mut self) -> io::Result<()> {
        let soon = Duration::from_millis(20);
        self.stream
            .get_ref()
            .socket()
            .set_read_timeout(Some(soon))?;
        let taken = self.stream.fill_buf().map(<[u8]>::len);
        self.stream
            .get_ref()
            .socket()
            .set_read_timeout(Some(PATIENCE))?;
        match taken {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.stream.consume(length);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads that many bytes, or up to the end; how many came.
    pub(crate) fn take(&mut self, bytes: usize) -> io::Result<usize> {
        let mut taken = Vec::with_capacity(bytes);
        (&mut self.stream)
            .take(bytes as u64)
            .read_to_end(&mut taken)
    }

    /// Everything up to the end, however it ends.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.stream.read_to_end(&mut bytes);
        bytes
    }

    /// Reads until the server closes; `false` if it does not.
    pub(crate) fn is_closed(&mut self) -> bool {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
        if self.ended {
            return Ok(0);
        }
        if self.left == 0 {
            let size = self.client.line()?;
            self.left = usize::from_str_radix(&size, 16).map_err(|_| broken())?;
            self.ended = self.left == 0;
        }
        let room = bytes.len().min(self.left);
        let taken = self.client.stream.read(&mut bytes[..room])?;
        if taken == 0 && room > 0 {
            return Err(broken());
        }
        self.left -= taken;
        if self.left == 0 {
            self.client.line()?;
        }
        Ok(taken)
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}
