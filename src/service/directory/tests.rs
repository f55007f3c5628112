//! A directory as clients see it, without a socket.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    time::{Duration, UNIX_EPOCH},
};

use http_body_util::BodyExt as _;

use super::*;

/// Of RFC 9110 section 5.6.7.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const SECOND: u64 = 784_111_777;

/// A directory of this test, with a file beside it that is nobody's.
struct Site {
    folder: PathBuf,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ticketgate-directory-{}-{name}", std::process::id()));
        let site = Self { folder };
        fs::create_dir_all(site.root()).unwrap();
        fs::write(site.folder.join("secret"), "secret").unwrap();
        site
    }

    fn root(&self) -> PathBuf {
        self.folder.join("web")
    }

    fn with(self, path: &str, octets: impl AsRef<[u8]>) -> Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, octets).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(SECOND)).unwrap();
        self
    }

    fn settings(&self) -> Settings {
        Settings {
            root: self.root(),
            welcome: Some("index.html".into()),
            listing: false,
            symbolic_links: SymbolicLinks::Restricted,
            error_pages: None,
            locations: Vec::new(),
            mime: MimeTypes::default(),
        }
    }

    fn open(&self) -> Directory {
        Directory::open(self.settings()).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A response, read to its end.
#[derive(Debug)]
struct Read {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Read {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn ask(directory: &Directory, method: &str, path: &str, fields: &[(&str, &str)]) -> Read {
    let mut request = Request::builder().method(method).uri(format!("http://gw.test/web{path}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let below = path.split('?').next().unwrap();
    let (head, body) = directory.answer(&request.body(()).unwrap(), below).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Read { status: head.status.as_u16(), headers: head.headers, body }
}

async fn get(directory: &Directory, path: &str) -> Read {
    ask(directory, "GET", path, &[]).await
}

#[tokio::test]
async fn a_file_is_sent_with_what_caches_and_browsers_need() {
    let site = Site::new("file").with("a/page.html", "hello");
    let response = get(&site.open(), "/a/page.html").await;
    assert_eq!((response.status, &response.body[..]), (200, &b"hello"[..]));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-length", "5"),
        ("last-modified", DATE),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert!(response.header("etag").unwrap().starts_with('"'));
    assert_eq!(response.header("cache-control"), None);
}

#[tokio::test]
async fn head_gets_the_same_fields_and_no_octets() {
    let site = Site::new("head").with("a.txt", "hello");
    let directory = site.open();
    let (get, head) = (get(&directory, "/a.txt").await, ask(&directory, "HEAD", "/a.txt", &[]).await);
    assert_eq!((head.status, &head.headers), (200, &get.headers));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn other_methods_are_told_which_are_served() {
    let site = Site::new("methods").with("a.txt", "hello");
    let directory = site.open();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let response = ask(&directory, method, "/a.txt", &[]).await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let site = Site::new("empty").with("a.txt", "");
    let response = get(&site.open(), "/a.txt").await;
    assert_eq!((response.status, response.header("content-length")), (200, Some("0")));
}

#[tokio::test]
async fn a_long_file_comes_whole_and_in_order() {
    let octets: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let site = Site::new("long").with("a.bin", &octets);
    let directory = site.open();
    assert!(get(&directory, "/a.bin").await.body == octets);
    let response = ask(&directory, "GET", "/a.bin", &[("range", "bytes=70000-1100000")]).await;
    assert_eq!(response.header("content-length"), Some("1030001"));
    assert!(response.body == octets[70_000..=1_100_000]);
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_breaks_the_response_off() {
    let site = Site::new("shrinks").with("a.bin", vec![7; 300_000]);
    let request = Request::get("http://gw.test/web/a.bin").body(()).unwrap();
    let mut body = site.open().answer(&request, "/a.bin").await.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    fs::File::options().write(true).open(site.root().join("a.bin")).unwrap().set_len(100_000).unwrap();
    assert!(body.collect().await.is_err());
}

#[tokio::test]
async fn a_file_that_another_takes_the_place_of_is_sent_to_its_end() {
    let site = Site::new("replaced").with("a.bin", vec![7; 300_000]).with("b.bin", "new");
    let request = Request::get("http://gw.test/web/a.bin").body(()).unwrap();
    let body = site.open().answer(&request, "/a.bin").await.into_body();
    fs::rename(site.root().join("b.bin"), site.root().join("a.bin")).unwrap();
    assert!(body.collect().await.unwrap().to_bytes() == vec![7; 300_000]);
}

#[tokio::test]
async fn a_range_is_cut_out() {
    let site = Site::new("range").with("a.txt", "0123456789");
    let directory = site.open();
    for (range, status, content, body) in [
        ("bytes=2-4", 206, Some("bytes 2-4/10"), "234"),
        ("bytes=-1", 206, Some("bytes 9-9/10"), "9"),
        ("bytes=0-", 206, Some("bytes 0-9/10"), "0123456789"),
        ("bytes=10-", 416, Some("bytes */10"), ""),
        ("bytes=0-1,4-5", 200, None, "0123456789"),
        ("lines=1-2", 200, None, "0123456789"),
    ] {
        let response = ask(&directory, "GET", "/a.txt", &[("range", range)]).await;
        assert_eq!((response.status, response.header("content-range")), (status, content), "{range}");
        assert_eq!(response.body, body, "{range}");
    }
}

#[tokio::test]
async fn head_has_no_ranges() {
    let site = Site::new("head-range").with("a.txt", "0123456789");
    let response = ask(&site.open(), "HEAD", "/a.txt", &[("range", "bytes=2-4")]).await;
    assert_eq!((response.status, response.header("content-length")), (200, Some("10")));
}

#[tokio::test]
async fn a_part_of_another_state_is_not_continued() {
    let site = Site::new("if-range").with("a.txt", "0123456789");
    let directory = site.open();
    let tag = get(&directory, "/a.txt").await.header("etag").unwrap().to_owned();
    for (state, status) in [(tag.as_str(), 206), (DATE, 206), ("\"other\"", 200)] {
        let response = ask(&directory, "GET", "/a.txt", &[("range", "bytes=2-"), ("if-range", state)]).await;
        assert_eq!(response.status, status, "{state}");
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let site = Site::new("known").with("a.txt", "hello");
    let directory = site.open();
    let tag = get(&directory, "/a.txt").await.header("etag").unwrap().to_owned();
    for condition in [("if-none-match", tag.as_str()), ("if-modified-since", DATE)] {
        let response = ask(&directory, "GET", "/a.txt", &[condition]).await;
        assert_eq!((response.status, response.header("etag")), (304, Some(tag.as_str())), "{condition:?}");
        assert!(response.body.is_empty() && response.header("content-length").is_none());
    }
}

#[tokio::test]
async fn a_condition_that_fails_is_said() {
    let site = Site::new("failed").with("a.txt", "hello");
    let response = ask(&site.open(), "GET", "/a.txt", &[("if-match", "\"other\"")]).await;
    assert_eq!(response.status, 412);
}

#[tokio::test]
async fn a_release_of_one_time_and_one_length_has_another_tag() {
    let site = Site::new("tag").with("a.js", "old").with("b.js", "new");
    let directory = site.open();
    let tag = get(&directory, "/a.js").await.header("etag").unwrap().to_owned();
    fs::rename(site.root().join("b.js"), site.root().join("a.js")).unwrap();
    let response = ask(&directory, "GET", "/a.js", &[("if-none-match", &tag)]).await;
    assert_eq!((response.status, &response.body[..]), (200, &b"new"[..]));
}

#[tokio::test]
async fn a_folder_without_its_slash_is_pointed_at_the_slash() {
    let site = Site::new("slash").with("a:b/index.html", "welcome");
    let response = get(&site.open(), "/a:b?x=1").await;
    assert_eq!((response.status, response.header("location")), (302, Some("./a:b/?x=1")));
    let response = get(&site.open(), "").await;
    assert_eq!((response.status, response.header("location")), (302, Some("./web/")));
    let response = get(&site.open(), "/a:b?ö").await;
    assert_eq!(response.header("location"), Some("./a:b/?%C3%B6"), "what is no ASCII is no URI");
}

#[tokio::test]
async fn a_folder_is_its_welcome_file() {
    let site = Site::new("welcome").with("index.html", "top").with("a/index.html", "below");
    let directory = site.open();
    assert_eq!(get(&directory, "/").await.body, "top");
    let response = get(&directory, "/a/").await;
    assert_eq!((response.status, &response.body[..]), (200, &b"below"[..]));
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let site = Site::new("no-folder").with("a.txt", "hello");
    let directory = site.open();
    for path in ["/a.txt/", "/a.txt/b"] {
        assert_eq!(get(&directory, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_folder_that_has_nothing_to_show_is_not_there() {
    let site = Site::new("nothing").with("a/b.txt", "hello");
    assert_eq!(get(&site.open(), "/a/").await.status, 404);
}

#[tokio::test]
async fn a_listing_shows_what_would_be_served_in_order() {
    let site =
        Site::new("listing").with("b.txt", "hello").with("a.txt", "").with("c/d", "").with(".hidden", "");
    symlink(site.folder.join("secret"), site.root().join("escape")).unwrap();
    let directory = Directory::open(Settings { listing: true, ..site.settings() }).unwrap();
    let response = get(&directory, "/").await;
    let page = std::str::from_utf8(&response.body).unwrap();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in {page}"));
    assert!(place("href=\"./c/\"") < place("href=\"./a.txt\""));
    assert!(place("href=\"./a.txt\"") < place("href=\"./b.txt\""));
    assert!(page.contains("<td>5</td><td>Sun, 06 Nov 1994 08:49:37 GMT</td>"), "{page}");
    assert!(!page.contains("hidden") && !page.contains("escape"), "{page}");
    assert_eq!(response.header("content-security-policy"), Some("default-src 'none'"));
}

#[tokio::test]
async fn nothing_leads_out_of_the_directory() {
    let site = Site::new("out").with("a/b.txt", "hello");
    let directory = site.open();
    for path in ["/../secret", "/a/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/a/%2e./%2E%2e/secret"] {
        assert_eq!(get(&directory, path).await.status, 400, "{path}");
    }
    let whole = site.folder.join("secret").display().to_string();
    assert_eq!(get(&directory, &whole).await.status, 404);
}

#[tokio::test]
async fn a_link_is_followed_as_far_as_the_directory_goes() {
    let site = Site::new("links").with("a/b.txt", "hello");
    let root = site.root();
    symlink("a/b.txt", root.join("inside")).unwrap();
    symlink("../a/b.txt", root.join("a/around")).unwrap();
    symlink("../secret", root.join("outside")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink(site.folder.join("secret"), root.join("absolute")).unwrap();
    symlink("round", root.join("round")).unwrap();
    let directory = site.open();
    for (path, status) in [
        ("/inside", 200),
        ("/a/around", 200),
        ("/outside", 404),
        ("/up/secret", 404),
        ("/absolute", 404),
        ("/round", 404),
    ] {
        assert_eq!(get(&directory, path).await.status, status, "{path}");
    }
    let settings = Settings { symbolic_links: SymbolicLinks::Unrestricted, ..site.settings() };
    let directory = Directory::open(settings).unwrap();
    for path in ["/outside", "/up/secret", "/absolute"] {
        assert_eq!(get(&directory, path).await.body, "secret", "{path}");
    }
}

#[tokio::test]
async fn a_directory_that_is_a_link_shows_what_it_leads_to_now() {
    let site = Site::new("release").with("one/a.txt", "one").with("two/a.txt", "two");
    let current = site.folder.join("current");
    symlink("web/one", &current).unwrap();
    let directory = Directory::open(Settings { root: current.clone(), ..site.settings() }).unwrap();
    assert_eq!(get(&directory, "/a.txt").await.body, "one");
    symlink("web/two", site.folder.join("next")).unwrap();
    fs::rename(site.folder.join("next"), &current).unwrap();
    assert_eq!(get(&directory, "/a.txt").await.body, "two");
}

#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    let site = Site::new("pipe");
    let fifo = site.root().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(get(&site.open(), "/pipe").await.status, 404);
}

#[tokio::test]
async fn hidden_files_are_not_there_but_for_the_well_known_ones() {
    let site =
        Site::new("hidden").with(".htpasswd", "x").with(".git/config", "x").with(".well-known/a", "hello");
    let directory = site.open();
    for (path, status) in [("/.htpasswd", 404), ("/.git/config", 404), ("/.well-known/a", 200)] {
        assert_eq!(get(&directory, path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn names_that_no_file_can_have_are_not_there() {
    let site = Site::new("names");
    let directory = site.open();
    for path in [format!("/{}", "a".repeat(300)), format!("/{}", "a/".repeat(3000)), "/%ff".to_owned()] {
        assert_eq!(get(&directory, &path).await.status, 404);
    }
}

#[tokio::test]
async fn a_refusal_shows_the_operators_page() {
    let site = Site::new("refusal").with("errors/404.html", "gone").with("web/a.txt", "0123456789");
    let settings = Settings {
        root: site.root().join("web"),
        error_pages: Some(site.root().join("errors")),
        ..site.settings()
    };
    let directory = Directory::open(settings).unwrap();
    let response = get(&directory, "/nowhere").await;
    assert_eq!((response.status, &response.body[..]), (404, &b"gone"[..]));
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    let response = ask(&directory, "HEAD", "/nowhere", &[]).await;
    assert_eq!((response.header("content-length"), response.body.len()), (Some("4"), 0));
    let response = ask(&directory, "POST", "/a.txt", &[]).await;
    assert_eq!((response.status, response.header("allow"), response.body.len()), (405, Some("GET, HEAD"), 0));
}

#[tokio::test]
async fn caches_are_told_what_the_locations_say_of_the_file_that_is_sent() {
    let site = Site::new("caches").with("a/index.html", "hello").with("a.css", "");
    let time = |text: &str| text.parse().ok().map(Duration::from_secs);
    let location = |pattern, told| Location::new([pattern], told, time).unwrap();
    let locations = vec![location("**/*", "public, max-age=60"), location("**/*.html", "max-age=0")];
    let directory = Directory::open(Settings { locations, ..site.settings() }).unwrap();
    assert_eq!(get(&directory, "/a/").await.header("cache-control"), Some("public, max-age=0"));
    let response = ask(&directory, "GET", "/a.css", &[("if-none-match", "*")]).await;
    assert_eq!((response.status, response.header("cache-control")), (304, Some("public, max-age=60")));
}

#[tokio::test]
async fn a_file_of_tomorrow_is_said_to_have_changed_now() {
    let site = Site::new("tomorrow").with("a.txt", "hello");
    let file = fs::File::options().write(true).open(site.root().join("a.txt")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(10_000_000_000)).unwrap();
    let response = get(&site.open(), "/a.txt").await;
    let said = httpdate::parse_http_date(response.header("last-modified").unwrap()).unwrap();
    assert!(said < UNIX_EPOCH + Duration::from_secs(10_000_000_000));
}

#[test]
fn what_cannot_be_served_is_said_at_the_start() {
    let site = Site::new("start").with("a.txt", "hello");
    let open = |settings| Directory::open(settings).unwrap_err();
    let wrong = open(Settings { root: site.root().join("nowhere"), ..site.settings() });
    assert!(matches!(wrong, DirectoryError::Root { .. }), "{wrong}");
    let wrong = open(Settings { root: site.root().join("a.txt"), ..site.settings() });
    assert!(matches!(wrong, DirectoryError::Root { .. }), "{wrong}");
    let wrong = open(Settings { error_pages: Some(site.root().join("nowhere")), ..site.settings() });
    assert!(matches!(wrong, DirectoryError::ErrorPages { .. }), "{wrong}");
    for name in ["", "..", "a/index.html"] {
        let wrong = open(Settings { welcome: Some(name.into()), ..site.settings() });
        assert!(matches!(wrong, DirectoryError::Welcome { .. }), "{wrong}");
    }
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_not_there() {
    let site = Site::new("rights").with("a.txt", "hello");
    fs::set_permissions(site.root().join("a.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    let status = get(&site.open(), "/a.txt").await.status;
    // Root may read all.
    assert_eq!(status, if rustix::process::geteuid().is_root() { 200 } else { 404 });
}

#[test]
fn an_answer_may_be_waited_for_on_any_thread() {
    fn can_move<T: Send>(_: T) {}
    fn answer(directory: &Directory, request: &Request<hyper::body::Incoming>) {
        can_move(directory.answer(request, "/"));
    }
    let _ = answer;
}
