//! The books of all rules: what was decided, and what is owed.

use super::config;
use super::fields::Standing;
use super::lease::{Grant, Lease, Step, Terms, Wish};
use super::limit::{Limit, Moment, Short};
use super::metrics::{Metrics, RuleMetrics};
use super::rule::Rule;
use super::table::{Entry, Key};
use model::Clock;
use std::sync::Arc;
use std::time::Instant;

/// The books.
pub(super) struct Ledger {
    pub(super) rules: Vec<Account>,
    pub(super) metrics: Metrics,
    /// How many servers share the limits.
    nodes: u64,
    /// How long a question may be on its way, in nanoseconds.
    patience_ns: u64,
    clock: Arc<dyn Clock>,
    began: Instant,
}

/// A rule and what is told of it.
pub(super) struct Account {
    pub(super) rule: Rule,
    pub(super) counters: RuleMetrics,
    /// How it is taken from where it is shared.
    terms: Terms,
}

/// An entry, by its rule and its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rule: usize,
    pub(super) key: Key,
}

/// What came of one rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) standing: Standing,
    pub(super) outcome: Result<Source, Short>,
}

/// Where units were taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The limit, which is this server's own.
    Own,
    /// What was granted of a shared one.
    Lease,
    /// The part of a shared one that this server keeps while Redis is away.
    Part,
}

/// A question on its way, and what it is about.
pub(super) struct Question {
    pub(super) place: Place,
    limit: Limit,
    wish: Wish,
    /// Nanoseconds until all units are there again, as far as is known here.
    known_ns: u64,
    /// Nanoseconds in which those come back that were taken without asking.
    apart_ns: u64,
    at: Moment,
}

/// An answer, as Redis gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) units: u64,
    pub(super) wait_us: u64,
    pub(super) full_us: u64,
}

impl Ledger {
    /// Books in which nobody owes anything.
    pub(super) fn new(config: &config::Config, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        let rules = Rule::all(config).into_iter().map(|rule| Account {
            counters: metrics.of(&rule.name),
            terms: Terms::of(rule.limit, &config.redis),
            rule,
        });
        Self {
            rules: rules.collect(),
            metrics,
            nodes: u64::from(config.redis.nodes),
            patience_ns: config.redis.timeout_ms.saturating_mul(1_000_000),
            began: clock.instant(),
            clock,
        }
    }

    /// Takes from a limit of this server's own.
    pub(super) fn take(&self, place: Place, units: u64) -> Option<Verdict> {
        self.entry(place, |limit, _, now, entry| {
            let outcome = limit.take(entry.full, now, units);
            entry.full = *outcome.as_ref().unwrap_or(&entry.full);
            verdict(limit, now, entry, outcome.map(|_| Source::Own))
        })
    }

    /// Takes from what was granted of a shared limit; nothing while an answer is on its way. Says
    /// whether to ask.
    pub(super) fn take_granted(
        &self,
        place: Place,
        units: u64,
        counted: &mut Option<u64>,
    ) -> Option<(Option<Verdict>, bool)> {
        self.entry(place, |limit, terms, now, entry| {
            if units > limit.burst {
                let never = verdict(limit, now, entry, Err(Short::Always));
                return (Some(never), false);
            }
            let lease = entry.lease.get_or_insert_default();
            let (step, ask) = lease.take(terms, now, units, counted);
            let outcome = match step {
                Step::Taken => Ok(Source::Lease),
                Step::Short(nanoseconds) => Err(Short::For(nanoseconds)),
                Step::Wait => return (None, ask),
            };
            (Some(verdict(limit, now, entry, outcome)), ask)
        })
    }

    /// Takes from this server's part of a shared limit: every unit counts for all servers.
    pub(super) fn take_part(&self, place: Place, units: u64) -> Option<Verdict> {
        self.metrics.redis.kept_apart();
        self.entry(place, |limit, terms, now, entry| {
            let lease = entry.lease.as_mut();
            if lease.is_some_and(|lease| lease.take_in_hand(terms, now, units)) {
                return verdict(limit, now, entry, Ok(Source::Lease));
            }
            let outcome = if units > limit.burst {
                Err(Short::Always)
            } else {
                part(limit, self.nodes).take(entry.full, now, units.saturating_mul(self.nodes))
            };
            if let Ok(full) = outcome {
                let lease = entry.lease.get_or_insert_default();
                lease.taken_apart(limit, now, units.saturating_mul(self.nodes));
                entry.full = full;
            }
            verdict(limit, now, entry, outcome.map(|_| Source::Part))
        })
    }

    /// Gives back what was taken and not used.
    pub(super) fn give_back(&self, place: Place, source: Source, units: u64) {
        self.entry(place, |limit, terms, now, entry| match source {
            Source::Own => entry.full = limit.returned(entry.full, units),
            Source::Lease => entry
                .lease
                .get_or_insert_default()
                .put_back(terms, now, units),
            Source::Part => {
                let units = units.saturating_mul(self.nodes);
                entry.full = limit.returned(entry.full, units);
                let lease = entry.lease.get_or_insert_default();
                lease.returned_apart(limit, units);
            }
        });
    }

    /// What to ask Redis for an entry.
    pub(super) fn ask(&self, place: Place) -> Question {
        let question = self.entry(place, |limit, terms, now, entry| {
            let lease = entry.lease.get_or_insert_default();
            let (known_ns, apart_ns) = lease.owed(limit, now);
            Question {
                place,
                limit,
                wish: lease.wish(terms, now),
                // Until the question arrives some of it comes back.
                known_ns: known_ns.saturating_sub(self.patience_ns),
                apart_ns: apart_ns / self.nodes,
                at: now,
            }
        });
        question.unwrap_or_else(|| unreachable!("a place is of a rule"))
    }

    /// Takes an answer in.
    pub(super) fn answered(&self, question: &Question, asked: Asked) {
        self.entry(question.place, |limit, terms, now, entry| {
            let grant = Grant {
                units: asked.units,
                in_ns: asked.wait_us.saturating_mul(1_000),
            };
            // The clock of Redis was read after the question was put, so this is never too much.
            let full = question.at.after(asked.full_us.saturating_mul(1_000));
            entry.full = limit.full_at(full);
            let lease = entry.lease.get_or_insert_default();
            lease.told(entry.full);
            lease.granted(terms, now, question.wish, grant);
        });
    }

    /// A question was put, and no answer comes.
    pub(super) fn unheard(&self, question: &Question) {
        self.entry(question.place, |limit, _, now, entry| {
            let lease = entry.lease.get_or_insert_default();
            lease.untold(limit, now, question.apart_ns.saturating_mul(self.nodes));
        });
        self.unanswered(question.place);
    }

    /// No question is put.
    pub(super) fn unanswered(&self, place: Place) {
        self.entry(place, |_, _, _, entry| {
            entry.lease.get_or_insert_default().unanswered();
        });
    }

    /// Works on an entry, which stays as long as it matters.
    fn entry<R>(
        &self,
        place: Place,
        work: impl FnOnce(Limit, Terms, Moment, &mut Entry) -> R,
    ) -> Option<R> {
        let account = self.rules.get(place.rule)?;
        let (limit, now) = (account.rule.limit, self.now());
        let (change, result) = account.rule.table.with(&place.key, now, |entry| {
            let result = work(limit, account.terms, now, entry);
            let lease = entry.lease.as_deref();
            let lease = lease.map_or(now, |lease| lease.until(account.terms));
            (limit.moment(entry.full).max(lease), result)
        });
        self.metrics.table(change);
        Some(result)
    }

    fn now(&self) -> Moment {
        let since = self.clock.instant().saturating_duration_since(self.began);
        Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Question {
    /// The arguments of the script.
    pub(super) fn arguments(&self) -> [u64; 9] {
        let Wish {
            most,
            least,
            reserve,
            ahead_ns,
        } = self.wish;
        [
            self.limit.quota.get(),
            self.limit.period_ns.get() / 1_000,
            self.limit.burst,
            most,
            least,
            reserve,
            ahead_ns / 1_000,
            self.known_ns / 1_000,
            self.apart_ns / 1_000,
        ]
    }
}

/// A limit of which every unit counts so many times: one of them fits, however small it is.
fn part(limit: Limit, nodes: u64) -> Limit {
    Limit {
        burst: limit.burst.max(nodes),
        ..limit
    }
}

fn verdict(limit: Limit, now: Moment, entry: &Entry, outcome: Result<Source, Short>) -> Verdict {
    let in_hand = entry.lease.as_deref().map_or(0, Lease::in_hand);
    let standing = Standing {
        remaining: limit.remaining(entry.full, now).saturating_add(in_hand),
        reset_ns: match outcome {
            Err(Short::For(nanoseconds)) => nanoseconds,
            Err(Short::Always) => limit.period_ns.get(),
            Ok(_) => now.until(limit.moment(entry.full)),
        },
    };
    Verdict { standing, outcome }
}
