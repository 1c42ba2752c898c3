//! The plot: the time that a login adds by the number of users, and the logins per second by the number
//! of clients.
//!
//! Two charts with logarithmic axes need little SVG, so no crate for charts is used. The colours are
//! readable on a light and on a dark background.

use std::fmt::Write as _;

use super::sections::{self, label};
use super::units::thousands;
use crate::inside::at_once::Stack;
use crate::inside::load::Level;
use crate::inside::logins::Subject;
use crate::noise::Noise;
use crate::results::OneHost;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 340.0;
/// Space for the title and for the figures at the axes.
const LEFT: f64 = 62.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;
/// Space for the names of the lines.
const RIGHT: f64 = 150.0;

const BLUE: &str = "#3b82d6";
const ORANGE: &str = "#d97a1a";
const GREEN: &str = "#2f9e5f";
const GREY: &str = "#8a8f98";

/// What a plot of a noisy run says.
const NOISY: &str =
    "<text x=\"8\" y=\"12\">Noisy: the host was busy, and no figure is valid.</text>\n";

/// One line of a chart.
struct Line {
    name: &'static str,
    colour: &'static str,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

/// A chart, both axes logarithmic.
struct Chart {
    title: &'static str,
    x_title: &'static str,
    lines: Vec<Line>,
}

/// The plot as SVG.
pub(crate) fn draw(results: &OneHost, noise: &Noise) -> String {
    let charts = [logins(results), at_once(results)];
    let each = LEFT + WIDTH + RIGHT;
    let height = TOP + HEIGHT + BOTTOM;
    let noisy = if noise.is_quiet() { "" } else { NOISY };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"{GREY}\">\n{noisy}",
        each * charts.len() as f64
    );
    for (place, chart) in charts.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<g transform=\"translate({} 0)\">",
            each * place as f64
        );
        svg += &chart.draw();
        svg += "</g>\n";
    }
    svg + "</svg>\n"
}

fn logins(results: &OneHost) -> Chart {
    let by_users = |figure: &dyn Fn(&crate::inside::logins::Measured) -> Option<f64>| {
        results
            .logins
            .iter()
            .filter_map(|at| Some((f64::from(at.users), figure(at)? / 1e6)))
            .collect()
    };
    let stack = |subject: Subject, colour: &'static str| Line {
        name: label(subject),
        colour,
        dashed: false,
        points: by_users(&|at| at.added(subject)),
    };
    Chart {
        title: "What one login adds, ms",
        x_title: "users",
        lines: vec![
            stack(Subject::Ours, BLUE),
            stack(Subject::Google, ORANGE),
            stack(Subject::Oath, GREEN),
            Line {
                name: "the floor",
                colour: GREY,
                dashed: true,
                points: by_users(&|at| at.floor()),
            },
        ],
    }
}

fn at_once(results: &OneHost) -> Chart {
    let line = |stack: Stack, colour| Line {
        name: sections::stack(stack),
        colour,
        dashed: false,
        points: results
            .at_once
            .levels
            .iter()
            .filter(|level| level.stack == stack)
            .map(|level| (f64::from(level.clients), level.logins.per_second()))
            .collect(),
    };
    let load = &results.load;
    let without_pam = |name, figure: &dyn Fn(&Level) -> f64| Line {
        name,
        colour: GREY,
        dashed: true,
        points: load
            .levels
            .iter()
            .map(|level| (f64::from(level.clients), figure(level)))
            .collect(),
    };
    let disk = load.disk.per_second();
    Chart {
        title: "Logins per second",
        x_title: "concurrent clients",
        lines: vec![
            line(Stack::Ours, BLUE),
            line(Stack::Google, ORANGE),
            line(Stack::Oath, GREEN),
            without_pam("tfad without PAM", &|level| level.daemon.per_second()),
            without_pam("disk: one thread", &|_| disk),
        ],
    }
}

impl Chart {
    fn draw(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x = Axis::over(points().map(|point| point.0), LEFT, LEFT + WIDTH);
        let y = Axis::over(points().map(|point| point.1), TOP + HEIGHT, TOP);
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let mut svg = format!(
            "<text x=\"{LEFT}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{}</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
            self.title,
            LEFT + WIDTH / 2.0,
            bottom + 40.0,
            self.x_title
        );
        for decade in y.decades() {
            let at = y.place(decade);
            let _ = write!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"{GREY}\" stroke-opacity=\"0.3\"/>\n\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                LEFT - 8.0,
                at + 4.0,
                figure(decade)
            );
        }
        let mut named: Vec<f64> = points().map(|point| point.0).collect();
        named.sort_by(f64::total_cmp);
        named.dedup();
        for value in named {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x.place(value),
                bottom + 18.0,
                figure(value)
            );
        }
        let mut names: Vec<f64> = Vec::new();
        for line in &self.lines {
            svg += &line.draw(&x, &y, &mut names);
        }
        svg
    }
}

impl Line {
    /// The line, its points, and its name after the last point. The name is moved down to keep clear of
    /// the names in `taken`.
    fn draw(&self, x: &Axis, y: &Axis, taken: &mut Vec<f64>) -> String {
        let Self { name, colour, .. } = self;
        let places: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|(across, up)| (x.place(*across), y.place(*up)))
            .collect();
        let path: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        let dashes = if self.dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let mut svg = format!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\n",
            path.join("L")
        );
        for (x, y) in &places {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            );
        }
        let Some((_, last)) = places.last() else {
            return String::new();
        };
        let mut at = last + 4.0;
        while taken.iter().any(|other| (other - at).abs() < 14.0) {
            at += 2.0;
        }
        taken.push(at);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{at:.1}\" fill=\"{colour}\">{name}</text>",
            LEFT + WIDTH + 10.0
        );
        svg
    }
}

/// A logarithmic axis between two coordinates.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis for these values, which must be positive, with a margin.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| {
                (least.min(value), most.max(value))
            });
        Self {
            least: least / 1.3,
            most: most * 1.3,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let value = value.max(self.least);
        let share = (value / self.least).ln() / (self.most / self.least).ln();
        self.from + share * (self.to - self.from)
    }

    /// The values with a label: 1, 2 and 5 of each power of ten.
    fn decades(&self) -> Vec<f64> {
        (-9..=9)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
            .filter(|value| (self.least..=self.most).contains(value))
            .collect()
    }
}

fn figure(value: f64) -> String {
    if value >= 1.0 {
        thousands(value.round() as u64)
    } else {
        format!("{value:.3}").trim_end_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_have_equal_distances() {
        let axis = Axis::over([10.0, 1000.0].into_iter(), 0.0, 100.0);
        let (low, middle, high) = (axis.place(10.0), axis.place(100.0), axis.place(1000.0));
        assert!((middle - 50.0).abs() < 1e-9, "{middle}");
        assert!((high - middle - (middle - low)).abs() < 1e-9);
        assert_eq!(
            axis.decades(),
            [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
        );
    }

    #[test]
    fn names_do_not_overlap() {
        let axis = || Axis::over([1.0, 10.0].into_iter(), 0.0, 100.0);
        let line = |name| Line {
            name,
            colour: BLUE,
            dashed: false,
            points: vec![(1.0, 2.0), (10.0, 2.0)],
        };
        let mut taken = Vec::new();
        line("one").draw(&axis(), &axis(), &mut taken);
        line("other").draw(&axis(), &axis(), &mut taken);
        assert!((taken[0] - taken[1]).abs() >= 14.0, "{taken:?}");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(figure(0.5), "0.5");
        assert_eq!(figure(100_000.0), "100,000");
    }
}
