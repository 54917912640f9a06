//! The client by which the rooms ask other servers.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use model::outward::{Asking, Form, Outward, Question, Told, Unanswered};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::sync::Arc;
use tokio::time::timeout;

const AGENT: &str = concat!("fragaria/", env!("CARGO_PKG_VERSION"));
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Other servers, over the network.
pub(crate) struct Network {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Network {
    /// A client that trusts the authorities of the web, and those of a file if there is one.
    pub(crate) fn new(root_certificates: &str) -> Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(root_certificates)?)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }
}

fn roots(file: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if file.is_empty() {
        return Ok(roots);
    }
    let refused = || format!("auth.root_certificates: {file} cannot be used");
    let known = roots.len();
    for certificate in CertificateDer::pem_file_iter(file).with_context(refused)? {
        roots
            .add(certificate.with_context(refused)?)
            .with_context(refused)?;
    }
    anyhow::ensure!(
        roots.len() > known,
        "auth.root_certificates: {file} has no certificate in it"
    );
    Ok(roots)
}

impl Outward for Network {
    fn ask(&self, question: Question) -> Asking {
        let client = self.client.clone();
        Box::pin(async move {
            let limit = question.timeout;
            let answer = timeout(limit, answer(&client, question)).await;
            answer.unwrap_or_else(|_| Err(Unanswered(format!("no answer within {limit:?}"))))
        })
    }
}

async fn answer(
    client: &Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    question: Question,
) -> Result<Told, Unanswered> {
    let bytes_max = question.bytes_max;
    let request = request(question).map_err(|error| Unanswered(error.to_string()))?;
    let response = client
        .request(request)
        .await
        .map_err(|error| chain(&error))?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), bytes_max)
        .collect()
        .await;
    let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => Unanswered(format!("the answer is larger than {bytes_max} bytes")),
        None => chain(&*error),
    })?;
    Ok(Told {
        status,
        body: body.to_bytes().into(),
    })
}

fn request(question: Question) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let request = Request::builder()
        .uri(&*question.url)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, AGENT);
    let Some(Form {
        body,
        authorization,
    }) = question.form
    else {
        return request.body(Full::default());
    };
    let mut authorization = HeaderValue::from_str(authorization.expose())?;
    authorization.set_sensitive(true);
    request
        .method("POST")
        .header(CONTENT_TYPE, FORM)
        .header(AUTHORIZATION, authorization)
        .body(Full::from(body.expose().to_owned()))
}

/// An error with all that led to it, as the outermost says little.
fn chain(error: &dyn Error) -> Unanswered {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    Unanswered(words)
}
