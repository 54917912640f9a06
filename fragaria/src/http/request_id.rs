//! The id of a request: the client's own where it is sane, one of ours otherwise.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where it comes in and goes out.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client, in characters.
const LENGTH_MAX: usize = 128;

/// Tells this process from others.
static PROCESS: LazyLock<String> = LazyLock::new(|| format!("{:016x}-", fastrand::u64(..)));
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The id of a request with these headers.
pub(super) fn of(headers: &HeaderMap) -> Box<str> {
    let theirs = headers.get(&HEADER).and_then(|value| value.to_str().ok());
    if let Some(id) = theirs.filter(|id| is_sane(id)) {
        return id.into();
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    [&*PROCESS, itoa::Buffer::new().format(number)]
        .concat()
        .into()
}

fn is_sane(id: &str) -> bool {
    let sane = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b':');
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(sane)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(id).unwrap());
            super::of(&headers)
        };
        assert_eq!(&*of("a-1_b.c:2"), "a-1_b.c:2");
        for bad in ["", "two words", "<script>", &"x".repeat(129)] {
            assert_ne!(&*of(bad), bad);
        }
        assert_ne!(super::of(&HeaderMap::new()), super::of(&HeaderMap::new()));
    }
}
