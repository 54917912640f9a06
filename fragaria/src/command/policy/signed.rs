//! Reports that are signed, so that whoever answers for them need not trust where they lay.

use crate::cli::PolicyVerify;
use crate::mend;
use crate::private;
use crate::project::{self, display};
use crate::terminal::Terminal;
use anyhow::{Context as _, Result};
use guard::seal::{self, FileKey};
use model::{Clock as _, SystemClock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file that is read for a key or a signature.
const BYTES_MAX: u64 = 64 * 1024;

/// The key of a file that nobody else may read.
pub(super) fn private_key(path: &Path) -> Result<FileKey> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", display(path)))?;
    if let Some((what, help)) = private::openness(&metadata, &path.display().to_string()) {
        return Err(mend::failure(format!("{} {what}", display(path)), help));
    }
    let key = PrivatePkcs8KeyDer::from_pem_slice(&small(path)?);
    let key = key
        .ok()
        .and_then(|key| FileKey::read(key.secret_pkcs8_der()));
    key.ok_or_else(|| {
        mend::failure(
            format!("{} is no private key of Ed25519", display(path)),
            "openssl genpkey -algorithm ed25519 -out signing.pem makes one",
        )
    })
}

/// Signs a file; gives where the signature is.
pub(super) fn seal(key: &FileKey, file: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let now = i64::try_from(SystemClock.seconds())?;
    let sealed = seal::seal(key, bytes, now) + "\n";
    let out = beside(file);
    project::write(&out, sealed)?;
    Ok(out)
}

/// Tells whether a file is the one that was signed.
pub(super) fn verify(args: &PolicyVerify, terminal: Terminal) -> Result<()> {
    let path = beside(&args.file);
    let bytes =
        fs::read(&args.file).with_context(|| format!("cannot read {}", display(&args.file)))?;
    if !path.exists() {
        let (file, path) = (display(&args.file), display(&path));
        return Err(mend::failure(
            format!("{file} is not signed: there is no {path}"),
            "`fragaria policy report --out FILE --sign KEY` makes a report and signs it; take both files from there",
        ));
    }
    let sealed = String::from_utf8_lossy(&small(&path)?).into_owned();
    let key = SubjectPublicKeyInfoDer::from_pem_slice(&small(&args.key)?).map_err(|_| {
        mend::failure(
            format!("{} is no public key (PEM)", display(&args.key)),
            "openssl pkey -in signing.pem -pubout -out signing.pub.pem gives the one of a private key",
        )
    })?;
    let header = seal::open(&sealed, &bytes, &key).map_err(|broken| {
        let (file, path) = (display(&args.file), display(&path));
        mend::failure(
            format!("{path} does not vouch for {file}: {broken}"),
            "take the report, its signature and the key from where they were made",
        )
    })?;
    let at = jiff::Timestamp::from_second(header.iat)?;
    let file = display(&args.file);
    let artefact = artefact(&bytes).ok_or_else(|| {
        mend::failure(
            format!("{file} was signed, and is no report of access"),
            "`fragaria policy report --out FILE --sign KEY` makes one",
        )
    })?;
    let kid = header.kid;
    let machine =
        json!({ "file": file, "key": kid, "signed": at.to_string(), "artefact": artefact });
    let words =
        || format!("{file} was signed at {at} with the key {kid}\nit tells of artefact {artefact}");
    terminal.either(&machine, words)?;
    Ok(())
}

/// The hash of the artefact that a report tells of.
fn artefact(report: &[u8]) -> Option<String> {
    let report: Value = serde_json::from_slice(report).ok()?;
    report.get("report")?;
    Some(report.get("artefact")?.as_str()?.to_owned())
}

/// Where the signature of a file is.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".jws");
    name.into()
}

/// The bytes of a file that is not large.
fn small(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", display(path)))?;
    Ok(bytes)
}
