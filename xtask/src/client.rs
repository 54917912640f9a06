//! A client of the server under test: one connection, request after request.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    /// What tells the caller: a line of the head, or nothing.
    caller: String,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            caller: String::new(),
        })
    }

    /// The same, as the caller whose key it is.
    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.caller = format!("X-API-Key: {key}\r\n");
        self
    }

    /// Sends a request and returns the body of its answer.
    pub(crate) fn ask(&mut self, body: &str) -> Result<String> {
        self.send(body)?;
        self.answer()
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, body: &str) -> Result<()> {
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\n{}Content-Length: {}\r\n\r\n",
            self.caller,
            body.len()
        );
        self.stream.get_mut().write_all((head + body).as_bytes())?;
        Ok(())
    }

    /// Reads so many bytes of what comes.
    pub(crate) fn read(&mut self, bytes: usize) -> Result<()> {
        self.stream.read_exact(&mut vec![0; bytes])?;
        Ok(())
    }

    /// The body of the next answer.
    fn answer(&mut self) -> Result<String> {
        let mut length = None;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; length.context("the answer has no length")?];
        self.stream.read_exact(&mut body)?;
        Ok(String::from_utf8(body)?)
    }
}

/// Whether the server on a port is ready.
pub(crate) fn is_ready(port: u16) -> bool {
    let ready = || {
        let mut client = Client::connect(port)?;
        client.stream.get_mut().write_all(
            b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )?;
        let mut line = String::new();
        client.stream.read_line(&mut line)?;
        Ok::<_, anyhow::Error>(line.starts_with("HTTP/1.1 200"))
    };
    ready().unwrap_or(false)
}
