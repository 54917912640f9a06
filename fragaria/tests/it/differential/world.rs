//! The rows of the test, and which of them belong together.

use super::catalogue::{Column, Kind, Relation, TABLES, Table, table};
use super::nasty;
use super::value::Value;
use fastrand::Rng;

/// A row: values in the order of the columns.
pub(super) type Row = Vec<Value>;

/// All rows of all tables.
pub(super) struct World {
    /// Rows by table.
    pub(super) rows: Vec<Vec<Row>>,
    /// Positions of partners by table, relation and row.
    partners: Vec<Vec<Vec<Vec<usize>>>>,
}

impl World {
    /// The same world for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut making = Making {
            random: Rng::with_seed(seed),
            rows: TABLES.iter().map(|_| Vec::new()).collect(),
        };
        making.countries(10);
        making.members(80);
        making.passports(50);
        making.projects(35);
        making.assignments(110);
        making.entries(150);
        making.remarks(90);
        making.rosters();
        let rows = making.rows;
        let partners = |source: usize| {
            let relations = TABLES[source].relations.iter();
            relations
                .map(|relation| partners(&rows, source, relation))
                .collect()
        };
        Self {
            partners: (0..TABLES.len()).map(partners).collect(),
            rows,
        }
    }

    /// The rows a relation leads to.
    pub(super) fn partners(&self, table: usize, relation: usize, row: usize) -> &[usize] {
        &self.partners[table][relation][row]
    }
}

fn partners(rows: &[Vec<Row>], source: usize, relation: &Relation) -> Vec<Vec<usize>> {
    let target = table(relation.target);
    let (near, _) = relation.through.unwrap_or((relation.target, &[]));
    let near = table(near);
    let ours = rows[source].iter().map(|row| {
        let reached = matching(rows, (source, row), near, relation.pairs);
        match relation.through {
            None => reached,
            Some((_, pairs)) => reached
                .into_iter()
                .flat_map(|index| matching(rows, (near, &rows[near][index]), target, pairs))
                .collect(),
        }
    });
    ours.collect()
}

/// Rows of a table whose columns equal those of a row; NULL equals nothing.
fn matching(
    rows: &[Vec<Row>],
    (table, row): (usize, &Row),
    target: usize,
    pairs: &[(&str, &str)],
) -> Vec<usize> {
    let value = |table: usize, row: &Row, field: &str| {
        let column = TABLES[table].column(field);
        row[column.expect("pairs name columns")].clone()
    };
    let is_partner = |other: &Row| {
        pairs.iter().all(|(ours, theirs)| {
            let order = value(table, row, ours).compare(&value(target, other, theirs));
            order == Some(std::cmp::Ordering::Equal)
        })
    };
    let all = rows[target].iter().enumerate();
    all.filter(|(_, other)| is_partner(other))
        .map(|(index, _)| index)
        .collect()
}

struct Making {
    random: Rng,
    rows: Vec<Vec<Row>>,
}

impl Making {
    fn of(&self, type_name: &str) -> &[Row] {
        &self.rows[table(type_name)]
    }

    /// Adds rows; `given` says the columns that are not any value, and refuses by `None`.
    fn add(
        &mut self,
        type_name: &str,
        count: usize,
        mut given: impl FnMut(&mut Self, &Column) -> Option<Value>,
    ) {
        let target = table(type_name);
        let declared: &Table = &TABLES[target];
        for _ in 0..count * 3 {
            if self.rows[target].len() == count {
                break;
            }
            let row: Row = declared
                .columns
                .iter()
                .map(|column| given(self, column).unwrap_or_else(|| self.any(column)))
                .collect();
            if self.is_new(target, &row) {
                self.rows[target].push(row);
            }
        }
    }

    fn any(&mut self, column: &Column) -> Value {
        if column.nullable && self.random.u8(..4) == 0 {
            Value::Null
        } else {
            nasty::value(&mut self.random, column.kind)
        }
    }

    fn is_new(&self, target: usize, row: &Row) -> bool {
        let declared = &TABLES[target];
        let keys = [declared.key, declared.unique.as_slice()];
        let mut keys = keys.iter().filter(|key| !key.is_empty());
        keys.all(|key| {
            self.rows[target].iter().all(|other| {
                !key.iter().all(|field| {
                    let column = declared.column(field).expect("keys name columns");
                    row[column].compare(&other[column]) == Some(std::cmp::Ordering::Equal)
                })
            })
        })
    }

    /// A value some row of a table has, or NULL now and then.
    fn one_of(&mut self, type_name: &str, column: usize, nullable: bool) -> Value {
        let count = self.of(type_name).len();
        if count == 0 || nullable && self.random.u8(..4) == 0 {
            return Value::Null;
        }
        // The first rows have more partners and the last ones none.
        let index = self.random.usize(..count).min(self.random.usize(..count));
        self.of(type_name)[index][column].clone()
    }

    fn countries(&mut self, count: usize) {
        self.add("Country", count, |_, _| None);
    }

    fn members(&mut self, count: usize) {
        self.add("Member", count, |making, column| match column.field {
            "id" if making.random.u8(..8) > 0 => Some(Value::Integer(making.random.i64(1..200))),
            "managerId" => Some(making.one_of("Member", 0, true)),
            "homeCode" => Some(making.one_of("Country", 0, false)),
            "birthCode" => Some(making.one_of("Country", 0, true)),
            _ => None,
        });
    }

    fn passports(&mut self, count: usize) {
        self.add("Passport", count, |making, column| {
            (column.field == "memberId").then(|| {
                let index = making.random.usize(..making.of("Member").len());
                making.of("Member")[index][0].clone()
            })
        });
    }

    fn projects(&mut self, count: usize) {
        self.add("Project", count, |making, column| {
            (column.field == "leadId").then(|| making.one_of("Member", 0, true))
        });
    }

    fn assignments(&mut self, count: usize) {
        self.add("Assignment", count, |making, column| {
            let (target, column) = match column.field {
                "memberId" => ("Member", 0),
                _ => ("Project", 0),
            };
            Some(making.one_of(target, column, false))
        });
    }

    fn entries(&mut self, count: usize) {
        self.add("Entry", count, |making, column| match column.field {
            "projectId" => Some(making.one_of("Project", 0, false)),
            "memberId" => Some(making.one_of("Member", 0, true)),
            "seq" => Some(Value::Integer(making.random.i64(1..4))),
            _ => None,
        });
    }

    fn remarks(&mut self, count: usize) {
        let entries = self.of("Entry").to_vec();
        let mut entry: Option<Row> = None;
        self.add("Remark", count, |making, column| match column.field {
            "id" => {
                let index = making.random.usize(..entries.len() * 3 / 2);
                entry = entries.get(index).cloned();
                Some(Value::Integer(making.random.i64(1..10_000)))
            }
            "projectId" => Some(entry.as_ref().map_or(Value::Null, |row| row[0].clone())),
            "day" => Some(entry.as_ref().map_or(Value::Null, |row| row[1].clone())),
            "seq" => Some(entry.as_ref().map_or(Value::Null, |row| row[2].clone())),
            "weight" => Some(match column.kind {
                Kind::Float if making.random.bool() => nasty::float(&mut making.random),
                _ => Value::Null,
            }),
            _ => None,
        });
    }

    fn rosters(&mut self) {
        let member = &TABLES[table("Member")];
        let column = |field: &str| member.column(field).expect("members have that column");
        let countries = self.of("Country");
        let name = |code: &Value| {
            let home = countries
                .iter()
                .find(|row| row[0].compare(code) == Some(std::cmp::Ordering::Equal));
            home.map_or(Value::Null, |row| row[1].clone())
        };
        let rows = self.of("Member").iter().map(|row| {
            let mut roster: Row = ["id", "name", "mood", "wealth", "seenAt"]
                .map(|field| row[column(field)].clone())
                .into();
            roster.push(name(&row[column("homeCode")]));
            roster.push(name(&row[column("birthCode")]));
            roster
        });
        self.rows[table("Roster")] = rows.collect();
    }
}
