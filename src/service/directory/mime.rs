//! The media type of a file, by the extension of its name: a table, and what `mime-mapping` adds to it.

use std::{collections::HashMap, ffi::OsStr, path::Path};

use http::HeaderValue;

/// The type of files that no other is known for: browsers keep them, and do not guess.
const UNKNOWN: &str = "application/octet-stream";

/// Types by extension in lower case: KAAZING Gateway's, and what pages are made of since. Sorted, to be searched.
/// Text is UTF-8 unless its own first line can say otherwise, as that of XML does.
const TABLE: [(&str, &str); 59] = [
    ("appcache", "text/cache-manifest; charset=utf-8"),
    ("aspx", "text/html; charset=utf-8"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("eot", "application/vnd.ms-fontobject"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htc", "text/x-component; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jar", "application/java-archive"),
    ("jnlp", "application/x-java-jnlp-file"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("manifest", "text/cache-manifest; charset=utf-8"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpd", "application/dash+xml"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml"),
    ("svg", "image/svg+xml"),
    ("swf", "application/x-shockwave-flash"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xap", "application/x-silverlight-app"),
    ("xhtml", "application/xhtml+xml"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// Media types by extension.
#[derive(Clone, Debug, Default)]
pub struct MimeTypes {
    mapped: HashMap<String, HeaderValue>,
}

/// Why a mapping cannot be. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MimeError {
    /// No name ends so.
    #[error("{extension:?} is no extension; write it without a dot, as html")]
    Extension {
        /// What is configured.
        extension: String,
    },
    /// It is no media type.
    #[error("{mime_type:?} is no media type; write it as text/html, or as text/html; charset=utf-8")]
    Type {
        /// What is configured.
        mime_type: String,
    },
}

impl MimeTypes {
    /// The table, with these extensions and types in place of its own. The last one for an extension counts.
    ///
    /// # Errors
    ///
    /// [`MimeError`].
    pub fn new(mappings: impl IntoIterator<Item = (String, String)>) -> Result<Self, MimeError> {
        let mapped = mappings.into_iter().map(|(extension, mime_type)| {
            if extension.is_empty() || extension.contains(['.', '/']) {
                return Err(MimeError::Extension { extension });
            }
            match HeaderValue::from_str(&mime_type) {
                Ok(value) if is_type(&mime_type) => Ok((extension.to_lowercase(), value)),
                _ => Err(MimeError::Type { mime_type }),
            }
        });
        Ok(Self { mapped: mapped.collect::<Result<_, _>>()? })
    }

    /// The type of the file with this name.
    pub(super) fn of(&self, name: &Path) -> HeaderValue {
        let extension = name.extension().and_then(OsStr::to_str).unwrap_or_default().to_lowercase();
        if let Some(mapped) = self.mapped.get(&extension) {
            return mapped.clone();
        }
        let found = TABLE.binary_search_by_key(&extension.as_str(), |(extension, _)| extension);
        let known = found.ok().and_then(|place| TABLE.get(place)).map_or(UNKNOWN, |(_, known)| known);
        HeaderValue::from_static(known)
    }
}

/// Whether text begins with a type and a subtype (RFC 9110 section 8.3.1).
fn is_type(text: &str) -> bool {
    let named = text.split(';').next().unwrap_or_default().trim_end();
    let is_token = |part: &str| {
        let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&sign);
        !part.is_empty() && part.bytes().all(is_sign)
    };
    named.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(types: &MimeTypes, name: &str) -> String {
        types.of(Path::new(name)).to_str().unwrap().to_owned()
    }

    #[test]
    fn the_table_is_sorted_to_be_searched() {
        assert!(TABLE.is_sorted_by(|(one, _), (other, _)| one < other));
    }

    #[test]
    fn the_extension_says_the_type_in_any_case() {
        let types = MimeTypes::default();
        for (name, mime_type) in [
            ("index.html", "text/html; charset=utf-8"),
            ("INDEX.HTM", "text/html; charset=utf-8"),
            ("a/b.min.js", "text/javascript; charset=utf-8"),
            ("a.woff2", "font/woff2"),
            ("a.svg", "image/svg+xml"),
            ("a.wasm", "application/wasm"),
        ] {
            assert_eq!(of(&types, name), mime_type, "{name}");
        }
    }

    #[test]
    fn what_is_not_known_is_octets() {
        for name in ["LICENSE", "a.unknown", "a.", "html"] {
            assert_eq!(of(&MimeTypes::default(), name), UNKNOWN, "{name}");
        }
    }

    #[test]
    fn the_last_mapping_of_an_extension_counts() {
        let mappings = [("HTML", "text/x-one"), ("html", "text/x-two"), ("foo", "application/foo")];
        let types =
            MimeTypes::new(mappings.map(|(extension, kind)| (extension.into(), kind.into()))).unwrap();
        assert_eq!(of(&types, "a.html"), "text/x-two");
        assert_eq!(of(&types, "a.FOO"), "application/foo");
        assert_eq!(of(&types, "a.png"), "image/png");
    }

    #[test]
    fn what_is_no_type_or_no_extension_is_refused() {
        let map = |extension: &str, kind: &str| MimeTypes::new([(extension.to_owned(), kind.to_owned())]);
        for wrong in ["", "html", "/html", "text/", "text/h tml", "text/html\r\nX: y", "a/b/c"] {
            assert_eq!(map("a", wrong).unwrap_err(), MimeError::Type { mime_type: wrong.into() });
        }
        for wrong in ["", ".html", "tar.gz", "a/b"] {
            assert_eq!(
                map(wrong, "text/html").unwrap_err(),
                MimeError::Extension { extension: wrong.into() }
            );
        }
    }
}
