//! The gateway program: reads the command line, runs, and ends with an exit code that says how it went.

use std::{
    io::{IsTerminal as _, Write as _},
    num::NonZeroUsize,
    process::ExitCode,
};

use clap::Parser as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use ticketgate::{
    cli::{self, Cli, Command, check::Checked, tickets::TicketsError},
    explain::{ExplainError, Explained},
    gateway::{self, Fixed, Settings, Source},
    observe,
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
        Command::Check(args) => check(&args),
        Command::Connect(args) => connect(*args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo(&args),
        Command::Explain(args) => explain(*args),
        Command::Kinit(args) => ticket(args.run()),
        Command::Kvno(args) => ticket(args.run(|error| tell(error))),
        Command::Passwd(args) => passwd(&args),
        Command::Run(args) => configured(&args),
        Command::Tgg(args) => match args.config() {
            Some(config) => configured(&cli::run::Args::of(config.clone())),
            None => fixed(args.threads(), args.settings()),
        },
        Command::Tpg(args) => match args.config() {
            Some(config) => configured(&cli::run::Args::of(config.clone())),
            None => fixed(args.threads(), args.settings()),
        },
        Command::Tunnel(args) => tunnel(args),
    }
}

/// Runs what a configuration says.
fn configured(args: &cli::run::Args) -> ExitCode {
    match args.settings() {
        Ok(settings) => run(args.threads(), settings, args),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", error.told());
            ExitCode::from(cli::CONFIGURATION)
        }
    }
}

/// Runs with settings that do not change.
fn fixed<E: std::error::Error>(threads: NonZeroUsize, settings: Result<Settings, E>) -> ExitCode {
    match settings {
        Ok(settings) => run(threads, settings.clone(), &Fixed(settings)),
        Err(error) => fail(cli::USAGE, &error),
    }
}

fn check(args: &cli::check::Args) -> ExitCode {
    let Checked { services, problems, is_sound } = args.check(std::io::stderr().is_terminal());
    let _ = std::io::stderr().lock().write_all(problems.as_bytes());
    let _ = std::io::stdout().lock().write_all(services.as_bytes());
    if is_sound { ExitCode::SUCCESS } else { ExitCode::from(cli::CONFIGURATION) }
}

#[cfg(feature = "demo")]
fn demo(args: &cli::demo::Args) -> ExitCode {
    let (settings, guide, behind) = match args.prepare() {
        Ok(demo) => demo.into_parts(),
        Err(error) => return fail(cli::RUN_TIME, &error),
    };
    let _ = std::io::stderr().lock().write_all(guide.as_bytes());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    run_beside(threads, settings.clone(), &Fixed(settings), behind.serve())
}

fn explain(args: cli::explain::Args) -> ExitCode {
    match args.explain() {
        Ok(Explained { text, accepted }) => {
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            if accepted { ExitCode::SUCCESS } else { ExitCode::from(cli::RUN_TIME) }
        }
        Err(error @ ExplainError::Keytab(_)) => fail(cli::CONFIGURATION, &error),
        Err(error) => fail(cli::USAGE, &error),
    }
}

fn passwd(args: &cli::passwd::Args) -> ExitCode {
    match args.make() {
        Ok(text) => match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(cli::RUN_TIME, &error),
        },
        Err(error) => fail(if error.is_usage() { cli::USAGE } else { cli::RUN_TIME }, &error),
    }
}

fn connect(args: cli::connect::Args) -> ExitCode {
    match args.talk() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.exit_code(), &error),
    }
}

fn tunnel(args: cli::tunnel::Args) -> ExitCode {
    match args.serve(announce) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.exit_code(), &error),
    }
}

/// How a program ends that asks for tickets.
fn ticket(got: Result<(), TicketsError>) -> ExitCode {
    match got {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.code(), &error),
    }
}

fn run(threads: NonZeroUsize, settings: Settings, again: &impl Source) -> ExitCode {
    run_beside(threads, settings, again, async {})
}

/// Runs the gateway, and beside it what it is in front of.
fn run_beside(
    threads: NonZeroUsize,
    mut settings: Settings,
    again: &impl Source,
    beside: impl Future<Output = ()> + Send + 'static,
) -> ExitCode {
    let room = connections_for(raise_open_files(), settings.files_per_connection());
    if settings.bound_connections(room) {
        tracing::warn!("Open files allow {room} connections; raise the limit (ulimit -n) to have more");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .thread_name("serving")
        .worker_threads(threads.get())
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(cli::RUN_TIME, &error),
    };
    // What it holds goes with the runtime.
    runtime.spawn(beside);
    match runtime.block_on(gateway::run(settings, again, announce)) {
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

/// How many peers may be connected with so many open files, of which each takes `each`. A quarter is kept for
/// KDCs and back ends: peers must not be able to take what their answers come through.
fn connections_for(files: u64, each: u64) -> usize {
    usize::try_from((files - files / 4) / each).unwrap_or(usize::MAX)
}

/// Standard output carries these lines and nothing else. That nobody reads them is no reason to stop.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    tell(&error);
    ExitCode::from(code)
}

fn tell(error: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "ticketgate: {error}");
}
