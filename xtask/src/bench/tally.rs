//! How the requests of a stretch of load ended, by the server's own count of them.
//!
//! The generator would be slowed down by a look into every answer. The server tells apart an answer
//! with data from one with errors, whatever its status, and its count costs neither of them anything.

use super::server::Server;
use crate::process;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::process::Command;

/// Requests for the API that have ended, by how they did.
pub(super) struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// What a server has counted by now.
    pub(super) fn read(server: &Server) -> Result<Self> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "10"])
            .arg(format!("http://127.0.0.1:{}/metrics", server.port()));
        Self::parse(&process::read(&mut curl)?)
    }

    fn parse(metrics: &str) -> Result<Self> {
        let mut counts = BTreeMap::new();
        for (outcome, count) in metrics.lines().filter_map(counted) {
            counts.insert(outcome.to_owned(), count.parse()?);
        }
        Ok(Self(counts))
    }

    fn count(&self, outcome: &str) -> u64 {
        self.0.get(outcome).copied().unwrap_or(0)
    }

    fn since(&self, earlier: &Self, outcome: &str) -> Result<u64> {
        let count = self.count(outcome).checked_sub(earlier.count(outcome));
        count.context("the server counts backwards")
    }

    /// Makes sure that since an earlier reading so many requests, but for those that were on their way,
    /// were answered with data, and none with anything else.
    pub(super) fn agree(&self, earlier: &Self, requests: u64, on_their_way: u32) -> Result<()> {
        self.only(earlier, &[])?;
        let answered = self.since(earlier, "ok")?;
        ensure!(
            answered + u64::from(on_their_way) >= requests,
            "of {requests} requests the server counts {answered} that were answered with data"
        );
        Ok(())
    }

    /// Makes sure that since an earlier reading no request ended otherwise than with data or by one of
    /// these. The generator leaves in the middle of its last ones.
    pub(super) fn only(&self, earlier: &Self, allowed: &[&str]) -> Result<()> {
        for outcome in self.0.keys() {
            let of = |words: &[&str]| words.contains(&outcome.as_str());
            let count = self.since(earlier, outcome)?;
            ensure!(
                count == 0 || of(&["ok", "cancelled"]) || of(allowed),
                "{count} requests ended as `{outcome}`, as the server counts them"
            );
        }
        Ok(())
    }
}

/// `fragaria_http_requests_total{endpoint="graphql",outcome="ok"} 17`
fn counted(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("fragaria_http_requests_total{endpoint=\"graphql\",outcome=\"")?;
    rest.split_once("\"} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(ok: u64, invalid: u64) -> Tally {
        let metrics = format!(
            "# TYPE fragaria_http_requests counter\n\
             fragaria_http_requests_total{{endpoint=\"graphql\",outcome=\"ok\"}} {ok}\n\
             fragaria_http_requests_total{{endpoint=\"health\",outcome=\"ok\"}} 7\n\
             fragaria_http_requests_total{{endpoint=\"graphql\",outcome=\"cancelled\"}} 32\n\
             fragaria_http_requests_total{{endpoint=\"graphql\",outcome=\"invalid\"}} {invalid}\n"
        );
        Tally::parse(&metrics).unwrap()
    }

    #[test]
    fn answers_with_data_are_counted_and_all_others_refused() {
        let earlier = tally(10, 1);
        tally(110, 1).agree(&earlier, 100, 0).unwrap();
        tally(109, 1).agree(&earlier, 100, 1).unwrap();
        let error = tally(110, 2).agree(&earlier, 100, 0).unwrap_err();
        assert!(error.to_string().contains("`invalid`"), "{error}");
        assert!(tally(108, 1).agree(&earlier, 100, 1).is_err());
        assert!(tally(9, 1).agree(&earlier, 0, 1).is_err());
        assert!(tally(10, 5).only(&earlier, &["invalid"]).is_ok());
        assert!(tally(10, 5).only(&earlier, &["unavailable"]).is_err());
    }

    #[test]
    fn a_page_without_counts_is_of_no_use() {
        let none = Tally::parse("").unwrap();
        assert!(none.agree(&none, 1, 0).is_err());
    }
}
