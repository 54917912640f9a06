//! The LLVM programs that read what the compiler's instrumentation wrote.

use crate::{packages, process};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Programs of the compiler's own LLVM version; others may not read its profiles.
pub(super) struct Tools {
    pub(super) profdata: PathBuf,
    pub(super) cov: PathBuf,
}

impl Tools {
    /// Finds them in the toolchain or on the machine, or installs the distribution's package.
    pub(super) fn find() -> Result<Self> {
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
        if let Some(tools) = Self::among(&places) {
            return Ok(tools);
        }
        packages::install(&[&format!("llvm-{version}")])
            .context("or, with rustup: rustup component add llvm-tools")?;
        Self::among(&places).with_context(|| format!("llvm-{version} holds no llvm-cov"))
    }

    fn among(places: &[PathBuf]) -> Option<Self> {
        let place = places
            .iter()
            .find(|place| place.join("llvm-cov").is_file())?;
        Some(Self {
            profdata: place.join("llvm-profdata"),
            cov: place.join("llvm-cov"),
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
