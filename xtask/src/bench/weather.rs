//! What else the machine does: figures of a busy one are not worth keeping.

use super::rounds::Rounds;
use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::thread;
use std::time::Duration;

/// How long to look, while nothing of ours is at work.
const LOOK: Duration = Duration::from_millis(500);

/// Above this share of the processors' time the machine is busy with something else.
const BUSY: f64 = 0.1;

/// The share of the processors' time that others used, at each look.
#[derive(Default, Serialize)]
pub(super) struct Weather(Rounds);

impl Weather {
    /// Looks once more.
    pub(super) fn look(&mut self) -> Result<()> {
        let before = Ticks::read()?;
        thread::sleep(LOOK);
        self.0.0.extend(Ticks::read()?.busy_since(before));
        Ok(())
    }

    /// Whether what was measured is to be marked.
    pub(super) fn is_busy(&self) -> bool {
        self.0.median().is_none_or(|share| share > BUSY)
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        let percent = Rounds(self.0.0.iter().map(|share| share * 100.0).collect());
        let share = percent.shown(0);
        if self.is_busy() {
            return format!(
                "**Measured on a busy machine: others used {share} % of its processors while the \
                 benchmark rested. These figures are not to be compared with any others.**"
            );
        }
        format!("While the benchmark rested, others used {share} % of the processors.")
    }
}

/// Ticks of all processors together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    all: u64,
}

impl Ticks {
    fn read() -> Result<Self> {
        Self::parse(&fs::read_to_string("/proc/stat")?)
            .context("the kernel does not tell how busy the processors are")
    }

    /// `cpu  user nice system idle iowait irq softirq steal …`
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line
            .split_whitespace()
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let all = ticks.iter().sum();
        let rest = ticks.get(3)? + ticks.get(4)?;
        Some(Self {
            busy: all - rest,
            all,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a look takes few ticks")]
    fn busy_since(self, earlier: Self) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|all| *all > 0)?;
        Some(self.busy.saturating_sub(earlier.busy) as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_that_wait_are_not_busy() {
        let ticks = |stat| Ticks::parse(stat).unwrap();
        let before = ticks("cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 5 0 5 50 0 0 0 0 0 0\n");
        let after = ticks("cpu  20 5 10 150 25 0 5 5 9 9\n");
        assert_eq!(after.busy_since(before), Some(0.25));
        assert_eq!(before.busy_since(before), None);
        assert_eq!(Ticks::parse("intr 1"), None);
    }

    #[test]
    fn figures_of_a_busy_machine_say_so() {
        let told = |shares: &[f64]| Weather(Rounds(shares.to_vec())).told();
        assert!(told(&[0.01, 0.02, 0.5]).starts_with("While"));
        assert!(told(&[0.01, 0.2, 0.5]).contains("20 (1–50) %"));
        assert!(told(&[0.2]).starts_with("**Measured on a busy machine"));
        assert!(Weather::default().is_busy());
    }
}
