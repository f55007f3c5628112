//! Which URLs are asked, and which only with TLS.

use super::*;

#[test]
fn without_tls_only_this_host_is_asked_unless_that_is_said() {
    for url in ["http://127.0.0.1:1/x", "http://[::1]/", "http://localhost/judge?a=b", "https://far.test/"] {
        assert!(judge_url(url, Clear::Loopback).is_ok(), "{url}");
    }
    for url in ["http://far.test/", "http://10.0.0.1/", "http://localhost.far.test/", "http://[::2]/"] {
        assert!(matches!(judge_url(url, Clear::Loopback), Err(UrlError::Clear(_))), "{url}");
        assert!(judge_url(url, Clear::Anywhere).is_ok(), "{url}");
    }
}

#[test]
fn a_url_with_a_password_is_refused_and_the_password_not_repeated() {
    let error = judge_url("https://joe:secret@far.test/", Clear::Loopback).unwrap_err();
    assert!(matches!(error, UrlError::Parts(_)) && !error.to_string().contains("secret"), "{error}");
    for url in ["", "far.test", "ftp://far.test/", "https://", "file:///etc/passwd", "https://a b/"] {
        assert!(matches!(judge_url(url, Clear::Anywhere), Err(UrlError::Unreadable(_))), "{url}");
    }
}

#[test]
fn a_name_that_leads_elsewhere_is_not_asked_without_tls() {
    let way = |tls, clear| Way { host: Host::Domain("localhost".to_owned()), port: 1, tls, clear };
    let far: SocketAddr = "192.0.2.1:1".parse().unwrap();
    assert!(matches!(way(None, Clear::Loopback).takes(far), Err(FetchError::NotLoopback(_))));
    assert!(way(None, Clear::Anywhere).takes(far).is_ok());
    assert!(way(None, Clear::Loopback).takes("[::ffff:127.0.0.1]:1".parse().unwrap()).is_ok());
}
