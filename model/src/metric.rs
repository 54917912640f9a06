//! The typed kinds of metric: rooms declare theirs with these, `observe` gathers and renders them.

pub use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use prometheus_client::registry::{Registry, Unit};

/// Upper bounds in seconds of every latency histogram: 0.25 ms to 16 s, doubling.
pub fn seconds() -> impl Iterator<Item = f64> {
    prometheus_client::metrics::histogram::exponential_buckets(0.000_25, 2.0, 17)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_measured_from_a_quarter_millisecond_to_sixteen_seconds() {
        let bounds: Vec<_> = seconds().collect();
        assert_eq!(bounds.len(), 17);
        assert!(
            bounds
                .first()
                .is_some_and(|first| (first - 0.000_25).abs() < f64::EPSILON)
        );
        assert!(
            bounds
                .last()
                .is_some_and(|last| (last - 16.384).abs() < 1e-9)
        );
    }
}
