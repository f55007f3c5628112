//! `directory`: files, as browsers, curl and caches ask for them.

mod guarded;
mod told;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::symlink,
    process::{Command, Output},
};

use super::{Folder, ask, exchange, one, status};
use crate::{backend::Head, world::Gateway, ws_client::plain};

/// A `directory` with this folder, these further properties, and what else stands in the service.
fn serving(folder: &Folder, properties: &str, more: &str) -> Gateway {
    let root = folder.path("").display().to_string();
    let properties = format!("<properties><directory>{root}</directory>{properties}</properties>");
    one("directory", "http", &(properties + more))
}

/// The same with `index.html` for folders.
fn welcoming(folder: &Folder) -> Gateway {
    serving(folder, "<welcome-file>index.html</welcome-file>", "")
}

/// Octets that no two places of have alike.
fn octets(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_le_bytes).collect()
}

fn curl(arguments: &[&str]) -> Output {
    let curl = Command::new("curl").args(["-sS", "--max-time", "30"]).args(arguments).output();
    curl.expect("curl runs; install curl")
}

fn url(gateway: &Gateway, below: &str) -> String {
    format!("http://{}/in/{below}", gateway.at("one"))
}

#[test]
fn curl_resumes_where_it_stopped() {
    let whole = octets(100_000);
    let folder = Folder::new().with("site/big.bin", &whole).with("part", &whole[..123_456]);
    let site = folder.path("site");
    let properties = format!("<properties><directory>{}</directory></properties>", site.display());
    let gateway = one("directory", "http", &properties);
    let part = folder.path("part");
    let run = curl(&["-C", "-", "-o", part.to_str().unwrap(), &url(&gateway, "big.bin")]);
    assert!(run.status.success(), "{run:?}");
    assert!(fs::read(part).unwrap() == whole, "the parts do not come to the whole");
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!(record["status"], 206);
}

#[test]
fn curl_is_sent_only_what_changed_since() {
    let folder = Folder::new().with("page.html", "hello");
    let gateway = welcoming(&folder);
    let url = url(&gateway, "page.html");
    let fetched = |since: &str| {
        let run = curl(&["-z", since, "-w", "|%{http_code}", &url]);
        String::from_utf8(run.stdout).unwrap()
    };
    assert_eq!(fetched("1 Jan 2001"), "hello|200");
    let modified = ask(&gateway, "HEAD /in/page.html", "").value("last-modified").to_owned();
    assert_eq!(fetched(&modified), "|304");
}

#[test]
fn a_connection_goes_on_after_every_kind_of_answer() {
    let folder = Folder::new().with("page.html", "hello");
    let gateway = welcoming(&folder);
    let mut stream = plain(gateway.at("one"));
    let first = exchange(&mut stream, "GET /in/page.html", "");
    assert_eq!((status(&first), first.ahead.as_slice()), (200, &b"hello"[..]));
    let tag = first.value("etag").to_owned();

    let known = exchange(&mut stream, "GET /in/page.html", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((status(&known), known.value("etag"), known.ahead.len()), (304, tag.as_str(), 0));

    let outside = exchange(&mut stream, "GET /in/page.html", "Range: bytes=5-\r\n");
    assert_eq!((status(&outside), outside.value("content-range")), (416, "bytes */5"));

    let head = exchange(&mut stream, "HEAD /in/page.html", "");
    assert_eq!((status(&head), head.value("content-length"), head.ahead.len()), (200, "5", 0));

    let failed = exchange(&mut stream, "GET /in/page.html", "If-Match: \"other\"\r\n");
    assert_eq!(status(&failed), 412);

    let missing = exchange(&mut stream, "GET /in/none", "");
    assert_eq!(status(&missing), 404);

    let other = exchange(&mut stream, "PUT /in/page.html", "Content-Length: 0\r\n");
    assert_eq!((status(&other), other.value("allow")), (405, "GET, HEAD"));

    let part = exchange(&mut stream, "GET /in/page.html", "Range: bytes=1-3\r\n");
    assert_eq!(
        (status(&part), part.value("content-range"), part.ahead.as_slice()),
        (206, "bytes 1-3/5", &b"ell"[..])
    );
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_ends_the_connection_before_its_length() {
    let folder = Folder::new().with("big.bin", "");
    let file = fs::File::options().write(true).open(folder.path("big.bin")).unwrap();
    let length = 64 * 1024 * 1024;
    file.set_len(length).unwrap();
    let gateway = welcoming(&folder);
    let mut stream = plain(gateway.at("one"));
    let request = format!("GET /in/big.bin HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.at("one"));
    stream.write_all(request.as_bytes()).unwrap();
    let head = Head::read(&mut stream).expect("an answer");
    assert_eq!(head.value("content-length"), length.to_string());
    file.set_len(1).unwrap();
    let mut rest = Vec::new();
    // However it ends, a client must see that the file is not whole.
    let _ = stream.read_to_end(&mut rest);
    assert!(u64::try_from(head.ahead.len() + rest.len()).unwrap() < length);
}

#[test]
fn files_are_below_the_path_of_the_accept() {
    let folder = Folder::new().with("index.html", "top").with("a/b.txt", "below").with("in", "not this");
    let gateway = welcoming(&folder);
    for (path, expected) in [
        ("/in/", &b"top"[..]),
        ("/in/a/b.txt", b"below"),
        ("/in/index.html", b"top"),
        ("/in/in", b"not this"),
    ] {
        assert_eq!(ask(&gateway, &format!("GET {path}"), "").ahead, expected, "{path}");
    }
    for (path, expected) in [
        ("/", 404),
        ("/a/b.txt", 404),
        ("/inner", 404),
        ("/in/a/b.txt/", 404),
        ("/in/a/../../x", 400),
        ("/in/..%2fx", 400),
        ("/in/%zz", 400),
    ] {
        assert_eq!(status(&ask(&gateway, &format!("GET {path}"), "")), expected, "{path}");
    }
}

#[test]
fn who_leaves_the_slash_of_a_folder_out_is_sent_to_it() {
    let folder = Folder::new().with("index.html", "top").with("a/index.html", "below");
    let gateway = welcoming(&folder);
    for (path, place) in [("/in", "./in/"), ("/in?q=1", "./in/?q=1"), ("/in/a", "./a/")] {
        let answer = ask(&gateway, &format!("GET {path}"), "");
        assert_eq!((status(&answer), answer.value("location")), (302, place), "{path}");
    }
    let run = curl(&["-L", "-w", "|%{url_effective}", &url(&gateway, "a")]);
    assert_eq!(String::from_utf8(run.stdout).unwrap(), format!("below|{}", url(&gateway, "a/")));
}

#[test]
fn a_folder_without_the_welcome_file_is_not_there() {
    let folder = Folder::new().with("main.html", "main").with("index.html", "index");
    for (property, expected) in
        [("", 404), ("<welcome-file>main.html</welcome-file>", 200), ("<welcome-file>x</welcome-file>", 404)]
    {
        let gateway = serving(&folder, property, "");
        let answer = ask(&gateway, "GET /in/", "");
        assert_eq!(status(&answer), expected, "{property}");
        assert!(expected == 404 || answer.ahead == b"main", "{property}");
    }
}

#[test]
fn a_folder_is_listed_where_that_is_configured() {
    let folder = Folder::new().with("a&b.txt", "text").with("sub/x", "").with(".secret", "");
    let gateway = serving(&folder, "<options>indexes</options>", "");
    let answer = ask(&gateway, "GET /in/", "");
    let page = String::from_utf8(answer.ahead.clone()).unwrap();
    assert!(page.contains("a&amp;b.txt") && page.contains("./sub/"), "{page}");
    assert!(!page.contains("secret"), "{page}");
    assert_eq!(answer.value("content-security-policy"), "default-src 'none'");
    assert_eq!(status(&ask(&welcoming(&folder), "GET /in/", "")), 404);
}

#[test]
fn an_error_shows_the_operators_page() {
    let folder =
        Folder::new().with("site/x", "").with("errors/404.html", "sorry").with("errors/405.html", "no");
    let errors = folder.path("errors");
    let site = folder.path("site");
    let gateway = one(
        "directory",
        "http",
        &format!(
            "<properties><directory>{}</directory><error-pages-directory>{}</error-pages-directory></properties>",
            site.display(),
            errors.display()
        ),
    );
    for (request, code, body) in [("GET /in/none", 404, "sorry"), ("DELETE /in/x", 405, "no")] {
        let answer = ask(&gateway, request, "");
        assert_eq!((status(&answer), answer.ahead.as_slice()), (code, body.as_bytes()), "{request}");
        assert_eq!(answer.value("content-type"), "text/html; charset=utf-8");
    }
    // There is no page for this one.
    let answer = ask(&gateway, "GET /in/x", "If-Match: \"other\"\r\n");
    assert_eq!((status(&answer), answer.ahead.len()), (412, 0));
}

#[test]
fn links_lead_out_of_the_folder_only_where_that_is_configured() {
    let folder = Folder::new().with("site/a.txt", "inside").with("outside.txt", "outside");
    let site = folder.path("site");
    symlink("a.txt", site.join("within")).unwrap();
    symlink(folder.path("outside.txt"), site.join("away")).unwrap();
    symlink("../outside.txt", site.join("up")).unwrap();
    let gateway = |links: &str| {
        let root = site.display();
        let properties = format!("<properties><directory>{root}</directory>{links}</properties>");
        one("directory", "http", &properties)
    };
    for (links, expected) in [
        ("", [200, 404, 404]),
        ("<symbolic-links>restricted</symbolic-links>", [200, 404, 404]),
        ("<symbolic-links>unrestricted</symbolic-links>", [200, 200, 200]),
    ] {
        let gateway = gateway(links);
        let statuses =
            ["within", "away", "up"].map(|name| status(&ask(&gateway, &format!("GET /in/{name}"), "")));
        assert_eq!(statuses, expected, "{links}");
    }
}
