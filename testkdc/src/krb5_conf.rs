//! What a client's `krb5.conf` says about the realm.

use std::fmt::Write as _;

/// Lines for a client's `krb5.conf`; everything that keeps a client off the
/// network and off the host's own configuration is there without being asked for.
///
/// An empty one names no KDC.
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until a client is made with it"]
pub struct Krb5Conf {
    libdefaults: Vec<(String, String)>,
    realm: Vec<(String, String)>,
    text: String,
}

impl Krb5Conf {
    /// One that names no KDC yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A KDC: `127.0.0.1:88`, or `https://gw.example/KdcProxy` for MS-KKDCP. Several are asked in their order.
    pub fn kdc(self, kdc: impl ToString) -> Self {
        self.relation("kdc", kdc)
    }

    /// Where passwords are changed, in the same forms as [`kdc`](Self::kdc).
    pub fn kpasswd_server(self, server: impl ToString) -> Self {
        self.relation("kpasswd_server", server)
    }

    /// What is believed of an MS-KKDCP proxy's certificate, such as `FILE:/path/ca.pem`.
    pub fn http_anchors(self, anchors: impl ToString) -> Self {
        self.relation("http_anchors", anchors)
    }

    /// Any other line of the realm's section.
    pub fn relation(mut self, key: &str, value: impl ToString) -> Self {
        self.realm.push((key.to_owned(), value.to_string()));
        self
    }

    /// A line of `[libdefaults]`, such as `udp_preference_limit`, `1`.
    pub fn libdefault(mut self, key: &str, value: impl ToString) -> Self {
        self.libdefaults.push((key.to_owned(), value.to_string()));
        self
    }

    /// Text at the end of the file, for whole sections.
    pub fn section(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self.text.push('\n');
        self
    }

    /// The file for `realm`.
    pub(crate) fn render(&self, realm: &str) -> String {
        let mut file = format!(
            "[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
"
        );
        lines(&mut file, "    ", &self.libdefaults);
        let _ = writeln!(file, "\n[realms]\n    {realm} = {{");
        lines(&mut file, "        ", &self.realm);
        let _ = writeln!(
            file,
            "    }}\n\n[domain_realm]\n    localhost = {realm}\n    .tgg.test = {realm}\n\n{}",
            self.text
        );
        file
    }
}

fn lines(file: &mut String, indent: &str, relations: &[(String, String)]) {
    for (key, value) in relations {
        let _ = writeln!(file, "{indent}{key} = {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::Krb5Conf;

    #[test]
    fn kdcs_keep_their_order_and_stay_in_the_realm() {
        let conf = Krb5Conf::new().kdc("127.0.0.1:1").kdc("https://localhost/KdcProxy").render("R.TEST");
        let (_, realm) = conf.split_once("R.TEST = {\n").unwrap();
        let (inside, _) = realm.split_once('}').unwrap();
        let lines: Vec<_> = inside.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["kdc = 127.0.0.1:1", "kdc = https://localhost/KdcProxy"]);
    }
}
