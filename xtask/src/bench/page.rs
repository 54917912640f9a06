//! The figures in Markdown, as the page about performance and the terminal show them.

use super::report::{Bound, Report, Row, Section, Step, Target};

/// The figures of a run.
pub(super) fn figures(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{}, {} processors, {} GiB of memory, Linux {}. {} at {}, {}.\n\n{}.\n\n{}\n",
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.kernel,
        machine.fragaria,
        machine.commit,
        machine.rustc,
        report.load,
        report.weather.told()
    );
    for section in &report.sections {
        text += &section_of(section);
    }
    text
}

fn section_of(section: &Section) -> String {
    let mut text = format!(
        "\n### {}\n\n{}.\n\nClosed loop, {} connections; rates are of requests a second, times of \
         one in milliseconds.\n\n",
        section.shop.title(),
        section.database,
        section.connections
    );
    text += &rates(&section.rows);
    text += "\n";
    text += &costs(&section.rows);
    if !section.steps.is_empty() {
        text += "\nWith other numbers of connections:\n\n";
        text += &steps(&section.steps);
    }
    let targets = section.targets();
    if !targets.is_empty() {
        text += "\nWhat is wanted, and what was reached:\n\n";
        text += &verdicts(&targets);
    }
    text
}

fn rates(rows: &[Row]) -> String {
    let heads = [
        "workload",
        "rate",
        "p50",
        "p95",
        "p99",
        "pgbench",
        "beside it",
        "PostGraphile",
        "beside it",
        "under a rule",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            format!("{} {}", row.workload, row.title),
            row.requests_per_second.shown(0),
            row.p50_ms.shown(2),
            row.p95_ms.shown(2),
            row.p99_ms.shown(2),
            row.pgbench_per_second.shown(0),
            row.beside(&row.pgbench_per_second).shown(2),
            row.postgraphile_per_second.shown(0),
            row.beside(&row.postgraphile_per_second).shown(1),
            row.under_a_rule.shown(2),
        ]
    });
    table(&heads, cells)
}

fn costs(rows: &[Row]) -> String {
    let heads = [
        "workload",
        "server µs",
        "database µs",
        "bare HTTP µs",
        "server beside it",
        "bare HTTP rate",
        "server beside it",
        "peak MiB",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.workload.to_owned(),
            row.server_cpu_us.shown(1),
            row.database_cpu_us.shown(1),
            row.bare_cpu_us.shown(1),
            row.server_cpu_us.beside(&row.bare_cpu_us).shown(2),
            row.bare_per_second.shown(0),
            row.beside(&row.bare_per_second).shown(2),
            row.memory_mib.shown(0),
        ]
    });
    table(&heads, cells)
}

fn steps(steps: &[Step]) -> String {
    let heads = [
        "workload",
        "connections",
        "rate",
        "p50",
        "p95",
        "pgbench",
        "beside it",
    ];
    let cells = steps.iter().map(|step| {
        vec![
            step.workload.to_owned(),
            step.connections.to_string(),
            step.requests_per_second.shown(0),
            step.p50_ms.shown(2),
            step.p95_ms.shown(2),
            step.pgbench_per_second.shown(0),
            step.requests_per_second
                .beside(&step.pgbench_per_second)
                .shown(2),
        ]
    });
    table(&heads, cells)
}

fn verdicts(targets: &[Target]) -> String {
    let cells = targets.iter().map(|target| {
        let wanted = match target.bound {
            Bound::AtLeast(bound) => format!("≥ {bound}"),
            Bound::AtMost(bound) => format!("≤ {bound}"),
        };
        let verdict = if target.is_met() {
            "met"
        } else {
            "**short of it**"
        };
        vec![
            target.what.clone(),
            wanted,
            target.reached.shown(2),
            verdict.to_owned(),
        ]
    });
    table(&["figure", "wanted", "reached", ""], cells)
}

/// A table whose columns stand in line in a terminal, too.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut lines: Vec<Vec<String>> = vec![heads];
    lines.extend(rows);
    let widths: Vec<_> = (0..lines[0].len())
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let dashes = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, dashes);
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths);
        let padded = padded.map(|(cell, width)| format!("{cell:<width$}", width = *width));
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Rounds;
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let rows = [vec!["a".to_owned(), "1 µs".to_owned()]];
        let text = table(&["name", "t"], rows.into_iter());
        assert_eq!(text, "| name | t    |\n| ---- | ---- |\n| a    | 1 µs |\n");
    }

    #[test]
    fn a_figure_that_falls_short_says_so() {
        let target = |bound| Target {
            what: "Q1".to_owned(),
            bound,
            reached: Rounds(vec![2.0]),
        };
        let text = verdicts(&[target(Bound::AtLeast(1.5)), target(Bound::AtMost(1.5))]);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert!(
            lines[0].contains("≥ 1.5") && lines[0].contains("met"),
            "{text}"
        );
        assert!(
            lines[1].contains("≤ 1.5") && lines[1].contains("**short of it**"),
            "{text}"
        );
    }
}
