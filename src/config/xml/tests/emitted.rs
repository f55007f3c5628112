//! What is written is read as it was meant, in whichever of XML's ways it is written.

use proptest::{collection::vec, prelude::*};

use super::{agreement::agree, *};
use crate::config::xml::characters::{BLANKS, is_permitted};

/// An element as it is meant.
#[derive(Clone, Debug)]
struct Meant {
    name: String,
    attributes: Vec<(String, String)>,
    inside: Inside,
}

#[derive(Clone, Debug)]
enum Inside {
    Text(Vec<(String, Way)>),
    Children(Vec<Meant>),
}

/// How a piece of text is written.
#[derive(Clone, Copy, Debug)]
enum Way {
    AfterComment,
    Escaped,
    Numbered,
    Section,
}

fn words() -> impl Strategy<Value = String> {
    "[\\PC \n\t<&>'\"\\]]{0,9}".prop_map(|text| text.chars().filter(|letter| is_permitted(*letter)).collect())
}

fn elements() -> impl Strategy<Value = Meant> {
    let name = || "[a-zé_][a-z0-9.é-]{0,5}";
    let attributes = move || {
        vec((name(), words()), 0..3).prop_map(|mut attributes| {
            attributes.retain(|(name, _)| name != "xmlns");
            attributes.sort();
            attributes.dedup_by(|(one, _), (other, _)| one == other);
            attributes
        })
    };
    let way =
        prop_oneof![Just(Way::AfterComment), Just(Way::Escaped), Just(Way::Numbered), Just(Way::Section)];
    let text = vec((words(), way), 0..4).prop_map(Inside::Text);
    let leaf = (name(), attributes(), text).prop_map(|(name, attributes, inside)| Meant {
        name,
        attributes,
        inside,
    });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (name(), attributes(), vec(inner, 1..4)).prop_map(|(name, attributes, children)| Meant {
            name,
            attributes,
            inside: Inside::Children(children),
        })
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn emit(meant: &Meant, out: &mut String) {
    *out += &format!("<{}", meant.name);
    for (name, value) in &meant.attributes {
        // A line end or a tab that is written as itself would be a space.
        *out += &format!("\n {name} = \"{}\"", escape(value).replace('\n', "&#10;").replace('\t', "&#x9;"));
    }
    match &meant.inside {
        Inside::Text(pieces) if pieces.is_empty() => return *out += "/>",
        Inside::Text(pieces) => {
            *out += ">";
            for (text, way) in pieces {
                match way {
                    Way::AfterComment => *out += &format!("<!-- <&> -->{}", escape(text)),
                    Way::Escaped => *out += &escape(text),
                    Way::Numbered => {
                        text.chars().for_each(|letter| *out += &format!("&#{};", u32::from(letter)))
                    }
                    Way::Section => {
                        *out += &format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
                    }
                }
            }
        }
        Inside::Children(children) => {
            *out += ">\n";
            for child in children {
                emit(child, out);
                *out += "\r\n  ";
            }
        }
    }
    *out += &format!("</{} >", meant.name);
}

fn compare(meant: &Meant, read: &Element, file: &str) {
    assert_eq!(meant.name, read.name);
    assert_eq!(meant.name, &file[read.name_span.clone()]);
    let attributes = read.attributes.iter().map(|it| (it.name.clone(), it.value.value.clone()));
    assert_eq!(meant.attributes, attributes.collect::<Vec<_>>());
    let (text, children) = match &meant.inside {
        Inside::Text(pieces) => (pieces.iter().map(|(text, _)| text.as_str()).collect(), &[][..]),
        Inside::Children(children) => (String::new(), &children[..]),
    };
    assert_eq!(text.trim_matches(BLANKS), read.text.value);
    assert_eq!(children.len(), read.children.len());
    for (meant, read) in children.iter().zip(&read.children) {
        compare(meant, read, file);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was_meant(meant in elements()) {
        let mut file = "<?xml version='1.0'?>\n".to_owned();
        emit(&meant, &mut file);
        let document = read(file.as_bytes()).unwrap();
        compare(&meant, &document.root, &file);
        agree(&file);
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..64), text in "[<>/&;#x'\"=:!?\\[\\] \na-]{0,40}") {
        prop_assert!(read(&octets).is_ok() || !survey(&octets).1.is_empty());
        agree(&text);
    }
}
