//! What the database can do by itself: `pgbench` with equivalent SQL that returns the JSON text.

use super::workloads::Workload;
use crate::postgres::Postgres;
use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Transactions per second.
pub(super) fn run(
    database: &Postgres,
    workload: &Workload,
    clients: u32,
    seconds: u32,
    scratch: &Path,
) -> Result<f64> {
    let script = scratch.join("ceiling.sql");
    fs::write(&script, text(workload))?;
    let output = process::read(
        Command::new(database.program("pgbench"))
            .args([
                "--no-vacuum",
                "--protocol=prepared",
                "--jobs=1",
                "--random-seed=71",
            ])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={seconds}"))
            .args(["--host=127.0.0.1", "--username=postgres"])
            .arg(format!("--port={}", database.port()))
            .arg("--file")
            .arg(script)
            .arg("shop"),
    )?;
    rate(&output).with_context(|| format!("pgbench tells no rate:\n{output}"))
}

fn text(workload: &Workload) -> String {
    let draws = workload
        .variables
        .iter()
        .map(|(name, low, high)| format!("\\set {name} random({low}, {high})\n"));
    let sql = workload
        .sql
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    format!("{}{sql};\n", draws.collect::<String>())
}

/// `tps = 9538.1 (without initial connection time)`
fn rate(output: &str) -> Option<f64> {
    let text = output
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))?;
    text.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;

    #[test]
    fn the_rate_is_taken_from_pgbench() {
        let output = "transaction type: a.sql\ntps = 9538.5 (without initial connection time)\n";
        assert!(rate(output).is_some_and(|rate| (rate - 9538.5).abs() < 1e-9));
        assert_eq!(rate("pgbench: error"), None);
    }

    #[test]
    fn every_variable_of_a_workload_is_drawn_and_used() {
        for workload in &WORKLOADS {
            let text = text(workload);
            for (name, _, _) in workload.variables {
                assert!(text.contains(&format!("\\set {name} ")), "{text}");
                assert!(text.contains(&format!(":{name}")), "{text}");
                assert!(workload.document.contains(&format!("${name}")));
            }
        }
    }
}
