//! Measures how long a configuration with ten thousand services takes to be checked, served and reloaded, and prints a table
//! in Markdown.

#![expect(clippy::print_stdout, reason = "the table is its output")]

mod many;

use std::{fs::File, path::Path, process::Command, time::Duration};

use benches::{
    clock,
    lane::Failed,
    process,
    running::{Running, on},
    stage::{self, Cores, Stage},
    table::{Spread, Table},
};
use clap::Parser;
use many::Many;

/// Measures the gateway with a long configuration.
#[derive(Debug, Parser)]
struct Args {
    /// Rounds; each figure is measured once in each
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Services, of five kinds
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    services: usize,
}

/// What one round found.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    /// Octets that are resident, or were at most.
    memory: u64,
}

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let stage = Stage::set()?;
    println!("{}\n", stage::machine());
    let mut table = Table::new(&["services", "addresses", "TLS", "what", "ms", "CPU ms", "MiB"]);
    let cases = [(1, false), (500, false), (500, true)];
    for (addresses, tls) in cases {
        let many = Many { services: args.services, addresses, tls };
        let (mut checks, mut starts, mut reloads) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..args.rounds {
            let file = many.write(&stage, 0)?;
            checks.push(check(&stage, &file)?);
            let (start, reload) = serve(&stage, &many, &file)?;
            starts.push(start);
            reloads.push(reload);
        }
        for (what, costs) in [
            ("check", checks),
            ("from start to the last `listening`", starts),
            ("reload with one service more", reloads),
        ] {
            let spread = |of: &dyn Fn(&Cost) -> f64| costs.iter().map(of).collect::<Spread>();
            table.row([
                many.services.to_string(),
                addresses.to_string(),
                if tls { "yes" } else { "no" }.to_owned(),
                what.to_owned(),
                spread(&|cost| cost.wall.as_secs_f64() * 1e3).show(0),
                spread(&|cost| cost.cpu.as_secs_f64() * 1e3).show(0),
                spread(&|cost| mebibytes(cost.memory)).show(0),
            ]);
        }
    }
    table.print("A configuration with many services");
    println!("{}", stage::machine());
    Ok(())
}

/// `ticketgate check`. Its last line comes when all is done, and it has so much to say that it waits for us to read.
fn check(stage: &Stage, file: &Path) -> Result<Cost, Failed> {
    let began = clock::now();
    let mut running = Running::start(ticketgate(stage)?.args(["check", "--config"]).arg(file))?;
    running.line()?;
    let (cpu, memory) = (process::cpu(running.pid())?, process::peak(running.pid())?);
    while running.line().is_ok() {}
    Ok(Cost { wall: clock::now().duration_since(began), cpu, memory })
}

/// `ticketgate run`, and then a reload of a file that has one service more.
fn serve(stage: &Stage, many: &Many, file: &Path) -> Result<(Cost, Cost), Failed> {
    let began = clock::now();
    let mut running = Running::start(ticketgate(stage)?.args(["run", "--config"]).arg(file))?;
    for _ in 0..many.services {
        running.line()?;
    }
    let pid = running.pid();
    let started = Cost {
        wall: clock::now().duration_since(began),
        cpu: process::cpu(pid)?,
        memory: process::resident(pid)?,
    };
    many.write(stage, 1)?;
    let began = clock::now();
    Command::new("kill").args(["-HUP", &pid.to_string()]).status()?;
    running.line()?;
    let reloaded = Cost {
        wall: clock::now().duration_since(began),
        cpu: process::cpu(pid)?.saturating_sub(started.cpu),
        memory: process::resident(pid)?,
    };
    Ok((started, reloaded))
}

fn ticketgate(stage: &Stage) -> Result<Command, Failed> {
    let log = File::options().create(true).append(true).open(stage.file("gateway.log"))?;
    let mut command = on(Cores::Free.gateway(), &stage.program("ticketgate"));
    command.env_remove("RUST_LOG").stderr(log);
    Ok(command)
}

fn mebibytes(octets: u64) -> f64 {
    f64::from(u32::try_from(octets / 1024).unwrap_or(u32::MAX)) / 1024.0
}
