//! Private servers in temporary directories, for tests that stop them or set them up their own way.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// A PostgreSQL server of a test's own.
pub(crate) struct Instance {
    directory: TempDir,
    pub(crate) port: u16,
}

impl Instance {
    /// A server with additional settings; files the settings name can be put in place before.
    pub(crate) fn start(settings: &str, prepare: impl FnOnce(&Path)) -> Self {
        let instance = Self {
            directory: directory(),
            port: free_port(),
        };
        let data = instance.data();
        let init = [
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
            "-D",
        ];
        run(server_command("initdb").args(init).arg(&data));
        prepare(&data);
        run(Command::new("chown")
            .args(["-R", "--reference"])
            .args([&data, &data]));
        let socket = instance.directory.path().display();
        let own = format!(
            "\nport = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{socket}'\n\
             fsync = off\n{settings}\n",
            instance.port
        );
        let file = data.join("postgresql.conf");
        let given = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, given + &own).unwrap();
        instance.control("start");
        instance
    }

    pub(crate) fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// A file among its data.
    pub(crate) fn file(&self, name: &str) -> String {
        self.data().join(name).display().to_string()
    }

    /// Stops it without a word to its clients, as a crash would.
    pub(crate) fn kill(&self) {
        self.control("stop");
    }

    pub(crate) fn start_again(&self) {
        self.control("start");
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn control(&self, action: &str) {
        let log = self.directory.path().join("log");
        let mut command = server_command("pg_ctl");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-m", "immediate", action]);
        if action == "start" {
            command.arg("-l").arg(log);
        }
        run(&mut command);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let mut command = server_command("pg_ctl");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-m", "immediate", "stop"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

/// A PgBouncer in transaction mode before a server.
pub(crate) struct Bouncer {
    directory: TempDir,
    process: Child,
    pub(crate) port: u16,
}

impl Bouncer {
    /// Few server connections, so that clients are moved between them all the time.
    pub(crate) fn start(server_port: u16) -> Self {
        let (directory, port) = (directory(), free_port());
        let file = directory.path().join("pgbouncer.ini");
        // Any user is admitted; the one to connect as is named with the server.
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
        );
        std::fs::write(&file, settings).unwrap();
        let process = bouncer(&file, port);
        Self {
            directory,
            process,
            port,
        }
    }

    /// Ends it without a word to its clients, and starts it anew in the same place.
    pub(crate) fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let file = self.directory.path().join("pgbouncer.ini");
        self.process = bouncer(&file, self.port);
    }
}

/// Starts the program, and waits until it listens.
fn bouncer(file: &Path, port: u16) -> Child {
    let process = unprivileged("/usr/sbin/pgbouncer".as_ref(), "postgres")
        .arg("-q")
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    process
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A directory that belongs to whoever runs the servers.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).unwrap();
    directory
}

/// A port nobody listens on, outside the range the system gives to outgoing connections: one of
/// those, tried often enough, ends up connected to itself.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = u16::try_from(std::process::id() % 1_000).unwrap();
        let port = 20_000 + (process * 11 + step) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub(crate) fn server_command(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .map(|version| version.path().join("bin").join(name))
        .max();
    unprivileged(&newest.unwrap_or_else(|| name.into()), "postgres")
}

/// The servers refuse to run as root.
pub(crate) fn unprivileged(program: &Path, user: &str) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--init-groups", "--"]);
    command.arg(program).current_dir("/");
    command
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
