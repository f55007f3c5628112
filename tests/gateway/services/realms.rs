//! Realms of a configuration: who is let in, and as whom.

use crate::world::realm;

/// A realm `kerberos`, with the keytab of the shared test realm and these options of `gss`.
pub(super) fn kerberos(options: &str) -> String {
    let keytab = realm().dir().join("services.keytab");
    format!(
        "<realm><name>kerberos</name><authentication>\
         <http-challenge-scheme>Negotiate</http-challenge-scheme><login-modules>\
         <login-module><type>kerberos5</type><success>required</success>\
         <options><keyTab>{}</keyTab></options></login-module>\
         <login-module><type>gss</type><success>required</success><options>{options}</options></login-module>\
         </login-modules></authentication></realm>",
        keytab.display()
    )
}
