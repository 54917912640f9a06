//! What the test binaries report, added up from their output.

use std::fmt;
use std::process::ExitCode;

/// Tests that ran, over all binaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that passed.
    pub(crate) passed: usize,
    /// Those that failed, or died with their binary.
    pub(crate) failed: usize,
}

impl Counts {
    /// How the run ends; one without a test has tested nothing.
    pub(crate) fn exit_code(self) -> ExitCode {
        if self.failed == 0 && self.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Reads the output of test binaries, line by line.
#[derive(Default)]
pub(crate) struct Reader {
    counts: Counts,
    open: Option<Open>,
}

/// A binary that has announced its tests and not yet summed them up.
struct Open {
    announced: usize,
    passed: usize,
}

impl Reader {
    /// Takes a line of output into account.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some(announced) = announced(line) {
            self.close();
            self.open = Some(Open {
                announced,
                passed: 0,
            });
        } else if let Some(counts) = summed_up(line) {
            self.open = None;
            self.counts.passed += counts.passed;
            self.counts.failed += counts.failed;
        } else if let Some(open) = &mut self.open
            && line.starts_with("test ")
            && line.ends_with(" ... ok")
        {
            open.passed += 1;
        }
    }

    /// The sums, when the output has ended.
    pub(crate) fn finish(mut self) -> Counts {
        self.close();
        self.counts
    }

    /// A binary that died before its sum: what did not pass has failed.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.counts.passed += open.passed;
            self.counts.failed += open.announced.saturating_sub(open.passed).max(1);
        }
    }
}

/// `running 3 tests` → 3
fn announced(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    let number = rest
        .strip_suffix(" tests")
        .or_else(|| rest.strip_suffix(" test"))?;
    number.parse().ok()
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`
fn summed_up(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    Some(Counts {
        passed: number_before(rest, " passed")?,
        failed: number_before(rest, " failed")?,
    })
}

fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before.rsplit([' ', '\t']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Counts {
        let mut reader = Reader::default();
        output.lines().for_each(|line| reader.line(line));
        reader.finish()
    }

    #[test]
    fn the_sums_of_all_binaries_are_added_up() {
        let counts = read(
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
             running 1 test\ntest c ... ok\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out\n",
        );
        assert_eq!(
            counts,
            Counts {
                passed: 2,
                failed: 1
            }
        );
    }

    #[test]
    fn a_run_without_a_test_is_a_failure() {
        let code = |passed, failed| Counts { passed, failed }.exit_code();
        assert_eq!(code(0, 0), ExitCode::FAILURE);
        assert_eq!(code(3, 1), ExitCode::FAILURE);
        assert_eq!(code(3, 0), ExitCode::SUCCESS);
        assert_eq!(
            Counts {
                passed: 3,
                failed: 1
            }
            .to_string(),
            "3 passed, 1 failed"
        );
    }

    #[test]
    fn a_binary_that_dies_fails_what_it_had_not_passed() {
        let counts = read("running 5 tests\ntest a ... ok\ntest b ... ok\n");
        assert_eq!(
            counts,
            Counts {
                passed: 2,
                failed: 3
            }
        );
    }

    #[test]
    fn a_binary_that_dies_after_its_last_test_has_failed() {
        let counts = read(
            "running 1 test\ntest a ... ok\nrunning 0 tests\n\
             test result: ok. 0 passed; 0 failed; 0 ignored\n",
        );
        assert_eq!(
            counts,
            Counts {
                passed: 1,
                failed: 1
            }
        );
    }
}
