//! The servers whose limits are tried, each with its own clock and its own way to Redis.

use super::redis::{Proxy, Servers};
use super::scenario::{HARMED, Harm, Plan, Scenario};
use anyhow::{Result, bail};
use guard::rates::{Config, Rates, config};
use model::metric::Registry;
use model::{Clock, Secret, SystemClock};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::time::sleep;

/// How long the servers may take to reach Redis.
const REACH: Duration = Duration::from_secs(10);

/// How far clocks are wrong.
const SKEW: Duration = Duration::from_secs(5);

/// The servers.
pub(super) struct Nodes {
    pub(super) rates: Vec<Arc<Rates>>,
    /// What each reaches Redis through, where the limits are shared.
    ways: Vec<Proxy>,
}

/// A clock that is not right.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Ahead,
    Behind,
}

impl Clock for Wrong {
    fn instant(&self) -> Instant {
        match self {
            Self::Ahead => Instant::now() + SKEW,
            Self::Behind => Instant::now(),
        }
    }

    fn now(&self) -> SystemTime {
        match self {
            Self::Ahead => SystemTime::now() + SKEW,
            Self::Behind => SystemTime::now() - SKEW,
        }
    }
}

/// Starts the servers of a plan, and waits until they reach Redis.
pub(super) async fn start(plan: &Plan, servers: &mut Servers) -> Result<Nodes> {
    let mut nodes = Nodes {
        rates: Vec::new(),
        ways: Vec::new(),
    };
    let prefix = format!("fragaria:verify:{:012x}:", fastrand::u64(..1 << 48));
    for number in 0..plan.nodes {
        let mut redis = config::Redis {
            nodes: u32::try_from(plan.nodes)?,
            prefix: prefix.clone(),
            ..config::Redis::default()
        };
        if plan.is_shared() {
            let (way, url) = servers.way(plan.harm == Harm::Killed).await?;
            nodes.ways.push(way);
            redis.url = Secret::new(url);
        }
        let config = Config {
            rules: plan.rules.clone(),
            redis,
            ..Config::default()
        };
        let rates = Rates::open(&config, clock(plan, number), &mut Registry::default())?;
        nodes.rates.push(Arc::new(rates));
    }
    nodes.reach().await?;
    Ok(nodes)
}

fn clock(plan: &Plan, number: usize) -> Arc<dyn Clock> {
    match (plan.scenario, number) {
        (Scenario::Skew, 0) => Arc::new(Wrong::Ahead),
        (Scenario::Skew, 1) => Arc::new(Wrong::Behind),
        _ => Arc::new(SystemClock),
    }
}

impl Nodes {
    async fn reach(&self) -> Result<()> {
        let began = Instant::now();
        while self.rates.iter().any(|rates| rates.is_apart()) {
            if began.elapsed() > REACH {
                bail!("Redis is not reached");
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Does the harm of a plan, mends it, and waits for ever.
    pub(super) async fn fail(
        &self,
        plan: &Plan,
        servers: &mut Servers,
        length: Duration,
    ) -> Result<()> {
        sleep(length.mul_f64(HARMED.0)).await;
        match plan.harm {
            Harm::None => {}
            Harm::Killed => servers.kill()?,
            Harm::Cut(count) => self.ways.iter().take(count).for_each(|way| way.cut(true)),
        }
        sleep(length.mul_f64(HARMED.1)).await;
        match plan.harm {
            Harm::None => {}
            Harm::Killed => servers.start_again().await?,
            Harm::Cut(_) => self.ways.iter().for_each(|way| way.cut(false)),
        }
        pending().await
    }
}
