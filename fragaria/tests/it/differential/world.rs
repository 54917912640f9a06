//! The rows of the test.

use super::nasty;
use super::tables::{TABLES, table};
use fastrand::Rng;
use verify::catalogue::{Column, Kind, Table};
use verify::value::Value;
use verify::world::{Row, World};

/// The same world for the same seed.
pub(super) fn world(seed: u64) -> World<'static> {
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
    World::new(&TABLES, making.rows)
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
