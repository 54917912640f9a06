//! What the database can do by itself: `pgbench` with equivalent SQL.

use super::usage::{self, Tree};
use super::workloads::Workload;
use crate::postgres::Postgres;
use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// How it went.
pub(super) struct Ceiling {
    /// Transactions per second.
    pub(super) rate: f64,
    /// Microseconds of the database's processor time per transaction.
    pub(super) cpu_us: f64,
}

/// Runs one form of a workload's SQL.
pub(super) fn run(
    database: &Postgres,
    (workload, sql): (&Workload, &str),
    (clients, seconds): (u32, u32),
    scratch: &Path,
) -> Result<Ceiling> {
    let script = scratch.join("ceiling.sql");
    fs::write(&script, text(workload, sql))?;
    let before = usage::seconds(database.id(), Tree::WithChildren)?;
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
    let used = usage::seconds(database.id(), Tree::WithChildren)? - before;
    let told = rate(&output).zip(transactions(&output));
    let (rate, transactions) = told.with_context(|| format!("pgbench tells no rate:\n{output}"))?;
    Ok(Ceiling {
        rate,
        cpu_us: used * 1e6 / transactions,
    })
}

fn text(workload: &Workload, sql: &str) -> String {
    let draws = workload
        .variables
        .iter()
        .map(|(name, low, high)| format!("\\set {name} random({low}, {high})\n"));
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}{sql};\n", draws.collect::<String>())
}

/// `tps = 9538.1 (without initial connection time)`
fn rate(output: &str) -> Option<f64> {
    number(output, "tps = ")
}

/// `number of transactions actually processed: 47690`
fn transactions(output: &str) -> Option<f64> {
    number(output, "number of transactions actually processed: ")
}

fn number(output: &str, label: &str) -> Option<f64> {
    let text = output.lines().find_map(|line| line.strip_prefix(label))?;
    text.split([' ', '/']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;

    #[test]
    fn the_rate_is_taken_from_pgbench() {
        let output = "transaction type: a.sql\nnumber of transactions actually processed: 47690\n\
                      tps = 9538.5 (without initial connection time)\n";
        assert_eq!(rate(output), Some(9538.5));
        assert_eq!(transactions(output), Some(47690.0));
        assert_eq!(rate("pgbench: error"), None);
    }

    #[test]
    fn every_variable_of_a_workload_is_drawn_and_used() {
        let forms = WORKLOADS.iter().flat_map(|workload| {
            let forms = workload.sql.of_json().chain([workload.sql.rows]);
            forms.map(move |sql| (workload, sql))
        });
        for (workload, sql) in forms {
            let text = text(workload, sql);
            for (name, _, _) in workload.variables {
                assert!(text.contains(&format!("\\set {name} ")), "{text}");
                assert!(text.contains(&format!(":{name}")), "{text}");
                assert!(workload.document.contains(&format!("${name}")));
            }
        }
    }
}
