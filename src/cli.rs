//! The command line: one file a subcommand.

pub mod check;
pub mod connect;
#[cfg(feature = "demo")]
pub mod demo;
pub mod explain;
pub mod gate;
pub mod kinit;
pub mod kvno;
pub mod passwd;
pub mod prompt;
pub mod run;
pub mod tgg;
pub mod tickets;
pub mod tpg;
pub mod tunnel;
pub mod web;

use clap::{Parser, Subcommand};

use crate::observe::LogFormat;

/// A gateway at the network edge for Kerberos.
#[derive(Debug, Parser)]
#[command(name = "ticketgate", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// How log lines are written to standard error; RUST_LOG says which
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is wrong with a configuration, or what its services are and who may use them
    Check(Box<check::Args>),
    /// Talk to a WebSocket from the terminal, and log in where it asks for that
    Connect(Box<connect::Args>),
    /// Everything at once on loopback, with an embedded KDC and a page to look at it; never for production
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    /// Say why one Negotiate token is accepted or refused
    Explain(Box<explain::Args>),
    /// Get a ticket-granting ticket with a password, into a credential cache that all Kerberos programs read
    Kinit(Box<kinit::Args>),
    /// Get tickets for services into the credential cache
    Kvno(kvno::Args),
    /// Read a password and print its hash for a jaas-config.xml
    Passwd(passwd::Args),
    /// Serve what a gateway-config.xml says
    Run(Box<run::Args>),
    /// Relay Kerberos from WebSocket and HTTPS (MS-KKDCP) to KDCs that clients cannot reach
    Tgg(Box<tgg::Args>),
    /// Let those who are admitted through to back ends: ws, wss, tcp, http or https
    Tpg(Box<tpg::Args>),
    /// Answer on this host as a KDC does, through the WebSocket of a gateway: for stock kinit and all others
    Tunnel(tunnel::Args),
}

/// Exit code of a wrong command line (sysexits.h, EX_USAGE).
pub const USAGE: u8 = 64;
/// Exit code of settings that cannot be used (sysexits.h, EX_CONFIG).
pub const CONFIGURATION: u8 = 78;
/// Exit code of a failure at run time.
pub const RUN_TIME: u8 = 1;
