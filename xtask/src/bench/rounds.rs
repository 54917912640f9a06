//! A figure of several rounds: its median, and how far the rounds lie apart.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// How many digits more a figure is given at most where it would look like nothing.
const DIGITS_MORE: usize = 4;

/// A figure of each round.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds(pub(super) Vec<f64>);

impl Rounds {
    /// What stands in the middle, unless there was no round.
    pub(super) fn median(&self) -> Option<f64> {
        let mut figures = self.0.clone();
        figures.sort_by(f64::total_cmp);
        let upper = *figures.get(figures.len() / 2)?;
        let lower = *figures.get(figures.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    /// The least of the rounds.
    pub(super) fn least(&self) -> Option<f64> {
        self.0.iter().copied().min_by(f64::total_cmp)
    }

    /// The most of the rounds.
    pub(super) fn most(&self) -> Option<f64> {
        self.0.iter().copied().max_by(f64::total_cmp)
    }

    /// Each round as a multiple of the same round of another figure.
    pub(super) fn beside(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(own, other)| own / other).collect())
    }

    /// The median, and the least and the most where they differ in print, with so many digits after
    /// the point, and more where a figure would else look like nothing; a dash where there was no round.
    pub(super) fn shown(&self, digits: usize) -> String {
        let [Some(median), Some(least), Some(most)] = [self.median(), self.least(), self.most()]
        else {
            return "–".to_owned();
        };
        let figures = [median, least, most];
        let digits = figures.map(|figure| telling(figure, digits));
        let digits = digits.into_iter().max().unwrap_or_default();
        let [median, least, most] = figures.map(|figure| format!("{figure:.digits$}"));
        if least == most {
            return median;
        }
        format!("{median} ({least}–{most})")
    }
}

/// So many digits after the point, or as many more, but not without end, as tell a figure from zero.
fn telling(figure: f64, digits: usize) -> usize {
    let looks_like_nothing = |digits: &usize| {
        let shown = format!("{figure:.digits$}", digits = *digits);
        shown.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
    };
    if figure == 0.0 || digits == 0 {
        return digits;
    }
    let most = digits + DIGITS_MORE;
    let telling = (digits..most).find(|digits| !looks_like_nothing(digits));
    telling.unwrap_or(most)
}

impl Serialize for Rounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Rounds", 3)?;
        members.serialize_field("median", &self.median())?;
        members.serialize_field("least", &self.least())?;
        members.serialize_field("most", &self.most())?;
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let median = |figures: &[f64]| Rounds(figures.to_vec()).median();
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn rounds_are_compared_one_by_one() {
        let [fast, slow] = [vec![40.0, 90.0], vec![20.0, 30.0]].map(Rounds);
        assert_eq!(fast.beside(&slow).0, [2.0, 3.0]);
        assert!(fast.beside(&Rounds::default()).0.is_empty());
    }

    #[test]
    fn a_figure_is_shown_with_its_spread() {
        assert_eq!(Rounds(vec![1.0, 3.0, 2.04]).shown(1), "2.0 (1.0–3.0)");
        assert_eq!(Rounds(vec![1.0, 1.01]).shown(1), "1.0");
        assert_eq!(Rounds::default().shown(1), "–");
    }

    #[test]
    fn what_is_little_does_not_look_like_nothing() {
        let shown = |figures: &[f64]| Rounds(figures.to_vec()).shown(2);
        assert_eq!(shown(&[0.0]), "0.00");
        assert_eq!(shown(&[0.0, 0.3]), "0.15 (0.00–0.30)");
        assert_eq!(shown(&[0.0, 0.0038, 0.004]), "0.004 (0.000–0.004)");
        assert_eq!(shown(&[0.0, 0.0, 0.00021]), "0.0000 (0.0000–0.0002)");
        assert_eq!(shown(&[1e-9]), "0.000000");
    }

    #[test]
    fn a_program_is_told_the_spread_too() {
        let told = serde_json::to_string(&Rounds(vec![1.0, 3.0])).unwrap();
        assert_eq!(told, r#"{"median":2.0,"least":1.0,"most":3.0}"#);
    }
}
