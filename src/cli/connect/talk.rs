//! Lines out and messages in, until a goodbye.

use std::{
    io::{self, BufRead as _, Read as _, Write as _},
    thread,
    time::Duration,
};

use client::net::websocket::{Closed, Received, WebSocket};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::timeout,
};

use super::{ConnectError, Form};

/// Octets of the longest line.
const MAX_LINE: u64 = 16 * 1024 * 1024;
/// Lines that wait until the server has taken those before.
const AHEAD: usize = 64;
/// How long the server may take for its last messages once it was told goodbye.
const PARTING: Duration = Duration::from_secs(5);

/// Codes that are a goodbye: that all is said, that one side goes, none given.
const GOODBYES: [u16; 3] = [1000, 1001, 1005];

pub(super) async fn talk(mut socket: WebSocket, binary: Form) -> Result<(), ConnectError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ConnectError::System)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ConnectError::System)?;
    let mut lines = lines();
    loop {
        tokio::select! {
            received = socket.receive() => match received? {
                Received::Closed(closed) => return ended(closed),
                message => write(&message, binary)?,
            },
            line = lines.recv() => match line {
                Some(line) => socket.send_text(line.map_err(ConnectError::Input)?).await?,
                None => break,
            },
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    socket.part(1000, "").await?;
    let parted = async {
        loop {
            match socket.receive().await {
                // What was said before it heard the goodbye.
                Ok(message @ (Received::Binary(_) | Received::Text(_))) => write(&message, binary)?,
                // All was said; how the connection ends is of no account.
                Ok(Received::Closed(_)) | Err(_) => return Ok(()),
            }
        }
    };
    timeout(PARTING, parted).await.unwrap_or(Ok(()))
}

fn ended(closed: Closed) -> Result<(), ConnectError> {
    if GOODBYES.contains(&closed.code) { Ok(()) } else { Err(ConnectError::Closed { closed }) }
}

/// Standard input, line by line. It is read on a thread, because it has no time limit; the process does not wait for that.
fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        loop {
            let mut line = String::new();
            let read = io::stdin().lock().take(MAX_LINE).read_line(&mut line);
            let line = match read {
                Ok(0) => return,
                Ok(_) if u64::try_from(line.len()).is_ok_and(|length| length == MAX_LINE) => {
                    Err(io::ErrorKind::FileTooLarge.into())
                }
                Ok(_) => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
                Err(error) => Err(error),
            };
            let ends = line.is_err();
            if sender.blocking_send(line).is_err() || ends {
                return;
            }
        }
    });
    receiver
}

fn write(message: &Received, binary: Form) -> Result<(), ConnectError> {
    let mut out = io::stdout().lock();
    let written = match (message, binary) {
        (Received::Text(text), _) => writeln!(out, "{text}"),
        (Received::Binary(octets), Form::Raw) => out.write_all(octets),
        (Received::Binary(octets), Form::Hex) => {
            let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            writeln!(out, "{digits}")
        }
        (Received::Closed(_), _) => Ok(()),
    };
    written.and_then(|()| out.flush()).map_err(ConnectError::Output)
}
