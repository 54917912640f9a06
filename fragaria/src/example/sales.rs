//! The orders and what is in them.

use super::assortment::{Assortment, Product, id};
use super::calendar::{self, DAY, DAYS};
use super::insert::Row;
use super::people::{self, Customer};
use super::random::Random;
use super::words::NOTES;

const ORDERS: usize = 10_000;

/// An order and its lines.
pub(super) struct Order {
    id: i64,
    pub(super) customer: i64,
    status: &'static str,
    pub(super) placed: i64,
    shipped: Option<i64>,
    pub(super) lines: Vec<Line>,
}

/// A line of an order.
pub(super) struct Line {
    /// Index of the product.
    pub(super) product: usize,
    quantity: i64,
    /// In cents.
    unit_price: i64,
}

/// Sells things, and notes what each customer has spent.
pub(super) fn orders(
    assortment: &Assortment,
    customers: &mut [Customer],
    random: &mut Random,
) -> Vec<Order> {
    let mut orders = Vec::with_capacity(ORDERS);
    for (index, placed) in times(random).into_iter().enumerate() {
        let customer = &mut customers[people::one(customers, placed, random)];
        let (status, shipped) = progress(placed, random);
        let order = Order {
            id: id(index + 1),
            customer: customer.id,
            status,
            placed,
            shipped,
            lines: lines(assortment, placed, random),
        };
        if status != "cancelled" {
            customer.spent += order.total();
        }
        orders.push(order);
    }
    orders
}

impl Order {
    /// Whether the customer has what they ordered.
    pub(super) fn is_delivered(&self) -> bool {
        self.status == "delivered"
    }

    /// In cents.
    fn total(&self) -> i64 {
        let amounts = self
            .lines
            .iter()
            .map(|line| line.quantity * line.unit_price);
        amounts.sum()
    }
}

/// `orders (id, customer_id, reference, status, total, note, placed_at, shipped_at)`
pub(super) fn rows(orders: &[Order], random: &mut Random) -> impl Iterator<Item = Row> {
    orders.iter().map(|order| {
        let note = random.percent(6).then(|| random.one(&NOTES));
        Row::new(order.id)
            .number(order.customer)
            .text(&random.uuid())
            .text(order.status)
            .money(order.total())
            .maybe(note, Row::text)
            .moment(calendar::moment(order.placed))
            .maybe(order.shipped, |row, at| row.moment(calendar::moment(at)))
            .end()
    })
}

/// `order_lines (order_id, position, product_id, quantity, unit_price)`
pub(super) fn line_rows(orders: &[Order]) -> impl Iterator<Item = Row> {
    orders.iter().flat_map(|order| {
        let numbered = order.lines.iter().zip(1..);
        numbered.map(|(line, position)| {
            Row::new(order.id)
                .number(position)
                .number(id(line.product + 1))
                .number(line.quantity)
                .money(line.unit_price)
                .end()
        })
    })
}

/// When orders come in: more of them as the shop becomes known, and none at night.
fn times(random: &mut Random) -> Vec<i64> {
    let last_day = usize::try_from(DAYS - 1).unwrap_or_default();
    let mut times: Vec<_> = (0..ORDERS)
        .map(|_| (1 + id(random.high(last_day))) * DAY + random.between(6 * 3_600, 23 * 3_600))
        .collect();
    times.sort_unstable();
    times
}

/// How far an order of that age has come, and when it was sent.
fn progress(placed: i64, random: &mut Random) -> (&'static str, Option<i64>) {
    let age = DAYS * DAY - placed;
    if random.percent(4) {
        return ("cancelled", None);
    }
    let shipped = placed + random.between(DAY / 4, 3 * DAY);
    match age / DAY {
        0 => (random.one(&["pending", "paid"]), None),
        1..4 => ("paid", None),
        4..9 => ("shipped", Some(shipped)),
        _ => ("delivered", Some(shipped)),
    }
}

fn lines(assortment: &Assortment, placed: i64, random: &mut Random) -> Vec<Line> {
    let wished = 1 + random.below(3) + random.below(3) + random.below(2);
    let mut lines: Vec<Line> = Vec::with_capacity(wished);
    for _ in 0..wished {
        let product = assortment.one(placed / DAY, random);
        let line = line(product, random);
        if lines.iter().all(|other| other.product != line.product) {
            lines.push(line);
        }
    }
    lines
}

fn line(product: &Product, random: &mut Random) -> Line {
    let is_dear = product.price > 10_000;
    let quantity = if is_dear || random.percent(65) {
        1
    } else {
        random.between(2, 6)
    };
    let is_reduced = random.percent(12);
    Line {
        product: product.index(),
        quantity,
        unit_price: if is_reduced {
            product.price * 9 / 10
        } else {
            product.price
        },
    }
}
