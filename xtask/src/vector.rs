//! A PostgreSQL with `pgvector`, which the distribution has no package of: a Python package brings both.

use crate::postgres::{ACCOUNT, Postgres};
use crate::scratch::Scratch;
use crate::{house, pip, process};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Where its programs are; their libraries are found from there.
const PROGRAMS: &str = "pgserver/pginstall/bin";

const VERSION: &str = "0.1.4";
const PINNED: &str = "pgserver==0.1.4 \
    --hash=sha256:d595789b47624a3d963aa9aa6359da9be31beb7e61f1a45541953242068b8813\n";

/// The programs in it need no Python, so the one file does for every version of it.
const FILE: [&str; 6] = [
    "--platform",
    "manylinux2014_x86_64",
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
];

/// Starts one; `None` on a machine the package is not made for.
pub(crate) fn start() -> Result<Option<Postgres>> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        eprintln!("the tests of pgvector are left out: there is no package of it for this machine");
        return Ok(None);
    }
    let home = house::cache()?.join(format!("pgserver-{VERSION}"));
    let installed = home.join("packages");
    if !installed.join(PROGRAMS).join("postgres").is_file() {
        eprintln!("installing PostgreSQL with pgvector in {}", home.display());
        pip::install(&home, PINNED, &FILE).context("cannot install pgserver from PyPI")?;
    }
    // Its account cannot enter our cache.
    let copy = Scratch::create(ACCOUNT.ids()?)?;
    let mut command = Command::new("cp");
    command.arg("-r").arg(&installed).arg(copy.path());
    process::run(&mut command)?;
    let programs = copy.path().join("packages").join(PROGRAMS);
    if !programs.join("postgres").is_file() {
        bail!("{} holds no server", installed.display());
    }
    Postgres::start_from(programs, Some(copy), "vector", &[("fsync", "off")]).map(Some)
}
