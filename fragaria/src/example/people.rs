//! The customers.

use super::assortment::id;
use super::calendar::{self, DAY, DAYS};
use super::insert::Row;
use super::random::Random;
use super::words::{CITIES, FAMILY_NAMES, GIVEN_NAMES, MAIL_HOSTS};
use jiff::ToSpan as _;
use jiff::civil::date;

const CUSTOMERS: usize = 1_200;

/// Those who were there when the shop opened.
const FIRST: usize = 40;

/// Cents spent that make a customer silver, and gold.
const TIERS: [(i64, &str); 2] = [(700_000, "gold"), (350_000, "silver")];

/// A customer as orders need to know them.
pub(super) struct Customer {
    pub(super) id: i64,
    /// The second of their first visit.
    created: i64,
    /// In cents.
    pub(super) spent: i64,
}

/// All customers, by the time they came.
pub(super) fn customers(random: &mut Random) -> Vec<Customer> {
    let mut times: Vec<_> = (0..CUSTOMERS)
        .map(|index| {
            let last_day = if index < FIRST { 0 } else { DAYS - 20 };
            random.between(0, last_day) * DAY + random.between(0, DAY - 1)
        })
        .collect();
    times.sort_unstable();
    let numbered = times.into_iter().enumerate();
    let customer = |(index, created)| Customer {
        id: id(index + 1),
        created,
        spent: 0,
    };
    numbered.map(customer).collect()
}

/// The index of somebody who was a customer by then; some come again and again.
pub(super) fn one(customers: &[Customer], second: i64, random: &mut Random) -> usize {
    let known = customers.partition_point(|customer| customer.created <= second);
    if random.percent(30) {
        random.low(known)
    } else {
        random.below(known)
    }
}

/// `customers (id, email, name, city, country, tier, birth_date, newsletter, created_at)`
pub(super) fn rows(customers: &[Customer], random: &mut Random) -> impl Iterator<Item = Row> {
    customers.iter().map(|customer| row(customer, random))
}

fn row(customer: &Customer, random: &mut Random) -> Row {
    let (given, family) = (random.one(&GIVEN_NAMES), random.one(&FAMILY_NAMES));
    let (city, country) = CITIES[random.low(CITIES.len())];
    let host = random.one(&MAIL_HOSTS);
    let (given_in_mail, family_in_mail) = (plain(given), plain(family));
    let born = random.percent(70).then(|| random.between(0, 20_000));
    Row::new(customer.id)
        .text(&format!(
            "{given_in_mail}.{family_in_mail}{}@{host}",
            customer.id
        ))
        .text(&format!("{given} {family}"))
        .text(city)
        .text(country)
        .text(tier(customer.spent))
        .maybe(born, |row, days| {
            row.date(date(1950, 1, 1).saturating_add(days.days()))
        })
        .boolean(random.percent(35))
        .moment(calendar::moment(customer.created))
        .end()
}

fn tier(spent: i64) -> &'static str {
    let reached = TIERS.iter().find(|(from, _)| spent >= *from);
    reached.map_or("standard", |(_, tier)| tier)
}

/// A name as the first part of an address: letters without marks.
fn plain(name: &str) -> String {
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        'á' | 'ã' => Some('a'),
        'é' | 'ë' => Some('e'),
        'ó' | 'ø' => Some('o'),
        'ü' => Some('u'),
        ascii => ascii.is_ascii_lowercase().then_some(ascii),
    };
    name.chars().filter_map(letter).collect()
}
