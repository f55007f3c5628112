//! What a client may ask of the tickets it gets (RFC 4120 section 5.4.1).

use std::time::{Duration, SystemTime};

use krb::crypto::{Enctype, MAX_ITERATIONS};
use krb::flags::{Flags, kdc};
use krb::msg::kdc::KdcReqBody;
use krb::msg::opened::AuthorizationDataElement;
use krb::name::{Principal, PrincipalName};

use crate::error::ClientError;
use crate::moment;

/// What a ticket should be like. The KDC may give less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketOptions {
    /// Whether the KDC may answer with other names than were asked for, and
    /// name another realm to ask (RFC 6806). Not by default: who asks for one
    /// service must not be given a ticket for another.
    pub canonicalize: bool,
    /// Enctypes the client can use, best first. By default all of
    /// [`Enctype::ALL`].
    pub enctypes: Vec<Enctype>,
    /// Whether the ticket may be sent to another host. Not by default.
    pub forwardable: bool,
    /// Whether the KDC's clock is followed where the caller's is another: an
    /// exchange that the KDC refuses for that is tried once more with its time.
    /// Not by default; MIT's library does so, see `kdc_timesync` in krb5.conf.
    pub kdc_timesync: bool,
    /// How long it should be valid. A day by default, as with MIT's kinit.
    pub lifetime: Duration,
    /// Whether services may be given tickets with other addresses. Not by
    /// default.
    pub proxiable: bool,
    /// Whether the KDC is to prove under the client's key that it read the
    /// request as it was sent, and to say so whether it speaks FAST (RFC 6806
    /// section 11). Not by default. A KDC that says it proves this must.
    pub protects_request: bool,
    /// Whether a renewable ticket will do where none lives as long as asked for.
    /// Not by default.
    pub renewable_ok: bool,
    /// How long it should be renewable, counted from now. Not by default.
    pub renew_lifetime: Option<Duration>,
    /// What a service ticket should carry beside what the KDC puts into it,
    /// such as restrictions of its use. A ticket-granting ticket takes none.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// Most rounds in which the password is made a key, as the KDC says how many
    /// and nothing protects what it says. [`MAX_ITERATIONS`] by default; fewer
    /// where many passwords are turned into keys.
    pub max_iterations: u32,
}

impl Default for TicketOptions {
    fn default() -> Self {
        Self {
            canonicalize: false,
            enctypes: Enctype::ALL.to_vec(),
            forwardable: false,
            kdc_timesync: false,
            lifetime: Duration::from_hours(24),
            proxiable: false,
            protects_request: false,
            renewable_ok: false,
            renew_lifetime: None,
            authorization_data: Vec::new(),
            max_iterations: MAX_ITERATIONS,
        }
    }
}

impl TicketOptions {
    /// The body of a request for a ticket to `server`; `client` only in an
    /// AS-REQ.
    pub(crate) fn body(
        &self,
        client: Option<&PrincipalName>,
        server: &Principal,
        nonce: i64,
        now: SystemTime,
    ) -> Result<KdcReqBody, ClientError> {
        let wishes = [
            (self.forwardable, kdc::FORWARDABLE),
            (self.proxiable, kdc::PROXIABLE),
            (self.renew_lifetime.is_some(), kdc::RENEWABLE),
            (self.canonicalize, kdc::CANONICALIZE),
            (self.renewable_ok, kdc::RENEWABLE_OK),
        ];
        let wishes: Vec<u8> =
            wishes.into_iter().filter_map(|(wanted, flag)| wanted.then_some(flag)).collect();
        Ok(KdcReqBody {
            kdc_options: Flags::with(&wishes),
            cname: client.cloned(),
            realm: server.krb_realm.clone(),
            sname: Some(server.name.clone()),
            from: None,
            till: moment::after(now, self.lifetime)?,
            rtime: self.renew_lifetime.map(|lifetime| moment::after(now, lifetime)).transpose()?,
            nonce,
            etype: self.enctypes.iter().map(|enctype| enctype.number().into()).collect(),
            addresses: None,
            enc_authorization_data: None,
            additional_tickets: None,
        })
    }
}
