//! How attacks are sent.

use super::front::{Form, Step, Token, Way};
use super::stand::Stand;
use super::text::{Kept, expanded, text};
use crate::client::{Client, Response};
use crate::server::Server;
use crate::who::provider::{Provider, changed, now};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use std::io::{self, ErrorKind};

const JSON: &str = "content-type: application/json";

/// The look at the server's life behind what is raw.
const LOOK: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// What came of what was sent.
pub(super) struct Sent {
    /// The answers, but that to the look.
    pub(super) answers: Vec<Response>,
    /// Whether the look was not answered.
    pub(super) closed: bool,
}

/// Sends what a step says.
pub(super) fn send(stand: &Stand, step: &Step, kept: &Kept) -> Sent {
    if let Some(raw) = &step.raw {
        // What is long is made before the server begins to wait for it.
        let bytes = expanded(raw, kept);
        return pushed(stand.client(step).unwrap(), &bytes);
    }
    let mut headers: Vec<_> = step.headers.iter().map(|line| text(line, kept)).collect();
    let body = body(step, kept);
    if !body.is_empty() && !step.bare {
        headers.insert(0, JSON.to_owned());
    }
    headers.extend(stand.caller(step));
    if let (Some(token), Some(provider)) = (&step.token, &stand.provider) {
        let token = written(token, provider, kept);
        headers.push(format!("authorization: Bearer {token}"));
    }
    let line = text(&step.line, kept);
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();
    let answer = if step.way == Way::Multiplexed {
        multiplexed(&stand.server, &line, &headers, body)
    } else {
        match asked(stand, step, (&line, &headers, &body)) {
            Ok(answer) => answer,
            Err(error) if step.closes => {
                assert_ne!(
                    error.kind(),
                    ErrorKind::WouldBlock,
                    "the server says nothing"
                );
                return Sent {
                    answers: Vec::new(),
                    closed: true,
                };
            }
            Err(error) => panic!("there is no answer: {error}"),
        }
    };
    Sent {
        answers: vec![answer],
        closed: false,
    }
}

/// One request on a connection of its own.
fn asked(
    stand: &Stand,
    step: &Step,
    (line, headers, body): (&str, &[&str], &[u8]),
) -> io::Result<Response> {
    let mut client = stand.client(step)?;
    client.request(line, headers, body)?;
    client.response()
}

fn body(step: &Step, kept: &Kept) -> Vec<u8> {
    if let Some(body) = &step.body {
        return expanded(body, kept);
    }
    let Some(document) = &step.document else {
        return Vec::new();
    };
    let query = Value::from(text(document, kept)).to_string();
    let operation = step.operation.as_deref();
    let operation = operation.map(|name| Value::from(text(name, kept)).to_string());
    let variables = step.variables.as_deref().map(|json| text(json, kept));
    let members = [
        ("query", Some(query)),
        ("variables", variables),
        ("operationName", operation),
    ];
    let members = members.into_iter();
    let members = members.filter_map(|(name, json)| Some(format!("\"{name}\":{}", json?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
}

/// Sends bytes as they are, then the look, and reads whatever is answered.
fn pushed(mut client: Client, bytes: &[u8]) -> Sent {
    // Who is refused early may be cut while it still sends.
    let _ = client.send(bytes);
    let mut answers = Vec::new();
    if let Some(first) = next(&mut client) {
        answers.push(first);
        let _ = client.send(LOOK);
        answers.extend(std::iter::from_fn(|| next(&mut client)));
    }
    let closed = !answers.last().is_some_and(is_look);
    if !closed {
        answers.pop();
    }
    Sent { answers, closed }
}

/// The next answer, unless the connection is closed.
fn next(client: &mut Client) -> Option<Response> {
    match client.response() {
        Ok(answer) => Some(answer),
        Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server says nothing"),
        Err(_) => None,
    }
}

fn is_look(answer: &Response) -> bool {
    let body: Result<Value, _> = serde_json::from_slice(&answer.body);
    answer.header("connection") == "close" && body.is_ok_and(|body| body["version"].is_string())
}

/// One request by HTTP/2, whose authority is that of the header `host`, if it has one.
fn multiplexed(server: &Server, line: &str, headers: &[&str], body: Vec<u8>) -> Response {
    let (method, path) = line.split_once(' ').unwrap();
    let headers = headers.iter().map(|line| line.split_once(": ").unwrap());
    let (hosts, headers): (Vec<_>, Vec<_>) = headers.partition(|(name, _)| *name == "host");
    let address = server.address;
    let host = hosts
        .first()
        .map_or_else(|| address.to_string(), |(_, host)| (*host).to_owned());
    let request = hyper::Request::builder()
        .method(method)
        .uri(format!("http://{host}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = TokioIo::new(stream);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
        let (mut sender, connection) = handshake.unwrap();
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        let headers = head.headers.iter().map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        Response {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: body.to_vec(),
        }
    })
}

/// A token as somebody made it.
fn written(token: &Token, provider: &Provider, kept: &Kept) -> String {
    if let Some(whole) = &token.text {
        return text(whole, kept);
    }
    let header = dated(&token.header);
    let header = changed(json!({ "alg": "RS256", "kid": "first" }), &header);
    let claims = changed(provider.claims(), &dated(&token.claims));
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let made = match token.form {
        Form::Signed => {
            let mut what = json!({ "header": header, "claims": claims });
            if let Some(signer) = &token.signer {
                what["signer"] = signer.as_str().into();
            }
            provider.signed(&what)
        }
        Form::Unsigned => format!("{}.{}.", part(&header), part(&claims)),
        Form::Altered => {
            let good = provider.sign(&json!({}), &json!({}));
            let (_, signature) = good.rsplit_once('.').unwrap();
            format!("{}.{}.{signature}", part(&header), part(&claims))
        }
        Form::Confused => {
            let given = provider.hand("confuse", &json!({ "header": header, "claims": claims }));
            given["token"].as_str().unwrap().to_owned()
        }
    };
    made + &token.tail
}

/// The same members, where `now+60` is that second.
fn dated(members: &Value) -> Value {
    let members = members.as_object().cloned().unwrap_or_default();
    let dated = members.into_iter().map(|(name, value)| {
        let offset = value.as_str().and_then(|text| text.strip_prefix("now"));
        let offset = offset.and_then(|offset| offset.parse::<i64>().ok());
        let value = match offset {
            Some(offset) => now().saturating_add_signed(offset).into(),
            None if value == "none" && name != "alg" => Value::Null,
            None => match value.as_str() {
                Some(long) => text(long, &Kept::new()).into(),
                None => value,
            },
        };
        (name, value)
    });
    dated.collect::<serde_json::Map<_, _>>().into()
}
