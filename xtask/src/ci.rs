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
    failure: Option<String>,
}

impl Times {
    fn part(&mut self, name: &'static str, run: impl FnOnce() -> Result<ExitCode>) {
        println!("== {name}");
        let start = Instant::now();
        let failure = match process::proceed().and_then(|()| run()) {
            Ok(ExitCode::SUCCESS) => None,
            Ok(_) => Some("what it printed tells why".to_owned()),
            Err(error) => Some(format!("{error:#}")),
        };
        self.0.push(Part {
            name,
            seconds: start.elapsed().as_secs_f64(),
            failure,
        });
    }

    fn all_passed(&self) -> bool {
        self.0.iter().all(|part| part.failure.is_none())
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
        let outcome = match &self.failure {
            None => "passed".to_owned(),
            Some(why) => format!("FAILED: {why}"),
        };
        format!("{:<13}{:>8.1} s  {outcome}", self.name, self.seconds)
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
        let failures: Vec<_> = times.0.iter().map(|part| part.failure.as_deref()).collect();
        let printed = Some("what it printed tells why");
        assert_eq!(failures, [Some("broken"), printed, None]);
        assert!(!times.all_passed());
    }

    #[test]
    fn a_part_shows_its_time_and_why_it_failed() {
        let mut part = Part {
            name: "tidy",
            seconds: 1.25,
            failure: None,
        };
        assert_eq!(part.line(), "tidy              1.2 s  passed");
        part.failure = Some("broken".to_owned());
        assert_eq!(part.line(), "tidy              1.2 s  FAILED: broken");
    }
}
