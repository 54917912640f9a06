//! The rules under attack: random schemas with random rules, random callers and random documents, of
//! whose answers a judge of our own, which knows the guide and no SQL, says what they must be.
//!
//! `cargo xtask attack --schemas 1000 --seed 1` tries more of them than a run of the tests does; each
//! world is told by its own seed, so a failure is repeated by that alone. Of ten worlds one is on
//! PostgreSQL, one on MariaDB. Left to what the guide says is so: that a unique key is taken tells that
//! there is a row (`store.unique`, `access.taken`), and so does a foreign key (`store.foreign_key`).

mod generate;
mod home;
mod judge;
mod reads;
mod select;
mod trial;
mod world;
mod writes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Schemas of a run that nobody made longer.
const SCHEMAS: u64 = 30;

/// Failures after which it is time to look.
const FAILURES_MAX: usize = 4;

/// How often a long run tells how far it is.
const TOLD_EVERY: u64 = 25;

#[test]
fn whatever_is_asked_the_rules_hold_as_a_judge_reads_them() {
    let (seed, schemas) = (setting("SEED", 1), setting("SCHEMAS", SCHEMAS));
    let [next, decisions] = [0; 2].map(AtomicU64::new);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= schemas || failures.lock().unwrap().len() >= FAILURES_MAX {
                        break;
                    }
                    let verdict = trial::run(seed + index);
                    let before = decisions.fetch_add(verdict.decisions, Ordering::Relaxed);
                    let decided = before + verdict.decisions;
                    failures.lock().unwrap().extend(verdict.failure);
                    if schemas > SCHEMAS && (index + 1).is_multiple_of(TOLD_EVERY) {
                        eprintln!("{} schemas, {decided} decisions", index + 1);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let told: Vec<_> = failures.iter().map(ToString::to_string).collect();
    let line = format!(
        "{} decisions over {} schemas, {} disagreements, seed {seed}",
        grouped(decisions.into_inner()),
        grouped(schemas.min(next.into_inner())),
        failures.len()
    );
    if let Some(path) = std::env::var_os("FRAGARIA_ATTACK_TOLD") {
        std::fs::write(path, &line).unwrap();
    }
    assert!(failures.is_empty(), "{}\n\n{line}", told.join("\n\n"));
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("FRAGARIA_ATTACK_{name}"))
        .map_or(default, |value| value.parse().expect("a number"))
}
