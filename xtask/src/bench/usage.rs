//! Processor time and memory of processes, from `/proc`.

use anyhow::{Context, Result};
use std::fs;

/// Seconds of processor time.
#[derive(Clone, Copy, Default)]
pub(super) struct Cpu {
    pub(super) server: f64,
    /// Of a database that has processes of its own.
    pub(super) database: Option<f64>,
}

impl Cpu {
    /// What was used since an earlier reading.
    pub(super) fn since(self, earlier: Self) -> Self {
        let databases = self.database.zip(earlier.database);
        Self {
            server: self.server - earlier.server,
            database: databases.map(|(now, earlier)| now - earlier),
        }
    }
}

/// Whose time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    /// The process with its threads.
    Alone,
    /// And its children, those that have ended included.
    WithChildren,
}

/// Seconds of processor time a process has used.
pub(super) fn seconds(process: u32, tree: Tree) -> Result<f64> {
    let own = read(process).with_context(|| format!("process {process} is gone"))?;
    let mut ticks = own.ticks;
    if tree == Tree::WithChildren {
        ticks += own.ticks_of_ended_children;
        ticks += children(process)?
            .map(|(_, child)| child.ticks + child.ticks_of_ended_children)
            .sum::<u64>();
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "ticks of a run are far below 2^52"
    )]
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A process and its children.
pub(super) fn tree(process: u32) -> Result<Vec<u32>> {
    let children = children(process)?.map(|(number, _)| number);
    Ok([process].into_iter().chain(children).collect())
}

fn children(process: u32) -> Result<impl Iterator<Item = (u32, Stat)>> {
    let numbers = fs::read_dir("/proc")?.flatten();
    let others = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let others = others.filter_map(|number| Some((number, read(number)?)));
    Ok(others.filter(move |(_, other)| other.parent == process))
}

/// Lets the kernel find the peak of a process's memory anew.
pub(super) fn forget_peak(process: u32) -> Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5")
        .with_context(|| format!("cannot reset the peak of memory of process {process}"))
}

/// The most memory a process has had at a time, in mebibytes.
pub(super) fn peak_mib(process: u32) -> Result<f64> {
    mib(process, "VmHWM:")
}

/// The memory a process has now, in mebibytes.
pub(super) fn memory_mib(process: u32) -> Result<f64> {
    mib(process, "VmRSS:")
}

fn mib(process: u32, label: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))
        .with_context(|| format!("process {process} is gone"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(label));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kibibytes.context("the kernel does not tell how much memory it has")? / 1024.0)
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    ticks: u64,
    ticks_of_ended_children: u64,
}

fn read(process: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Fields 4 and 14 to 17 of `/proc/<pid>/stat`; the second, in parentheses, may hold anything.
fn parse(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split(' ').collect();
    let number = |index: usize| fields.get(index - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(14)? + number(15)?,
        ticks_of_ended_children: number(16)? + number(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_past_any_name() {
        let stat = "71 (post) gres) S 7 71 71 0 -1 4194304 1 2 3 4 100 20 30 4 20 0 1 0";
        let wanted = Stat {
            parent: 7,
            ticks: 120,
            ticks_of_ended_children: 34,
        };
        assert_eq!(parse(stat), Some(wanted));
    }

    #[test]
    fn this_process_has_used_some_of_both() {
        let own = std::process::id();
        assert!(
            seconds(own, Tree::WithChildren).unwrap() >= seconds(own, Tree::Alone).unwrap() - 1.0
        );
        forget_peak(own).unwrap();
        assert!(peak_mib(own).unwrap() > 0.0);
    }
}
