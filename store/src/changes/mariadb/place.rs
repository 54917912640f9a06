//! A place in the binary log.

use std::cmp::Ordering;

/// A file of the log, and the byte behind what was read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) position: u64,
}

impl Place {
    /// Files are counted at the end of their names.
    fn number(&self) -> u64 {
        let number = self.file.rsplit_once('.').map(|(_, number)| number.parse());
        number.and_then(Result::ok).unwrap_or(0)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let [ours, theirs] = [self, other].map(|place| (place.number(), place.position));
        Some(ours.cmp(&theirs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_later_file_is_later() {
        let place = |file: &str, position| Place {
            file: file.into(),
            position,
        };
        assert!(place("log.000009", 900) < place("log.000010", 4));
        assert!(place("log.999999", 900) < place("log.1000000", 4));
        assert!(place("log.000009", 900) > place("log.000009", 899));
        assert!(Place::default() < place("a.b.000001", 4));
    }
}
