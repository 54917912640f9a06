//! What customers write about what they bought.

use super::assortment::{Assortment, Product, id};
use super::calendar::{self, DAY, DAYS};
use super::insert::Row;
use super::random::Random;
use super::sales::Order;
use super::words::{MOODS, Mood};
use std::collections::HashSet;

struct Review<'a> {
    product: &'a Product,
    customer: i64,
    written: i64,
}

/// `reviews (id, product_id, customer_id, rating, title, body, created_at)`
pub(super) fn rows(
    assortment: &Assortment,
    orders: &[Order],
    random: &mut Random,
) -> impl Iterator<Item = Row> {
    let reviews = reviews(assortment, orders, random);
    let numbered = reviews.into_iter().enumerate();
    numbered.map(|(index, review)| row(id(index + 1), &review, random))
}

/// Some of those who got a thing review it some time later, once; in the order of their writing.
fn reviews<'a>(
    assortment: &'a Assortment,
    orders: &[Order],
    random: &mut Random,
) -> Vec<Review<'a>> {
    let (mut reviews, mut said) = (Vec::new(), HashSet::new());
    for order in orders.iter().filter(|order| order.is_delivered()) {
        for line in &order.lines {
            let written = order.placed + random.between(8 * DAY, 60 * DAY);
            let wants_to = random.percent(20) && written < DAYS * DAY;
            if wants_to && said.insert((line.product, order.customer)) {
                reviews.push(Review {
                    product: &assortment.products[line.product],
                    customer: order.customer,
                    written,
                });
            }
        }
    }
    reviews.sort_by_key(|review| review.written);
    reviews
}

fn row(id: i64, review: &Review<'_>, random: &mut Random) -> Row {
    let (stars, mood) = rating(review.product.quality, random);
    let thing = review.product.thing.to_lowercase();
    let body = random.percent(85).then(|| body(mood, &thing, random));
    Row::new(id)
        .number(review.product.id)
        .number(review.customer)
        .number(stars)
        .text(random.one(&mood.titles))
        .maybe(body.as_deref(), Row::text)
        .moment(calendar::moment(review.written))
        .end()
}

/// Stars and mood; good things are liked, but not by all.
fn rating(quality: usize, random: &mut Random) -> (i64, &'static Mood) {
    let index = match random.below(80) + 10 * quality {
        0..6 => 0,
        6..14 => 1,
        14..28 => 2,
        28..55 => 3,
        _ => 4,
    };
    (id(index + 1), &MOODS[index])
}

/// One to three sentences, none twice.
fn body(mood: &Mood, thing: &str, random: &mut Random) -> String {
    let first = random.below(mood.sentences.len());
    let sentences = mood.sentences.iter().cycle().skip(first);
    let chosen: Vec<_> = sentences.take(1 + random.below(3)).copied().collect();
    chosen.join(" ").replace("{}", thing)
}
