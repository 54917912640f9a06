//! The bound under simulated load, on a clock that is moved by hand.

use super::*;
use std::time::SystemTime;

struct Hand(Mutex<Instant>);

impl Clock for Hand {
    fn instant(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// A server whose database works on so many requests side by side; more take longer.
struct Stage {
    load: Arc<Load>,
    clock: Arc<Hand>,
    side_by_side: f64,
    /// How long one takes.
    seconds: f64,
}

const READ: Work = Work {
    writes: false,
    weight: Weight::Light,
};
const WRITE: Work = Work {
    writes: true,
    weight: Weight::Bounded,
};

impl Stage {
    fn new(max: usize, min: usize) -> Self {
        let clock = Arc::new(Hand(Mutex::new(Instant::now())));
        let config = Config {
            in_flight_max: max,
            in_flight_min: min,
        };
        Self {
            load: Load::new(config, clock.clone(), &mut Registry::default()),
            clock,
            side_by_side: 50.0,
            seconds: 0.020,
        }
    }

    fn read(&self, caller: &str) -> Result<Pass, &'static str> {
        self.load.enter(caller, READ).map_err(|fault| fault.code)
    }

    fn write(&self, caller: &str) -> Result<Pass, &'static str> {
        self.load.enter(caller, WRITE).map_err(|fault| fault.code)
    }

    /// So many come at a time, a hundred times over; how many of the last were let in.
    fn offered(&self, count: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..100 {
            let passes: Vec<_> = (0..count).filter_map(|_| self.read("ann").ok()).collect();
            admitted = passes.len();
            let slower = (pace_of(admitted) / self.side_by_side).max(1.0);
            *self.clock.0.lock().unwrap() += Duration::from_secs_f64(self.seconds * slower);
            passes.into_iter().for_each(Pass::told);
        }
        admitted
    }
}

fn pace_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[test]
fn the_bound_stays_where_it_is_while_requests_take_as_long_as_usual() {
    let stage = Stage::new(400, 10);
    assert_eq!(stage.offered(40), 40);
    assert_eq!(stage.offered(90), 90);
    assert_eq!(stage.load.counted.limit.get(), 400);
}

#[test]
fn the_bound_falls_under_load_to_what_the_database_can_do_and_rises_again() {
    let mut stage = Stage::new(1_000, 10);
    stage.offered(40);
    let admitted = stage.offered(400);
    assert!((50..160).contains(&admitted), "{admitted} at a time");
    assert!(
        stage
            .load
            .counted
            .shed
            .get_or_create(&Shed { why: "limit" })
            .get()
            > 10_000
    );
    assert_eq!(stage.load.counted.in_flight.get(), 0);
    stage.side_by_side = 1_000.0;
    stage.offered(400);
    stage.offered(400);
    let admitted = stage.offered(400);
    assert!(admitted > 300, "{admitted} at a time");
}

#[test]
fn the_bound_never_leaves_its_own_bounds() {
    let mut stage = Stage::new(100, 30);
    stage.offered(20);
    stage.side_by_side = 0.1;
    assert_eq!(stage.offered(500), 30);
    stage.side_by_side = 1_000.0;
    for _ in 0..50 {
        stage.offered(500);
    }
    assert_eq!(stage.load.counted.limit.get(), 100);
}

#[test]
fn what_is_slow_for_good_becomes_usual() {
    let mut stage = Stage::new(200, 10);
    stage.offered(20);
    stage.seconds = 0.200;
    assert_eq!(stage.offered(20), 10);
    for _ in 0..10 {
        stage.offered(20);
    }
    assert_eq!(stage.offered(20), 20);
}

#[test]
fn a_few_milliseconds_are_no_load_however_many_times_the_usual_they_are() {
    let stage = Stage::new(200, 10);
    for took in [100, 15_000] {
        for _ in 0..200 {
            let passes: Vec<_> = (0..30).filter_map(|_| stage.read("ann").ok()).collect();
            *stage.clock.0.lock().unwrap() += Duration::from_micros(took);
            passes.into_iter().for_each(Pass::told);
        }
    }
    assert_eq!(stage.load.counted.limit.get(), 200);
}

#[test]
fn a_few_that_take_very_long_do_not_make_all_slow() {
    let stage = Stage::new(200, 10);
    stage.offered(30);
    for _ in 0..20 {
        let few: Vec<_> = (0..3).map(|_| stage.read("eve").unwrap()).collect();
        *stage.clock.0.lock().unwrap() += Duration::from_secs(4);
        few.into_iter().for_each(Pass::told);
        stage.offered(30);
    }
    assert_eq!(stage.load.counted.limit.get(), 200);
}

#[test]
fn mutations_are_the_last_to_be_refused() {
    let stage = Stage::new(8, 8);
    let reads: Vec<_> = (0..8).map(|_| stage.read("ann").unwrap()).collect();
    assert_eq!(stage.read("ann").err(), Some("server.overloaded"));
    let writes: Vec<_> = (0..2).map(|_| stage.write("ann").unwrap()).collect();
    assert_eq!(stage.write("ann").err(), Some("server.overloaded"));
    drop((reads, writes));
    assert!(stage.read("ann").is_ok());
    assert_eq!(stage.load.counted.in_flight.get(), 0);
}

#[test]
fn who_has_its_share_waits_for_others_once_there_is_little_room() {
    let stage = Stage::new(8, 8);
    let mut ann: Vec<_> = (0..7).map(|_| stage.read("ann").unwrap()).collect();
    let bob = stage.read("bob").unwrap();
    assert_eq!(stage.read("bob").err(), Some("server.overloaded"));
    ann.truncate(4);
    assert_eq!(stage.read("ann").err(), Some("server.share"));
    let more: Vec<_> = (0..3).map(|_| stage.read("bob").unwrap()).collect();
    drop((bob, more));
    // Alone again, there is all the room for it.
    ann.extend((0..4).map(|_| stage.read("ann").unwrap()));
    assert_eq!(stage.held_by("bob"), 0);
    drop(ann);
    assert_eq!(stage.held_by("ann"), 0);
}

#[test]
fn the_load_of_another_database_leaves_this_one_its_room() {
    let stage = Stage::new(4, 4);
    let counted = &stage.load.counted;
    let other = stage.load.beside();
    let theirs: Vec<_> = (0..4).map(|_| other.enter("ann", READ).unwrap()).collect();
    assert!(other.enter("ann", READ).is_err());
    let ours = stage.read("ann").unwrap();
    assert_eq!((counted.in_flight.get(), counted.limit.get()), (5, 8));
    drop((ours, theirs, other));
    assert_eq!((counted.in_flight.get(), counted.limit.get()), (0, 4));
}

impl Stage {
    fn held_by(&self, caller: &str) -> usize {
        self.load.state().callers.has(caller)
    }
}
