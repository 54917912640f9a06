//! `cargo xtask mutants`: every attack of `fragaria/tests/attacks` comes through where its defence is
//! taken away.
//!
//! The sources are copied, and mutations that do not meet are put into the copy together, so that few
//! builds are made. In each, the attacks of the defences it lacks must all come through, and no other
//! may, but those of defences that rest on what is gone. `--only` puts in one mutation alone.

mod batches;
mod mutation;
mod tree;

use crate::test::Ground;
use crate::{house, process};
use anyhow::{Context, Result, bail};
use clap::Args;
use mutation::{Mutation, Sources};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use tree::Tree;

/// Which mutations.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this mutation; may be given more than once
    #[arg(long = "only", value_name = "NAME")]
    only: Vec<String>,
}

/// What became of an attack.
#[derive(Deserialize)]
struct Told {
    attack: String,
    defence: String,
    held: bool,
    /// Whether it only made the server fail.
    broke: bool,
}

/// Runs the attacks against each build.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let sources = Sources::read()?;
    let mut all = mutation::all()?;
    let is_known = |name: &&String| all.iter().any(|known| known.name == **name);
    if let Some(unknown) = options.only.iter().find(|name| !is_known(name)) {
        bail!("there is no mutation named {unknown}");
    }
    all.retain(|mutation| options.only.is_empty() || options.only.contains(&mutation.name));
    let ground = Ground::prepare()?;
    let tree = Tree::new()?;
    let mut wrong = 0;
    for batch in batches::of(all, &sources)? {
        tree.become_as(&sources, &batch)?;
        wrong += print(&batch, &attacked(&ground, &tree)?);
    }
    println!("{wrong} attacks were not as they must be");
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs all attacks against what the tree holds now.
fn attacked(ground: &Ground, tree: &Tree) -> Result<Vec<Told>> {
    let told = tree.told();
    if told.exists() {
        fs::remove_file(&told)?;
    }
    let mut command = Command::new("cargo");
    command
        .current_dir(tree.root())
        .args(["test", "--quiet", "--package", "fragaria", "--test", "it"])
        .args(["--", "--exact", "security::every_attack_is_beaten_off"])
        .env("CARGO_TARGET_DIR", tree.target())
        .env("FRAGARIA_ATTACKS_TOLD", &told);
    ground.tell(&mut command)?;
    // That it fails is what is wanted; what it wrote says how.
    process::status(&mut command)?;
    read(&told)
}

fn read(told: &Path) -> Result<Vec<Told>> {
    let text =
        fs::read_to_string(told).context("no attack ran: the mutated sources do not build")?;
    let lines = text.lines().map(|line| Ok(serde_json::from_str(line)?));
    lines.collect()
}

/// Prints how the attacks on a build ended; gives how many were not as they must be.
fn print(batch: &[Mutation], told: &[Told]) -> usize {
    let mut wrong = 0;
    println!("{:<24} {:>7} {:>12}", "without", "attacks", "came through");
    for mutation in batch {
        let own: Vec<_> = told
            .iter()
            .filter(|told| told.defence == mutation.name)
            .collect();
        let held = own.iter().filter(|told| told.held);
        let held: Vec<_> = held.map(|told| &*told.attack).collect();
        let through = own.len() - held.len();
        println!("{:<24} {:>7} {through:>12}", mutation.name, own.len());
        for attack in &held {
            println!("  {attack} was beaten off all the same");
        }
        let broke = own.iter().filter(|told| told.broke);
        for broken in broke.clone() {
            println!("  {} made the server fail, and no more", broken.attack);
        }
        wrong += held.len() + broke.count() + usize::from(own.is_empty());
    }
    let is_meant = |told: &&Told| {
        let mut lacking = batch.iter();
        lacking.any(|mutation| {
            mutation.name == told.defence || mutation.carries.contains(&told.defence)
        })
    };
    let others = told.iter().filter(|told| !told.held && !is_meant(told));
    for other in others {
        println!(
            "  {} came through, and {} is there",
            other.attack, other.defence
        );
        wrong += 1;
    }
    wrong
}

/// The folder with the attacks.
fn folder() -> Result<std::path::PathBuf> {
    Ok(house::root()?.join("fragaria/tests/attacks"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(attack: &str, defence: &str, held: bool) -> Told {
        let (attack, defence, broke) = (attack.to_owned(), defence.to_owned(), attack == "f");
        Told {
            attack,
            defence,
            held,
            broke,
        }
    }

    #[test]
    fn an_attack_that_is_beaten_off_without_its_defence_is_wrong_and_so_is_any_other_that_is_not() {
        let mut lacking = Mutation::named("gate");
        lacking.carries = vec!["wall".to_owned()];
        let batch = [lacking, Mutation::named("moat")];
        let all = [
            told("a", "gate", false),
            told("b", "gate", true),
            told("c", "wall", false),
            told("d", "tower", false),
            told("e", "tower", true),
            told("f", "gate", false),
        ];
        // `b` was beaten off, `d` was not, `f` got nothing by it, and nothing tries the moat.
        assert_eq!(print(&batch, &all), 4);
        assert_eq!(print(&batch[..1], &[told("a", "gate", false)]), 0);
    }
}
