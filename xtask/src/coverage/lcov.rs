//! Reads a report in lcov's format: how often each line of each file ran.

use std::collections::BTreeMap;

/// Lines by file, and how often each ran.
pub(super) type Report = BTreeMap<String, BTreeMap<usize, u64>>;

/// Reads `SF:` (a file begins) and `DA:` (a line and its count); a file may come more than once.
pub(super) fn parse(text: &str) -> Report {
    let mut report = Report::new();
    let mut file = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = Some(path.to_owned());
        } else if let (Some(path), Some((number, count))) = (&file, count(line)) {
            let lines = report.entry(path.clone()).or_default();
            *lines.entry(number).or_default() += count;
        }
    }
    report
}

fn count(line: &str) -> Option<(usize, u64)> {
    let mut parts = line.strip_prefix("DA:")?.split(',');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_file_that_comes_twice_are_added() {
        let report = parse(
            "SF:/a.rs\nFN:1,f\nDA:1,2\nDA:2,0\nend_of_record\nSF:/b.rs\nDA:7,1\nend_of_record\n\
             SF:/a.rs\nDA:2,3\nend_of_record\n",
        );
        let lines = |path: &str| report.get(path).cloned().unwrap_or_default();
        assert_eq!(lines("/a.rs"), BTreeMap::from([(1, 2), (2, 3)]));
        assert_eq!(lines("/b.rs"), BTreeMap::from([(7, 1)]));
    }
}
