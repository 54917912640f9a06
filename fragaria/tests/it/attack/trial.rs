//! One world, and what all its callers are answered, compared with what the judge says.

use super::generate;
use super::home::{Dialect, Home};
use super::judge::Judge;
use super::reads::{self, Hidden, Probe, Walk};
use super::world::{Caller, Row, State, World, plural};
use super::writes::{self, Write};
use fastrand::Rng;
use serde_json::{Map, Value as Json};
use std::fmt;

/// Decisions about a cell, a caller and a look at it, or about a row that is to be written, that each
/// world is good for.
const DECISIONS: u64 = 1_000;

/// Callers of a world at least, and at most.
const CALLERS: std::ops::Range<usize> = 6..60;

/// Fields that are asked for in one document.
const FIELDS: usize = 10;

/// What the server says against the judge.
pub(super) struct Failure {
    pub(super) seed: u64,
    dialect: Dialect,
    way: &'static str,
    caller: String,
    document: String,
    expected: String,
    got: String,
    schema: String,
    rows: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            dialect,
            way,
            caller,
            document,
            expected,
            got,
            schema,
            rows,
        } = self;
        write!(
            out,
            "seed {seed}, {dialect:?}, {way}\n{schema}\n{rows}\n{caller}\n{document}\nexpected {expected}\ngot      {got}\n\
             repeat: cargo xtask attack --schemas 1 --seed {seed}"
        )
    }
}

/// The global ids of the rows of each table, by their keys.
type Ids = [Vec<(Row, String)>];

/// One world that is served.
struct Trial {
    seed: u64,
    world: World,
    home: Home,
    rng: Rng,
    state: State,
    decisions: u64,
    /// The one with the shortest document is told.
    failures: Vec<Failure>,
}

/// What came of a world.
pub(super) struct Verdict {
    pub(super) decisions: u64,
    pub(super) failure: Option<Failure>,
}

/// Tries the world of a seed.
pub(super) fn run(seed: u64) -> Verdict {
    let mut rng = Rng::with_seed(seed);
    let dialect = match seed % 10 {
        8 => Dialect::Postgres,
        9 => Dialect::Mariadb,
        _ => Dialect::Sqlite,
    };
    let world = generate::world(&mut rng, dialect);
    let mut trial = Trial {
        seed,
        home: Home::new(&world),
        state: world.rows.clone(),
        world,
        rng,
        decisions: 0,
        failures: Vec::new(),
    };
    for number in 0..CALLERS.end {
        if !trial.failures.is_empty() || number >= CALLERS.start && trial.decisions >= DECISIONS {
            break;
        }
        let caller = generate::caller(&mut trial.rng, &trial.world);
        let ids = trial.ids();
        trial.reads(&caller, &ids);
        trial.names(&caller, &ids);
        trial.walks(&caller);
        trial.writes(&caller);
    }
    let shortest = trial
        .failures
        .into_iter()
        .min_by_key(|failure| failure.document.len());
    Verdict {
        decisions: trial.decisions,
        failure: shortest,
    }
}

impl Trial {
    fn fail(
        &mut self,
        way: &'static str,
        caller: &Caller,
        (document, expected, got): (&str, String, String),
    ) {
        let failure = Failure {
            seed: self.seed,
            dialect: self.world.dialect,
            way,
            caller: caller.header(),
            document: document.to_owned(),
            expected,
            got,
            schema: self.world.sdl(),
            rows: format!("{:?}", self.state),
        };
        self.failures.push(failure);
    }

    /// Asks for rows in every way there is.
    fn reads(&mut self, caller: &Caller, ids: &Ids) {
        let mut rng = self.rng.fork();
        let judge = Judge {
            world: &self.world,
            state: &self.state,
            caller,
        };
        let probes = reads::probes(judge, ids, &mut rng);
        let cells = (0..self.world.tables.len()).map(|table| {
            let columns = 0..self.world.tables[table].columns.len();
            let known = columns.filter(|column| judge.knows(table, *column)).count();
            (known * self.state[table].len()) as u64
        });
        self.decisions += cells.sum::<u64>();
        for some in probes.chunks(FIELDS) {
            if self.asked(caller, some).is_none() {
                continue;
            }
            for one in some {
                let one = std::slice::from_ref(one);
                if let Some((expected, got)) = self.asked(caller, one) {
                    self.fail(one[0].way, caller, (&document(one), expected, got));
                }
            }
        }
    }

    /// What should have been answered, and what is, where that differs.
    fn asked(&mut self, caller: &Caller, probes: &[Probe]) -> Option<(String, String)> {
        let answer = self.home.ask(Some(caller), &document(probes));
        let (mut expected, mut got) = (Map::new(), answer["data"].clone());
        for (index, probe) in probes.iter().enumerate() {
            let (name, mut shown) = (format!("p{index}"), probe.expected.clone());
            if !probe.is_ordered {
                sort(&mut shown);
                sort(&mut got[&name]);
            }
            expected.insert(name, shown);
        }
        let is_so = answer["errors"].is_null() && got == Json::Object(expected.clone());
        (!is_so).then(|| (Json::Object(expected).to_string(), answer.to_string()))
    }

    /// The global ids of all rows, by their keys.
    fn ids(&mut self) -> Vec<Vec<(Row, String)>> {
        let roots =
            (0..self.world.tables.len()).map(|table| format!("{} {{ nodeId }}", plural(table)));
        let document = format!("{{ {} }}", roots.collect::<Vec<_>>().join(" "));
        let answer = self.home.ask(None, &document);
        let of_table = |(index, table): (usize, &super::world::Table)| {
            let ids = answer["data"][plural(index)]
                .as_array()
                .expect("developers see all");
            let ids = ids
                .iter()
                .map(|row| row["nodeId"].as_str().unwrap().to_owned());
            let keys = self.state[index].iter().map(|row| table.key_of(row));
            keys.zip(ids).collect()
        };
        self.world.tables.iter().enumerate().map(of_table).collect()
    }

    /// Names what the caller must not know of: it must be told what it is told of what is not there.
    fn names(&mut self, caller: &Caller, ids: &Ids) {
        let mut rng = self.rng.fork();
        let judge = Judge {
            world: &self.world,
            state: &self.state,
            caller,
        };
        for Hidden {
            document,
            name,
            absent,
            cells,
        } in reads::hidden(judge, ids, &mut rng)
        {
            self.decisions += cells;
            let got = plain(&self.home.ask(Some(caller), &document));
            let other = self
                .home
                .ask(Some(caller), &document.replace(&name, &absent));
            let expected = plain(&other).replace(&absent, &name);
            let code = other["errors"][0]["extensions"]["code"].as_str();
            let is_refused = matches!(code, Some("engine.invalid" | "engine.argument"));
            let is_told = other.to_string().contains(&format!("`{name}`"));
            if got != expected || !is_refused || is_told {
                self.fail("hidden name", caller, (&document, expected, got));
            }
        }
    }

    /// Walks along connections.
    fn walks(&mut self, caller: &Caller) {
        for table in 0..self.world.tables.len() {
            let mut rng = self.rng.fork();
            let judge = Judge {
                world: &self.world,
                state: &self.state,
                caller,
            };
            let has_pages = reads::has_ids(judge, table);
            if has_pages && generate::chance(&mut rng, 60) {
                let walk = reads::walk(judge, table, &mut rng);
                self.walk(caller, &walk);
            }
        }
    }

    fn walk(&mut self, caller: &Caller, walk: &Walk) {
        let (mut seen, mut cursor) = (Vec::new(), None);
        for _ in 0..=walk.expected.len() {
            let document = walk.document(&self.world, cursor.as_deref());
            let answer = self.home.ask(Some(caller), &document);
            let page = &answer["data"]["page"];
            cursor = walk.take(page, &mut seen);
            let is_so = page["totalCount"] == walk.expected.len() && answer["errors"].is_null();
            if !is_so || cursor.is_none() && seen != walk.expected {
                let expected = format!("in all {}", Json::from(walk.expected.clone()));
                let got = format!("{answer}, in all {}", Json::from(seen));
                self.fail("pages", caller, (&document, expected, got));
                return;
            }
            if cursor.is_none() {
                return;
            }
        }
        self.fail(
            "pages",
            caller,
            (
                &walk.document(&self.world, None),
                "an end".to_owned(),
                String::new(),
            ),
        );
    }

    /// Writes, and looks at all rows past the server.
    fn writes(&mut self, caller: &Caller) {
        for table in 0..self.world.tables.len() {
            for _ in 0..2 {
                let mut rng = self.rng.fork();
                let judge = Judge {
                    world: &self.world,
                    state: &self.state,
                    caller,
                };
                let mut made = writes::write(judge, table, &mut rng, true);
                let mut deeds: Vec<_> = made.take().into_iter().collect();
                if generate::chance(&mut rng, 20) {
                    deeds.extend(writes::write(judge, table, &mut rng, false));
                }
                if !deeds.is_empty() && self.failures.is_empty() {
                    self.wrote(caller, &deeds);
                }
            }
        }
    }

    /// Whether a write is refused for one of some reasons. MariaDB cannot name the key that an insert gives
    /// way to, and finds it taken.
    fn is_among(&self, code: &str, refused: &[&str]) -> bool {
        let is_taken = matches!(code, "store.unique" | "access.check")
            && self.world.dialect == Dialect::Mariadb;
        refused.contains(&code) || is_taken && refused.contains(&"access.taken")
    }

    /// One request that writes: all of it, or nothing.
    fn wrote(&mut self, caller: &Caller, deeds: &[Write]) {
        let (mut state, mut shown) = (self.state.clone(), Map::new());
        let (mut refused, mut loose, mut may_clash) = (Vec::new(), Vec::new(), false);
        for (index, deed) in deeds.iter().enumerate() {
            self.decisions += deed.decisions(&state);
            let judge = Judge {
                world: &self.world,
                state: &state,
                caller,
            };
            let outcome = deed.outcome(judge);
            may_clash |= outcome.may_clash;
            // What is never allowed is refused before anything is done.
            if refused.is_empty() || outcome.refused == ["access.denied"] {
                refused.extend(outcome.refused);
            }
            if !refused.is_empty() {
                continue;
            }
            let mut given = outcome.shown;
            if !deed.is_ordered(judge) {
                sort(&mut given);
                loose.push(format!("w{index}"));
            }
            shown.insert(format!("w{index}"), given);
            state = outcome.state;
        }
        let fields = deeds.iter().enumerate();
        let fields = fields.map(|(index, deed)| format!("w{index}: {}", deed.text(&self.world)));
        let document = format!("mutation {{ {} }}", fields.collect::<Vec<_>>().join(" "));
        let answer = self.home.ask(Some(caller), &document);
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        let is_clash = may_clash
            && (code == Some("store.unique")
                || code == Some("store.foreign_key") && self.world.dialect == Dialect::Mariadb);
        let (expected, is_so) = if is_clash {
            state.clone_from(&self.state);
            ("nothing".to_owned(), true)
        } else if refused.is_empty() {
            let (shown, mut got) = (Json::Object(shown), answer["data"].clone());
            for name in &loose {
                sort(&mut got[name]);
            }
            (shown.to_string(), code.is_none() && got == shown)
        } else {
            state.clone_from(&self.state);
            (
                format!("{refused:?}"),
                code.is_some_and(|code| self.is_among(code, &refused)),
            )
        };
        let found = self.home.state(&self.world);
        if !is_so {
            self.fail("write", caller, (&document, expected, answer.to_string()));
        } else if found != state {
            let expected = format!("{expected}, then {state:?}");
            self.fail(
                "rows behind a write",
                caller,
                (&document, expected, format!("{answer}, then {found:?}")),
            );
        }
        self.state = state;
    }
}

fn document(probes: &[Probe]) -> String {
    let fields = probes.iter().enumerate();
    let fields = fields.map(|(index, probe)| format!("p{index}: {}", probe.field));
    format!("{{ {} }}", fields.collect::<Vec<_>>().join(" "))
}

/// An answer without what it proposes instead: names that are near, of those that the caller may know.
fn plain(answer: &Json) -> String {
    let text = answer.to_string();
    let Some((front, rest)) = text.split_once(": did you mean ") else {
        return text;
    };
    let rest = rest.split_once("?\"").map_or(rest, |(_, rest)| rest);
    format!("{front}\"{rest}")
}

/// Puts rows that may come in any order into one.
fn sort(rows: &mut Json) {
    if let Some(rows) = rows.as_array_mut() {
        rows.sort_by_cached_key(ToString::to_string);
    }
}
