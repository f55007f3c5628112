//! The service that sends files: `directory`.
//!
//! A path names at most one file below the directory, and nothing above it (`directory/path.rs`, `directory/tree.rs`).
//! What of the file is sent, and whether, is RFC 9110: conditions first, then the range.

mod listing;
mod location;
mod mime;
mod path;
mod precondition;
mod range;
mod sending;
mod tree;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use rustix::io::Errno;
use tracing::{debug, warn};

pub use location::{Location, LocationError};
pub use mime::{MimeError, MimeTypes};
pub use tree::SymbolicLinks;

use crate::{
    ambient,
    answer::file::{self as answer, NoFile, Redirection},
    body::{self, Body},
};
use path::BadPath;
use precondition::{Validators, Verdict};
use range::Extent;
use tree::{Found, Opened, Tree};

/// Octets of the longest page that is shown with a refusal.
const MAX_ERROR_PAGE: u64 = 1024 * 1024;

/// Seconds between two complaints about files that cannot be read: whoever asks for them could fill the log.
const REMIND: u64 = 60;

/// What the operator wants of a directory.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory.
    pub root: PathBuf,
    /// The name of the file that is sent for a folder.
    pub welcome: Option<String>,
    /// Whether a folder without that file is listed.
    pub listing: bool,
    /// Which links are followed.
    pub symbolic_links: SymbolicLinks,
    /// The directory with pages for refusals, named as `404.html`.
    pub error_pages: Option<PathBuf>,
    /// What caches are told.
    pub locations: Vec<Location>,
    /// Types of files.
    pub mime: MimeTypes,
}

/// A directory whose files are sent.
#[derive(Debug)]
pub struct Directory {
    tree: Arc<Tree>,
    error_pages: Option<Arc<Tree>>,
    welcome: Option<String>,
    listing: bool,
    locations: Vec<Location>,
    mime: MimeTypes,
    /// When the operator was told last that a file cannot be read, in seconds since 1970.
    complained: AtomicU64,
}

/// Why a directory cannot be served. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// There is no directory with pages for refusals.
    #[error(
        "cannot use the error-pages-directory {path}: {source}; it must be a directory that the gateway's user may read"
    )]
    ErrorPages {
        /// What is configured.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no directory.
    #[error("cannot serve {path}: {source}; it must be a directory that the gateway's user may read")]
    Root {
        /// What is configured.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel cannot keep look-ups below a directory.
    #[error(
        "cannot serve {path}: the kernel refuses openat2; it takes Linux 5.6, and a sandbox that lets it through"
    )]
    Unsupported {
        /// What is configured.
        path: PathBuf,
    },
    /// The welcome file is not one name.
    #[error("the welcome-file {name:?} is not one name in a folder; write it as index.html")]
    Welcome {
        /// What is configured.
        name: String,
    },
}

impl Directory {
    /// Serves a directory. It is looked up anew for each file, so another may be put in its place.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    pub fn open(settings: Settings) -> Result<Self, DirectoryError> {
        let Settings { root, welcome, listing, symbolic_links, error_pages, locations, mime } = settings;
        if let Some(name) = welcome.as_ref().filter(|name| !is_one_name(name)) {
            return Err(DirectoryError::Welcome { name: name.clone() });
        }
        let tree =
            Tree::open(&root, symbolic_links).map_err(|source| match Errno::from_io_error(&source) {
                Some(Errno::NOSYS | Errno::PERM) => DirectoryError::Unsupported { path: root },
                _ => DirectoryError::Root { path: root, source },
            })?;
        let error_pages = error_pages
            .map(|path| {
                Tree::open(&path, symbolic_links)
                    .map_err(|source| DirectoryError::ErrorPages { path, source })
                    .map(Arc::new)
            })
            .transpose()?;
        let (tree, complained) = (Arc::new(tree), AtomicU64::default());
        Ok(Self { tree, error_pages, welcome, listing, locations, mime, complained })
    }

    /// Answers a request for what is at `below`: its path below the accept's, as on the wire and without a query.
    pub async fn answer<B>(&self, request: &Request<B>, below: &str) -> Response<Body> {
        match self.serve(request, below).await {
            Ok(response) => response,
            Err(why) => {
                debug!(path = below, "No file is sent: {why}");
                self.refuse(why, request.method()).await
            }
        }
    }

    async fn serve<B>(&self, request: &Request<B>, below: &str) -> Result<Response<Body>, NoFile> {
        let (method, headers, uri) = (request.method(), request.headers(), request.uri());
        if method != Method::GET && method != Method::HEAD {
            return Err(NoFile::Method);
        }
        let place = path::read(below).map_err(|bad| match bad {
            BadPath::Hidden => NoFile::Missing,
            BadPath::Unsound => NoFile::Path,
        })?;
        let is_folder = uri.path().ends_with('/');
        let folder = match self.find(&place).await? {
            Found::File(file) if !is_folder => return self.send(file, &place, method, headers).await,
            Found::File(_) => return Err(NoFile::Missing),
            Found::Folder(_) if !is_folder => return to_folder(uri),
            Found::Folder(folder) => folder,
        };
        if let Some(welcome) = &self.welcome {
            let place = place.join(welcome);
            match self.find(&place).await {
                Ok(Found::File(file)) => return self.send(file, &place, method, headers).await,
                Ok(Found::Folder(_)) | Err(NoFile::Missing) => {}
                Err(why) => return Err(why),
            }
        }
        let folder = folder.filter(|_| self.listing).ok_or(NoFile::Missing)?;
        let page = listing::page(&self.tree, place, folder).await.map_err(|error| self.failed(&error))?;
        let mut response = octets(page, HeaderValue::from_static("text/html; charset=utf-8"), method);
        let policy = HeaderValue::from_static(listing::POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    async fn find(&self, place: &Path) -> Result<Found, NoFile> {
        self.tree.find(place).await.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::NXIO) => NoFile::Missing,
            Some(Errno::XDEV | Errno::LOOP) => {
                let file = self.tree.root().join(place);
                debug!(
                    file = %file.display(),
                    "A link leaves the directory; make it relative and keep it below, or set symbolic-links to \
                     unrestricted"
                );
                NoFile::Missing
            }
            Some(Errno::ACCESS) => {
                self.complain(place, &error);
                NoFile::Missing
            }
            _ => {
                self.complain(place, &error);
                NoFile::Failed
            }
        })
    }

    /// Sends a file, or the part of it that is asked for, or the news that the client has it.
    async fn send(
        &self,
        file: Opened,
        place: &Path,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, NoFile> {
        let now = u64::try_from(ambient::time_of_day().0).unwrap_or_default();
        // A date that is still to come is none that a client can be told (RFC 9110 section 8.8.2.1).
        let state = Validators { tag: file.tag, modified: file.modified.min(now) };
        let (mut response, part) = match state.judge(headers) {
            Verdict::Failed => return Err(NoFile::Condition),
            Verdict::Known => (answer::not_modified(), None),
            Verdict::Send => {
                let range = headers
                    .get(header::RANGE)
                    .filter(|_| method == Method::GET && state.may_cut(headers, now));
                let extent = range.map_or(Extent::Whole, |range| range::asked(range.as_bytes(), file.length));
                let (part, is_cut) = match extent {
                    Extent::Outside => return Err(NoFile::Range { length: file.length }),
                    Extent::Part(part) => (part, true),
                    Extent::Whole => (0..file.length, false),
                };
                let body = if method == Method::HEAD {
                    body::whole(Bytes::new())
                } else {
                    sending::octets(file.file, part.clone()).await.map_err(|error| self.failed(&error))?
                };
                let mut response = Response::new(body);
                if is_cut {
                    answer::mark_as_part(&mut response, &part, file.length);
                }
                (response, Some(part))
            }
        };
        let fields = response.headers_mut();
        if let Some(part) = part {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end.saturating_sub(part.start)));
            fields.insert(header::CONTENT_TYPE, self.mime.of(place));
            fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        let told = location::cache_control(&self.locations, &place.to_string_lossy(), state.modified, now);
        if let Some(told) = told {
            fields.insert(header::CACHE_CONTROL, told);
        }
        for (name, value) in [(header::LAST_MODIFIED, state.date()), (header::ETAG, state.tag)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                fields.insert(name, value);
            }
        }
        Ok(response)
    }

    /// The answer that no file is sent, with the operator's page for it if there is one.
    async fn refuse(&self, why: NoFile, method: &Method) -> Response<Body> {
        let mut response = answer::refuse(why);
        if let Some(page) = self.error_page(response.status().as_str()).await {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            let (head, body) = octets(page, html, method).into_parts();
            response.headers_mut().extend(head.headers);
            *response.body_mut() = body;
        }
        response
    }

    async fn error_page(&self, status: &str) -> Option<Bytes> {
        let place = PathBuf::from(format!("{status}.html"));
        let Found::File(page) = self.error_pages.as_ref()?.find(&place).await.ok()? else { return None };
        let length = Some(page.length).filter(|length| *length <= MAX_ERROR_PAGE)?;
        sending::all(page.file, length).await.ok()
    }

    fn failed(&self, error: &io::Error) -> NoFile {
        self.complain(Path::new(""), error);
        NoFile::Failed
    }

    /// Tells the operator that a file cannot be read, once in a while.
    fn complain(&self, place: &Path, error: &io::Error) {
        let now = u64::try_from(ambient::time_of_day().0).unwrap_or_default();
        let due = self.complained.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            (now.saturating_sub(last) >= REMIND).then_some(now)
        });
        if due.is_ok() {
            let file = self.tree.root().join(place);
            warn!(
                file = %file.display(),
                "Cannot read what is asked for: {error}; give the gateway's user the right to read it"
            );
        }
    }
}

/// Octets of our own, of which `HEAD` gets the length.
fn octets(octets: Bytes, mime_type: HeaderValue, method: &Method) -> Response<Body> {
    let length = HeaderValue::from(octets.len());
    let mut response = Response::new(body::whole(if method == Method::HEAD { Bytes::new() } else { octets }));
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_LENGTH, length);
    fields.insert(header::CONTENT_TYPE, mime_type);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Sends a client to the path of a folder that ends in a slash, against which its page's links are meant.
///
/// The place is relative, since clients may reach the gateway by a name that it does not know. `./` keeps a name with
/// a colon from being a scheme.
fn to_folder(uri: &Uri) -> Result<Response<Body>, NoFile> {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // What came as it is and is not ASCII would be no URI in a field (RFC 9110 section 10.2.2).
    let place = utf8_percent_encode(&format!("./{name}/{query}"), CONTROLS).to_string();
    let location = HeaderValue::try_from(place).map_err(|_| NoFile::Path)?;
    Ok(answer::redirect(Redirection::Found, location))
}

fn is_one_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests;
