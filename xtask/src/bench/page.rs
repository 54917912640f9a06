//! The figures in Markdown, as the page about performance and the terminal show them.

use super::ablation::{Ablation, Share};
use super::extras::Extra;
use super::long::{self, Long};
use super::open::Latency;
use super::plot::{self, Picture};
use super::report::{Report, Row, Section, Step, Target};
use super::shop::Shop;
use crate::house;
use anyhow::{Context, Result};
use std::fs;

/// The page that a run writes its figures into, and the folder of its pictures.
const PAGE: &str = "docs/performance.md";
const PICTURES: &str = "docs/pictures";

/// What the figures stand between.
const BEGINNING: &str =
    "<!-- Figures: from here on written by `cargo xtask bench --full --write`. -->\n";
const END: &str = "<!-- End of the figures. -->\n";

/// Writes the figures into their page, and its pictures.
pub(super) fn write(report: &Report) -> Result<()> {
    let root = house::root()?;
    let page = root.join(PAGE);
    let text = fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let pictures = plot::pictures(report);
    let links = pictures.iter().map(|Picture { name, title, .. }| {
        let folder = PICTURES.trim_start_matches("docs/");
        format!("\n![{title}]({folder}/{name})\n")
    });
    let figures = figures(report) + &links.collect::<String>();
    fs::write(page, replaced(&text, &figures)?)?;
    for name in plot::NAMES {
        let file = root.join(PICTURES).join(name);
        match pictures.iter().find(|picture| picture.name == name) {
            Some(picture) => fs::write(file, &picture.svg)?,
            // One of an earlier run is not of these figures.
            None if file.exists() => fs::remove_file(file)?,
            None => {}
        }
    }
    Ok(())
}

/// The page with other figures.
fn replaced(page: &str, figures: &str) -> Result<String> {
    let parts = page.split_once(BEGINNING).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| {
        format!("{PAGE} has no place for figures: the lines around it are gone")
    })?;
    Ok(format!("{before}{BEGINNING}\n{figures}\n{END}{after}"))
}

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
    text += &summary(&report.sections);
    for section in &report.sections {
        text += &section_of(section);
    }
    text
}

/// What falls short of what is wanted, in words.
fn summary(sections: &[Section]) -> String {
    let of_section = |section: &Section| {
        let title = section.shop.title();
        let targets = section.targets().into_iter();
        targets.map(move |target| (title, target))
    };
    let targets: Vec<_> = sections.iter().flat_map(of_section).collect();
    let short: Vec<_> = targets
        .iter()
        .filter(|(_, target)| !target.is_met())
        .collect();
    if targets.is_empty() {
        return String::new();
    }
    let count = format!(
        "\nOf {} figures that are wanted {} were reached",
        targets.len(),
        targets.len() - short.len()
    );
    if short.is_empty() {
        return format!("{count}.\n");
    }
    let short: Vec<_> = short
        .iter()
        .map(|(title, target)| {
            let reached = target.reached.shown(target.digits());
            format!(
                "- {title}, {}: {reached}, wanted {}",
                target.what, target.bound
            )
        })
        .collect();
    format!("{count}. Short of it fall\n\n{}\n", short.join("\n"))
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
    text += "\nUnder a rule:\n\n";
    text += &ruled(&section.rows);
    if section.shop == Shop::Postgres {
        text += "\nThe database by itself, in pgbench, and its processor time for each transaction:\n\n";
        text += &alone(&section.rows);
    }
    if !section.steps.is_empty() {
        text += "\nWith other numbers of connections:\n\n";
        text += &steps(&section.steps);
    }
    if !section.latencies.is_empty() {
        text += "\nAt constant rates, each time from when its request was due:\n\n";
        text += &latencies(&section.latencies);
    }
    if !section.ablations.is_empty() {
        text += "\nWithout single techniques, each rate as a multiple of that with all:\n\n";
        text += &ablations(&section.ablations);
    }
    if !section.extras.is_empty() {
        text += "\nWith single techniques that are off by default, each rate as a multiple of that without:\n\n";
        text += &extras(&section.extras);
    }
    if !section.long.is_empty() {
        let head = format!(
            "\nLists of 30,000 rows of six fields; the first and the last byte with one client, the rate and the \
             most memory of the server with {}:\n\n",
            long::CONNECTIONS
        );
        text += &head;
        text += &long_lists(&section.long);
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
    ];
    let cells = rows.iter().map(|row| {
        vec![
            format!("{} {}", row.workload, row.title),
            row.requests_per_second.shown(0),
            row.p50_ms.shown(2),
            row.p95_ms.shown(2),
            row.p99_ms.shown(2),
            row.pgbench.per_second.shown(0),
            row.beside(&row.pgbench.per_second).shown(2),
            row.postgraphile_per_second.shown(0),
            row.beside(&row.postgraphile_per_second).shown(1),
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

fn ruled(rows: &[Row]) -> String {
    let heads = [
        "workload",
        "rate beside that without",
        "p95",
        "beside that without",
        "server µs",
        "database µs",
    ];
    let cells = rows.iter().map(|row| {
        let ruled = &row.under_a_rule;
        vec![
            row.workload.to_owned(),
            ruled.rate.shown(2),
            ruled.p95_ms.shown(2),
            ruled.p95_beside.shown(2),
            ruled.server_cpu_us.shown(1),
            ruled.database_cpu_us.shown(1),
        ]
    });
    table(&heads, cells)
}

/// Where the time goes that the server does not use.
fn alone(rows: &[Row]) -> String {
    let heads = [
        "workload",
        "rows",
        "database µs",
        "JSON",
        "database µs",
        "JSON, objects of columns",
        "database µs",
        "server beside that",
    ];
    let cells = rows.iter().map(|row| {
        let forms = [&row.pgbench_rows, &row.pgbench, &row.pgbench_objects];
        let forms = forms.map(|form| [form.per_second.shown(0), form.cpu_us.shown(1)]);
        let beside = row.beside(&row.pgbench_objects.per_second).shown(2);
        let mut cells = vec![row.workload.to_owned()];
        cells.extend(forms.into_iter().flatten());
        cells.push(beside);
        cells
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

fn latencies(latencies: &[Latency]) -> String {
    let heads = [
        "workload",
        "peak rate",
        "p50 at 70 %",
        "p95",
        "p99",
        "p95 beside p50",
        "refused, of all",
        "peak rate apart",
        "arrived at 200 %, of that",
        "answered, of that",
        "refused, of all",
        "as before after ms",
    ];
    let cells = latencies.iter().map(|latency| {
        vec![
            latency.workload.to_owned(),
            latency.peak_per_second.shown(0),
            latency.p50_ms.shown(2),
            latency.p95_ms.shown(2),
            latency.p99_ms.shown(2),
            latency.p95_by_p50.shown(1),
            latency.refused.shown(4),
            latency.peak_apart_per_second.shown(0),
            latency.overload_arrived.shown(2),
            latency.overload_answered.shown(2),
            latency.overload_refused.shown(2),
            latency.recovered_ms.shown(0),
        ]
    });
    table(&heads, cells)
}

fn ablations(ablations: &[Ablation]) -> String {
    let rows = ablations.iter().map(|ablation| {
        let (name, settings) = (ablation.technique, ablation.settings);
        (name.to_owned(), spelled(settings), &ablation.shares)
    });
    shares(["without this", "by this setting"], rows)
}

fn extras(extras: &[Extra]) -> String {
    let rows = extras.iter().map(|extra| {
        let (name, by) = (extra.technique, extra.by);
        (name.to_owned(), by.to_owned(), &extra.shares)
    });
    shares(["with this", "by this"], rows)
}

/// Settings as they are typed.
fn spelled(settings: &[&str]) -> String {
    let settings = settings.iter().map(|setting| format!("`{setting}`"));
    settings.collect::<Vec<_>>().join(", ")
}

/// A technique in each row, and what the rate of each workload is without it or with it.
fn shares<'a>(
    of: [&str; 2],
    rows: impl Iterator<Item = (String, String, &'a Vec<Share>)> + Clone,
) -> String {
    let workloads = rows.clone().take(1).flat_map(|(.., shares)| shares);
    let heads = of.into_iter().chain(workloads.map(|share| share.workload));
    let cells = rows.map(|(technique, by, shares)| {
        let rates = shares.iter().map(|share| share.rate.shown(2));
        [technique, by].into_iter().chain(rates).collect()
    });
    table(&heads.collect::<Vec<_>>(), cells)
}

fn long_lists(ways: &[Long]) -> String {
    let heads = [
        "way",
        "by this setting",
        "rate",
        "first byte ms",
        "last byte ms",
        "peak MiB",
    ];
    let cells = ways.iter().map(|long| {
        vec![
            long.way.to_owned(),
            spelled(long.settings),
            long.requests_per_second.shown(1),
            long.first_byte_ms.shown(1),
            long.last_byte_ms.shown(1),
            long.memory_mib.shown(0),
        ]
    });
    table(&heads, cells)
}

fn verdicts(targets: &[Target]) -> String {
    let cells = targets.iter().map(|target| {
        let verdict = if target.is_met() {
            "met"
        } else {
            "**short of it**"
        };
        vec![
            target.what.clone(),
            target.bound.to_string(),
            target.reached.shown(target.digits()),
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
    use super::super::report::Bound;
    use super::super::rounds::Rounds;
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let rows = [vec!["a".to_owned(), "1 µs".to_owned()]];
        let text = table(&["name", "t"], rows.into_iter());
        assert_eq!(text, "| name | t    |\n| ---- | ---- |\n| a    | 1 µs |\n");
    }

    #[test]
    fn figures_are_replaced_and_nothing_else() {
        let page = format!("# A\n\n{BEGINNING}\nold\n\n{END}\nB\n");
        let written = replaced(&page, "1 | 2\n").unwrap();
        assert_eq!(written, format!("# A\n\n{BEGINNING}\n1 | 2\n\n{END}\nB\n"));
        assert_eq!(replaced(&written, "1 | 2\n").unwrap(), written);
        assert!(replaced("# A\n", "1").is_err());
    }

    #[test]
    fn the_page_has_a_place_for_figures() {
        let page = fs::read_to_string(house::root().unwrap().join(PAGE)).unwrap();
        replaced(&page, "1").unwrap();
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
