//! A server that can be overloaded by a generator on the same machine: for a time the two have
//! processors of their own, the server and its database the first one, the generator all others.
//!
//! Where they share all of them, what generates requests takes as much of the machine as what answers
//! the cheap ones, so that never many more arrive than can be answered.

use super::progress;
use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Processes that are kept apart until this is dropped.
pub(super) struct Apart {
    processes: Vec<u32>,
    all: String,
}

impl Apart {
    /// Keeps processes, and what they start from now on, from this one and what it starts. On a machine of
    /// one processor they stay together.
    pub(super) fn keep(processes: Vec<u32>) -> Result<Self> {
        let all = allowed()?;
        let numbers = numbers(&all).with_context(|| format!("no list of processors: {all}"))?;
        let apart = Self { processes, all };
        if let [first, others @ ..] = numbers.as_slice()
            && !others.is_empty()
        {
            for process in &apart.processes {
                bind(*process, &first.to_string())?;
            }
            let others: Vec<_> = others.iter().map(u32::to_string).collect();
            bind_own(&others.join(","))?;
        }
        Ok(apart)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let freed = self
            .processes
            .iter()
            .map(|process| bind(*process, &self.all));
        for failed in freed.chain([bind_own(&self.all)]).filter_map(Result::err) {
            progress(&format!("{failed:#}"));
        }
    }
}

/// Which processors this process may use, as in `0-3,6`.
fn allowed() -> Result<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(list
        .context("the kernel does not tell which processors may be used")?
        .trim()
        .to_owned())
}

/// Each of such a list.
fn numbers(list: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?);
    }
    Some(numbers)
}

/// Lets all threads of a process run there and nowhere else. One that ends meanwhile makes it fail, so it is
/// tried again.
fn bind(process: u32, list: &str) -> Result<()> {
    let once = || {
        let mut taskset = Command::new("taskset");
        taskset.args(["--all-tasks", "--pid", "--cpu-list", list]);
        process::read(taskset.arg(process.to_string())).map(drop)
    };
    let is_gone = || !Path::new(&format!("/proc/{process}")).exists();
    let bound = once().or_else(|_| once()).or_else(|_| once());
    bound.or_else(|error| if is_gone() { Ok(()) } else { Err(error) })
}

/// The same for the first thread of this process, which starts all others.
fn bind_own(list: &str) -> Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--pid", "--cpu-list", list]);
    process::read(taskset.arg(std::process::id().to_string())).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_processors_is_read() {
        assert_eq!(numbers("0"), Some(vec![0]));
        assert_eq!(numbers("0-2,5"), Some(vec![0, 1, 2, 5]));
        assert_eq!(numbers(""), None);
    }

    #[test]
    fn two_processes_share_no_processor_while_they_are_kept_apart() {
        let all = allowed().unwrap();
        let of = |process: u32| {
            let told = Command::new("taskset")
                .args(["--pid", "--cpu-list", &process.to_string()])
                .output()
                .unwrap();
            let told = String::from_utf8(told.stdout).unwrap();
            numbers(told.trim().rsplit_once(": ").unwrap().1).unwrap()
        };
        let mut other = Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let apart = Apart::keep(vec![other.id()]).unwrap();
        let (own, its) = (of(std::process::id()), of(other.id()));
        drop(apart);
        let free = [of(std::process::id()), of(other.id())];
        drop(other.stdin.take());
        other.wait().unwrap();
        let all = numbers(&all).unwrap();
        assert_eq!(free, [all.clone(), all.clone()]);
        if all.len() > 1 {
            assert_eq!(its.len(), 1);
            assert_eq!(own.len() + 1, all.len());
            assert!(!own.contains(&its[0]));
        }
    }
}
