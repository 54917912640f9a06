//! `tests/attacks/`: what attackers try, one folder, each beaten off by a defence that it names.
//!
//! [`front`] says what a file there may say, [`stand`] what is attacked, [`wire`] how. For each defence
//! there is a mutation of the sources that takes it away: `cargo xtask mutants` shows that each of its
//! attacks comes through then. With `FRAGARIA_ATTACKS_TOLD` what became of each is written to that file.

mod certified;
mod front;
mod stand;
mod text;
mod threats;
mod wire;

use front::{Attack, Front};
use serde_json::json;
use stand::{Dialect, Stand};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;

/// The least there are.
const ATTACKS_MIN: usize = 100;

/// How an attack ended on one database: why it came through, if it did.
type Ended = (String, Option<String>);

#[test]
fn every_attack_is_beaten_off() {
    let fronts = fronts();
    let ended: Vec<Ended> = thread::scope(|scope| {
        let runs: Vec<_> = fronts
            .iter()
            .flat_map(|front| front.databases.iter().map(move |dialect| (front, *dialect)))
            .map(|(front, dialect)| scope.spawn(move || defend(front, dialect)))
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    });
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, why) in &ended {
        told.entry(name).or_default().extend(why.as_deref());
    }
    tell(&fronts, &told);
    let wrong: Vec<_> = told
        .iter()
        .flat_map(|(name, why)| why.iter().map(move |why| format!("{name} {why}")))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} came through:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn there_are_as_many_attacks_as_there_must_be_and_each_has_a_name_of_its_own() {
    let fronts = fronts();
    let names: Vec<_> = attacks(&fronts).map(|attack| &*attack.name).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert!(names.len() >= ATTACKS_MIN, "only {} attacks", names.len());
}

#[test]
fn each_defence_has_a_mutation_that_takes_it_away() {
    let fronts = fronts();
    let defences: BTreeSet<_> = attacks(&fronts)
        .map(|attack| attack.defence.clone())
        .collect();
    let mutations = files(&root().join("mutations"));
    let stem = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    let mutations: BTreeSet<_> = mutations.iter().map(stem).collect();
    assert_eq!(defences, mutations);
}

/// Runs the attacks of a file on one database. Whatever came through may have broken what is
/// attacked, so the next one finds it made anew.
fn defend(front: &Front, dialect: Dialect) -> Vec<Ended> {
    let mut stand = None;
    let mut ended = Vec::new();
    for attack in &front.attacks {
        let on = stand.get_or_insert_with(|| Stand::new(front, dialect));
        let told = catch_unwind(AssertUnwindSafe(|| on.withstands(attack)));
        let why = match told {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why),
            Err(panic) => Some(said(&*panic)),
        };
        if why.is_some() {
            // It may end badly, and that is told already.
            let _ = catch_unwind(AssertUnwindSafe(|| stand = None));
        }
        let why = why.map(|why| format!("on {}: {why}", dialect.name()));
        ended.push((attack.name.clone(), why));
    }
    ended
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

/// Writes what became of each attack, where that is asked for.
fn tell(fronts: &[Front], told: &BTreeMap<&str, Vec<&str>>) {
    let Some(file) = std::env::var_os("FRAGARIA_ATTACKS_TOLD") else {
        return;
    };
    let lines = attacks(fronts).map(|attack| {
        let why = &told[&*attack.name];
        let line = json!({
            "attack": attack.name,
            "defence": attack.defence,
            "held": why.is_empty(),
            // The server failed, and the attack got nothing but that.
            "broke": why.iter().any(|why| why.contains("engine.internal") || why.contains("server.internal")),
        });
        line.to_string() + "\n"
    });
    std::fs::write(file, lines.collect::<String>()).unwrap();
}

fn attacks(fronts: &[Front]) -> impl Iterator<Item = &Attack> {
    fronts.iter().flat_map(|front| &front.attacks)
}

/// All files of attacks, by name.
fn fronts() -> Vec<Front> {
    files(&root())
        .iter()
        .map(|file| Front::read(file))
        .collect()
}

/// The files of a folder that are tables.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
}
