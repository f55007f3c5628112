//! What caches and browsers are told of files: how long they are good, and what is in them.

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use ticketgate::ambient;

use super::{Folder, ask, serving};
use crate::{
    services::{config, service},
    world::Gateway,
};

fn told(location: &str, path: &str) -> Vec<String> {
    let folder = Folder::new().with("index.html", "").with("sub/app.js", "").with("logo.PNG", "");
    let gateway = serving(&folder, location, "");
    let answer = ask(&gateway, &format!("GET /in/{path}"), "");
    answer.values("cache-control").into_iter().map(str::to_owned).collect()
}

#[test]
fn caches_are_told_what_the_patterns_of_a_location_say() {
    let location = "<location><patterns>**/*.js, *.png</patterns>\
                    <cache-control>max-age=1 hour, public</cache-control></location>";
    assert_eq!(told(location, "sub/app.js"), ["public, max-age=3600"]);
    assert_eq!(told(location, "logo.PNG"), ["public, max-age=3600"]);
    assert!(told(location, "index.html").is_empty());
    assert!(told("", "sub/app.js").is_empty());
}

#[test]
fn of_several_locations_the_shorter_time_counts() {
    let all = "<location><patterns>**/*</patterns><cache-control>max-age=1 year</cache-control></location>\
               <location><patterns>**/*.html</patterns><cache-control>max-age=0</cache-control></location>";
    assert_eq!(told(all, "sub/app.js"), ["max-age=31536000"]);
    assert_eq!(told(all, "index.html"), ["max-age=0"]);
}

#[test]
fn a_time_may_count_from_the_last_change_of_the_file() {
    let folder = Folder::new().with("new", "").with("old", "");
    let now = u64::try_from(ambient::time_of_day().0).unwrap();
    let changed = |name: &str, ago: u64| {
        let file = fs::File::options().write(true).open(folder.path(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(now - ago)).unwrap();
    };
    changed("new", 600);
    changed("old", 7200);
    let location =
        "<location><patterns>*</patterns><cache-control>max-age=m+1 hour</cache-control></location>";
    let gateway = serving(&folder, location, "");
    let told = |name: &str| ask(&gateway, &format!("GET /in/{name}"), "").value("cache-control").to_owned();
    let left: u64 = told("new").strip_prefix("max-age=").unwrap().parse().unwrap();
    assert!((2900..=3000).contains(&left), "{left}");
    assert_eq!(told("old"), "max-age=0");
}

#[test]
fn a_file_has_the_type_that_its_extension_is_mapped_to() {
    let folder = Folder::new().with("a.html", "").with("a.Webmanifest", "").with("a.svg", "").with("a", "");
    let mapping = "<mime-mapping><extension>webmanifest</extension>\
                   <mime-type>application/manifest+json</mime-type></mime-mapping>\
                   <mime-mapping><extension>svg</extension><mime-type>text/x-mine</mime-type></mime-mapping>";
    let gateway = serving(&folder, "", mapping);
    for (name, expected) in [
        ("a.html", "text/html"),
        ("a.Webmanifest", "application/manifest+json"),
        ("a.svg", "text/x-mine"),
        ("a", "application/octet-stream"),
    ] {
        let answer = ask(&gateway, &format!("GET /in/{name}"), "");
        assert!(answer.value("content-type").starts_with(expected), "{name}: {}", answer.text);
        assert_eq!(answer.value("x-content-type-options"), "nosniff");
    }
}

#[test]
fn types_of_all_services_stand_in_service_defaults_and_a_service_may_have_others() {
    let folder = Folder::new().with("a.one", "").with("a.two", "");
    let mapping = |extension: &str, kind: &str| {
        format!(
            "<mime-mapping><extension>{extension}</extension><mime-type>{kind}</mime-type></mime-mapping>"
        )
    };
    let defaults = mapping("one", "text/x-default") + &mapping("two", "text/x-default");
    let inside = format!(
        "<properties><directory>{}</directory></properties>{}",
        folder.path("").display(),
        mapping("two", "text/x-own")
    );
    let gateway = Gateway::run(&config(&format!(
        "<service-defaults>{defaults}</service-defaults>{}",
        service("directory", "http", &inside)
    )));
    for (name, expected) in [("a.one", "text/x-default"), ("a.two", "text/x-own")] {
        let answer = ask(&gateway, &format!("GET /in/{name}"), "");
        assert!(answer.value("content-type").starts_with(expected), "{name}: {}", answer.text);
    }
}
