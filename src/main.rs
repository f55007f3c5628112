//! The gateway program: reads the command line, runs, and ends with an exit code that says how it went.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use ticketgate::{
    cli::{self, Cli, Command},
    gateway, observe,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Help and version are asked for; all else is a wrong command line.
            return if error.use_stderr() { ExitCode::from(cli::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    observe::start(cli.log_format);
    // Every user of TLS in the process shares one provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match cli.command {
        Command::Tgg(args) => tgg(*args),
    }
}

fn tgg(args: cli::tgg::Args) -> ExitCode {
    let threads = args.threads().get();
    let mut settings = match args.settings() {
        Ok(settings) => settings,
        Err(error) => return fail(cli::USAGE, &error),
    };
    let room = connections_for(raise_open_files());
    if settings.allowed.connections > room {
        tracing::warn!("Open files allow {room} connections; raise the limit (ulimit -n) to have more");
        settings.allowed.connections = room;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .thread_name("serving")
        .worker_threads(threads)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(cli::RUN_TIME, &error),
    };
    match runtime.block_on(gateway::run(settings, announce)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_configuration() => fail(cli::CONFIGURATION, &error),
        Err(error) => fail(cli::RUN_TIME, &error),
    }
}

/// Takes as many open files as the system allows, and returns how many. The usual soft limit of 1024 is there for
/// programs that use select(2), and each connection is a file.
fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!("Cannot raise the limit of open files: {error}");
            limit.current
        }
    };
    // None is no limit.
    files.unwrap_or(u64::MAX)
}

/// How many peers may be connected with so many open files. A quarter is kept for the KDCs: peers must not be
/// able to take what their answers come through.
fn connections_for(files: u64) -> usize {
    usize::try_from(files - files / 4).unwrap_or(usize::MAX)
}

/// Standard output carries these lines and nothing else. That nobody reads them is no reason to stop.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "ticketgate: {error}");
    ExitCode::from(code)
}
