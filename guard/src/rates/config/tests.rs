//! Rules that can be kept, and others.

use super::*;

fn findings(rule: Rule) -> Vec<String> {
    let config = Config {
        rules: vec![rule],
        ..Config::default()
    };
    let findings = config.findings().into_iter();
    findings.map(|(key, why)| format!("{key}: {why}")).collect()
}

fn requests(requests: u64) -> Rule {
    Rule {
        requests,
        ..Rule::default()
    }
}

#[test]
fn the_default_is_a_limit_and_has_nothing_wrong() {
    let config = Config::default();
    assert_eq!(config.findings(), []);
    assert_eq!(config.rules.len(), 1);
    assert!(config.rules.iter().all(|rule| rule.per == Per::Ip));
}

#[test]
fn a_rule_says_requests_or_cost() {
    let neither = "rates.rules: rule 1, ip: it needs `requests` or `cost`, of at least 1";
    assert_eq!(findings(requests(0)), [neither]);
    let both = Rule {
        cost: 5,
        ..requests(5)
    };
    let told = "rates.rules: rule 1, ip: it says `requests` and `cost`: give one";
    assert_eq!(findings(both), [told]);
}

#[test]
fn names_are_plain_and_each_is_given_once() {
    let rule = Rule {
        name: "a\"b".to_owned(),
        ..requests(1)
    };
    assert_eq!(findings(rule).len(), 1);
    let twice = Config {
        rules: vec![requests(1), requests(2)],
        ..Config::default()
    };
    let told = "rule 2, ip: another one has the name ip: give it a `name`".to_owned();
    assert_eq!(twice.findings(), [("rates.rules", told)]);
}

#[test]
fn numbers_that_cannot_be_worked_with_are_refused() {
    assert_eq!(findings(requests(1_000_000_001)).len(), 1);
    for period_seconds in [0, 2_678_401] {
        let rule = Rule {
            period_seconds,
            ..requests(1)
        };
        assert_eq!(findings(rule).len(), 1);
    }
    let nothing_at_once = Rule {
        burst: Some(0),
        ..requests(1)
    };
    let told = "burst: 0 is not between 1 and 1000000000";
    assert!(findings(nothing_at_once)[0].ends_with(told));
}

#[test]
fn every_rule_has_room_for_entries() {
    let config = Config {
        entries_bytes_max: 1_000,
        ..Config::default()
    };
    let told = "1000 is too small, at least 65536".to_owned();
    assert_eq!(config.findings(), [("rates.entries_bytes_max", told)]);
}
