//! One request in several spellings against all servers and the reference.

use super::random::Random;
use super::reduce::reduced;
use super::servers::{Connection, Reply};
use super::walk::walk;
use serde_json::Value as Json;
use std::fmt;
use verify::answer::Answer;
use verify::reference;
use verify::render::{Rendered, Variables, render};
use verify::request::Request;
use verify::world::World;

/// Larger answers take long and say little more.
const SIZE_MAX: usize = 3_000;

/// A request that was answered wrongly.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whose answer it is.
    pub(super) server: &'static str,
    pub(super) with_variables: bool,
    pub(super) difference: String,
    pub(super) rendered: Rendered,
    pub(super) reply: Reply,
    /// The seed of its spelling.
    pub(super) spelling: u64,
}

impl Failure {
    /// Whether another failure looks like the same mistake.
    fn is_like(&self, other: &Self) -> bool {
        let message = |reply: &Reply| {
            let body: Option<Json> = serde_json::from_str(&reply.body).ok();
            body.map(|body| body["errors"][0]["message"].clone())
        };
        self.server == other.server && message(&self.reply) == message(&other.reply)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = self.reply.body.chars().take(2_000).collect();
        writeln!(f, "{} answers wrongly at {}", self.server, self.difference)?;
        writeln!(f, "query: {}", self.rendered.query)?;
        let variables = Json::Object(self.rendered.variables.clone());
        writeln!(f, "variables: {variables}")?;
        write!(f, "answer: {body}")
    }
}

/// Connections to all servers, and the rows in them.
pub(super) struct Trial<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) connections: [Connection; 3],
}

impl Trial<'_> {
    /// The failure of that seed, as small as it gets.
    pub(super) fn run(&mut self, seed: u64) -> Option<Failure> {
        if seed.is_multiple_of(10) {
            return walk(self, seed);
        }
        let request = Random::new(self.world, seed).request();
        let expected = reference::answer(self.world, &request);
        if expected.size() > SIZE_MAX {
            return None;
        }
        let spellings = [seed % 3 != 1, seed % 3 != 2];
        let failure = [false, true]
            .into_iter()
            .zip(spellings)
            .filter(|(_, wanted)| *wanted)
            .find_map(|(with_variables, _)| {
                self.compare(&request, &expected, (seed, with_variables), &[])
            })?;
        Some(self.smaller(&request, failure))
    }

    /// Asks both servers and compares with what is expected.
    pub(super) fn compare(
        &mut self,
        request: &Request,
        expected: &Answer,
        (spelling, with_variables): (u64, bool),
        cursors: &[Option<String>],
    ) -> Option<Failure> {
        let variables = if with_variables {
            Variables::Some
        } else {
            Variables::None
        };
        let rendered = render(request, (spelling, variables), cursors);
        self.connections.iter_mut().find_map(|connection| {
            let reply = connection.ask(&rendered);
            let difference = match reply.data() {
                Some(data) => expected.difference(data, connection.decimals)?,
                None => "$: expected data, found errors".to_owned(),
            };
            Some(Failure {
                server: connection.name,
                with_variables,
                difference,
                rendered: rendered.clone(),
                reply,
                spelling,
            })
        })
    }

    /// The failure of the smallest request that still fails in the same way.
    fn smaller(&mut self, request: &Request, failure: Failure) -> Failure {
        let mut smallest = failure;
        reduced(request, |candidate| {
            let expected = reference::answer(self.world, candidate);
            let spelling = (smallest.spelling, smallest.with_variables);
            match self.compare(candidate, &expected, spelling, &[]) {
                Some(failure) if failure.is_like(&smallest) => {
                    smallest = failure;
                    true
                }
                _ => false,
            }
        });
        smallest
    }
}
