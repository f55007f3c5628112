//! The page that lists a folder: what would be served of it, and nothing that it hides.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rustix::{fd::OwnedFd, fs::Dir};
use tokio::task::spawn_blocking;

use super::{
    path::is_hidden,
    precondition::written,
    tree::{Found, Patience, Tree},
};

/// What such a page may load: nothing, whatever the files are called.
pub(super) const POLICY: &str = "default-src 'none'";

/// Names on one page. It bounds what one request makes us look up.
const MAX_NAMES: usize = 10_000;

/// What has to be encoded in a link. `.`, `-`, `_` and `~` are plain (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The page that lists the open folder at `place`.
///
/// # Errors
///
/// If the folder cannot be read.
pub(super) async fn page(tree: &Arc<Tree>, place: PathBuf, folder: OwnedFd) -> io::Result<Bytes> {
    let tree = Arc::clone(tree);
    spawn_blocking(move || {
        let (entries, more) = entries(&tree, &place, folder)?;
        Ok(html(&place, &entries, more).into())
    })
    .await?
}

/// What is in a folder. In order, folders come first.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Entry {
    Folder { name: Vec<u8> },
    File { name: Vec<u8>, length: u64, modified: u64 },
}

/// The entries of a folder that would be served, and whether there are more than fit.
fn entries(tree: &Tree, place: &Path, folder: OwnedFd) -> io::Result<(Vec<Entry>, bool)> {
    let mut names = Vec::new();
    let mut more = false;
    for entry in Dir::new(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if is_hidden(&name) || name.contains(&b'\\') {
            continue;
        }
        if names.len() == MAX_NAMES {
            more = true;
            break;
        }
        names.push(name);
    }
    let entry =
        |name: Vec<u8>| match tree.look(&place.join(OsStr::from_bytes(&name)), Patience::Waits).ok()? {
            Found::File(file) => Some(Entry::File { name, length: file.length, modified: file.modified }),
            Found::Folder(_) => Some(Entry::Folder { name }),
        };
    let mut entries: Vec<Entry> = names.into_iter().filter_map(entry).collect();
    entries.sort();
    Ok((entries, more))
}

fn html(place: &Path, entries: &[Entry], more: bool) -> String {
    let title = format!("/{}", Text(place.as_os_str().as_bytes()));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Index of {title}</title>\n</head>\n<body>\n<h1>Index of {title}</h1>\n<table>\n\
         <thead><tr><th>Name</th><th>Octets</th><th>Last change</th></tr></thead>\n<tbody>\n"
    );
    if place != Path::new("") {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    for entry in entries {
        // Writing to a string cannot fail.
        let _ = match entry {
            Entry::File { name, length, modified } => {
                let (link, text, date) = (percent_encode(name, ENCODED), Text(name), written(*modified));
                writeln!(
                    page,
                    "<tr><td><a href=\"./{link}\">{text}</a></td><td>{length}</td><td>{date}</td></tr>"
                )
            }
            Entry::Folder { name } => {
                let (link, text) = (percent_encode(name, ENCODED), Text(name));
                writeln!(page, "<tr><td><a href=\"./{link}/\">{text}/</a></td><td></td><td></td></tr>")
            }
        };
    }
    page.push_str("</tbody>\n</table>\n");
    if more {
        page.push_str("<p>There are more than this page has.</p>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Octets as text that HTML takes for nothing else.
struct Text<'a>(&'a [u8]);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for sign in String::from_utf8_lossy(self.0).chars() {
            match sign {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                sign if sign.is_control() => f.write_char(char::REPLACEMENT_CHARACTER)?,
                sign => f.write_char(sign)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_on_the_page_and_one_name_in_a_link() {
        let name = b"<b onload='x'>&\".html?q#f%".to_vec();
        let page = html(Path::new(""), &[Entry::File { name, length: 7, modified: 0 }], false);
        assert!(page.contains("&lt;b onload=&#39;x&#39;&gt;&amp;&quot;.html?q#f%"), "{page}");
        assert!(page.contains("href=\"./%3Cb%20onload%3D%27x%27%3E%26%22.html%3Fq%23f%25\""), "{page}");
    }

    #[test]
    fn the_folders_own_name_is_text_too() {
        assert!(html(Path::new("a<b"), &[], false).contains("<title>Index of /a&lt;b</title>"));
    }

    #[test]
    fn the_way_up_is_shown_below_the_directory_alone() {
        assert!(!html(Path::new(""), &[], false).contains("../"));
        assert!(html(Path::new("a"), &[], false).contains("href=\"../\""));
    }

    #[test]
    fn a_name_with_a_colon_is_no_other_scheme() {
        let page = html(Path::new(""), &[Entry::Folder { name: b"javascript:x".to_vec() }], false);
        assert!(page.contains("href=\"./javascript%3Ax/\""), "{page}");
    }
}
