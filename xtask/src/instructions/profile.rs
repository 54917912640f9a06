//! What a profile of callgrind tells: instructions in all, and calls of the allocator.
//!
//! The format is that of the manual of valgrind, "Callgrind Format Specification": positions and
//! costs in lines, names in `fn=` and `cfn=`, each spelled out once behind a number.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The functions of the C library that hand out memory.
const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// A profile, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) instructions: u64,
    pub(super) allocations: u64,
}

impl Profile {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("callgrind wrote no {}", file.display()))?;
        Self::of(&text).with_context(|| format!("{} is no profile", file.display()))
    }

    fn of(text: &str) -> Option<Self> {
        let mut names = HashMap::new();
        let (mut called, mut instructions, mut allocations) = ("", None, 0);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("cfn=").or(line.strip_prefix("fn=")) {
                let (number, name) = name.split_once(' ').unwrap_or((name, ""));
                if !name.is_empty() {
                    names.insert(number, name);
                }
                called = names.get(number).copied().unwrap_or_default();
            } else if let Some(calls) = line.strip_prefix("calls=") {
                let count: u64 = calls.split(' ').next()?.parse().ok()?;
                // A `realloc` that calls `malloc` would be counted twice: that is how it works.
                if ALLOCATORS.contains(&called) {
                    allocations += count;
                }
            } else if let Some(sum) = line
                .strip_prefix("totals:")
                .or(line.strip_prefix("summary:"))
            {
                instructions = sum.trim().parse().ok();
            }
        }
        Some(Self {
            instructions: instructions?,
            allocations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_and_calls_of_the_allocator_are_counted() {
        let text = "events: Ir\n\nfn=(1) main\n0 20\ncfn=(2) malloc\ncalls=3 0\n0 300\n\
                    cfn=(3) free\ncalls=3 0\n0 90\n\nfn=(2)\n0 300\n\nfn=(4) other\n0 1\ncfn=(2)\n\
                    calls=2 0\n0 200\n\ntotals: 911\n";
        let expected = Profile {
            instructions: 911,
            allocations: 5,
        };
        assert_eq!(Profile::of(text), Some(expected));
        assert_eq!(Profile::of("events: Ir\n"), None);
    }
}
