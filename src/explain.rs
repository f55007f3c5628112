//! Why one token is accepted or refused: the tree of what was found, the check that failed, the remedy.
//!
//! It prints names, times and numbers. Keys, and what only the session key could be used for, are not printed.

use std::{
    fmt::{self, Write as _},
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use krb::{etype, flags::ticket as flag, gss::checksum::GssFlags};
use tpg::{
    acceptor::{Acceptor, Judgement, Seen, Verdict},
    found::Found,
    groups::Judged,
    keys::{KeyTable, Skipped},
    negotiation::Wrapping,
    policy::Policy,
    refusal::{Blame, Refusal},
    replay::Memory,
    utc::Utc,
};

use crate::{
    ambient,
    realm::keytab_file::{self, KeytabFileError},
};

/// Why a token cannot be judged at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// Standard input cannot be read.
    #[error("cannot read the token: {0}")]
    Input(std::io::Error),
    /// The keytab cannot be used.
    #[error("{0}")]
    Keytab(#[from] KeytabFileError),
    /// There is no base64.
    #[error("the token is not base64; paste what follows \"Negotiate\" in the Authorization field")]
    NotBase64,
}

/// A judgement, for people.
#[derive(Debug)]
pub struct Explained {
    /// The lines.
    pub text: String,
    /// Whether the token is accepted.
    pub accepted: bool,
}

/// Judges a token as a door with this keytab and policy would at `at`, without a replay cache to ask.
///
/// Without `at` the token is judged at `now`; if that is too late for it, it is judged once more at its own time, so
/// that what else is wrong with it is seen.
///
/// # Errors
///
/// Any [`ExplainError`].
pub fn explain(
    text: &str,
    keytab: &Path,
    policy: Policy,
    at: Option<Utc>,
    now: Utc,
) -> Result<Explained, ExplainError> {
    let token = token(text)?;
    let (keys, _) = keytab_file::read(keytab)?;
    let (keys, skipped) = KeyTable::new(&keys, &policy.services, &policy.enctypes);
    let acceptor = Acceptor::new(policy, keys);
    let judge = |at| judge(&acceptor, &token, at);

    let mut judgement = judge(at.unwrap_or(now));
    let mut old = None;
    if at.is_none()
        && let Verdict::Refused { refusal: Refusal::Skew { .. } | Refusal::Expired { .. }, .. } =
            judgement.verdict
        && let Some(made) = judgement.found.made.or(judgement.found.times.map(|times| times.authtime))
    {
        old = Some(std::mem::replace(&mut judgement, judge(made)));
    }

    let mut tree = Tree::default();
    tree.line(0, &format_args!("token of {} octets", token.len()));
    describe(&mut tree, &judgement.found);
    if let Verdict::Refused { refusal, .. } = &judgement.verdict
        && refusal.blame() == Blame::Operator
    {
        describe_unused(&mut tree, &skipped);
    }
    let accepted = conclude(&mut tree, &judgement.verdict, old.as_ref(), judgement.found.made);
    Ok(Explained { text: tree.0, accepted })
}

/// The octets of what an operator pastes: the field's whole value, or the token alone.
fn token(text: &str) -> Result<Vec<u8>, ExplainError> {
    let text = text.trim();
    let text = text.rsplit_once(char::is_whitespace).map_or(text, |(before, last)| {
        if before.trim_end().to_ascii_lowercase().ends_with("negotiate") { last } else { text }
    });
    let text: String =
        text.chars().filter(|character| !character.is_whitespace() && *character != '=').collect();
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    let token = STANDARD.decode(text + &padding).map_err(|_| ExplainError::NotBase64)?;
    if token.is_empty() { Err(ExplainError::NotBase64) } else { Ok(token) }
}

/// Judges as if the token had come on the TLS connection that it is bound to: which that is, only the door knows.
fn judge(acceptor: &Acceptor, token: &[u8], at: Utc) -> Judgement {
    let judgement = judge_seen(acceptor, token, at, &Seen::default());
    match (&judgement.verdict, judgement.found.bindings) {
        (Verdict::Refused { refusal: Refusal::BindingMismatch, .. }, Some(bindings)) => {
            judge_seen(acceptor, token, at, &Seen { bindings: &[bindings], peer: None })
        }
        _ => judgement,
    }
}

fn judge_seen(acceptor: &Acceptor, token: &[u8], at: Utc, seen: &Seen<'_>) -> Judgement {
    // A memory of its own each time: whether the token was presented before, only the door knows.
    let memory = Memory::new(16, Utc::new(0, 0));
    let dice = |octets: &mut [u8]| ambient::fill(octets);
    let mut judging = pin!(acceptor.accept(token, None, seen, &memory, at, &dice));
    loop {
        // That memory answers at once, so the first poll is the last.
        if let Poll::Ready(judgement) = judging.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return judgement;
        }
    }
}

/// Lines, indented by their depth.
#[derive(Default)]
struct Tree(String);

impl Tree {
    fn line(&mut self, depth: usize, text: &impl fmt::Display) {
        let _ = writeln!(self.0, "{}{text}", "  ".repeat(depth));
    }
}

fn describe(tree: &mut Tree, found: &Found) {
    let how = match found.wrapping {
        None => return,
        Some(Wrapping::Bare) => "Kerberos, not negotiated".to_owned(),
        Some(Wrapping::Spnego(mech)) => format!("SPNEGO, for {}", mech.name()),
    };
    tree.line(1, &how);
    let Some(ticket) = &found.ticket else { return };
    let mutual = if found.mutual == Some(true) { ", which asks the service to prove itself" } else { "" };
    tree.line(2, &format_args!("AP-REQ{mutual}"));
    let kvno = ticket.kvno.map_or("without a key version".to_owned(), |kvno| format!("key version {kvno}"));
    tree.line(
        3,
        &format_args!(
            "ticket for {} (not protected), enctype {}, {kvno}",
            ticket.service,
            enctype(ticket.enctype)
        ),
    );
    let Some(key) = &found.key else { return };
    tree.line(4, &format_args!("opened with the key of {}, version {}", key.principal, key.kvno));
    if let Some(client) = &found.client {
        tree.line(4, &format_args!("client {client}"));
    }
    if let Some(times) = found.times {
        tree.line(
            4,
            &format_args!("login {}, valid from {} to {}", times.authtime, times.starts, times.ends),
        );
    }
    if let Some(word) = found.flags {
        tree.line(4, &format_args!("flags {}", ticket_flags(word)));
    }
    if let Some(number) = found.session_enctype {
        tree.line(4, &format_args!("session key of enctype {}", enctype(number)));
    }
    describe_data(tree, found);
    describe_authenticator(tree, found);
}

/// Keys of the keytab that are not used, where that may be the reason; those of one service in one line.
fn describe_unused(tree: &mut Tree, skipped: &[Skipped]) {
    let mut told: Vec<(String, usize)> = Vec::new();
    for Skipped { principal, why, .. } in skipped {
        let line = format!("the keytab's key of {principal} is not used: {why}");
        match told.iter_mut().find(|(known, _)| *known == line) {
            Some((_, count)) => *count += 1,
            None => told.push((line, 1)),
        }
    }
    for (line, count) in told {
        let times = if count > 1 { format!(" ({count} keys)") } else { String::new() };
        tree.line(0, &format_args!("{line}{times}"));
    }
}

fn describe_data(tree: &mut Tree, found: &Found) {
    match &found.pac {
        None => {}
        Some(Judged::Absent) => tree.line(4, &"no PAC, or not looked at"),
        Some(Judged::Bad(trouble)) => tree.line(4, &format_args!("PAC that grants nothing: {trouble}")),
        Some(Judged::Good(groups)) => {
            tree.line(4, &"PAC with a good signature");
            if let Some(user) = &groups.user {
                tree.line(5, &format_args!("user {user}"));
            }
            for group in &groups.groups {
                tree.line(5, &format_args!("group {group}"));
            }
        }
    }
    if !found.indicators.is_empty() {
        tree.line(4, &format_args!("logged in by {}", found.indicators.join(", ")));
    }
}

fn describe_authenticator(tree: &mut Tree, found: &Found) {
    let Some(made) = found.made else { return };
    tree.line(3, &format_args!("authenticator, made {made} by the client's clock"));
    if let Some(number) = found.subkey_enctype {
        tree.line(4, &format_args!("subkey of enctype {}", enctype(number)));
    }
    if let Some(flags) = found.gss_flags {
        tree.line(4, &format_args!("asks for {}", gss_flags(flags)));
    }
    match found.bindings {
        None => {}
        Some([0, ..]) if found.bindings == Some([0; 16]) => tree.line(4, &"not bound to a TLS connection"),
        Some(_) => tree.line(4, &"bound to a TLS connection; to which one, only the door can tell"),
    }
    if let Some(target) = &found.target {
        tree.line(4, &format_args!("meant for {target:?}"));
    }
}

/// Writes the verdict; true if the token is accepted.
fn conclude(tree: &mut Tree, verdict: &Verdict, old: Option<&Judgement>, made: Option<Utc>) -> bool {
    if let Some(Judgement { verdict: Verdict::Refused { refusal, .. }, .. }) = old {
        tree.line(0, &format_args!("REFUSED now ({}): {refusal}", refusal.word()));
        if let Some(made) = made {
            tree.line(0, &format_args!("and at the time when it was made, {made}:"));
        }
    }
    match verdict {
        Verdict::Granted { .. } => {
            tree.line(0, &"ACCEPTED, unless it was presented before or is bound to another TLS connection");
            old.is_none()
        }
        Verdict::More { .. } => {
            tree.line(0, &"NOT DECIDED: Kerberos is not the client's first choice or it sent no ticket yet; the door asks for another token");
            false
        }
        Verdict::Refused { refusal, .. } => {
            let code = krb::error_code::name(refusal.code()).unwrap_or("no code");
            tree.line(
                0,
                &format_args!(
                    "REFUSED ({}, {code}, fault of {}): {refusal}",
                    refusal.word(),
                    refusal.blame().word()
                ),
            );
            false
        }
    }
}

fn enctype(number: i64) -> String {
    let name = i32::try_from(number).ok().and_then(etype::name);
    name.map_or_else(|| number.to_string(), |name| format!("{number} ({name})"))
}

fn ticket_flags(word: u32) -> String {
    let names = [
        (flag::FORWARDABLE, "forwardable"),
        (flag::FORWARDED, "forwarded"),
        (flag::PROXIABLE, "proxiable"),
        (flag::PROXY, "proxy"),
        (flag::MAY_POSTDATE, "may-postdate"),
        (flag::POSTDATED, "postdated"),
        (flag::INVALID, "invalid"),
        (flag::RENEWABLE, "renewable"),
        (flag::INITIAL, "initial"),
        (flag::PRE_AUTHENT, "pre-authent"),
        (flag::HW_AUTHENT, "hw-authent"),
        (flag::TRANSITED_POLICY_CHECKED, "transited-policy-checked"),
        (flag::OK_AS_DELEGATE, "ok-as-delegate"),
        (flag::ENC_PA_REP, "enc-pa-rep"),
        (flag::ANONYMOUS, "anonymous"),
    ];
    let set = names.iter().filter(|(bit, _)| word & 0x8000_0000 >> bit != 0).map(|(_, name)| *name);
    listed(set)
}

fn gss_flags(flags: GssFlags) -> String {
    let names = [
        (GssFlags::DELEG, "delegation"),
        (GssFlags::MUTUAL, "mutual authentication"),
        (GssFlags::REPLAY, "replay detection"),
        (GssFlags::SEQUENCE, "sequencing"),
        (GssFlags::CONF, "confidentiality"),
        (GssFlags::INTEG, "integrity"),
        (GssFlags::DCE, "DCE style"),
        (GssFlags::IDENTIFY, "identification only"),
        (GssFlags::EXTENDED_ERROR, "extended errors"),
    ];
    listed(names.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
