//! Items in the order they came, each once, and found without a search.

use foldhash::fast::RandomState;
use indexmap::IndexSet;
use std::hash::{Hash, Hasher};

/// An ordered list of distinct items; adding one costs the same however many there are.
#[derive(Clone, Debug)]
pub(crate) struct Distinct<T>(IndexSet<T, RandomState>);

impl<T: Eq + Hash> Distinct<T> {
    /// Adds an item, or finds it, and gives its index.
    pub(crate) fn place(&mut self, item: T) -> usize {
        self.0.insert_full(item).0
    }

    pub(crate) fn iter(&self) -> indexmap::set::Iter<'_, T> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(IndexSet::default())
    }
}

impl<T: Eq + Hash> FromIterator<T> for Distinct<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T> IntoIterator for Distinct<T> {
    type Item = T;
    type IntoIter = indexmap::set::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Distinct<T> {
    type Item = &'a T;
    type IntoIter = indexmap::set::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Eq> PartialEq for Distinct<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice() == other.0.as_slice()
    }
}

impl<T: Eq> Eq for Distinct<T> {}

impl<T: Hash> Hash for Distinct<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    }

    /// An item that counts how often it is compared with another.
    #[derive(Debug)]
    struct Counted(usize);

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted {}

    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn an_item_keeps_the_place_it_first_took() {
        let mut items = Distinct::default();
        let places = ["b", "a", "b", "c", "a"].map(|item| items.place(item));
        assert_eq!(places, [0, 1, 0, 2, 1]);
        assert_eq!(items.into_iter().collect::<Vec<_>>(), ["b", "a", "c"]);
    }

    #[test]
    fn the_order_tells_lists_apart() {
        let list = |items: [u8; 2]| items.into_iter().collect::<Distinct<_>>();
        assert_eq!(list([1, 2]), list([1, 2]));
        assert_ne!(list([1, 2]), list([2, 1]));
    }

    #[test]
    fn many_items_are_not_searched() {
        let count = 30_000;
        let mut items = Distinct::default();
        for number in (0..count).chain(0..count) {
            assert_eq!(items.place(Counted(number)), number);
        }
        // Mostly once each; a seed by which many fall together is rare. A search would take half of them each.
        let compared = COMPARISONS.get();
        assert!(compared < 30 * count, "{compared} comparisons");
    }
}
