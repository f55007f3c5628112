//! Heads of requests for files: whatever they ask, only octets of the directory come back, and those that were said.

#![no_main]

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use http::{HeaderValue, Method, Request, header};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use ticketgate::service::directory::{Directory, MimeTypes, Settings, SymbolicLinks};
use tokio::runtime::{Builder, Runtime};

/// The file in the directory; what is beside the directory has none of these octets.
const FILE: &[u8] = b"0123456789";

static SITE: LazyLock<(Runtime, Directory)> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("ticketgate-fuzz-{}", std::process::id()));
    let root = folder.join("web");
    fs::create_dir_all(root.join("a")).unwrap();
    fs::write(folder.join("secret"), "secret").unwrap();
    for file in [root.join("a/a"), root.join("index.html")] {
        fs::write(&file, FILE).unwrap();
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(784_111_777)).unwrap();
    }
    // Where it exists from a run before, it leads to the same place.
    let _ = symlink("../../secret", root.join("a/l"));
    (Builder::new_current_thread().build().unwrap(), open(root))
});

fn open(root: PathBuf) -> Directory {
    let welcome = Some("index.html".to_owned());
    let (symbolic_links, mime) = (SymbolicLinks::Restricted, MimeTypes::default());
    let settings = Settings {
        root,
        welcome,
        listing: false,
        symbolic_links,
        error_pages: None,
        locations: Vec::new(),
        mime,
    };
    Directory::open(settings).unwrap()
}

fuzz_target!(|octets: &[u8]| {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    if !parsed.parse(octets).is_ok_and(|parsed| parsed.is_complete()) {
        return;
    }
    let mut request = Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap());
    for field in parsed.headers {
        let Ok(value) = HeaderValue::from_bytes(field.value) else { return };
        request = request.header(field.name, value);
    }
    let Ok(request) = request.body(()) else { return };

    let (runtime, directory) = &*SITE;
    let (head, body) = runtime.block_on(directory.answer(&request, request.uri().path())).into_parts();
    let body = runtime.block_on(body.collect()).unwrap().to_bytes();
    match head.status.as_u16() {
        200 if request.method() == Method::HEAD => assert!(body.is_empty()),
        200 => assert_eq!(body, FILE),
        206 => {
            let said = head.headers[header::CONTENT_RANGE].to_str().unwrap();
            let (first, rest) = said.strip_prefix("bytes ").unwrap().split_once('-').unwrap();
            let last = rest.strip_suffix("/10").unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(body, FILE[first..=last]);
        }
        302 => {
            let place = head.headers[header::LOCATION].to_str().unwrap();
            assert!(place.starts_with("./") && place.split('?').next().unwrap().ends_with('/'), "{place}");
        }
        304 | 400 | 404 | 405 | 412 | 416 => assert!(body.is_empty()),
        status => panic!("{status}"),
    }
});
