//! Keys that are kept in a table, with its times moved by hand.

use super::*;
use crate::api_key::{Minted, mint, renew};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

fn taking() -> Config {
    Config {
        api_keys: config::ApiKeys {
            enabled: true,
            ..config::ApiKeys::default()
        },
        ..Config::default()
    }
}

fn key(minted: &Minted) -> ApiKey {
    ApiKey {
        id: minted.id.clone(),
        name: "a robot".into(),
        hash: minted.hash,
        former: None,
        roles: Roles::from_iter(["clerk"]),
        tenant: Some("north".into()),
        claims: json!({ "shop": 7, "key": "another" })
            .as_object()
            .unwrap()
            .clone(),
        created: NOW,
        expires: None,
        used: None,
        revoked: None,
    }
}

async fn shown(doorkeeper: &Doorkeeper, minted: &Minted) -> Result<Arc<Caller>, &'static str> {
    let mut headers = HeaderMap::new();
    headers.insert(API_KEY, minted.text.expose().parse().unwrap());
    let caller = doorkeeper.identify(&headers, None, "").await;
    caller.map_err(|error| error.outcome())
}

#[tokio::test]
async fn a_caller_is_what_its_key_was_given() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    stage.keeps(&[&key(&minted)]);
    let caller = shown(&doorkeeper, &minted).await.unwrap();
    assert_eq!(*caller.name, format!("key:{}", minted.id));
    assert_eq!(caller.rights, Rights::Of(Roles::from_iter(["clerk"])));
    assert_eq!(caller.tenant.as_deref(), Some("north"));
    assert_eq!(caller.claims.get("shop"), Some(&7.into()));
    assert_eq!(caller.claims.get("key"), Some(&(*minted.id).into()));
    let name = outcome(&doorkeeper, minted.text.expose()).await;
    assert_eq!(name, Ok(caller.name.clone()));
    assert_eq!(
        (doorkeeper.metrics.count("key"), stage.asked(&minted.id)),
        (1, 1)
    );
}

#[tokio::test]
async fn a_key_that_is_not_good_is_told_apart_in_the_log_alone() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    let (other, of_it) = (mint().unwrap(), renew(&minted.id).unwrap());
    stage.keeps(&[&key(&minted)]);
    assert_eq!(shown(&doorkeeper, &other).await, Err("key_unknown"));
    assert_eq!(shown(&doorkeeper, &of_it).await, Err("key_secret"));
    assert_eq!(outcome(&doorkeeper, "fra_x").await, Err("key_mistyped"));
    let flaws = [
        Flaw::Mistyped,
        Flaw::Key {
            id: "x".into(),
            why: crate::KeyFlaw::Revoked,
        },
        Flaw::Key {
            id: "y".into(),
            why: crate::KeyFlaw::Unknown,
        },
    ];
    let faults = flaws.map(|flaw| model::Fault::from(Error::from(flaw)));
    assert!(faults.iter().all(|fault| *fault == faults[0]));
    assert_eq!(faults[0].code, crate::INVALID);
}

#[tokio::test]
async fn a_key_holds_until_its_second_and_until_it_is_seen_to_be_taken_back() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    let ending = ApiKey {
        expires: Some(NOW + 1),
        ..key(&minted)
    };
    stage.keeps(&[&ending]);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
    stage.pass(1);
    assert_eq!(shown(&doorkeeper, &minted).await, Err("key_expired"));
    stage.keeps(&[&key(&minted)]);
    stage.pass(1);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
    let revoked = ApiKey {
        revoked: Some(NOW),
        ..key(&minted)
    };
    stage.keeps(&[&revoked]);
    stage.pass(1);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
    stage.pass(1);
    assert_eq!(shown(&doorkeeper, &minted).await, Err("key_revoked"));
}

#[tokio::test]
async fn a_former_secret_holds_for_its_time() {
    let (stage, old) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    let minted = renew(&old.id).unwrap();
    let rotated = ApiKey {
        former: Some(Former {
            hash: old.hash,
            until: NOW + 10,
        }),
        ..key(&minted)
    };
    stage.keeps(&[&rotated]);
    stage.pass(9);
    assert_eq!(
        shown(&doorkeeper, &minted).await,
        shown(&doorkeeper, &old).await
    );
    stage.pass(1);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
    assert_eq!(shown(&doorkeeper, &old).await, Err("key_secret"));
}

#[tokio::test]
async fn nobody_is_let_in_while_the_table_cannot_be_read() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    stage.keeps(&[&key(&minted)]);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
    stage.is_away(true);
    stage.pass(2);
    assert_eq!(shown(&doorkeeper, &minted).await, Err("unavailable"));
    stage.is_away(false);
    assert!(shown(&doorkeeper, &minted).await.is_ok());
}

#[tokio::test]
async fn of_many_who_show_a_key_at_once_one_asks() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &taking());
    for known in [None, Some(key(&minted))] {
        stage.keeps(&known.iter().collect::<Vec<_>>());
        let before = stage.asked(&minted.id);
        let mut shows = pin!(
            (0..10)
                .map(|_| Box::pin(shown(&doorkeeper, &minted)))
                .collect::<Vec<_>>()
        );
        let mut told = Vec::new();
        poll_fn(|context| {
            shows.retain_mut(|show| match show.as_mut().poll(context) {
                Poll::Ready(outcome) => {
                    told.push(outcome.is_ok());
                    false
                }
                Poll::Pending => true,
            });
            if shows.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        assert_eq!(told, vec![known.is_some(); 10]);
        assert_eq!(stage.asked(&minted.id) - before, 1);
        stage.pass(2);
    }
}

#[tokio::test]
async fn a_use_is_written_down_once_a_minute() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = Arc::new(doorkeeper(&stage, &taking()));
    stage.keeps(&[&key(&minted)]);
    let tended = tokio::spawn({
        let doorkeeper = Arc::clone(&doorkeeper);
        async move { doorkeeper.tend().await }
    });
    for (seconds, uses) in [(0, 1), (1, 1), (58, 1), (1, 2), (60, 3)] {
        stage.pass(seconds);
        assert!(shown(&doorkeeper, &minted).await.is_ok());
        while stage.used().len() < uses {
            tokio::task::yield_now().await;
        }
        let used = stage.used();
        assert_eq!(used.len(), uses, "{used:?}");
        let last = ApiKey {
            used: used.last().map(|(_, second)| *second),
            ..key(&minted)
        };
        stage.keeps(&[&last]);
    }
    assert!(stage.used().iter().all(|(id, _)| **id == *minted.id));
    tended.abort();
}

#[tokio::test]
async fn where_no_keys_are_taken_one_of_ours_lets_nobody_in() {
    let (stage, minted) = (Stage::new(&[]), mint().unwrap());
    let doorkeeper = doorkeeper(&stage, &config());
    stage.keeps(&[&key(&minted)]);
    assert_eq!(shown(&doorkeeper, &minted).await, Err("malformed"));
    assert_eq!(
        outcome(&doorkeeper, minted.text.expose()).await,
        Err("malformed")
    );
    assert_eq!(stage.asked(&minted.id), 0);
}
