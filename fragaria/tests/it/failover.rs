//! A primary that dies and a standby that takes over: the server that has the addresses of both goes on.

use crate::client::{Response, until};
use crate::database::psql;
use crate::faults::{Load, SOON, TABLES};
use crate::instance::{Instance, directory, free_port, run, server_command};
use crate::project::Project;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A server that follows another one, until it is promoted.
struct Standby {
    directory: TempDir,
    port: u16,
}

impl Standby {
    /// A copy of the server, from now on told of all that is committed there before its clients are.
    fn of(primary: &Instance) -> Self {
        let standby = Self {
            directory: directory(),
            port: free_port(),
        };
        let source = format!("host=127.0.0.1 port={} user=postgres", primary.port);
        run(server_command("pg_basebackup")
            .args(["-d", &source, "-R", "-X", "stream", "-c", "fast", "-D"])
            .arg(standby.data()));
        // Of a setting that is there twice the last one counts.
        let settings = standby.data().join("postgresql.conf");
        let given = std::fs::read_to_string(&settings).unwrap();
        let own = format!(
            "\nport = {}\nunix_socket_directories = '{}'\n",
            standby.port,
            standby.directory.path().display()
        );
        std::fs::write(&settings, given + &own).unwrap();
        standby.control(&["-w", "start", "-l"], Some("log"));
        for sql in [
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        ] {
            psql(&primary.address(), sql);
        }
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        until("the standby does not follow", || {
            (psql(&primary.address(), sql) == "1").then_some(())
        });
        standby
    }

    fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn promote(&self) {
        self.control(&["-w", "promote"], None);
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn control(&self, words: &[&str], log: Option<&str>) {
        let mut command = server_command("pg_ctl");
        command.arg("-D").arg(self.data()).args(words);
        command.args(log.map(|log| self.directory.path().join(log)));
        run(&mut command);
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let mut command = server_command("pg_ctl");
        command.arg("-D").arg(self.data());
        command
            .args(["-w", "-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

/// Kills a server so that it cannot say a word, and none of its processes lives on.
fn slay(primary: &Instance) {
    let note = std::fs::read_to_string(primary.file("postmaster.pid")).unwrap();
    let id = note.lines().next().unwrap();
    let children = Command::new("pgrep").args(["-P", id]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let mut kill = Command::new("kill");
    kill.args(["-s", "KILL", id])
        .args(children.split_whitespace());
    // A child may have ended by itself.
    kill.output().unwrap();
}

#[test]
fn a_standby_that_takes_over_is_found_and_nothing_that_was_confirmed_is_lost() {
    const CLIENTS: i64 = 8;
    let primary = Instance::start("", |_| {});
    psql(&primary.address(), TABLES);
    let standby = Standby::of(&primary);
    let project = Project::on(&primary.address());
    let url = format!(
        "database.url=postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        standby.port, primary.port
    );
    let server = project.serve(&[SOON, &url]).ready();
    let is_away = |answer: &Response| answer.json()["dependencies"]["database"]["status"] == "down";
    let load = Load::start(server.address, CLIENTS);
    load.more(200);
    slay(&primary);
    server.until("/health/ready", is_away);
    // There is one that can be read, and is not the one to be written to.
    let refused = server.graphql("{ product(id: 1) { name } }");
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "store.unavailable")
    );
    let refused = server.graphql("mutation { createWritten(input: { id: -1 }) { id } }");
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "store.unavailable")
    );
    standby.promote();
    server.until("/health/ready", |answer| answer.status == 200);
    load.more(200);
    let tally = load.stop();
    assert!(tally.errors.values().sum::<u32>() > 0, "nobody noticed");
    tally.assert_true(&standby.address());
    // Every client has at most one write under way when the primary dies.
    assert!(tally.unknown.len() <= 8, "{:?}", tally.unknown);
    let write = "mutation { createWritten(input: { id: -1 }) { id } }";
    let written = server.graphql(write).json();
    assert_eq!(
        written,
        json!({ "data": { "createWritten": { "id": -1 } } })
    );
    assert_eq!(
        psql(&standby.address(), "SELECT id FROM written WHERE id = -1"),
        "-1"
    );
}
