//! The bounded memory, and floods of keys.

use super::*;
use crate::rates::limit::Limit;
use std::num::NonZeroU64;

const SECOND: u64 = 1_000_000_000;

/// Ten in a second, ten at once.
fn limit() -> Limit {
    Limit {
        quota: NonZeroU64::new(10).unwrap(),
        period_ns: NonZeroU64::new(SECOND).unwrap(),
        burst: 10,
    }
}

fn key(number: u64) -> Key {
    let mut key = Key::default();
    for (byte, of) in key.iter_mut().zip(number.to_le_bytes()) {
        *byte = of;
    }
    key
}

/// Takes one unit; whether it was there.
fn take(table: &Table, number: u64, now: u64) -> (Change, bool) {
    table.with(&key(number), Moment(now), |entry| {
        let outcome = limit().take(entry.full, Moment(now), 1);
        entry.full = *outcome.as_ref().unwrap_or(&entry.full);
        (limit().moment(entry.full), outcome.is_ok())
    })
}

fn count(table: &Table) -> usize {
    let shards = table.shards.iter();
    shards
        .map(|shard| shard.lock().unwrap().entries.len())
        .sum()
}

/// Room for so many entries in each shard.
fn table(each: usize) -> Table {
    Table::new(each * ENTRY_BYTES * SHARDS)
}

/// Uses up the burst of a key.
fn exhaust(table: &Table, number: u64, now: u64) {
    while take(table, number, now).1 {}
}

#[test]
fn keys_are_counted_apart() {
    let table = table(10);
    exhaust(&table, 1, 0);
    assert!(!take(&table, 1, 0).1);
    assert!(take(&table, 2, 0).1);
}

#[test]
fn entries_that_owe_nothing_go_when_others_come() {
    let table = table(1_000);
    for number in 0..1_000 {
        take(&table, number, 0);
    }
    assert_eq!(count(&table), 1_000);
    for number in 1_000..2_000 {
        take(&table, number, SECOND);
    }
    assert_eq!(count(&table), 1_000);
}

#[test]
fn a_flood_of_keys_fills_no_more_than_its_room() {
    let table = table(20);
    for number in 0..100_000 {
        take(&table, number, 0);
    }
    assert_eq!(count(&table), 20 * SHARDS);
}

#[test]
fn a_flood_of_keys_frees_nobody_who_is_limited() {
    let table = table(50);
    exhaust(&table, 0, 0);
    for number in 1..200_000 {
        take(&table, number, number % 1_000);
        if number % 10_000 == 0 {
            assert!(!take(&table, 0, 0).1, "after {number} others");
        }
    }
    assert!(!take(&table, 0, 0).1);
}

#[test]
fn whoever_was_forgotten_owes_no_less_when_it_comes_again() {
    let table = table(1);
    let mut through = 0;
    // Two keys that take each other's places, and a third.
    for round in 0..1_000 {
        through += u64::from(take(&table, round % 64, 0).1);
    }
    // No more than the entries together have: one burst for each shard.
    assert!(through <= 10 * SHARDS as u64, "{through}");
}

#[test]
fn a_newcomer_is_let_in_during_a_flood_of_keys() {
    let table = table(100);
    for number in 0..4 * 100 * SHARDS as u64 {
        take(&table, number, 0);
    }
    assert!(take(&table, 1_000_000, 0).1);
    assert!(take(&table, 1_000_001, 0).1);
}

#[test]
fn a_flood_that_ends_leaves_nothing_behind() {
    let table = table(10);
    for number in 0..100_000 {
        take(&table, number, 0);
    }
    // Everybody's debts are paid.
    for number in 0..1_000 {
        let later = (1_000 + number) * SECOND;
        let through = (0..20).filter(|_| take(&table, 200_000 + number, later).1);
        assert_eq!(through.count(), 10);
    }
}

#[test]
fn what_becomes_of_entries_is_told() {
    let table = table(1);
    let (first, _) = take(&table, 0, 0);
    let (again, _) = take(&table, 0, 0);
    assert_eq!((first.added, again), (1, Change::default()));
    let changes = (1..1_000).map(|number| take(&table, number, 0).0);
    let (added, displaced) = changes.fold((0, 0), |(added, displaced), change| {
        (added + change.added, displaced + change.displaced)
    });
    assert_eq!(1 + added - displaced, count(&table) as u64);
    assert!(displaced > 900);
}

#[test]
fn an_entry_takes_no_more_than_is_said() {
    // The map doubles when it is full, and its old half is there while it does; the order keeps
    // nodes that are half empty at worst.
    let in_map = 3 * (size_of::<(Key, (Moment, Entry))>() + 1);
    let in_order = 2 * size_of::<(Moment, Key)>() + 2 * size_of::<usize>();
    assert!(in_map + in_order <= ENTRY_BYTES, "{in_map} {in_order}");
}
