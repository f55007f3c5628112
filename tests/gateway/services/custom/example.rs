//! The example in `conf/examples`, as it is, in both of its ways.

use super::*;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/examples/login_module.py");

fn tokens_are_good_once(gateway: &Gateway) {
    let asked = ask(gateway, "GET /in", "");
    assert_eq!((status(&asked), challenge(&asked)), (401, vec!["Token form=\"number:user:password\""]));
    assert_eq!(judged(gateway, "1:joe:welcome"), 302);
    for token in ["1:joe:welcome", "0:joe:welcome"] {
        let again = with(gateway, token);
        assert_eq!((status(&again), challenge(&again)), (401, vec!["Token next=\"2\""]), "{token}");
    }
    assert_eq!(judged(gateway, "2:joe:welcome"), 302);
    assert_eq!(judged(gateway, "1:ann:wonderland"), 302, "each user has numbers of its own");
    for token in
        ["3:joe:wrong", "1:bob:", "joe:welcome", "x:joe:welcome", "-1:joe:welcome", "9", "²:joe:welcome"]
    {
        assert_eq!(judged(gateway, token), 403, "{token}");
    }
}

#[test]
fn as_a_program_it_takes_each_token_once_whichever_process_is_asked() {
    let folder = Folder::new();
    let state = folder.path("tokens.db");
    let options = format!(
        "<command>{EXAMPLE}</command><argument>--state</argument><argument>{}</argument>",
        state.display()
    );
    tokens_are_good_once(&gated("Application Token", &module("exec", &options)));
}

#[test]
fn as_a_web_service_it_takes_each_token_once() {
    let folder = Folder::new();
    let state = folder.path("tokens.db");
    let arguments = ["--listen", "127.0.0.1:0", "--state", state.to_str().unwrap()];
    let (_running, line) = Running::start(EXAMPLE, &arguments);
    let at = line.strip_prefix("listening on ").unwrap();
    tokens_are_good_once(&gated("Application Token", &module("http", &format!("<url>http://{at}/</url>"))));
}
