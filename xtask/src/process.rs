//! Child processes that never outlive the task that started them.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a service may take to stop before it is killed.
const STOP_SECONDS: u64 = 10;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Process groups in the foreground, which a signal to us is passed on to.
static FOREGROUND: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Passes SIGINT, SIGTERM and SIGHUP on to the foreground children, so that the task ends with an
/// error and its services are stopped on the way out. The second signal kills.
pub(crate) fn stop_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let again = INTERRUPTED.swap(true, Ordering::SeqCst);
            let signal = if again { Signal::KILL } else { Signal::TERM };
            for group in foreground().iter() {
                // A group that has just ended is no failure.
                kill_process_group(*group, signal).ok();
            }
        }
    });
    Ok(())
}

/// Refuses to go on after an interrupt.
pub(crate) fn proceed() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    Ok(())
}

/// Runs a command whose output goes to ours; its failure is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a command whose output goes to ours, and tells how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let mut child = foreground_child(command.stdin(Stdio::null()))?;
    child.wait()
}

/// Runs a command and hands over each line of its output as it comes.
pub(crate) fn stream(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = foreground_child(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let output = child.child.stdout.take().context("the output is piped")?;
    for text in BufReader::new(output).split(b'\n') {
        each(&String::from_utf8_lossy(&text?));
    }
    child.wait()
}

/// Runs a command and returns what it wrote to its standard output; its failure is an error that
/// shows what it complained of.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    proceed()?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` ended with {}\n{complaint}",
            line(command),
            output.status
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it, for messages.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program of that name is on the search path.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    })
}

struct Foreground {
    child: Child,
    group: Pid,
}

impl Foreground {
    fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait()?;
        proceed()?;
        Ok(status)
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        foreground().retain(|group| *group != self.group);
    }
}

fn foreground_child(command: &mut Command) -> Result<Foreground> {
    proceed()?;
    let child = command
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    let group = Pid::from_child(&child);
    foreground().push(group);
    // A signal between the check above and the registration would have found nobody to tell.
    if proceed().is_err() {
        kill_process_group(group, Signal::TERM).ok();
    }
    Ok(Foreground { child, group })
}

fn foreground() -> MutexGuard<'static, Vec<Pid>> {
    FOREGROUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a service is asked to stop.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    /// SIGTERM: it finishes what it does.
    Gracefully,
    /// SIGQUIT: PostgreSQL drops everything.
    AtOnce,
}

impl Stop {
    fn signal(self) -> Signal {
        match self {
            Self::Gracefully => Signal::TERM,
            Self::AtOnce => Signal::QUIT,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gracefully => "TERM",
            Self::AtOnce => "QUIT",
        }
    }
}

/// A process in the background; it is stopped when this is dropped, and by the kernel when we are
/// killed without a chance to drop anything.
pub(crate) struct Service {
    child: Child,
    stop: Stop,
}

impl Service {
    /// Starts `program` under `setpriv`, which asks the kernel for the signal at our death and, as
    /// root, changes to the user. The calling thread must live as long as the service.
    pub(crate) fn start(
        program: &Path,
        user: Option<&str>,
        stop: Stop,
        set_up: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        proceed()?;
        let mut command = Command::new("setpriv");
        command.arg(format!("--pdeathsig={}", stop.name()));
        if let Some(user) = user {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        command.arg("--").arg(program);
        set_up(&mut command);
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", line(&command)))?;
        Ok(Self { child, stop })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` says so; an early end of the process or too long a wait is an error.
    pub(crate) fn wait_until(&mut self, seconds: u64, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !ready() {
            proceed()?;
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} before it was ready");
            }
            if Instant::now() > deadline {
                bail!("it was not ready after {seconds} seconds");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        if self.has_ended() {
            return;
        }
        kill_process(pid, self.stop.signal()).ok();
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS);
        while !self.has_ended() {
            if Instant::now() > deadline {
                kill_process_group(pid, Signal::KILL).ok();
                self.child.wait().ok();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_failed_command_is_an_error_with_its_complaint() {
        let error = read(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("exit status: 3") && text.contains("why"),
            "{text}"
        );
    }

    #[test]
    fn a_service_ends_when_its_guard_is_dropped() {
        let service = Service::start(Path::new("sleep"), None, Stop::Gracefully, |command| {
            command.arg("1000");
        })
        .unwrap();
        let process = PathBuf::from(format!("/proc/{}", service.id()));
        assert!(process.exists());
        drop(service);
        assert!(!process.exists());
    }

    #[test]
    fn a_service_that_ends_early_is_not_ready() {
        let mut service =
            Service::start(Path::new("false"), None, Stop::Gracefully, |_| {}).unwrap();
        let error = service.wait_until(5, || false).unwrap_err();
        assert!(error.to_string().contains("ended with"), "{error}");
    }

    #[test]
    fn lines_are_handed_over_one_by_one() {
        let mut lines = Vec::new();
        let status = stream(Command::new("printf").arg("a\\nb\\n"), |line| {
            lines.push(line.to_owned());
        })
        .unwrap();
        assert!(status.success());
        assert_eq!(lines, ["a", "b"]);
    }
}
