//! The page and what belongs to it, and the headers that keep it to itself.

use bytes::Bytes;
use http::{HeaderMap, Response, header};

use super::{set, typed};
use crate::{answer, body::Body};

/// A file that is part of the program.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    media_type: &'static str,
    pub(super) octets: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset { path: "/", media_type: "text/html; charset=utf-8", octets: include_bytes!("page/page.html") },
    Asset { path: "/icon.svg", media_type: "image/svg+xml", octets: include_bytes!("page/icon.svg") },
    Asset {
        path: "/page.css",
        media_type: "text/css; charset=utf-8",
        octets: include_bytes!("page/page.css"),
    },
    Asset {
        path: "/page.js",
        media_type: "text/javascript; charset=utf-8",
        octets: include_bytes!("page/page.js"),
    },
];

/// The page has no script and no style but its own files, asks nobody else for anything, and is shown in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn find(path: &str) -> Option<&'static Asset> {
    static ALL: [Asset; 4] = ASSETS;
    ALL.iter().find(|asset| asset.path == path)
}

impl Asset {
    pub(super) fn response(&self) -> Response<Body> {
        typed(Bytes::from_static(self.octets), self.media_type)
    }
}

/// Keeps an answer from other pages, caches, and from being taken for what it is not.
pub(super) fn protect(headers: &mut HeaderMap) {
    answer::store_nowhere(headers);
    set(headers, &header::CONTENT_SECURITY_POLICY, POLICY);
    set(headers, &header::REFERRER_POLICY, "no-referrer");
    set(headers, &header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, &header::X_FRAME_OPTIONS, "DENY");
    headers.insert("cross-origin-opener-policy", header::HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", header::HeaderValue::from_static("same-origin"));
}
