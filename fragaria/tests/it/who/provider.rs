//! A real `OpenID` provider as a child process, and the hands that move it.

use crate::client::{Client, PATIENCE, Response};
use crate::project::Project;
use crate::server::Server;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// How the provider calls the API.
pub(crate) const AUDIENCE: &str = "https://api.example";

/// A running provider; it ends when it is dropped.
pub(crate) struct Provider {
    child: Child,
    address: SocketAddr,
    pub(crate) origin: String,
}

impl Provider {
    /// One with a key of RSA that is called `first`.
    pub(crate) fn start() -> Self {
        Self::with(&json!({}))
    }

    /// One with options of `provider.mjs`.
    pub(crate) fn with(options: &Value) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc");
        let mut child = Command::new("node")
            .current_dir(folder)
            .args(["provider.mjs", &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        let first: Value = serde_json::from_str(&told.recv_timeout(PATIENCE).unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            origin: first["origin"].as_str().unwrap().to_owned(),
        }
    }

    /// Moves it, or has something made by it.
    pub(crate) fn hand(&self, name: &str, given: &Value) -> Value {
        let line = format!("POST /fixture/{name}");
        let mut client = Client::connect(self.address);
        client
            .request(&line, &[], given.to_string().as_bytes())
            .unwrap();
        let response = client.response().unwrap();
        assert_eq!(response.status, 200, "{name}: {response:?}");
        response.json()
    }

    /// How often a path of it was asked for.
    pub(crate) fn asked(&self, path: &str) -> u64 {
        self.hand("asked", &json!({}))[path].as_u64().unwrap_or(0)
    }

    /// A token that the provider gives one of its clients, as it gives it to anybody.
    pub(crate) fn token(&self, client: &str) -> String {
        let given = self.post("/token", client, "grant_type=client_credentials");
        assert_eq!(given.status, 200, "{given:?}");
        given.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A form, posted by one of its clients.
    pub(crate) fn post(&self, path: &str, client: &str, form: &str) -> Response {
        let form = format!("client_id={client}&client_secret=the+secret+of+{client}&{form}");
        let media_type = "content-type: application/x-www-form-urlencoded";
        let mut asking = Client::connect(self.address);
        let line = format!("POST {path}");
        asking
            .request(&line, &[media_type], form.as_bytes())
            .unwrap();
        asking.response().unwrap()
    }

    /// Claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = now();
        json!({
            "iss": self.origin,
            "aud": AUDIENCE,
            "sub": "me",
            "iat": now,
            "exp": now + 600,
            "roles": ["clerk"],
        })
    }

    /// A good token but for these changes of its header and claims; null takes one away.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let header = changed(json!({ "alg": "RS256", "kid": "first" }), header);
        let claims = changed(self.claims(), claims);
        self.signed(&json!({ "header": header, "claims": claims }))
    }

    /// Whatever is to be signed.
    pub(crate) fn signed(&self, what: &Value) -> String {
        self.hand("sign", what)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The setting by which its tokens are taken, with further ones of the issuer.
    pub(crate) fn setting(&self, more: &str) -> String {
        let origin = &self.origin;
        format!("auth.issuers=[{{ issuer = '{origin}', audience = '{AUDIENCE}'{more} }}]")
    }

    /// A server that takes its tokens, ready.
    pub(crate) fn serve(&self, project: &Project, settings: &[&str]) -> Server {
        let setting = self.setting("");
        project.serve(&[&[&*setting], settings].concat()).ready()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn changed(mut object: Value, changes: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    object
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
