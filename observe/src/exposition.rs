//! The metrics as text, in the `OpenMetrics` 1.0 format.

use crate::Error;
use model::metric::Registry;
use prometheus_client::encoding::text::{encode_eof, encode_registry};

/// The media type of what [`render`] returns.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Renders several registries as one exposition; no name may be in two of them.
pub fn render<'a>(registries: impl IntoIterator<Item = &'a Registry>) -> Result<String, Error> {
    let mut text = String::new();
    for registry in registries {
        encode_registry(&mut text, registry)?;
    }
    encode_eof(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Build;

    #[test]
    fn several_registries_make_one_exposition() {
        let mut first = Registry::default();
        let mut second = Registry::default();
        let build = Build::new("1.2.3", &mut first);
        build.serves("old");
        build.serves("abc");
        second.register(
            "fragaria_example",
            "An example",
            model::metric::Gauge::<i64>::default(),
        );
        let text = render([&first, &second]).unwrap();
        assert!(text.contains("fragaria_build_info{version=\"1.2.3\",artefact=\"abc\"} 1"));
        assert!(!text.contains("old"));
        assert!(text.contains("fragaria_example 0"));
        assert_eq!(text.matches("# EOF").count(), 1);
    }
}
