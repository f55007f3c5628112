//! `ticketgate passwd`: what it prints for what it is given, and what it asks at a terminal.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

/// Runs it with these flags and this on standard input.
fn passwd(flags: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ticketgate"))
        .arg("passwd")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What Python's argon2-cffi, which is the reference implementation, says of a password and a hash.
fn verifies(hash: &str, password: &str) -> bool {
    let script = "import sys, argon2\n\
                  try: argon2.PasswordHasher().verify(sys.argv[1], sys.argv[2])\n\
                  except argon2.exceptions.VerifyMismatchError: print('no')";
    let run = Command::new("/usr/bin/python3").args(["-c", script, hash, password]).output().unwrap();
    assert!(run.status.success(), "{} (testkdc/packages)", String::from_utf8_lossy(&run.stderr));
    run.stdout.is_empty()
}

#[test]
fn a_line_of_standard_input_is_hashed_as_others_verify_it() {
    for (input, password) in
        [("correct horse\n", "correct horse"), ("correct horse", "correct horse"), (" ü \r\nmore", " ü ")]
    {
        let run = passwd(&[], input.as_bytes());
        assert_eq!((run.status.code(), run.stderr.len()), (Some(0), 0), "{run:?}");
        let hash = String::from_utf8(run.stdout).unwrap();
        let hash = hash.strip_suffix('\n').unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verifies(hash, password) && !verifies(hash, "Correct horse"), "{hash}");
    }
}

#[test]
fn the_element_for_a_user_can_be_put_into_a_file_as_it_is() {
    let run = passwd(&["--user", "Jo & <Sons>"], b"secret\n");
    assert_eq!(run.status.code(), Some(0));
    let element = String::from_utf8(run.stdout).unwrap();
    let lines: Vec<_> = element.lines().map(str::trim).collect();
    assert_eq!(lines[..2], ["<user>", "<name>Jo &amp; &lt;Sons&gt;</name>"]);
    assert!(lines[2].starts_with("<password>$argon2id$"), "{element}");
    assert_eq!(lines[3..], ["<role-name>AUTHORIZED</role-name>", "</user>"]);
}

#[test]
fn what_is_no_password_or_no_name_is_a_wrong_use() {
    let long = "x".repeat(600);
    for (flags, input) in [
        (&[][..], ""),
        (&[], "\n"),
        (&[], "a\tb\n"),
        (&[], &long),
        (&["--user", "a:b"], "secret\n"),
        (&["--user", ""], "secret\n"),
        (&["--scheme", "bcrypt"], "secret\n"),
    ] {
        let run = passwd(flags, input.as_bytes());
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!((run.status.code(), run.stdout.len()), (Some(64), 0), "{flags:?}: {told}");
        assert!(!told.contains("secret") && !told.contains("xxxx"), "{told}");
    }
    assert_eq!(passwd(&[], b"\xff\xfe\n").status.code(), Some(64));
}

/// What is shown at a terminal where these lines are typed, each after a question, and the exit code.
fn typed(lines: [&str; 2]) -> (String, i32) {
    let script = "import os, pty, sys\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], [sys.argv[1], 'passwd'])\n\
                  shown = b''\n\
                  def read():\n\
                  \x20   global shown\n\
                  \x20   try: some = os.read(terminal, 4096)\n\
                  \x20   except OSError: some = b''\n\
                  \x20   shown += some\n\
                  \x20   return some\n\
                  for number, line in enumerate(sys.argv[2:]):\n\
                  \x20   while shown.count(b': ') <= number and read(): pass\n\
                  \x20   os.write(terminal, line.encode() + b'\\n')\n\
                  while read(): pass\n\
                  sys.stdout.buffer.write(shown)\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))";
    let run = Command::new("/usr/bin/python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_ticketgate")])
        .args(lines)
        .output()
        .unwrap();
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    (String::from_utf8(run.stdout).unwrap(), run.status.code().unwrap())
}

#[test]
fn at_a_terminal_it_is_asked_for_twice_and_never_shown() {
    let (shown, code) = typed(["hunter2", "hunter2"]);
    assert_eq!(code, 0, "{shown}");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[..2], ["Password: ", "The same again: "], "{shown}");
    assert!(lines.len() == 3 && verifies(lines[2], "hunter2"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");

    let (shown, code) = typed(["hunter2", "hunter3"]);
    assert_eq!(code, 64, "{shown}");
    assert!(shown.contains("differ") && !shown.contains("hunter"), "{shown}");
}
