//! Questions at a terminal whose answers are not shown, and passwords on standard input.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// One line, without its end. Of what is longer than `most` octets so much is read that it shows.
///
/// # Errors
///
/// Those of the input, and for octets that are no UTF-8.
pub fn line(input: impl BufRead, most: usize) -> io::Result<Zeroizing<String>> {
    // One octet more than may be, and the two of a line's end.
    let room = most.saturating_add(3);
    // All at once, so that no copy is left behind by a buffer that grew.
    let mut text = Zeroizing::new(String::with_capacity(room));
    input.take(u64::try_from(room).unwrap_or(u64::MAX)).read_line(&mut text)?;
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
    Ok(text)
}

/// The terminal of the process.
#[derive(Debug)]
pub struct Terminal {
    lines: BufReader<File>,
    most: usize,
}

impl Terminal {
    /// Opens it, for answers of at most so many octets.
    ///
    /// # Errors
    ///
    /// Those of the system, where there is none.
    pub fn open(most: usize) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open("/dev/tty")?;
        Ok(Self { lines: BufReader::new(file), most })
    }

    /// Asks a question whose answer is not shown.
    ///
    /// # Errors
    ///
    /// Those of the system, and for octets that are no UTF-8.
    pub fn ask(&mut self, what: &str) -> io::Result<Zeroizing<String>> {
        let terminal = self.lines.get_ref().try_clone()?;
        let silent = Silent::begin(&terminal)?;
        write!(&terminal, "{what}: ")?;
        let answer = line(&mut self.lines, self.most);
        // The line's end was not shown either.
        let _ = writeln!(&terminal);
        drop(silent);
        answer
    }

    /// Says something to whoever is asked.
    pub fn tell(&self, what: &str) {
        let _ = writeln!(self.lines.get_ref(), "{what}");
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before was shown, and is no part of a password.
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        for (input, password) in [
            ("secret\nmore\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret", "secret"),
            (" a b ", " a b "),
            ("", ""),
        ] {
            assert_eq!(*line(input.as_bytes(), 16).unwrap(), password, "{input:?}");
        }
    }
}
