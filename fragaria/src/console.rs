//! The console: GraphiQL as the binary carries it, which loads nothing from any other host.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// The content security policy of the page and of all its files.
pub(crate) const POLICY: &str = include_str!("../console/policy.txt").trim_ascii_end();

/// A file of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// For `Content-Type`.
    pub(crate) media_type: &'static str,
    /// For `Content-Encoding`: how the bytes are packed, whatever the client says it accepts.
    pub(crate) encoding: Option<&'static str>,
    /// For `ETag`, quotes included.
    pub(crate) etag: String,
    /// The body as it is sent.
    pub(crate) bytes: &'static [u8],
}

/// The file at a path, `/console/console.js`.
pub(crate) fn asset(path: &str) -> Option<&'static Asset> {
    let known = ASSETS.iter().find(|(known, _)| *known == path);
    known.map(|(_, asset)| asset)
}

/// The page itself, as HTML: it opens a tab for each query, and remembers what was typed in it apart
/// from what was typed for other projects.
pub(crate) fn page<'a>(project: &str, queries: impl IntoIterator<Item = &'a str>) -> String {
    let queries: Vec<_> = queries
        .into_iter()
        .map(|query| json!({ "query": query }))
        .collect();
    let settings = json!({ "project": project, "queries": queries }).to_string();
    // Within a script element only `<` can end the text early.
    PAGE.replacen(SETTINGS, &settings.replace('<', "\\u003c"), 1)
}

const PAGE: &str = include_str!("../console/bundle/index.html");

/// Where the page takes its settings.
const SETTINGS: &str = "{}";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

static ASSETS: LazyLock<[(&str, Asset); 4]> = LazyLock::new(|| {
    let plain = |media_type, bytes| Asset::new(media_type, None, bytes);
    let packed = |media_type, bytes| Asset::new(media_type, Some("gzip"), bytes);
    [
        (
            "/console/console.js",
            packed(
                JAVASCRIPT,
                include_bytes!("../console/bundle/console.js.gz"),
            ),
        ),
        (
            "/console/console.css",
            packed(CSS, include_bytes!("../console/bundle/console.css.gz")),
        ),
        (
            "/console/icon.svg",
            plain(
                "image/svg+xml",
                include_bytes!("../console/bundle/icon.svg"),
            ),
        ),
        (
            "/console/licences.txt",
            plain(
                PLAIN,
                include_bytes!("../console/bundle/THIRD-PARTY-LICENSES.txt"),
            ),
        ),
    ]
});

impl Asset {
    fn new(media_type: &'static str, encoding: Option<&'static str>, bytes: &'static [u8]) -> Self {
        Self {
            media_type,
            encoding,
            etag: etag(bytes),
            bytes,
        }
    }
}

fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut etag = String::from("\"");
    for byte in digest.iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_the_page_names_is_carried() {
        let named: Vec<_> = PAGE
            .split('"')
            .filter(|text| text.starts_with("/console/"))
            .collect();
        assert_eq!(named.len(), 3);
        for path in named {
            let asset = asset(path).expect(path);
            assert!(!asset.bytes.is_empty());
        }
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in [
            "",
            "/",
            "/console/",
            "/console/../Cargo.toml",
            "/console/console.js.gz",
        ] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn packed_files_are_gzip_and_each_file_has_a_tag_of_its_own() {
        let mut tags: Vec<_> = ASSETS.iter().map(|(_, asset)| &asset.etag).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), ASSETS.len());
        for (path, asset) in ASSETS.iter() {
            let is_gzip = asset.bytes.starts_with(&[0x1f, 0x8b]);
            assert_eq!(is_gzip, asset.encoding == Some("gzip"), "{path}");
        }
    }

    #[test]
    fn a_query_cannot_leave_the_element_it_is_written_into() {
        let page = page("shop", ["# </script><script>alert(1)</script>"]);
        assert_eq!(
            page.matches("</script>").count(),
            PAGE.matches("</script>").count()
        );
        assert!(page.contains(r##"{"query":"# \u003c/script>\u003cscript>"##));
    }

    #[test]
    fn the_policy_names_no_other_host_and_allows_no_inline_code() {
        for forbidden in ["unsafe", "http", "*", "blob:", "\n"] {
            assert!(!POLICY.contains(forbidden), "{forbidden}");
        }
        assert!(POLICY.starts_with("default-src 'none';"));
        assert!(!PAGE.contains("<style") && !PAGE.contains("style="));
    }
}
