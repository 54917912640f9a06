//! Random requests over a fixed schema: the binary on SQLite, on PostgreSQL and on MariaDB, and a
//! naive evaluator of our own, must give the same answers.
//!
//! A failure prints the seed and the command that repeats it. `FRAGARIA_DIFFERENTIAL_QUERIES` and
//! `FRAGARIA_DIFFERENTIAL_SEED` make other and longer runs, `FRAGARIA_DIFFERENTIAL_WORLD` other rows.

mod ddl;
mod nasty;
mod random;
mod reduce;
mod refusals;
mod servers;
mod tables;
mod trial;
mod walk;
mod world;

use servers::{Connection, Servers};
use std::ops::Range;
use trial::{Failure, Trial};
use verify::world::World;

/// Requests of a run that nobody made longer.
const REQUESTS: u64 = 1_500;

/// What the API of MariaDB has not: its JSON functions mean something else.
const NOT_ON_MARIADB: [&str; 3] = ["eq: JSON", "ne: JSON", "contains: JSON"];

/// Failures after which it is time to look.
const FAILURES_MAX: usize = 4;

#[test]
fn random_requests_are_answered_alike_by_every_database_and_a_naive_evaluator() {
    let first = setting("SEED", 1);
    let count = setting("QUERIES", REQUESTS);
    let world_seed = setting("WORLD", 1);
    let world = world::world(world_seed);
    let servers = Servers::start(&world);
    let middle = first + count / 2;
    let failures = std::thread::scope(|scope| {
        let connections = servers.connections();
        let other = scope.spawn(|| run(&world, connections, middle..first + count));
        let mut failures = run(&world, servers.connections(), first..middle);
        failures.extend(other.join().unwrap());
        failures
    });
    let told: Vec<String> = failures
        .iter()
        .map(|(seed, failure)| {
            format!(
                "{failure}\nrepeat: FRAGARIA_DIFFERENTIAL_SEED={seed} FRAGARIA_DIFFERENTIAL_QUERIES=1 \
                 FRAGARIA_DIFFERENTIAL_WORLD={world_seed} cargo test -p fragaria --test it random_requests\n"
            )
        })
        .collect();
    assert!(failures.is_empty(), "{}", told.join("\n"));
}

#[test]
fn every_database_has_the_same_api_and_refuses_the_same_requests() {
    let world = world::world(1);
    let servers = Servers::start(&world);
    let [sqlite, postgres, mariadb] = servers.apis();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (all, postgres, mariadb) = (lines(sqlite), lines(postgres), lines(mariadb));
    assert_same(&all, &postgres);
    let mut less = all;
    less.retain(|line| !NOT_ON_MARIADB.contains(&line.trim()));
    assert_same(&less, &mariadb);
    for mut connection in servers.connections() {
        refusals::check(&mut connection);
    }
}

fn assert_same(one: &[String], other: &[String]) {
    let mut pairs = one.iter().zip(other);
    assert_eq!(pairs.find(|(one, other)| one != other), None);
    assert_eq!(one.len(), other.len());
}

fn run(world: &World, connections: [Connection; 3], seeds: Range<u64>) -> Vec<(u64, Failure)> {
    let mut trial = Trial { world, connections };
    let mut failures = Vec::new();
    for seed in seeds {
        failures.extend(trial.run(seed).map(|failure| (seed, failure)));
        if failures.len() == FAILURES_MAX {
            break;
        }
    }
    failures
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("FRAGARIA_DIFFERENTIAL_{name}"))
        .map_or(default, |value| value.parse().expect("a number"))
}
