//! `cargo xtask ci`: everything a change must pass, with the tests last so that the counts close it.

use crate::{docs, house, instructions, licences, process, test, tidy};
use anyhow::{Result, bail};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Runs every part; each failure is told, and the first does not hide the others.
pub(crate) fn run() -> ExitCode {
    let mut times = Times::default();
    times.part("format", || cargo(&["fmt", "--all", "--check"]));
    times.part("clippy", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "--deny",
            "warnings",
        ])
    });
    times.part("tidy", tidy::run);
    times.part("licences", licences::run);
    times.part("docs", || docs::run(&docs::Options::CHECK));
    times.part("instructions", || {
        instructions::run(&instructions::Options::default())
    });
    let mut counts = None;
    times.part("test", || {
        let sum = test::run_with(&test::Selection::default(), &[])?;
        counts = Some(sum);
        Ok(sum.exit_code())
    });
    times.print();
    if let Some(counts) = counts {
        println!("{counts}");
    }
    if times.all_passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn cargo(arguments: &[&str]) -> Result<ExitCode> {
    let component = arguments.first().copied().unwrap_or_default();
    if !process::is_installed(&format!("cargo-{component}")) {
        bail!("cargo-{component} is not installed: rustup component add rustfmt clippy");
    }
    let status = process::status(
        Command::new("cargo")
            .current_dir(house::root()?)
            .args(arguments),
    )?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How each part went.
#[derive(Default)]
struct Times(Vec<Part>);

struct Part {
    name: &'static str,
    seconds: f64,
    passed: bool,
}

impl Times {
    fn part(&mut self, name: &'static str, run: impl FnOnce() -> Result<ExitCode>) {
        println!("== {name}");
        let start = Instant::now();
        let outcome = process::proceed().and_then(|()| run());
        if let Err(error) = &outcome {
            println!("error: {error:#}");
        }
        let passed = matches!(outcome, Ok(ExitCode::SUCCESS));
        self.0.push(Part {
            name,
            seconds: start.elapsed().as_secs_f64(),
            passed,
        });
    }

    fn all_passed(&self) -> bool {
        self.0.iter().all(|part| part.passed)
    }

    fn print(&self) {
        println!("== parts");
        for part in &self.0 {
            println!("{}", part.line());
        }
    }
}

impl Part {
    fn line(&self) -> String {
        let outcome = if self.passed { "passed" } else { "FAILED" };
        format!("{:<10}{:>8.1} s  {outcome}", self.name, self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_part_fails_the_run_and_the_rest_still_runs() {
        let mut times = Times::default();
        times.part("a", || bail!("broken"));
        times.part("b", || Ok(ExitCode::FAILURE));
        times.part("c", || Ok(ExitCode::SUCCESS));
        let outcomes: Vec<_> = times.0.iter().map(|part| part.passed).collect();
        assert_eq!(outcomes, [false, false, true]);
        assert!(!times.all_passed());
    }

    #[test]
    fn a_part_shows_its_time() {
        let part = Part {
            name: "tidy",
            seconds: 1.25,
            passed: true,
        };
        assert_eq!(part.line(), "tidy           1.2 s  passed");
    }
}
