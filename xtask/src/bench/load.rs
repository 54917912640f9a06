//! Load over HTTP, by wrk.

use super::workloads::Workload;
use crate::process;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = include_str!("load.lua");

/// What is wrong with an answer that has no data. Into one that is packed it does not look, but knows it
/// by how it begins.
const DATA: &str = r#"
function response(status, headers, body)
  local packed = body:sub(1, 4) == "\40\181\47\253"
  local data = body:sub(1, 8) == '{"data":' and not body:find('"errors"', 1, true)
  if status ~= 200 or not (data or packed) then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 400)
  end
end
"#;

/// The same, where a request may be refused for the load by an answer that says when to come again.
const REFUSALS: &str = r#"
function comes_again(headers)
  for name in pairs(headers) do
    if name:lower() == "retry-after" then return true end
  end
end

function response(status, headers, body)
  local data = status == 200 and body:sub(1, 8) == '{"data":' and not body:find('"errors"', 1, true)
  if not data and not (status == 503 and comes_again(headers)) then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 400)
  end
end
"#;

/// What is looked at in every answer; to look at more than the status slows wrk down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The status alone: for what is measured.
    Status,
    /// That it has data.
    Data,
    /// That it has data, or says when to come again.
    Refusals,
}

impl Check {
    fn script(self) -> &'static str {
        match self {
            Self::Status => "",
            Self::Data => DATA,
            Self::Refusals => REFUSALS,
        }
    }

    /// Whether a status of 400 or more is a failure, whatever comes with it.
    fn counts_statuses(self) -> bool {
        self != Self::Refusals
    }
}

/// How a workload is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// By the text of its document.
    ByText,
    /// By the id of its document, which is trusted.
    ById,
    /// By its text, for an answer that is packed.
    Packed,
}

/// A stretch of load.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    /// The document, in the spelling of who is asked.
    pub(super) document: &'a str,
    /// What its variables are drawn from.
    pub(super) workload: &'a Workload,
    pub(super) asked: Asked,
    pub(super) connections: u32,
    pub(super) seconds: u32,
    pub(super) check: Check,
}

/// How it went.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) requests: u64,
    duration_us: f64,
    pub(super) p50_us: f64,
    pub(super) p95_us: f64,
    pub(super) p99_us: f64,
    /// Connections, transfers and statuses that failed.
    failed: u64,
    /// Responses that were not what they should be.
    wrong: u64,
}

impl Outcome {
    /// Requests per second.
    #[expect(clippy::cast_precision_loss, reason = "no round has 2^52 requests")]
    pub(super) fn rate(&self) -> f64 {
        self.requests as f64 * 1e6 / self.duration_us
    }

    /// Microseconds for each request, of so many seconds for all.
    #[expect(clippy::cast_precision_loss, reason = "no round has 2^52 requests")]
    pub(super) fn us_each(&self, seconds: f64) -> f64 {
        seconds * 1e6 / self.requests as f64
    }
}

impl Load<'_> {
    /// Runs it; any error in it is an error here.
    pub(super) fn run(&self, port: u16, scratch: &Path) -> Result<Outcome> {
        let script = scratch.join("load.lua");
        fs::write(&script, self.script())?;
        let mut command = Command::new("wrk");
        command
            .args(["--threads", "1", "--timeout", "10s"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds)])
            .arg("--script")
            .arg(script)
            .arg(format!("http://127.0.0.1:{port}"));
        judge(&process::read(&mut command)?)
    }

    fn script(&self) -> String {
        let statuses = if self.check.counts_statuses() {
            "e.status"
        } else {
            "0"
        };
        SCRIPT
            .replace("--[[BODY]]", &self.body())
            .replace("--[[HEADERS]]", self.asked.headers())
            .replace("--[[STATUSES]]", statuses)
            .replace("--[[CHECK]]", self.check.script())
    }

    /// A Lua expression for the body of a request.
    fn body(&self) -> String {
        let variables = self.workload.variables;
        let members = variables
            .iter()
            .map(|(name, _, _)| format!("\"{name}\":%d"));
        let (member, document) = match self.asked {
            Asked::ByText | Asked::Packed => ("query", self.document.to_owned()),
            Asked::ById => ("documentId", self.workload.id()),
        };
        let document = serde_json::Value::from(document);
        let members = members.collect::<Vec<_>>().join(",");
        let template = format!("{{\"{member}\":{document},\"variables\":{{{members}}}}}");
        let draws = variables
            .iter()
            .map(|(_, low, high)| format!(", math.random({low}, {high})"));
        format!(
            "string.format([==[{template}]==]{})",
            draws.collect::<String>()
        )
    }
}

impl Asked {
    /// What the head of a request says beside the rest, in Lua.
    fn headers(self) -> &'static str {
        match self {
            Self::ByText | Self::ById => "",
            Self::Packed => "wrk.headers[\"Accept-Encoding\"] = \"zstd\"",
        }
    }
}

fn judge(output: &str) -> Result<Outcome> {
    let result = output.lines().find_map(|line| line.strip_prefix("RESULT "));
    let result = result.with_context(|| format!("wrk did not come to its end:\n{output}"))?;
    let outcome: Outcome = serde_json::from_str(result)?;
    if outcome.failed > 0 || outcome.wrong > 0 || outcome.requests == 0 {
        let sample = output.lines().find_map(|line| line.strip_prefix("SAMPLE "));
        bail!(
            "of {} requests {} failed and {} were answered wrongly: {}",
            outcome.requests,
            outcome.failed,
            outcome.wrong,
            sample.unwrap_or("no sample was taken")
        );
    }
    Ok(outcome)
}

/// Its version.
pub(super) fn version() -> Result<String> {
    // wrk prints its version and then complains that it has nothing to do.
    let output = Command::new("wrk").arg("-v").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.split(" [").next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::*;
    use crate::scratch::Scratch;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    const GOOD: &str = "RESULT {\"requests\":1000,\"duration_us\":500000,\"bytes\":9,\"p50_us\":1,\
                        \"p95_us\":2,\"p99_us\":3,\"failed\":0,\"wrong\":0}";

    #[test]
    fn the_rate_is_taken_from_wrk() {
        let outcome = judge(&format!("Running 1s test\n{GOOD}\n")).unwrap();
        assert!((outcome.rate() - 2000.0).abs() < 1e-9);
    }

    #[test]
    fn any_wrong_or_failed_response_fails_the_run() {
        for broken in [
            GOOD.replace("\"failed\":0", "\"failed\":1"),
            GOOD.replace("\"wrong\":0", "\"wrong\":1") + "\nSAMPLE 200 {\"errors\":[]}",
            GOOD.replace("1000", "0"),
            "unable to connect".to_owned(),
        ] {
            assert!(judge(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn the_script_of_a_workload_is_complete() {
        for workload in &WORKLOADS {
            for asked in [Asked::ByText, Asked::ById, Asked::Packed] {
                let script = Load {
                    document: workload.document,
                    workload,
                    asked,
                    connections: 1,
                    seconds: 1,
                    check: Check::Data,
                }
                .script();
                assert!(!script.contains("--[["), "{script}");
                assert!(script.contains("function response"));
                let fields = workload.variables.len();
                assert_eq!(script.matches("math.random(").count(), fields);
                let text = serde_json::Value::from(workload.document).to_string();
                assert_eq!(script.contains(&text), asked != Asked::ById);
                assert_eq!(script.contains("zstd"), asked == Asked::Packed);
            }
        }
    }

    /// Answers everything on a port with the same, for as long as the test runs.
    fn echo(answer: &'static str) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                // Requests of one client come one by one, each in a piece.
                while matches!(stream.read(&mut request), Ok(count) if count > 0) {
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        port
    }

    #[test]
    fn a_refusal_must_say_when_to_come_again() {
        crate::packages::ensure(&[crate::packages::WRK]).unwrap();
        let scratch = Scratch::create(None).unwrap();
        let load = |check, answer| {
            let load = Load {
                document: WORKLOADS[0].document,
                workload: &WORKLOADS[0],
                asked: Asked::ByText,
                connections: 1,
                seconds: 1,
                check,
            };
            load.run(echo(answer), scratch.path())
        };
        let refusal =
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}";
        let silent = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}";
        let data = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}";
        let errors = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"errors\":[]}";
        load(Check::Refusals, refusal).unwrap();
        load(Check::Refusals, data).unwrap();
        for (check, wrong) in [
            (Check::Refusals, silent),
            (Check::Refusals, errors),
            (Check::Data, refusal),
            (Check::Data, errors),
            (Check::Status, refusal),
        ] {
            assert!(load(check, wrong).is_err(), "{wrong}");
        }
    }
}
