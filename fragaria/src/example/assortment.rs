//! What the shop sells: the tree of categories, the products on its shelves, and their tags.

use super::calendar::{self, DAYS};
use super::insert::Row;
use super::random::Random;
use super::shelves::{DEPARTMENTS, Shelf};
use super::words::{COLOURS, MAKES, PRAISE, TAGS};
use serde_json::json;

/// Products on each of the 36 shelves.
const PER_SHELF: usize = 15;

/// Everything on sale.
pub(super) struct Assortment {
    categories: Vec<Category>,
    /// By id, which is the index and one.
    pub(super) products: Vec<Product>,
    /// Indexes of products, the oldest first.
    by_release: Vec<usize>,
}

struct Category {
    id: i64,
    parent: Option<i64>,
    name: &'static str,
    slug: String,
    position: i64,
}

/// A product as orders and reviews need to know it.
pub(super) struct Product {
    pub(super) id: i64,
    /// What it is, without its make: `Garden Hose`.
    pub(super) thing: &'static str,
    /// In cents.
    pub(super) price: i64,
    /// How good it is, from 0.
    pub(super) quality: usize,
    /// The day of its release.
    released: i64,
    category: i64,
    make: &'static str,
    material: &'static str,
}

/// Thinks of everything on sale.
pub(super) fn assortment(random: &mut Random) -> Assortment {
    let mut assortment = Assortment {
        categories: Vec::new(),
        products: Vec::new(),
        by_release: Vec::new(),
    };
    for (department, at) in DEPARTMENTS.iter().zip(1..) {
        let around = assortment.category(None, department.name, at);
        for (aisle, at) in department.aisles.iter().zip(1..) {
            let around = assortment.category(Some(around), aisle.name, at);
            for (shelf, at) in aisle.shelves.iter().zip(1..) {
                let category = assortment.category(Some(around), shelf.name, at);
                assortment.fill(category, shelf, &department.materials, random);
            }
        }
    }
    let mut by_release: Vec<_> = (0..assortment.products.len()).collect();
    // Those of one day come in no order, or the first shelves would sell best.
    by_release.sort_by_cached_key(|&index| (assortment.products[index].released, random.bits()));
    assortment.by_release = by_release;
    assortment
}

impl Product {
    /// Its place among the products.
    pub(super) fn index(&self) -> usize {
        usize::try_from(self.id - 1).unwrap_or_default()
    }
}

impl Assortment {
    /// A product on sale on that day; those that have been for long sell best.
    pub(super) fn one(&self, day: i64, random: &mut Random) -> &Product {
        let on_sale = self
            .by_release
            .partition_point(|&index| self.products[index].released <= day);
        &self.products[self.by_release[random.low(on_sale)]]
    }

    /// `categories (id, parent_id, name, slug, position)`
    pub(super) fn category_rows(&self) -> impl Iterator<Item = Row> {
        self.categories.iter().map(|category| {
            Row::new(category.id)
                .maybe(category.parent, Row::number)
                .text(category.name)
                .text(&category.slug)
                .number(category.position)
                .end()
        })
    }

    /// `products (id, category_id, sku, name, description, price, weight_grams, attributes,
    /// active, released_on)`
    pub(super) fn product_rows(&self, random: &mut Random) -> impl Iterator<Item = Row> {
        self.products
            .iter()
            .map(|product| product_row(product, random))
    }

    /// `product_tags (product_id, tag_id)`
    pub(super) fn tagging_rows(&self, random: &mut Random) -> impl Iterator<Item = Row> {
        let tagged = self.products.iter().flat_map(|product| {
            let tags: Vec<_> = (1..=TAGS.len()).filter(|_| random.percent(18)).collect();
            tags.into_iter().map(|tag| (product.id, tag))
        });
        tagged.map(|(product, tag)| Row::new(product).number(id(tag)).end())
    }

    fn category(&mut self, parent: Option<i64>, name: &'static str, position: i64) -> i64 {
        let id = id(self.categories.len() + 1);
        self.categories.push(Category {
            id,
            parent,
            name,
            slug: name.to_lowercase().replace(' ', "-"),
            position,
        });
        id
    }

    fn fill(
        &mut self,
        category: i64,
        shelf: &Shelf,
        materials: &[&'static str],
        random: &mut Random,
    ) {
        // Consecutive makes differ, so no two things of a kind bear the same name.
        let first = random.below(MAKES.len());
        for index in 0..PER_SHELF {
            let (low, high) = shelf.price;
            self.products.push(Product {
                id: id(self.products.len() + 1),
                thing: shelf.goods[index % shelf.goods.len()],
                price: random.between(low, high) * 100 - random.one(&[0, 5, 10, 50]),
                quality: random.below(3),
                // Half of it was there from the first day.
                released: random.between(-DAYS, DAYS - 60).max(0),
                category,
                make: MAKES[(first + index) % MAKES.len()],
                material: random.one(materials),
            });
        }
    }
}

/// `tags (id, name)`
pub(super) fn tag_rows() -> impl Iterator<Item = Row> {
    TAGS.iter()
        .zip(1..)
        .map(|(name, id)| Row::new(id).text(name).end())
}

fn product_row(product: &Product, random: &mut Random) -> Row {
    let Product { make, thing, .. } = product;
    let weight = random
        .percent(85)
        .then(|| random.between(4, 40 + product.price / 20) * 10);
    let description = random.percent(90).then(|| random.one(&PRAISE));
    Row::new(product.id)
        .number(product.category)
        .text(&format!("{}-{:04}", initials(make, thing), product.id))
        .text(&format!("{make} {thing}"))
        .maybe(description, Row::text)
        .money(product.price)
        .maybe(weight, Row::number)
        .text(&attributes(product, random))
        .boolean(!random.percent(6))
        .date(calendar::day(product.released))
        .end()
}

/// `HGH` for a Halden Garden Hose.
fn initials(make: &str, thing: &str) -> String {
    let words = [make].into_iter().chain(thing.split([' ', '-']));
    words
        .filter_map(|word| word.chars().next())
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// The JSON of what else there is to know.
fn attributes(product: &Product, random: &mut Random) -> String {
    let mut attributes = json!({
        "colour": random.one(&COLOURS),
        "material": product.material,
    });
    if random.percent(60) {
        let mut side = || random.between(3, 90) * 10;
        attributes["dimensions_mm"] = json!([side(), side(), side()]);
    }
    if random.percent(40) {
        attributes["warranty_years"] = json!(random.between(2, 10));
    }
    attributes.to_string()
}

/// A count of rows as a key.
pub(super) fn id(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
