//! Each workload's rate as a multiple of what pgbench reaches, beside that of others.

use super::super::report::Row;
use super::super::rounds::Rounds;
use super::{Anchor, CEILING, Canvas, OWN, PEER, RULED, tick};

pub(super) const TITLE: &str = "Requests a second as a multiple of pgbench’s, on PostgreSQL";

const LEFT: f64 = 300.0;
const RIGHT: f64 = 840.0;
/// Where the figures of the bars end.
const VALUES: f64 = 885.0;
const TOP: f64 = 66.0;
const BAR: f64 = 14.0;
const GAP: f64 = 16.0;

/// A bar: its colour, and what it shows.
type Bar = (&'static str, Rounds);

/// Draws the rows that pgbench was measured for.
pub(super) fn draw(title: &str, rows: &[Row]) -> String {
    let groups: Vec<_> = rows
        .iter()
        .map(|row| (row, bars(row)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    let longest = groups.iter().flat_map(|(row, bars)| {
        let most = bars.iter().filter_map(|(_, rounds)| rounds.most());
        most.chain([row.wanted()])
    });
    let scale = Scale::to(longest.fold(1.0, f64::max));
    let height = |bars: &[Bar]| bars.iter().map(|_| BAR).sum::<f64>() + GAP;
    let bottom = TOP + groups.iter().map(|(_, bars)| height(bars)).sum::<f64>();
    let mut canvas = Canvas::new(900.0, bottom + 56.0);
    canvas.legend(
        [20.0, 48.0],
        &[
            ("Fragaria", OWN),
            ("under an access rule", RULED),
            ("PostGraphile", PEER),
        ],
    );
    canvas.rhombus([480.0, 44.0]);
    canvas.text([492.0, 48.0], Anchor::Start, "wanted of Fragaria");
    canvas.text(
        [640.0, 48.0],
        Anchor::Start,
        "thin lines: least to most of the rounds",
    );
    scale.draw(&mut canvas, bottom);
    let mut y = TOP;
    for (row, bars) in &groups {
        group(&mut canvas, &scale, y, row, bars);
        y += height(bars);
    }
    canvas.finish(title)
}

fn bars(row: &Row) -> Vec<Bar> {
    let own = row.beside(&row.pgbench.per_second);
    let pairs = own.0.iter().zip(&row.under_a_rule.rate.0);
    let ruled = Rounds(pairs.map(|(own, share)| own * share).collect());
    let peer = row.postgraphile_per_second.beside(&row.pgbench.per_second);
    [(OWN, own), (RULED, ruled), (PEER, peer)]
        .into_iter()
        .filter(|(_, rounds)| rounds.median().is_some())
        .collect()
}

fn group(canvas: &mut Canvas, scale: &Scale, top: f64, row: &Row, bars: &[Bar]) {
    let label = format!("{} {}", row.workload, row.title);
    canvas.text([LEFT - 10.0, top + 12.0], Anchor::End, &label);
    let mut y = top;
    for (colour, rounds) in bars {
        let [Some(median), Some(least), Some(most)] =
            [rounds.median(), rounds.least(), rounds.most()]
        else {
            continue;
        };
        let middle = y + BAR / 2.0 - 1.0;
        canvas.rect([LEFT, y], [scale.x(median) - LEFT, BAR - 2.0], colour);
        canvas.line([scale.x(least), middle], [scale.x(most), middle], "#000");
        canvas.text([VALUES, y + 10.0], Anchor::End, &format!("{median:.2}"));
        y += BAR;
    }
    canvas.rhombus([scale.x(row.wanted()), top + BAR / 2.0 - 1.0]);
}

/// Multiples of pgbench's rate, from left to right.
struct Scale {
    tick: f64,
    most: f64,
}

impl Scale {
    fn to(most: f64) -> Self {
        let tick = tick(most, 8.0);
        let most = (most / tick).ceil() * tick;
        Self { tick, most }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.most * (RIGHT - LEFT)
    }

    fn draw(&self, canvas: &mut Canvas, bottom: f64) {
        let mut value = 0.0;
        while value <= self.most + self.tick / 2.0 {
            let x = self.x(value);
            canvas.line([x, TOP - 6.0], [x, bottom], "#ddd");
            canvas.text([x, bottom + 16.0], Anchor::Middle, &format!("{value:.1}"));
            value += self.tick;
        }
        canvas.line([self.x(1.0), TOP - 6.0], [self.x(1.0), bottom], CEILING);
        canvas.text(
            [self.x(1.0), bottom + 32.0],
            Anchor::Middle,
            "pgbench -M prepared",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::workloads::WORKLOADS;
    use super::*;

    #[test]
    fn a_bar_is_drawn_for_what_was_measured_beside_pgbench() {
        let mut row = Row::of(&WORKLOADS[0]);
        row.requests_per_second.0 = vec![30.0, 50.0];
        assert!(!draw(TITLE, std::slice::from_ref(&row)).contains("Q1"));
        row.pgbench.per_second.0 = vec![20.0, 20.0];
        row.under_a_rule.rate.0 = vec![0.5, 0.5];
        let svg = draw(TITLE, &[row]);
        assert!(svg.contains("Q1 point lookup"), "{svg}");
        assert!(
            svg.contains(">2.00</text>") && svg.contains(">1.00</text>"),
            "{svg}"
        );
    }
}
