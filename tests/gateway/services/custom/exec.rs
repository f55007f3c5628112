//! Programs that are asked about logins.

use std::{path::PathBuf, process::Command, thread};

use super::*;

/// A program that does what the token says, with what it has heard.
struct Program {
    folder: Folder,
    gateway: Gateway,
}

impl Program {
    fn start(options: &str) -> Self {
        let folder = Folder::new();
        let log = folder.path("heard");
        let options = format!(
            "<command>{JUDGE}</command><argument>program</argument><argument>{}</argument>{options}",
            log.display()
        );
        let gateway = gated("Application Token", &module("exec", &options));
        Self { folder, gateway }
    }

    /// With one process alone.
    fn single(options: &str) -> Self {
        Self::start(&format!("<processes>1</processes>{options}"))
    }

    #[track_caller]
    fn judges(&self, token: &str) -> u16 {
        judged(&self.gateway, token)
    }

    fn log(&self) -> PathBuf {
        self.folder.path("heard")
    }

    /// The processes that run, by their numbers.
    fn processes(&self) -> Vec<String> {
        let output = Command::new("pgrep").args(["-f", "--", self.log().to_str().unwrap()]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
    }

    #[track_caller]
    fn wait_for_processes(&self, count: usize) -> Vec<String> {
        let patience = ticketgate::ambient::now() + crate::world::PATIENCE;
        loop {
            let processes = self.processes();
            if processes.len() == count {
                return processes;
            }
            assert!(ticketgate::ambient::now() < patience, "{processes:?} run, not {count}");
            thread::yield_now();
        }
    }
}

#[test]
fn a_program_is_started_before_it_is_needed_and_asked_again_and_again() {
    let program = Program::start("<processes>3</processes>");
    let running = program.wait_for_processes(3);
    for token in ["good", "good", "good", "good"] {
        assert_eq!(program.judges(token), 302);
    }
    assert_eq!(program.judges("bad"), 403);
    assert_eq!(program.processes(), running);
    let answer = ask(&program.gateway, "GET /in", "");
    assert_eq!((status(&answer), challenge(&answer)), (401, vec!["Token foo=\"bar\" baz=\"quxx\""]));
    assert_eq!(heard(&program.log()).len(), 6);
}

#[test]
fn a_program_that_ends_is_started_again() {
    let program = Program::single("");
    for token in ["die", "half", "good-last"] {
        let expected = if token == "good-last" { 302 } else { 503 };
        assert_eq!(program.judges(token), expected, "{token}");
        program.wait_for_processes(0);
        // A process that is just ending may have been asked once more.
        assert!((0..2).any(|_| program.judges("good") == 302), "after {token}");
    }
}

#[test]
fn a_program_that_does_not_answer_is_killed_and_its_late_answer_is_for_nobody() {
    let program = Program::single("<timeout>3 s</timeout>");
    let [first] = &program.wait_for_processes(1)[..] else { unreachable!() };
    assert_eq!(program.judges("late"), 503);
    assert_eq!(program.judges("bad"), 403);
    assert_eq!(program.judges("hang"), 503);
    assert_eq!(program.judges("bad"), 403);
    assert!(!program.wait_for_processes(1).contains(first));
}

#[test]
fn answers_that_make_no_sense_let_nobody_in_and_end_the_process() {
    let program = Program::single("");
    for token in [
        "html", "garbage", "huge", "twice", "other", "nobody", "newline", "word", "misspelt", "header",
        "flood",
    ] {
        assert_eq!(program.judges(token), 403, "{token}");
        assert_eq!(program.judges("good"), 302, "after {token}");
    }
}

#[test]
fn of_two_answers_the_second_is_for_no_other_login() {
    let program = Program::single("");
    assert_eq!(program.judges("good-two"), 302);
    assert_eq!(program.judges("bad"), 403);
    assert_eq!(program.judges("good"), 302);
    assert!(!program.gateway.log().contains("boss"));
}

#[test]
fn what_a_program_writes_to_its_standard_error_is_logged_some_of_it_in_a_line_each() {
    let program = Program::single("");
    assert_eq!(program.judges("stderr"), 403, "it is read, so that the program does not wait");
    program.gateway.wait_for_log("trouble\\\\u{1b}[31m with it");
    assert_eq!(program.judges("good"), 302);
    let lines = program.gateway.log().matches("trouble").count();
    assert!(lines < 500, "{lines} lines");
}

#[test]
fn a_program_has_nothing_of_the_gateways_environment_but_what_is_said() {
    let program = Program::single("");
    assert_eq!(program.judges("good-env"), 302);
    let log = program.gateway.wait_for_log("says: env ");
    let names = log.split("says: env ").nth(1).unwrap().split('"').next().unwrap();
    // What starts Python may set some of its own.
    let is_ours = |name: &str| name.starts_with("CARGO") || ["HOME", "RUST_LOG", "USER"].contains(&name);
    assert!(names.contains("PATH") && !names.split(',').any(is_ours), "{names}");
    let [process] = &program.wait_for_processes(1)[..] else { unreachable!() };
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
}

#[test]
fn a_client_that_leaves_does_not_end_the_process_that_judges_it() {
    let program = Program::single("<timeout>14 s</timeout>");
    let running = program.wait_for_processes(1);
    let mut stream = crate::ws_client::plain(program.gateway.at("one"));
    std::io::Write::write_all(
        &mut stream,
        b"GET /in HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token late\r\n\r\n",
    )
    .unwrap();
    while heard(&program.log()).is_empty() {
        thread::yield_now();
    }
    drop(stream);
    assert_eq!(program.judges("good"), 302, "after the other was answered");
    assert_eq!(program.processes(), running);
}

#[test]
fn processes_end_with_the_gateway() {
    let mut program = Program::start("");
    program.wait_for_processes(2);
    assert_eq!(program.gateway.stop(), Some(0));
    program.wait_for_processes(0);
}

#[test]
fn a_program_that_is_not_there_keeps_the_gateway_from_starting() {
    for command in
        ["/nowhere/judge", env!("CARGO_MANIFEST_DIR"), concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]
    {
        let inside = "<properties><location>/in/</location></properties><realm-name>own</realm-name>";
        let one = service("http.redirect", "http", inside);
        let realm = realm("Application Token", &module("exec", &format!("<command>{command}</command>")));
        let folder = Folder::new();
        let file = folder.path("gateway-config.xml");
        fs::write(&file, config(&format!("{one}<security>{realm}</security>"))).unwrap();
        let (code, said) = crate::world::exit_code(&["run", "--config", file.to_str().unwrap()]);
        assert_ne!(code, Some(0), "{said}");
        assert!(said.contains("cannot start the program") && said.contains(command), "{said}");
    }
}

#[test]
fn a_program_with_two_phases_hears_how_logins_end() {
    let program = Program::single("<phases>true</phases>");
    assert_eq!(program.judges("good"), 302);
    let phases = || heard(&program.log()).iter().map(|heard| heard["phase"].clone()).collect::<Vec<_>>();
    while phases().len() < 3 {
        thread::yield_now();
    }
    assert_eq!(phases(), ["login", "commit", "logout"]);
    fs::write(program.folder.path("heard.refuses"), "").unwrap();
    assert_eq!(program.judges("good"), 403);
}
