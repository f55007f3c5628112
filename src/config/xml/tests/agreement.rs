//! What is read here is what `roxmltree`, a reader that was written by others, reads too.

use std::fs;

use roxmltree::{Node, NodeType};

use super::*;
use crate::config::xml::characters::BLANKS;

/// Why files that `roxmltree` reads are refused here, by what is said of them.
const STRICTER: &[(&str, &str)] = &[
    ("text stands beside the elements of", "such text means nothing in a configuration, so it is a mistake"),
    ("the character U+", "XML only discourages control characters above U+007E"),
    ("stands for no character", "the same, written as a reference"),
    ("`:", "roxmltree takes an empty prefix for none"),
    ("`</:", "the same"),
    ("in the declaration", "roxmltree hardly looks at it"),
    ("the declaration", "the same"),
    (
        "the version of the file is",
        "XML 1.1 has other line ends and names; roxmltree reads any version as 1.0",
    ),
    ("the encoding of the file is", "roxmltree is given text, and does not look"),
    ("the standalone of the file is", "XML has yes and no; roxmltree does not look"),
    ("a declaration stands only at the very beginning", "the target XML is reserved in any case"),
    ("is not the name of a processing instruction", "a blank must stand after the target"),
    ("elements, at most", "the bounds of this module"),
    ("has more than", "the bounds of this module"),
    ("is declared twice in a tag", "roxmltree does not look at two default namespaces"),
    ("a prefix cannot stand for no namespace", "Namespaces in XML 1.0, section 5"),
    ("the prefixes xml and xmlns are not for others", "Namespaces in XML 1.0, section 3"),
];

/// Reads a text both ways. What is accepted here must be accepted there, and be the same; what only we refuse must have
/// one of the known reasons.
pub(super) fn agree(text: &str) {
    match (survey(text.as_bytes()), roxmltree::Document::parse(text)) {
        ((Some(ours), problems), Ok(theirs)) if problems.is_empty() => {
            same(&ours.root, theirs.root_element(), text);
        }
        ((_, problems), Ok(_)) => {
            let is_known = |problem: &Problem| STRICTER.iter().any(|(says, _)| problem.says.contains(says));
            assert!(problems.iter().all(is_known), "refused here alone: {text:?}\n{problems:?}");
        }
        ((_, problems), Err(error)) => assert!(!problems.is_empty(), "read here alone: {text:?}\n{error}"),
    }
}

fn same(ours: &Element, theirs: Node<'_, '_>, text: &str) {
    assert_eq!(ours.name, theirs.tag_name().name(), "{text:?}");
    // An empty namespace is how roxmltree has `xmlns=""`.
    let namespace = theirs.tag_name().namespace().filter(|name| !name.is_empty());
    assert_eq!(ours.namespace.as_ref().map(|(name, _)| &**name), namespace, "{text:?}");
    assert_eq!(ours.span, theirs.range(), "{text:?}");

    let attributes: Vec<_> = theirs.attributes().collect();
    assert_eq!(ours.attributes.len(), attributes.len(), "{text:?}");
    for (ours, theirs) in ours.attributes.iter().zip(attributes) {
        assert_eq!(
            (ours.name.as_str(), ours.namespace.as_deref()),
            (theirs.name(), theirs.namespace()),
            "{text:?}"
        );
        assert_eq!(ours.value.value, theirs.value(), "{text:?}");
        assert_eq!(ours.value.span, theirs.range_value(), "{text:?}");
    }

    let children: Vec<_> = theirs.children().filter(Node::is_element).collect();
    assert_eq!(ours.children.len(), children.len(), "{text:?}");
    let texts = theirs.children().filter(|node| node.node_type() == NodeType::Text);
    let joined: String = texts.filter_map(|node| node.text()).collect();
    // XML 1.0 section 2.11 wants every literal carriage return replaced. roxmltree keeps one in front of a reference.
    let unix = |text: &str| text.trim_matches(BLANKS).replace('\r', "\n");
    assert_eq!(unix(&ours.text.value), unix(&joined), "{text:?}");
    for (ours, theirs) in ours.children.iter().zip(children) {
        same(ours, theirs, text);
    }
}

fn files() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/config");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Short files in which each construct of XML comes up, so that all ways to change them can be tried.
const SHORT: [&str; 6] = [
    "<?xml version='1.0' encoding='UTF-8'?><a/>",
    "<a b='c' d=\"e\"><!-- f --><g>h</g><?i j?></a >",
    "<k:a xmlns:k='n' xmlns='m' k:b='1' b='2'><c xmlns=''/></k:a>",
    "<a>&lt;&#65;&#x42; <![CDATA[<&]]>]] ></a><!--b-->",
    "\u{feff}<a xml:b='\r\n&quot;'>ü\r\n</a>\n",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
];

/// What is put into files: all that has a meaning in XML, and what must not stand there.
const PARTS: [&str; 34] = [
    "<",
    ">",
    "/",
    "&",
    ";",
    "#",
    "x",
    "'",
    "\"",
    "=",
    ":",
    "!",
    "?",
    "-",
    "[",
    "]",
    " ",
    "\n",
    "\r",
    "\0",
    "\u{7f}",
    "\u{b7}",
    "\u{feff}",
    "\u{ffff}",
    "7",
    "--",
    "]]>",
    "<!",
    "<?",
    "?>",
    "<a>",
    "</a>",
    "&#x0;",
    " xmlns=''",
];

#[test]
fn every_file_of_the_corpus_is_read_alike() {
    for text in files() {
        assert_eq!(survey(text.as_bytes()).1, []);
        agree(&text);
    }
}

#[test]
fn short_files_with_anything_put_in_or_taken_out_are_judged_alike() {
    for text in SHORT {
        for (at, _) in text.char_indices() {
            let (before, after) = text.split_at(at);
            agree(before);
            agree(after);
            let without = after.chars().next().map_or(0, char::len_utf8);
            agree(&format!("{before}{}", &after[without..]));
            for part in PARTS {
                agree(&format!("{before}{part}{after}"));
                agree(&format!("{before}{part}{}", &after[without..]));
            }
        }
    }
}

#[test]
fn short_files_with_two_things_put_in_are_judged_alike() {
    for text in SHORT {
        let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        // Steps that share no factor with the number of parts reach each pair of parts.
        for (number, at) in places.iter().enumerate() {
            for (step, other) in places.iter().enumerate().skip(number) {
                for round in 0..3 {
                    let first = PARTS[(number * 7 + step * 5 + round * 11) % PARTS.len()];
                    let second = PARTS[(number * 3 + step * 13 + round * 17) % PARTS.len()];
                    agree(&[&text[..*at], first, &text[*at..*other], second, &text[*other..]].concat());
                }
            }
        }
    }
}

#[test]
fn files_whose_lines_are_lost_doubled_or_cut_are_judged_alike() {
    for text in files() {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let (before, after) = lines.split_at(at);
            agree(&before.concat());
            agree(&[&before.concat(), &after[1..].concat()].map(String::as_str).concat());
            agree(&[before.concat(), after[0].to_owned(), after.concat()].concat());
            agree(
                &[before.concat(), after[0].trim_start().chars().skip(3).collect(), after[1..].concat()]
                    .concat(),
            );
        }
    }
}

#[test]
fn each_reason_to_be_stricter_is_needed() {
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let wide = (0..70).fold("<a".to_owned(), |text, number| format!("{text} b{number}=''")) + "/>";
    let examples = [
        "<a>b<c/></a>",
        "<a>\u{7f}</a>",
        "<a>&#x7f;</a>",
        "<:a/>",
        "<a></:a>",
        "<?xml version='1.0' encodingx='UTF-8'?><a/>",
        "<?xml version='?>'?><a/>",
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' encoding='x'?><a/>",
        "<?xml version='1.0' standalone='x'?><a/>",
        "<?XML ?><a/>",
        "<?a\"?><a/>",
        &deep,
        &wide,
        "<a xmlns='b' xmlns='c'/>",
        "<a xmlns:b=''/>",
        "<a xmlns:xmlns='b'/>",
    ];
    for ((says, _), example) in STRICTER.iter().zip(examples) {
        let is_told = survey(example.as_bytes()).1.iter().any(|problem| problem.says.contains(says));
        let is_read_there = roxmltree::Document::parse(example).is_ok();
        assert!(is_told && is_read_there, "{says}: {example}");
    }
}
