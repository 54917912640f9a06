//! Pictures of a run, in SVG.

mod bars;
mod curves;

use super::report::Report;
use super::shop::Shop;
use std::fmt;

/// What is drawn of the server, and of others.
const OWN: &str = "#b3261e";
const RULED: &str = "#e3a09b";
const PEER: &str = "#4a6fa5";
const CEILING: &str = "#555";

/// The files of all pictures there may be.
pub(super) const NAMES: [&str; 2] = ["performance-rates.svg", "performance-connections.svg"];

/// A picture of the page about performance.
pub(super) struct Picture {
    /// Its file, in the folder of pictures.
    pub(super) name: &'static str,
    /// What it shows, for who does not see it.
    pub(super) title: String,
    pub(super) svg: String,
}

/// The pictures of a run, as far as there is something to show.
pub(super) fn pictures(report: &Report) -> Vec<Picture> {
    let sections = &report.sections;
    let title = |title: &str| {
        let note = if report.weather.is_busy() {
            " (measured on a busy machine)"
        } else {
            ""
        };
        format!("{title}{note}")
    };
    let [rates, connections] = NAMES;
    let mut pictures = Vec::new();
    let mut postgres = sections.iter();
    if let Some(section) = postgres.find(|section| section.shop == Shop::Postgres) {
        let title = title(bars::TITLE);
        pictures.push(Picture {
            name: rates,
            svg: bars::draw(&title, &section.rows),
            title,
        });
    }
    if sections.iter().any(|section| !section.steps.is_empty()) {
        let title = title(curves::TITLE);
        pictures.push(Picture {
            name: connections,
            svg: curves::draw(&title, sections),
            title,
        });
    }
    pictures
}

/// A picture in the making; lengths are pixels from the left and from the top.
struct Canvas {
    width: f64,
    height: f64,
    marks: String,
}

/// Where a text stands beside its point.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            marks: String::new(),
        }
    }

    fn mark(&mut self, mark: fmt::Arguments) {
        self.marks.push_str(&mark.to_string());
    }

    fn rect(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], fill: &str) {
        self.mark(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>\n"
        ));
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], stroke: &str) {
        self.mark(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\"/>\n"
        ));
    }

    /// A line through points.
    fn path(&mut self, points: &[[f64; 2]], stroke: &str) {
        let points: Vec<_> = points
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        self.mark(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\"/>\n",
            points.join(" ")
        ));
    }

    fn dot(&mut self, [x, y]: [f64; 2], fill: &str) {
        self.mark(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{fill}\"/>\n"
        ));
    }

    /// A rhombus, for what is wanted.
    fn rhombus(&mut self, [x, y]: [f64; 2]) {
        self.mark(format_args!(
            "<path d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}z\" fill=\"#fff\" stroke=\"#000\"/>\n",
            y - 6.0,
            x + 5.0,
            y + 6.0,
            x - 5.0
        ));
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.mark(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
            escaped(text)
        ));
    }

    /// The names of colours, in a row.
    fn legend(&mut self, [mut x, y]: [f64; 2], names: &[(&str, &str)]) {
        for (name, colour) in names {
            self.rect([x, y - 9.0], [12.0, 10.0], colour);
            self.text([x + 17.0, y], Anchor::Start, name);
            x += 17.0 + 7.0 * f64::from(u32::try_from(name.chars().count()).unwrap_or(0)) + 18.0;
        }
    }

    fn finish(self, title: &str) -> String {
        let (title, width, height) = (escaped(title), self.width, self.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
             <style>text{{font:12px Helvetica,Arial,sans-serif;fill:#222}}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"20\" y=\"26\" style=\"font-size:15px;font-weight:bold\">{title}</text>\n{}</svg>\n",
            self.marks
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// The least round number (1, 2 or 5 times a power of ten) of which at most `steps` reach `most`.
fn tick(most: f64, steps: f64) -> f64 {
    let rough = (most / steps).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors
        .into_iter()
        .find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        for (most, wanted) in [(3.9, 1.0), (41_000.0, 10_000.0), (900.0, 200.0), (0.7, 0.2)] {
            let tick = tick(most, 5.0);
            assert!((tick - wanted).abs() < 1e-9 * wanted, "{most}: {tick}");
        }
    }

    #[test]
    fn words_do_not_become_marks() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text([1.0, 2.0], Anchor::Start, "a < \"b\" & c");
        let svg = canvas.finish("p < q");
        assert!(
            svg.contains(">a &lt; &quot;b&quot; &amp; c</text>"),
            "{svg}"
        );
        assert!(svg.contains("<title>p &lt; q</title>"), "{svg}");
    }
}
