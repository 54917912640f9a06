//! Each workload's rate by the number of connections.

use super::super::report::Section;
use super::super::shop::Shop;
use super::{Anchor, CEILING, Canvas, OWN, PEER, RULED, tick};

pub(super) const TITLE: &str = "Requests a second by the number of connections";

const COLUMNS: usize = 3;
const PANEL: [f64; 2] = [300.0, 210.0];
const TOP: f64 = 66.0;
/// The plot within its panel.
const INNER: [f64; 4] = [62.0, 26.0, 285.0, 168.0];

/// Rates by connections, each the median.
struct Curve {
    colour: &'static str,
    points: Vec<(u32, f64)>,
}

/// Draws a panel for each workload.
pub(super) fn draw(title: &str, sections: &[Section]) -> String {
    let names = names(sections);
    let (mut x, mut y) = (0.0, TOP);
    let lines = names.len().div_ceil(COLUMNS);
    let height = TOP + PANEL[1] * f64::from(u32::try_from(lines).unwrap_or(0)) + 10.0;
    let mut canvas = Canvas::new(PANEL[0] * 3.0, height);
    let legend: Vec<_> = sections
        .iter()
        .flat_map(|section| match section.shop {
            Shop::Postgres => vec![("Fragaria on PostgreSQL", OWN), ("pgbench", CEILING)],
            Shop::Mariadb => vec![("Fragaria on MariaDB", RULED)],
            Shop::Sqlite => vec![("Fragaria on SQLite", PEER)],
        })
        .collect();
    canvas.legend([20.0, 48.0], &legend);
    for (index, (name, what)) in names.iter().enumerate() {
        if index > 0 && index % COLUMNS == 0 {
            (x, y) = (0.0, y + PANEL[1]);
        }
        let label = format!("{name} {what}");
        panel(&mut canvas, [x, y], &label, &curves(sections, name));
        x += PANEL[0];
    }
    canvas.finish(title)
}

/// The workloads of all sections, each once.
fn names(sections: &[Section]) -> Vec<(&'static str, &'static str)> {
    let mut names = Vec::new();
    for row in sections.iter().flat_map(|section| &section.rows) {
        if !names.contains(&(row.workload, row.title)) {
            names.push((row.workload, row.title));
        }
    }
    names
}

fn curves(sections: &[Section], name: &str) -> Vec<Curve> {
    let mut curves = Vec::new();
    for section in sections {
        let rows = section.rows.iter().filter(|row| row.workload == name);
        let rows = rows.map(|row| {
            let rates = (&row.requests_per_second, &row.pgbench.per_second);
            (section.connections, rates)
        });
        let steps = section.steps.iter().filter(|step| step.workload == name);
        let steps = steps.map(|step| {
            let rates = (&step.requests_per_second, &step.pgbench_per_second);
            (step.connections, rates)
        });
        let mut all: Vec<_> = rows.chain(steps).collect();
        all.sort_by_key(|(connections, _)| *connections);
        let own = all
            .iter()
            .filter_map(|(at, (own, _))| Some((*at, own.median()?)));
        let ceiling = all
            .iter()
            .filter_map(|(at, (_, ceiling))| Some((*at, ceiling.median()?)));
        let colour = match section.shop {
            Shop::Postgres => OWN,
            Shop::Mariadb => RULED,
            Shop::Sqlite => PEER,
        };
        let pairs = [
            (colour, own.collect()),
            (CEILING, ceiling.collect::<Vec<_>>()),
        ];
        curves.extend(pairs.map(|(colour, points)| Curve { colour, points }));
    }
    curves
}

fn panel(canvas: &mut Canvas, [x, y]: [f64; 2], label: &str, curves: &[Curve]) {
    let [left, top, right, bottom] = INNER;
    let [left, top, right, bottom] = [x + left, y + top, x + right, y + bottom];
    canvas.text([x + 20.0, top - 10.0], Anchor::Start, label);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = points().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let tick = tick(most, 4.0);
    let most = (most / tick).ceil() * tick;
    let height = |rate: f64| bottom - rate / most * (bottom - top);
    let mut rate = 0.0;
    while rate <= most + tick / 2.0 {
        canvas.line([left, height(rate)], [right, height(rate)], "#ddd");
        canvas.text(
            [left - 6.0, height(rate) + 4.0],
            Anchor::End,
            &format!("{rate:.0}"),
        );
        rate += tick;
    }
    // Each doubling of the connections takes the same width.
    let doublings = |connections: u32| f64::from(connections).log2();
    let widest = points().map(|(at, _)| doublings(*at)).fold(1.0, f64::max);
    let across = |at: u32| left + 6.0 + doublings(at) / widest * (right - left - 12.0);
    let mut counts: Vec<_> = points().map(|(at, _)| *at).collect();
    counts.sort_unstable();
    counts.dedup();
    for at in counts {
        canvas.text([across(at), bottom + 16.0], Anchor::Middle, &at.to_string());
    }
    for curve in curves {
        let points: Vec<_> = curve
            .points
            .iter()
            .map(|(at, rate)| [across(*at), height(*rate)])
            .collect();
        canvas.path(&points, curve.colour);
        for point in points {
            canvas.dot(point, curve.colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::report::{Row, Step};
    use super::super::super::workloads::WORKLOADS;
    use super::*;

    fn section(shop: Shop) -> Section {
        let rows = WORKLOADS[..2].iter().map(Row::of).map(|mut row| {
            row.requests_per_second.0.push(4000.0);
            row
        });
        let mut step = Step::of(&WORKLOADS[0], 1);
        step.requests_per_second.0.push(1000.0);
        Section {
            shop,
            database: String::new(),
            connections: 32,
            rows: rows.collect(),
            steps: vec![step],
            latencies: Vec::new(),
            ablations: Vec::new(),
            extras: Vec::new(),
            long: Vec::new(),
        }
    }

    #[test]
    fn a_curve_has_a_point_for_each_number_of_connections_in_order() {
        let curves = curves(&[section(Shop::Postgres)], "Q1");
        assert_eq!(curves[0].points, [(1, 1000.0), (32, 4000.0)]);
        assert!(curves[1].points.is_empty());
    }

    #[test]
    fn a_workload_has_one_panel_whatever_it_runs_on() {
        let svg = draw(TITLE, &[section(Shop::Postgres), section(Shop::Sqlite)]);
        for workload in &WORKLOADS[..2] {
            let label = format!("{} {}<", workload.name, workload.title);
            assert_eq!(svg.matches(&label).count(), 1, "{svg}");
        }
    }
}
