//! The checks of RFC 4120 section 3.2.3 on one token, framed by RFC 4121 and RFC 4178.
//!
//! Everything that costs nothing comes before the replay store, which is the only side effect.

use krb::{
    crypto::{Key, Usage, UsageKeys},
    flags::ap,
    gss::checksum::GssFlags,
    msg::{
        PVNO,
        ap::ApReq,
        msg_type,
        opened::{Authenticator, EncTicketPart},
        ticket::Ticket,
    },
    sealed::EncryptedData,
};
use zeroize::Zeroizing;

use crate::{
    acceptor::{Dice, Seen, Verdict},
    agreed::Agreed,
    authdata,
    authenticator::{self, Presence},
    found::{Found, Opened, Outside},
    groups::{self, Groups, Judged},
    keys::{KeyTable, LongTermKey},
    negotiation::{self, Offer, Pending, Presented, Stage, Wrapping},
    permit::{Facts, Identity},
    policy::Policy,
    refusal::{Part, Refusal, service},
    replay::{ReplayStore, Tag, Use},
    ticket::{self, Times},
    utc::Utc,
};

/// One token on its way to a verdict: all that a check may look at, and what was found so far.
pub(crate) struct Case<'a, S> {
    pub policy: &'a Policy,
    pub keys: &'a KeyTable,
    pub seen: &'a Seen<'a>,
    pub store: &'a S,
    pub now: Utc,
    pub dice: Dice<'a>,
    pub found: Found,
}

impl<'a, S: ReplayStore> Case<'a, S> {
    pub(crate) async fn judge(&mut self, token: &[u8], pending: Option<Pending>) -> Result<Verdict, Refusal> {
        match negotiation::read(token, pending, self.policy) {
            Err((refusal, wrapping)) => {
                self.found.wrapping = wrapping;
                Err(refusal)
            }
            Ok(Offer::Ask { reply, next }) => {
                self.found.wrapping = Some(Wrapping::Spnego(next.mech));
                Ok(Verdict::More { reply, pending: Pending(Stage::Token(next)) })
            }
            Ok(Offer::Signature { agreed, found, mic }) => {
                self.found = *found;
                agreed.verify_list(mic.ok_or(Refusal::MechListMicMissing)?)?;
                let reply = agreed.signed();
                Ok(Verdict::Granted { permit: agreed.grant(), reply })
            }
            Ok(Offer::Request(presented)) => {
                self.found.wrapping = Some(presented.wrapping);
                self.request(presented).await
            }
        }
    }

    async fn request(&mut self, mut presented: Presented<'_>) -> Result<Verdict, Refusal> {
        if self.keys.is_empty() {
            return Err(Refusal::NoKeys);
        }
        let request = read(presented.ap_req)?;
        self.found.mutual = Some(request.ap_options.bit(ap::MUTUAL_REQUIRED));
        let (key, mut part) = self.open_ticket(&request.ticket)?;
        let times = self.judge_ticket(&part, key)?;
        let session = self.policy.enctypes.carried(&part.key, Part::SessionKey)?;
        let presence = self.open_authenticator(&request.authenticator, &part, &session)?;
        // RFC 4121 section 4.1.1.1 and RFC 4120 section 5.5.1 each have a bit for it; either asks.
        let mutual = request.ap_options.bit(ap::MUTUAL_REQUIRED) || presence.flags.contains(GssFlags::MUTUAL);
        let identity = self.identity(&mut part, key, &times)?;
        let made = presence.made;
        let mut agreed = Agreed {
            identity,
            facts: Facts {
                service: key.principal.clone(),
                kvno: key.kvno,
                ticket_enctype: key.enctype,
                session_enctype: session.enctype(),
                times,
                flags: part.flags.word(),
                skew: made.since(self.now),
                bound: presence.bound,
                targeted: presence.targeted,
                mutual,
            },
            wrapping: presented.wrapping,
            session,
            subkey: presence.subkey,
            sequence: presence.sequence,
            ours: None,
            list: std::mem::take(&mut presented.list),
        };
        // RFC 4178 section 5: a signature that came must be right; one that is due may follow the AP-REP.
        if presented.mic.is_some() || presented.mic_due {
            agreed.can_sign()?;
        }
        match presented.mic {
            Some(signature) => agreed.verify_list(signature)?,
            None if presented.mic_due && !mutual => return Err(Refusal::MechListMicMissing),
            None => {}
        }

        // Section 3.2.3: "if the authenticator is in the replay cache, KRB_AP_ERR_REPEAT". Last of all checks, so
        // that what is refused anyway takes no room.
        let until = made.plus(self.policy.skew).seconds();
        let this = Use { tag: Tag::new(&key.id, &request.authenticator.cipher), made, until };
        self.store.remember(this, self.now).await.map_err(|why| Refusal::Replay { why })?;

        let proof = if mutual {
            Some(agreed.prove(&presence.ctime, presence.cusec, self.dice).map_err(Refusal::Answer)?)
        } else {
            None
        };
        match proof {
            // The client can sign only with the proof in hand.
            Some(proof) if presented.mic_due && presented.mic.is_none() => {
                let reply = agreed.proved(&proof).map_err(Refusal::Answer)?;
                let found = Box::new(std::mem::take(&mut self.found));
                let pending = Pending(Stage::Signature { agreed: Box::new(agreed), found });
                Ok(Verdict::More { reply, pending })
            }
            proof => {
                let reply =
                    agreed.accepted(proof.as_deref(), presented.mic.is_some()).map_err(Refusal::Answer)?;
                Ok(Verdict::Granted { permit: agreed.grant(), reply })
            }
        }
    }

    /// Opens the ticket with a key of the keytab (RFC 4120 section 3.2.3 and usage 2 of 7.5.1).
    fn open_ticket(&mut self, outside: &Ticket) -> Result<(&'a LongTermKey, EncTicketPart), Refusal> {
        let named = service(&outside.sname, &outside.realm);
        self.found.ticket = Some(Outside {
            service: named.clone(),
            enctype: outside.enc_part.etype,
            kvno: outside.enc_part.key_version(),
        });
        // Section 3.2.3: a ticket of a realm that there is no key for is KRB_AP_ERR_NOT_US.
        if !self.keys.serves_realm(&outside.realm) {
            return Err(Refusal::Realm { krb_realm: outside.realm.clone() });
        }
        // The name is in clear text and proves nothing; but a client that names another service is in the wrong place.
        if !self.policy.services.accepts(&outside.sname, &outside.realm) {
            return Err(Refusal::NotUs { service: named, accepted: self.policy.services.to_string() });
        }
        if self.policy.enctypes.find(outside.enc_part.etype).is_none() {
            return Err(Refusal::Enctype { part: Part::Ticket, number: outside.enc_part.etype });
        }
        let (key, opened) = self.keys.open(outside)?;
        self.found.key = Some(Opened { principal: key.principal.clone(), kvno: key.kvno });
        let opened = Zeroizing::new(opened);
        let part = EncTicketPart::decode(&opened)
            .map_err(|fault| Refusal::Malformed { part: Part::Ticket, fault })?;
        Ok((key, part))
    }

    /// Judges what the ticket says of itself (RFC 4120 section 5.3).
    fn judge_ticket(&mut self, part: &EncTicketPart, key: &LongTermKey) -> Result<Times, Refusal> {
        self.found.client = Some(ticket::client(part));
        self.found.flags = Some(part.flags.word());
        self.found.session_enctype = Some(part.key.keytype);
        self.found.addresses = part.caddr.as_ref().map(Vec::len);
        let times = ticket::times(part)?;
        self.found.times = Some(times);
        ticket::judge(part, &times, &key.principal.krb_realm, self.seen.peer, self.policy, self.now)?;
        Ok(times)
    }

    /// Opens the authenticator with the session key of the ticket (usage 11), which must be of its enctype, and
    /// judges it.
    fn open_authenticator(
        &mut self,
        sealed: &EncryptedData,
        part: &EncTicketPart,
        session: &Key,
    ) -> Result<Presence, Refusal> {
        let keys =
            UsageKeys::derive(session, Usage::AP_REQ_AUTHENTICATOR).map_err(Refusal::BadAuthenticator)?;
        let opened = Zeroizing::new(keys.open_data(sealed).map_err(Refusal::BadAuthenticator)?);
        let authenticator = Authenticator::decode(&opened)
            .map_err(|fault| Refusal::Malformed { part: Part::Authenticator, fault })?;
        let Authenticator { subkey, authorization_data, .. } = &authenticator;
        self.found.subkey_enctype = subkey.as_ref().map(|subkey| subkey.keytype);
        let made = authenticator::made(&authenticator)?;
        self.found.made = Some(made);
        authenticator::is_of(&authenticator, part)?;
        authenticator::is_now(made, self.policy, self.now)?;
        // The client may choose any enctype that the ticket may have (RFC 4121 section 2), and no other.
        let subkey = match subkey {
            Some(subkey) => Some(self.policy.enctypes.carried(subkey, Part::Subkey)?),
            None => None,
        };
        let said = authdata::in_authenticator(authorization_data.as_ref())?;
        self.found.target.clone_from(&said.target);
        let targeted = authenticator::is_for(&said, self.policy.target_name, &self.policy.services)?;
        let checksum = authenticator::checksum(authenticator.cksum, session, self.policy)?;
        self.found.gss_flags = Some(checksum.flags);
        self.found.bindings = Some(checksum.bindings);
        let bound =
            authenticator::binding(checksum.bindings, said.binds, self.seen.bindings, self.policy.bindings)?;
        Ok(Presence {
            ctime: authenticator.ctime,
            cusec: authenticator.cusec,
            made,
            subkey,
            sequence: authenticator.seq_number,
            flags: checksum.flags,
            bound,
            targeted,
        })
    }

    /// Who the client is: from the ticket alone, so that no client can choose its realm or its groups.
    fn identity(
        &mut self,
        part: &mut EncTicketPart,
        key: &LongTermKey,
        times: &Times,
    ) -> Result<Identity, Refusal> {
        let client = ticket::client(part);
        let data = authdata::in_ticket(part.authorization_data.take(), &key.cammac)?;
        self.found.indicators.clone_from(&data.indicators);
        let pac = groups::judge(data.pac.as_deref(), key, &client, times.authtime, self.policy)?;
        let groups = if let Judged::Good(groups) = &pac { groups.clone() } else { Groups::default() };
        self.found.pac = Some(pac);
        Ok(Identity { client, groups, indicators: data.indicators })
    }
}

/// The AP-REQ (RFC 4120 section 5.5.1), its versions and options. Options that have no meaning are passed over.
fn read(ap_req: &[u8]) -> Result<ApReq, Refusal> {
    let request = ApReq::decode(ap_req).map_err(|fault| Refusal::Malformed { part: Part::ApReq, fault })?;
    // Section 3.2.3: KRB_AP_ERR_BADVERSION and KRB_AP_ERR_MSG_TYPE.
    for (part, found) in [(Part::ApReq, request.pvno), (Part::Ticket, request.ticket.tkt_vno)] {
        if found != PVNO {
            return Err(Refusal::Version { part, wanted: PVNO, found });
        }
    }
    if request.msg_type != msg_type::AP_REQ {
        return Err(Refusal::MessageType { found: request.msg_type });
    }
    // Section 5.5.1: the ticket is then sealed in the session key of a TGT, and a service has none.
    if request.ap_options.bit(ap::USE_SESSION_KEY) {
        return Err(Refusal::UserToUser);
    }
    Ok(request)
}
