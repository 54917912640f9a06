//! A server that is nothing but hyper, and answers every request with the same bytes: what HTTP
//! itself costs.
//!
//! It is this program, built as it would be shipped and started as a process of its own.

use crate::process::{self, Service, Stop};
use crate::{house, server};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use tokio::net::TcpListener;

const START_SECONDS: u64 = 10;

/// Where to listen and what to answer.
#[derive(Args)]
pub(crate) struct Options {
    /// The port on loopback
    #[arg(long)]
    port: u16,
    /// A file with the body of every answer
    #[arg(long)]
    answer: PathBuf,
}

/// Serves until it is stopped.
pub(crate) fn serve(options: &Options) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        bail!("this build is for debugging, and would be slow: cargo build --release -p xtask");
    }
    let answer = Bytes::from(fs::read(&options.answer)?);
    // As many threads as the server under test has: one for each processor.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(listen(options.port, answer))?;
    Ok(ExitCode::SUCCESS)
}

async fn listen(port: u16, answer: Bytes) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |request| respond(request, answer.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(answer));
    let kind = HeaderValue::from_static("application/graphql-response+json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// Such a server in the background; stopped when dropped.
pub(super) struct Bare {
    service: Service,
    port: u16,
}

impl Bare {
    /// Starts it with the answer of another server.
    pub(super) fn start(program: &Path, answer: &str, scratch: &Path) -> Result<Self> {
        let file = scratch.join("answer.json");
        fs::write(&file, answer)?;
        let log = server::log_file("bench-bare")?;
        let launch = |port: u16| {
            let output = File::create(&log)?;
            let mut service = Service::start(program, None, Stop::Gracefully, |command| {
                command.args(["bare", "--port", &port.to_string(), "--answer"]);
                command.arg(&file).stderr(output);
            })?;
            service
                .wait_until(START_SECONDS, || {
                    TcpStream::connect(("127.0.0.1", port)).is_ok()
                })
                .with_context(|| format!("the bare server did not start: see {}", log.display()))?;
            Ok(service)
        };
        let (service, port) = server::on_free_port(launch)?;
        Ok(Self { service, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn id(&self) -> u32 {
        self.service.id()
    }
}

/// Builds it as it would be shipped.
pub(super) fn build() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(house::root()?)
        .args(["build", "--release", "--package", "xtask"]);
    process::run(&mut command)?;
    Ok(house::target()?.join("release/xtask"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_build_for_debugging_is_no_reference() {
        let scratch = Scratch::create(None).unwrap();
        let options = Options {
            port: server::free_port().unwrap(),
            answer: scratch.path().join("missing"),
        };
        let error = serve(&options).unwrap_err().to_string();
        assert!(error.contains("for debugging"), "{error}");
    }
}
