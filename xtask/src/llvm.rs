//! The LLVM programs that read what the compiler's instrumentation wrote.

use crate::{packages, process};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Programs of the compiler's own LLVM version; others may not read its profiles.
pub(crate) struct Tools {
    pub(crate) profdata: PathBuf,
    pub(crate) cov: PathBuf,
    /// The platform that the compiler builds for.
    pub(crate) host: String,
}

impl Tools {
    /// Finds them in the toolchain or on the machine, or installs the distribution's package.
    pub(crate) fn find() -> Result<Self> {
        let about = process::read(Command::new("rustc").arg("-vV"))?;
        let version = field(&about, "LLVM version: ").and_then(|version| version.split('.').next());
        let version = version.context("rustc does not tell its LLVM version")?;
        let host = field(&about, "host: ").context("rustc does not tell its host")?;
        let sysroot = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
        let places = [
            PathBuf::from(sysroot.trim())
                .join("lib/rustlib")
                .join(host)
                .join("bin"),
            PathBuf::from(format!("/usr/lib/llvm-{version}/bin")),
        ];
        if let Some(tools) = Self::among(&places, host) {
            return Ok(tools);
        }
        packages::install(&[&format!("llvm-{version}")])
            .context("or, with rustup: rustup component add llvm-tools")?;
        Self::among(&places, host).with_context(|| format!("llvm-{version} holds no llvm-cov"))
    }

    fn among(places: &[PathBuf], host: &str) -> Option<Self> {
        let place = places
            .iter()
            .find(|place| place.join("llvm-cov").is_file())?;
        Some(Self {
            profdata: place.join("llvm-profdata"),
            cov: place.join("llvm-cov"),
            host: host.to_owned(),
        })
    }
}

fn field<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| line.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_llvm_is_read_from_what_rustc_says() {
        let about = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";
        assert_eq!(field(about, "LLVM version: "), Some("22.1.2"));
        assert_eq!(field(about, "release: "), None);
    }
}
