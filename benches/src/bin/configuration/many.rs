//! A configuration with as many services as somebody wants.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use benches::{lane::Failed, stage::Stage};

/// Services, and how many addresses they are at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Many {
    pub(crate) services: usize,
    pub(crate) addresses: usize,
    pub(crate) tls: bool,
}

/// The password of the keystore.
const PASSWORD: &str = "changeit";

impl Many {
    /// Writes it, with so many services more.
    pub(crate) fn write(&self, stage: &Stage, more: usize) -> Result<PathBuf, Failed> {
        let secure = if self.tls { "s" } else { "" };
        let mut text = String::from(
            "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n\
             <properties><property><name>files</name><value>web</value></property></properties>\n",
        );
        for number in 0..self.services + more {
            let at = number % self.addresses;
            // Each address of the loopback network is one to listen at.
            let at = format!("127.0.{}.{}:0", at / 250, at % 250 + 1);
            let kind = match number % 5 {
                0 => format!("<accept>ws{secure}://{at}/echo/{number}</accept><type>echo</type>"),
                1 => format!(
                    "<accept>http{secure}://{at}/files/{number}</accept><type>directory</type>\n\
                     <properties><directory>${{files}}</directory><welcome-file>index.html</welcome-file></properties>"
                ),
                2 => format!(
                    "<accept>ws{secure}://{at}/broker/{number}</accept><connect>tcp://127.0.0.1:6143</connect>\n\
                     <type>proxy</type>"
                ),
                3 => format!(
                    "<accept>http{secure}://{at}/app/{number}</accept><connect>http://127.0.0.1:8080/app/{number}</connect>\n\
                     <type>http.proxy</type>"
                ),
                _ => format!(
                    "<accept>http{secure}://{at}/old/{number}</accept><type>http.redirect</type>\n\
                     <properties><location>http://www.example.com/{number}</location></properties>"
                ),
            };
            writeln!(
                text,
                "<service>\n<name>service {number}</name>\n{kind}\n<cross-site-constraint>\
                 <allow-origin>http://app.example.com</allow-origin></cross-site-constraint>\n</service>"
            )?;
        }
        if self.tls {
            keystore(stage)?;
            text.push_str(
                "<security><keystore><type>PKCS12</type><file>keystore.p12</file>\
                 <password-file>keystore.pw</password-file></keystore></security>\n",
            );
        }
        text.push_str("</gateway-config>\n");
        fs::create_dir_all(stage.file("web"))?;
        let file = stage.file("many.xml");
        fs::write(&file, text)?;
        Ok(file)
    }
}

/// A keystore as operators have them, whose password is slow to try.
fn keystore(stage: &Stage) -> Result<(), Failed> {
    let file = stage.file("keystore.p12");
    if file.exists() {
        return Ok(());
    }
    fs::write(stage.file("keystore.pw"), PASSWORD)?;
    let mut command = Command::new("openssl");
    command.args(["pkcs12", "-export", "-name", "gateway", "-passout"]).arg(format!("pass:{PASSWORD}"));
    command.arg("-in").arg(stage.certificate()).arg("-inkey").arg(stage.key()).arg("-out").arg(&file);
    if command.status()?.success() { Ok(()) } else { Err("openssl writes no keystore".into()) }
}
