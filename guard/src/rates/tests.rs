//! Requests on their way through the limits, by a clock that is moved by hand.

use super::config::Per;
use super::*;
use model::{Claims, Rights};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// A clock that is moved by hand.
struct Hand(Mutex<Instant>);

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Instant::now())))
    }

    fn forward(&self, milliseconds: u64) {
        *self.0.lock().unwrap() += Duration::from_millis(milliseconds);
    }
}

impl Clock for Hand {
    fn instant(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

struct Bench {
    rates: Rates,
    clock: Arc<Hand>,
}

fn rule(per: Per, requests: u64) -> config::Rule {
    config::Rule {
        per,
        requests,
        ..config::Rule::default()
    }
}

fn by_cost(per: Per, cost: u64) -> config::Rule {
    config::Rule {
        cost,
        ..rule(per, 0)
    }
}

fn named(name: &str, rule: config::Rule) -> config::Rule {
    config::Rule {
        name: name.to_owned(),
        ..rule
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

fn caller(name: &str, roles: &[&str], tenant: Option<&str>) -> Caller {
    Caller {
        name: name.into(),
        rights: Rights::Of(roles.iter().copied().collect()),
        tenant: tenant.map(Into::into),
        ..Caller::development()
    }
}

impl Bench {
    fn new(rules: Vec<config::Rule>) -> Self {
        let config = Config {
            rules,
            ..Config::default()
        };
        assert_eq!(config.findings(), []);
        let clock = Hand::new();
        Self {
            rates: Rates::open(&config, clock.clone(), &mut Registry::default()).unwrap(),
            clock,
        }
    }

    async fn arrive(&self, visit: &mut Visit, address: &str) -> Result<(), Error> {
        self.rates
            .arrive(visit, &Origin::new(address.parse().unwrap()), &[])
            .await
    }

    /// A whole request; the rule it passed, if it did.
    async fn ask(
        &self,
        address: &str,
        caller: &Caller,
        operation: &str,
        cost: u64,
    ) -> Option<String> {
        let mut visit = Visit::default();
        let weight = Weight { operation, cost };
        let outcome = async {
            self.arrive(&mut visit, address).await?;
            self.rates.admit(&mut visit, caller).await?;
            self.rates.weigh(&mut visit, caller, weight).await
        };
        let outcome = outcome.await;
        assert_eq!(outcome.is_err(), visit.passed().is_some());
        visit.passed().map(str::to_owned)
    }

    /// How many of so many requests are let through.
    async fn through(&self, count: u64, address: &str, caller: &Caller) -> u64 {
        let mut through = 0;
        for _ in 0..count {
            through += u64::from(self.ask(address, caller, "", 1).await.is_none());
        }
        through
    }
}

fn me() -> Caller {
    caller("me", &[], None)
}

#[tokio::test]
async fn each_address_is_counted_apart() {
    let bench = Bench::new(vec![rule(Per::Ip, 3)]);
    assert_eq!(bench.through(10, "1.1.1.1", &me()).await, 3);
    assert_eq!(bench.through(10, "1.1.1.2", &me()).await, 3);
    assert_eq!(bench.through(10, "1.1.1.1", &me()).await, 0);
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_are_counted_together() {
    let bench = Bench::new(vec![rule(Per::Ip, 3)]);
    assert_eq!(bench.through(2, "2001:db8::1", &me()).await, 2);
    assert_eq!(bench.through(10, "2001:db8::ffff:1", &me()).await, 1);
    assert_eq!(bench.through(10, "2001:db8:0:1::1", &me()).await, 3);
}

#[tokio::test]
async fn units_come_back_with_time() {
    let bench = Bench::new(vec![rule(Per::Ip, 10)]);
    assert_eq!(bench.through(20, "1.1.1.1", &me()).await, 10);
    bench.clock.forward(300);
    assert_eq!(bench.through(20, "1.1.1.1", &me()).await, 3);
    bench.clock.forward(99);
    assert_eq!(bench.through(20, "1.1.1.1", &me()).await, 0);
    bench.clock.forward(1);
    assert_eq!(bench.through(20, "1.1.1.1", &me()).await, 1);
}

#[tokio::test]
async fn each_caller_is_counted_apart_wherever_it_comes_from() {
    let bench = Bench::new(vec![rule(Per::Caller, 2)]);
    let (ann, bob) = (caller("ann", &[], None), caller("bob", &[], None));
    assert_eq!(bench.through(1, "1.1.1.1", &ann).await, 1);
    assert_eq!(bench.through(5, "1.1.1.2", &ann).await, 1);
    assert_eq!(bench.through(5, "1.1.1.1", &bob).await, 2);
}

#[tokio::test]
async fn each_key_is_counted_apart_and_no_claim_passes_for_one() {
    let with_key = |key: &str| Caller::of_key(key, me().rights, Claims::default(), None);
    let mut claims = serde_json::Map::new();
    claims.insert("key".to_owned(), "old".into());
    let claiming = Caller {
        claims: claims.into(),
        ..me()
    };
    let bench = Bench::new(vec![rule(Per::Key, 3)]);
    assert_eq!(bench.through(5, "1.1.1.1", &claiming).await, 5);
    assert_eq!(bench.through(5, "1.1.1.1", &with_key("old")).await, 3);
    assert_eq!(bench.through(5, "1.1.1.1", &with_key("new")).await, 3);
}

#[tokio::test]
async fn who_shows_no_key_is_not_counted_by_key() {
    let bench = Bench::new(vec![rule(Per::Key, 1)]);
    assert_eq!(bench.through(5, "1.1.1.1", &me()).await, 5);
}

#[tokio::test]
async fn callers_of_one_tenant_share_its_limit() {
    let bench = Bench::new(vec![rule(Per::Tenant, 4)]);
    let (ann, bob) = (caller("ann", &[], Some("x")), caller("bob", &[], Some("x")));
    assert_eq!(bench.through(3, "1.1.1.1", &ann).await, 3);
    assert_eq!(bench.through(3, "1.1.1.1", &bob).await, 1);
    let eve = caller("eve", &[], Some("y"));
    assert_eq!(bench.through(9, "1.1.1.1", &eve).await, 4);
    assert_eq!(bench.through(9, "1.1.1.1", &me()).await, 9);
}

#[tokio::test]
async fn operations_are_counted_by_name_over_all_callers() {
    let bench = Bench::new(vec![rule(Per::Operation, 2)]);
    let ann = caller("ann", &[], None);
    assert_eq!(bench.ask("1.1.1.1", &me(), "A", 1).await, None);
    assert_eq!(bench.ask("1.1.1.2", &ann, "A", 1).await, None);
    assert_eq!(
        bench.ask("1.1.1.1", &me(), "A", 1).await.as_deref(),
        Some("operation")
    );
    assert_eq!(bench.ask("1.1.1.1", &me(), "B", 1).await, None);
}

#[tokio::test]
async fn cost_is_taken_and_not_the_request() {
    let bench = Bench::new(vec![by_cost(Per::Caller, 100)]);
    assert_eq!(bench.ask("1.1.1.1", &me(), "", 70).await, None);
    assert!(bench.ask("1.1.1.1", &me(), "", 31).await.is_some());
    assert_eq!(bench.ask("1.1.1.1", &me(), "", 30).await, None);
    assert_eq!(bench.ask("1.1.1.1", &me(), "", 0).await, None);
}

#[tokio::test]
async fn a_rule_for_a_role_is_for_whoever_has_it() {
    let bots = config::Rule {
        roles: words(&["bot", "crawler"]),
        ..rule(Per::Caller, 2)
    };
    let bench = Bench::new(vec![bots]);
    let bot = caller("one", &["reader", "bot"], None);
    assert_eq!(bench.through(9, "1.1.1.1", &bot).await, 2);
    assert_eq!(
        bench
            .through(9, "1.1.1.1", &caller("two", &["reader"], None))
            .await,
        9
    );
}

#[tokio::test]
async fn a_rule_for_operations_leaves_the_others_alone() {
    let reports = config::Rule {
        operations: words(&["Report"]),
        ..rule(Per::Caller, 1)
    };
    let bench = Bench::new(vec![reports]);
    assert_eq!(bench.ask("1.1.1.1", &me(), "Report", 1).await, None);
    assert!(bench.ask("1.1.1.1", &me(), "Report", 1).await.is_some());
    assert_eq!(bench.ask("1.1.1.1", &me(), "Other", 1).await, None);
}

/// Five for every tenant, and fifty for the one that pays.
fn gold() -> Bench {
    let gold = config::Rule {
        tenants: words(&["gold"]),
        priority: 1,
        ..named("gold", rule(Per::Tenant, 50))
    };
    Bench::new(vec![rule(Per::Tenant, 5), gold])
}

#[tokio::test]
async fn a_rule_of_higher_priority_takes_the_place_of_the_others() {
    let bench = gold();
    let of = |tenant| caller("me", &[], Some(tenant));
    assert_eq!(bench.through(99, "1.1.1.1", &of("gold")).await, 50);
    assert_eq!(bench.through(99, "1.1.1.1", &of("tin")).await, 5);
}

#[tokio::test]
async fn a_tenant_that_floods_takes_nothing_from_one_of_priority() {
    let bench = gold();
    let of = |tenant| caller("me", &[], Some(tenant));
    for _ in 0..10 {
        assert_eq!(bench.through(200, "1.1.1.1", &of("tin")).await, 5);
        assert_eq!(bench.through(50, "1.1.1.1", &of("gold")).await, 50);
        bench.clock.forward(1_000);
    }
}

#[tokio::test]
async fn a_priority_that_needs_the_caller_is_weighed_when_it_is_known() {
    let trusted = config::Rule {
        roles: words(&["partner"]),
        priority: 1,
        ..named("partners", rule(Per::Ip, 8))
    };
    let bench = Bench::new(vec![rule(Per::Ip, 2), trusted]);
    let partner = caller("p", &["partner"], None);
    assert_eq!(bench.through(20, "1.1.1.1", &partner).await, 8);
    assert_eq!(bench.through(20, "1.1.1.1", &me()).await, 2);
}

#[tokio::test]
async fn rules_of_one_priority_must_all_be_kept() {
    let hourly = config::Rule {
        period_seconds: 3_600,
        ..named("hourly", rule(Per::Ip, 12))
    };
    let bench = Bench::new(vec![rule(Per::Ip, 5), hourly]);
    assert_eq!(bench.through(9, "1.1.1.1", &me()).await, 5);
    bench.clock.forward(1_000);
    assert_eq!(bench.through(9, "1.1.1.1", &me()).await, 5);
    bench.clock.forward(1_000);
    assert_eq!(bench.through(9, "1.1.1.1", &me()).await, 2);
}

#[tokio::test]
async fn a_request_that_one_rule_refuses_costs_nothing_in_the_others() {
    let bench = Bench::new(vec![
        rule(Per::Caller, 100),
        named("narrow", rule(Per::Caller, 2)),
    ]);
    assert_eq!(bench.through(500, "1.1.1.1", &me()).await, 2);
    let mut visit = Visit::default();
    assert!(bench.rates.admit(&mut visit, &me()).await.is_err());
    let fields = bench.rates.fields(&visit);
    // The refused one was taken and given back since.
    assert!(fields[1].1.starts_with("\"caller\";r=97;"), "{fields:?}");
}

#[tokio::test]
async fn an_address_is_judged_before_anything_else_is_known() {
    let bench = Bench::new(vec![rule(Per::Ip, 1), rule(Per::Caller, 1)]);
    let mut visit = Visit::default();
    assert_eq!(bench.arrive(&mut visit, "1.1.1.1").await, Ok(()));
    assert!(
        bench
            .arrive(&mut Visit::default(), "1.1.1.1")
            .await
            .is_err()
    );
    assert_eq!(bench.rates.admit(&mut visit, &me()).await, Ok(()));
}

#[tokio::test]
async fn without_rules_nobody_is_limited_and_nothing_is_told() {
    let bench = Bench::new(Vec::new());
    assert_eq!(bench.through(1_000, "1.1.1.1", &me()).await, 1_000);
    assert_eq!(bench.rates.fields(&Visit::default()), []);
}

#[tokio::test]
async fn a_client_is_told_what_holds_and_what_is_left() {
    let by_cost = config::Rule {
        period_seconds: 60,
        burst: Some(500),
        ..named("budget", by_cost(Per::Caller, 600))
    };
    let bench = Bench::new(vec![rule(Per::Ip, 10), by_cost]);
    let mut visit = Visit::default();
    let weight = Weight {
        operation: "",
        cost: 30,
    };
    bench.arrive(&mut visit, "1.1.1.1").await.unwrap();
    bench.rates.weigh(&mut visit, &me(), weight).await.unwrap();
    let policy = "\"ip\";q=10;w=1;fragaria-burst=10, \
                  \"budget\";q=600;qu=\"fragaria-cost\";w=60;fragaria-burst=500";
    assert_eq!(
        bench.rates.fields(&visit),
        [
            ("ratelimit-policy", policy.to_owned()),
            (
                "ratelimit",
                "\"ip\";r=9;t=1, \"budget\";r=470;t=3".to_owned()
            ),
        ]
    );
}

#[tokio::test]
async fn whoever_is_refused_is_told_when_to_come_again() {
    let slow = config::Rule {
        period_seconds: 60,
        ..rule(Per::Ip, 2)
    };
    let bench = Bench::new(vec![slow]);
    assert_eq!(bench.through(5, "1.1.1.1", &me()).await, 2);
    bench.clock.forward(500);
    let mut visit = Visit::default();
    let expected = Error::Exceeded {
        rule: "ip".into(),
        retry_after: Some(30),
    };
    assert_eq!(bench.arrive(&mut visit, "1.1.1.1").await, Err(expected));
    let fields = bench.rates.fields(&visit);
    assert_eq!(fields[1].1, "\"ip\";r=0;t=30");
    bench.clock.forward(30_000);
    assert_eq!(bench.through(5, "1.1.1.1", &me()).await, 1);
}

#[tokio::test]
async fn a_request_that_can_never_pass_is_not_told_to_come_again() {
    let bench = Bench::new(vec![by_cost(Per::Caller, 10)]);
    let weight = Weight {
        operation: "",
        cost: 11,
    };
    let mut visit = Visit::default();
    let outcome = bench.rates.weigh(&mut visit, &me(), weight).await;
    let expected = Error::Exceeded {
        rule: "caller".into(),
        retry_after: None,
    };
    assert_eq!(outcome, Err(expected));
}

#[tokio::test]
async fn decisions_and_entries_are_counted() {
    let bench = Bench::new(vec![rule(Per::Ip, 2)]);
    bench.through(5, "1.1.1.1", &me()).await;
    bench.through(1, "1.1.1.2", &me()).await;
    assert_eq!(
        (
            bench.rates.ledger.rules[0].counters.counts(),
            bench.rates.ledger.metrics.entries()
        ),
        ((3, 3), 2)
    );
}

#[test]
fn a_subject_is_never_taken_for_that_of_another_rule() {
    let bench = Bench::new(vec![
        named("a", rule(Per::Caller, 1)),
        named("ab", rule(Per::Caller, 1)),
    ]);
    let [one, two] = [0, 1].map(|place: usize| &bench.rates.ledger.rules[place].rule);
    assert_ne!(one.key("x"), two.key("x"));
    assert_ne!(one.key("bx"), two.key("x"));
    assert_eq!(one.key("x"), one.key("x"));
}

#[test]
fn faults_have_codes_and_say_no_secret() {
    use model::{Fault, Kind};
    let exceeded = Error::Exceeded {
        rule: "ip".into(),
        retry_after: Some(2),
    };
    let fault = Fault::from(exceeded);
    assert_eq!((fault.code, fault.kind), ("rates.exceeded", Kind::Limit));
    assert_eq!(
        fault.message,
        "the limit `ip` was passed, try again in 2 seconds"
    );
    let fault = Fault::from(Error::Forwarded);
    assert_eq!((fault.code, fault.kind), ("rates.proxies", Kind::Malformed));
}
