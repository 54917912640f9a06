//! Programs the tests need, from the distribution's packages.

use crate::process;
use anyhow::{Context, Result, bail};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

const INSTALL: &str = include_str!("packages/install.sh");

/// A program and the package it comes in.
pub(crate) struct Need {
    /// The Debian package.
    pub(crate) package: &'static str,
    /// Whether it is there.
    pub(crate) is_met: fn() -> bool,
}

/// The PostgreSQL server.
pub(crate) const POSTGRES: Need = Need {
    package: "postgresql",
    is_met: || postgres_programs().is_some(),
};

/// Geographic types for PostgreSQL.
pub(crate) const POSTGIS: Need = Need {
    package: "postgresql-postgis",
    is_met: || {
        let version = postgres_programs();
        let version = version
            .as_deref()
            .and_then(Path::parent)
            .and_then(Path::file_name);
        version.is_some_and(|version| {
            let shared = Path::new("/usr/share/postgresql").join(version);
            shared.join("extension/postgis.control").is_file()
        })
    },
};

/// A pooler in transaction mode.
pub(crate) const PGBOUNCER: Need = Need {
    package: "pgbouncer",
    is_met: || pgbouncer().is_some(),
};

/// The MariaDB server, and with it its command line.
pub(crate) const MARIADB: Need = Need {
    package: "mariadb-server",
    is_met: || mariadbd().is_some() && process::is_installed("mariadb"),
};

/// The server that limits are shared through.
pub(crate) const REDIS: Need = Need {
    package: "redis-server",
    is_met: || process::is_installed("redis-server"),
};

/// The client of the documents' examples.
pub(crate) const CURL: Need = Need {
    package: "curl",
    is_met: || process::is_installed("curl"),
};

/// What the documents make certificates with.
pub(crate) const OPENSSL: Need = Need {
    package: "openssl",
    is_met: || process::is_installed("openssl"),
};

/// A browser to look at the console with.
pub(crate) const CHROMIUM: Need = Need {
    package: "chromium",
    is_met: || chromium().is_some(),
};

/// What counts instructions.
pub(crate) const VALGRIND: Need = Need {
    package: "valgrind",
    is_met: || process::is_installed("valgrind"),
};

/// The load generator of the benchmark.
pub(crate) const WRK: Need = Need {
    package: "wrk",
    is_met: || process::is_installed("wrk"),
};

/// The command line of SQLite, which fills the benchmark's database.
pub(crate) const SQLITE: Need = Need {
    package: "sqlite3",
    is_met: || process::is_installed("sqlite3"),
};

/// Installs what is missing.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<_> = needs.iter().filter(|need| !(need.is_met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|need| need.package).collect();
    install(&names)?;
    for need in missing {
        if !(need.is_met)() {
            bail!(
                "the package {} was installed, but not what it should hold",
                need.package
            );
        }
    }
    Ok(())
}

/// Installs packages by name.
pub(crate) fn install(names: &[&str]) -> Result<()> {
    let list = names.join(" ");
    eprintln!("installing packages: {list}");
    if !process::is_installed("apt-get") {
        bail!("these packages are missing, and there is no apt-get to install them: {list}");
    }
    let is_root = rustix::process::geteuid().is_root();
    let mut command = if is_root {
        Command::new("sh")
    } else if process::is_installed("sudo") {
        sudo()
    } else {
        bail!("these packages are missing; install them as root: apt-get install {list}");
    };
    command.args(["-c", INSTALL, "install"]).args(names);
    process::run(&mut command).with_context(|| format!("cannot install {list}"))
}

/// `sudo sh`, which asks for a password only where somebody can type one.
fn sudo() -> Command {
    let mut command = Command::new("sudo");
    if !std::io::stdin().is_terminal() {
        command.arg("--non-interactive");
    }
    command.arg("sh");
    command
}

/// The directory of the newest PostgreSQL server's programs.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions
        .flatten()
        .filter(|version| version.path().join("bin/initdb").is_file())
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version)))
        .max_by_key(|(number, _)| *number);
    newest.map(|(_, version)| version.path().join("bin"))
}

/// The pooler's program, which is not on everybody's search path.
pub(crate) fn pgbouncer() -> Option<PathBuf> {
    first_of([
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/usr/local/bin/pgbouncer",
    ])
}

/// The MariaDB server's program, which is not on everybody's search path either.
pub(crate) fn mariadbd() -> Option<PathBuf> {
    first_of([
        "/usr/sbin/mariadbd",
        "/usr/bin/mariadbd",
        "/usr/local/sbin/mariadbd",
    ])
}

/// The browser's program.
pub(crate) fn chromium() -> Option<PathBuf> {
    first_of([
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ])
}

fn first_of<const N: usize>(places: [&str; N]) -> Option<PathBuf> {
    places
        .map(PathBuf::from)
        .into_iter()
        .find(|program| program.is_file())
}

/// User and group id of an account.
pub(crate) fn account(name: &str) -> Result<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    ids(&accounts, name).with_context(|| format!("there is no account named {name}"))
}

fn ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "postgresql:x:1:2::/:/bin/sh\npostgres:x:104:109:,,,:/var:/bin/bash\n";
        assert_eq!(ids(accounts, "postgres"), Some((104, 109)));
        assert_eq!(ids(accounts, "nobody"), None);
    }

    #[test]
    fn what_is_there_is_not_installed_again() {
        let need = Need {
            package: "no-such-package",
            is_met: || true,
        };
        assert!(ensure(&[need]).is_ok());
    }
}
