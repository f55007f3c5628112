//! Servers that are told by a file what they are: it is written into a folder of their own, and they are started with it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::{Command, Stdio},
};

use crate::{
    lane::Failed,
    proxies::server,
    running::on,
    stage::{Cores, Stage},
};

/// `ticketgate run` with this configuration, in a file of this name. It has one thread, as its peers have.
pub(crate) fn ticketgate(stage: &Stage, cores: Cores, name: &str, conf: &str) -> Result<Command, Failed> {
    let file = stage.file(name);
    fs::write(&file, conf)?;
    let log = File::options().create(true).append(true).open(stage.file("gateway.log"))?;
    let mut command = on(cores.gateway(), &stage.program("ticketgate"));
    command.args(["run", "--threads", "1", "--config"]).arg(file).env_remove("RUST_LOG").stderr(log);
    Ok(command)
}

/// nginx with this configuration, whose `DIR` is a folder named by the address.
pub(crate) fn nginx(stage: &Stage, cores: Cores, address: SocketAddr, conf: &str) -> Result<Command, Failed> {
    let dir = stage.file(&format!("nginx-{}", address.port()));
    fs::create_dir_all(&dir)?;
    let file = dir.join("nginx.conf");
    fs::write(&file, conf.replace("DIR", &dir.display().to_string()))?;
    let mut command = server(cores, "nginx");
    command.arg("-p").arg(&dir).arg("-c").arg(file);
    Ok(command)
}

/// Apache with this configuration, whose `DIR` is a folder named by the address: one process with all threads, whose
/// processor time is all that there is.
pub(crate) fn apache(
    stage: &Stage,
    cores: Cores,
    address: SocketAddr,
    conf: &str,
) -> Result<Command, Failed> {
    let dir = stage.file(&format!("apache-{}", address.port()));
    fs::create_dir_all(&dir)?;
    let file = dir.join("apache.conf");
    fs::write(&file, conf.replace(" DIR", &format!(" {}", dir.display())))?;
    let mut command = server(cores, "apache2");
    command.arg("-X").arg("-f").arg(file).env("KRB5RCACHEDIR", &dir).stderr(Stdio::null());
    Ok(command)
}
