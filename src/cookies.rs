//! Cookies of a request (RFC 6265 section 4.2): found by their names, and taken out.
//!
//! They are read octet by octet: other cookies may have any beside them.

use http::{HeaderMap, HeaderValue, header};

/// All values of the cookies with this name.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let fields = headers.get_all(header::COOKIE).iter();
    let pairs = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii_start().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        str::from_utf8(value.trim_ascii_end()).ok()
    })
}

/// Leaves those cookies whose name is `kept`, as they are.
pub fn retain(headers: &mut HeaderMap, kept: impl Fn(&[u8]) -> bool) {
    let is_kept = |cookie: &&[u8]| kept(name(cookie));
    let split =
        |value: &'_ HeaderValue| value.as_bytes().split(|octet| *octet == b';').all(|it| is_kept(&it));
    if headers.get_all(header::COOKIE).iter().all(split) {
        return;
    }
    let fields: Vec<_> = headers.get_all(header::COOKIE).iter().cloned().collect();
    headers.remove(header::COOKIE);
    for field in fields {
        let cookies = field.as_bytes().split(|octet| *octet == b';');
        let others: Vec<_> = cookies.filter(is_kept).map(<[u8]>::trim_ascii).collect();
        let rest = HeaderValue::from_bytes(&others.join(&b"; "[..]));
        if let Some(rest) = rest.ok().filter(|rest| !rest.is_empty()) {
            headers.append(header::COOKIE, rest);
        }
    }
}

fn name(cookie: &[u8]) -> &[u8] {
    let cookie = cookie.trim_ascii_start();
    cookie.split(|octet| *octet == b'=').next().unwrap_or(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::COOKIE, HeaderValue::from_bytes(field).unwrap());
        }
        headers
    }

    fn value<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
        values(headers, name).next()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = fields(&[b"a=1; __Host-x=two; b=3"]);
        assert_eq!(value(&headers, "__Host-x"), Some("two"));
        assert_eq!(value(&headers, "x"), None);
    }

    #[test]
    fn a_cookie_is_found_beside_one_that_is_not_ascii() {
        let headers = fields(&["name=müller; x=1".as_bytes()]);
        assert_eq!(value(&headers, "x"), Some("1"));
    }

    #[test]
    fn all_cookies_of_a_name_are_found_in_all_fields() {
        let headers = fields(&[b"x=1; y=2; x=3", b"x=4"]);
        assert_eq!(values(&headers, "x").collect::<Vec<_>>(), ["1", "3", "4"]);
    }

    #[test]
    fn a_cookie_is_taken_out_and_the_others_stay_as_they_are() {
        let mut headers = fields(&["sso=1; name=müller;  b = 3".as_bytes(), b"sso=2", b"c=4"]);
        retain(&mut headers, |name| name != b"sso");
        let left: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(left, ["name=müller; b = 3".as_bytes(), b"c=4"]);
    }
}
