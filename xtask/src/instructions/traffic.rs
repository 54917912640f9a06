//! The requests whose cost is counted, and the client that asks them one after the other.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request, the same each time but for its variables.
pub(super) struct Request {
    pub(super) name: &'static str,
    document: &'static str,
    /// The name of its one variable, and how many values that takes in turn.
    variable: (&'static str, usize),
}

/// What is asked, from small to large.
pub(super) const REQUESTS: [Request; 5] = [
    Request {
        name: "point",
        document: "query($id: Int!) { user(id: $id) { id name email city createdAt } }",
        variable: ("id", 10_000),
    },
    Request {
        name: "list of 20",
        document: "query($category: Int!) { products(where: { category: { eq: $category }, stock: { gt: 10 } }, \
                   orderBy: [{ price: DESC }], limit: 20) { id name price stock category } }",
        variable: ("category", 50),
    },
    Request {
        name: "nesting",
        document: "query($user: Int!) { orders(where: { userId: { eq: $user } }, limit: 10) \
                   { id status items { quantity product { name price } } } }",
        variable: ("user", 10_000),
    },
    Request {
        name: "100 rows",
        document: "query($first: Int!) { items(where: { id: { gte: $first } }, orderBy: [{ id: ASC }], \
                   limit: 100) { id orderId productId quantity price discount } }",
        variable: ("first", 299_000),
    },
    Request {
        name: "insert",
        document: "mutation($user: Int!) { createReview(input: { userId: $user, productId: 7, rating: 5, \
                   body: \"As good as the last one.\" }) { id rating } }",
        variable: ("user", 10_000),
    },
];

/// A prime, by which values follow each other without an order that a cache could know.
const STRIDE: usize = 7_919;

/// A connection that is kept.
pub(super) struct Client(BufReader<TcpStream>);

impl Client {
    pub(super) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks a request for the so manyth time; an error in its answer is one here.
    pub(super) fn ask(&mut self, request: &Request, turn: usize) -> Result<()> {
        let (variable, values) = request.variable;
        let value = 1 + turn * STRIDE % values;
        let variables = serde_json::json!({ variable: value });
        let body = serde_json::json!({ "query": request.document, "variables": variables });
        let body = body.to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all((head + &body).as_bytes())?;
        let answer = self.answer()?;
        if !answer.starts_with("{\"data\":") {
            bail!("{} is answered with {answer}", request.name);
        }
        Ok(())
    }

    /// The body of the next answer.
    fn answer(&mut self) -> Result<String> {
        let mut length = None;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
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
        self.0.read_exact(&mut body)?;
        Ok(String::from_utf8(body)?)
    }
}

/// Whether the server on a port is ready.
pub(super) fn is_ready(port: u16) -> bool {
    let ready = || {
        let mut client = Client::connect(port)?;
        client.0.get_mut().write_all(
            b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )?;
        let mut line = String::new();
        client.0.read_line(&mut line)?;
        Ok::<_, anyhow::Error>(line.starts_with("HTTP/1.1 200"))
    };
    ready().unwrap_or(false)
}
