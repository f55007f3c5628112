//! The configuration of the demo, and the files that it names.

use std::{net::SocketAddr, path::PathBuf};

use serde_json::json;

use super::{
    DemoError, KRB_REALM, SPN,
    desk::{CODES, JUDGE},
    folder::Folder,
};
use crate::{ambient, realm::module::file::hash};

/// A user of the demo.
#[derive(Debug)]
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) password: &'static str,
    /// What the page says of it.
    about: &'static str,
    pub(super) is_staff: bool,
    pub(super) is_expired: bool,
}

/// All of them.
pub(super) const USERS: [User; 3] = [
    User {
        name: "demo",
        password: "demo",
        about: "is of the staff and may chat",
        is_staff: true,
        is_expired: false,
    },
    User {
        name: "guest",
        password: "guest",
        about: "may use the echo, and is not let into the chat",
        is_staff: false,
        is_expired: false,
    },
    User {
        name: "rusty",
        password: "rusty",
        about: "has a password that has expired",
        is_staff: true,
        is_expired: true,
    },
];

/// What the page is made of.
const PAGE: [(&str, &str); 4] = [
    ("page/index.html", include_str!("../../../web/demo/index.html")),
    ("page/demo.css", include_str!("../../../web/demo/demo.css")),
    ("page/demo.js", include_str!("../../../web/demo/demo.js")),
    ("page/ticketgate.js", include_str!("../../../web/bundle/ticketgate.js")),
];

/// The page that a browser or curl with a system ticket may see.
const PRIVATE: &str = "<!doctype html><html lang=\"en\"><title>Opened by a ticket</title>\
                       <p>The gateway took your Kerberos ticket. Nobody sees this page without one.</p></html>\n";

/// Where everything is.
#[derive(Debug)]
pub(super) struct Site {
    /// The gateway's port on localhost.
    pub(super) port: u16,
    /// That of the operators' page.
    pub(super) manage: u16,
    pub(super) kdc: SocketAddr,
    pub(super) chat: SocketAddr,
    pub(super) desk: SocketAddr,
    pub(super) feed: SocketAddr,
    /// The SID of the group whose members may chat.
    pub(super) staff: String,
}

impl Site {
    /// Writes all files; returns the configuration's.
    pub(super) fn write(&self, folder: &Folder, keytab: &[u8]) -> Result<PathBuf, DemoError> {
        for (name, text) in PAGE {
            folder.write(name, text)?;
        }
        folder.write("page/setup.json", self.setup(folder).to_string())?;
        folder.write("private/index.html", PRIVATE)?;
        folder.write("services.keytab", keytab)?;
        folder.write("krb5.conf", self.krb5_conf())?;
        let hash = hash::make(b"demo", ambient::random())?;
        folder.write(
            "jaas-config.xml",
            format!(
                "<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">\
                 <user><name>demo</name><password>{hash}</password></user></jaas-config>\n"
            ),
        )?;
        folder.write("gateway-config.xml", self.config())
    }

    /// What the page is told.
    fn setup(&self, folder: &Folder) -> serde_json::Value {
        let users = USERS.iter().map(|user| {
            let User { name, password, about, .. } = user;
            json!({ "name": name, "password": password, "about": about })
        });
        json!({
            "realm": KRB_REALM,
            "spn": SPN,
            "manage": format!("http://localhost:{}/", self.manage),
            "users": users.collect::<Vec<_>>(),
            "type": self.commands(folder),
        })
    }

    /// What to type at a shell beside the page.
    fn commands(&self, folder: &Folder) -> Vec<String> {
        let port = self.port;
        let at = folder.path().display();
        vec![
            format!("export KRB5_CONFIG={at}/krb5.conf KRB5CCNAME={at}/ccache"),
            format!("ticketgate kinit --tgg ws://localhost:{port}/tgg demo@{KRB_REALM}"),
            format!("kvno {SPN}"),
            "klist".to_owned(),
            format!("curl --negotiate -u : http://localhost:{port}/private/"),
            format!("ticketgate connect --tgg ws://localhost:{port}/tgg ws://localhost:{port}/echo"),
        ]
    }

    /// For stock tools, which speak to the KDC directly.
    fn krb5_conf(&self) -> String {
        format!(
            "[libdefaults]\n    default_realm = {KRB_REALM}\n    dns_lookup_kdc = false\n    rdns = false\n\
             \x20   dns_canonicalize_hostname = false\n[realms]\n    {KRB_REALM} = {{\n        kdc = {kdc}\n\
             \x20       kpasswd_server = {kdc}\n    }}\n[domain_realm]\n    localhost = {KRB_REALM}\n",
            kdc = self.kdc
        )
    }

    /// What to open and what to type.
    pub(super) fn guide(&self) -> String {
        format!(
            "\n  Open       http://localhost:{port}/\n  Log in     as demo with the password demo\n  \
             Watch      http://localhost:{manage}/\n\n  The KDC of {KRB_REALM} is in this process and knows \
             these users only: never use it in production.\n  Ctrl-C ends everything and leaves nothing behind.\n",
            port = self.port,
            manage = self.manage,
        )
    }

    fn config(&self) -> String {
        let Self { port, manage, kdc, chat, desk, feed, staff } = self;
        let http = format!("http://localhost:{port}");
        let ws = format!("ws://localhost:{port}");
        let tells = format!(
            "<authentication.connect>{ws}/tgg</authentication.connect>\
             <authentication.identifier>{KRB_REALM}</authentication.identifier>"
        );
        let any = "<authorization-constraint><require-valid-user/></authorization-constraint>";
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
  <service>
    <name>page</name>
    <accept>{http}/</accept>
    <type>directory</type>
    <properties><directory>page</directory><welcome-file>index.html</welcome-file></properties>
  </service>
  <service>
    <name>tgg</name>
    <accept>{ws}/tgg</accept>
    <type>kerberos5.proxy</type>
    <properties>
      <krb-realm><name>{KRB_REALM}</name><kdc>{kdc}</kdc><kpasswd>{kdc}</kpasswd></krb-realm>
    </properties>
  </service>
  <service>
    <name>events</name>
    <accept>{ws}/events</accept>
    <type>broadcast</type>
    <properties><connect>tcp://{feed}</connect></properties>
  </service>
  <service>
    <name>echo</name>
    <accept>{ws}/echo</accept>
    <type>echo</type>
    <properties>{tells}</properties>
    <realm-name>tickets</realm-name>
    {any}
  </service>
  <service>
    <name>chat</name>
    <accept>{ws}/chat</accept>
    <connect>ws://{chat}/</connect>
    <type>proxy</type>
    <properties><identity-header>x-remote-user</identity-header>{tells}</properties>
    <realm-name>tickets</realm-name>
    <authorization-constraint><require-role>staff</require-role></authorization-constraint>
  </service>
  <service>
    <name>basic</name>
    <accept>{ws}/basic</accept>
    <type>echo</type>
    <realm-name>passwords</realm-name>
    {any}
  </service>
  <service>
    <name>token</name>
    <accept>{ws}/token</accept>
    <type>echo</type>
    <realm-name>codes</realm-name>
    {any}
  </service>
  <service>
    <name>desk</name>
    <accept>{http}/desk/</accept>
    <connect>http://{desk}{codes}/</connect>
    <type>http.proxy</type>
  </service>
  <service>
    <name>private</name>
    <accept>{http}/private/</accept>
    <type>directory</type>
    <properties><directory>private</directory><welcome-file>index.html</welcome-file></properties>
    <realm-name>browser</realm-name>
    {any}
  </service>
  <service>
    <name>management</name>
    <accept>http://localhost:{manage}/</accept>
    <type>management</type>
  </service>
  <security>
    {tickets}
    {browser}
    <realm>
      <name>passwords</name>
      <description>Demo: demo</description>
      <authentication>
        <http-challenge-scheme>Application Basic</http-challenge-scheme>
        <login-modules>
          <login-module>
            <type>file</type>
            <success>required</success>
            <options><file>jaas-config.xml</file></options>
          </login-module>
        </login-modules>
      </authentication>
    </realm>
    <realm>
      <name>codes</name>
      <authentication>
        <http-challenge-scheme>Application Token</http-challenge-scheme>
        <login-modules>
          <login-module>
            <type>http</type>
            <success>required</success>
            <options><url>http://{desk}{JUDGE}</url></options>
          </login-module>
        </login-modules>
      </authentication>
    </realm>
  </security>
</gateway-config>
"#,
            codes = CODES.trim_end_matches("/code"),
            tickets = tickets("tickets", "Application Negotiate", staff),
            browser = tickets("browser", "Negotiate", staff),
        )
    }
}

/// A realm of tickets.
fn tickets(name: &str, scheme: &str, staff: &str) -> String {
    format!(
        "<realm><name>{name}</name><authentication><http-challenge-scheme>{scheme}</http-challenge-scheme>\
         <login-modules><login-module><type>kerberos5</type><success>required</success>\
         <options><keyTab>services.keytab</keyTab></options></login-module>\
         <login-module><type>gss</type><success>required</success>\
         <options><grant>staff=sid:{staff}</grant></options></login-module></login-modules>\
         </authentication></realm>"
    )
}
