//! From when until when a ticket is valid and renewable (RFC 4120 sections 3.1.3, 3.3.3 and 5.4.1).

use krb::flags::{kdc, ticket};
use krb::msg::kdc::KdcReqBody;
use krb::time::KerberosTime;

use super::moment::{LAST, Now};
use super::refusal::Refusal;

/// The times of a ticket, in seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Terms {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) renew_till: Option<i64>,
}

/// How long a ticket may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In seconds from its start.
    pub(super) life: i64,
    /// In seconds from its start.
    pub(super) renew: i64,
    /// The end of the ticket that it is granted for.
    pub(super) end: Option<i64>,
    /// How far clocks may be apart, in seconds.
    pub(super) skew: i64,
}

impl Terms {
    /// What of the asked times is granted. `may_renew` says whether a renewable ticket may be had at all, and until
    /// when.
    pub(super) fn of(
        body: &KdcReqBody,
        limits: Limits,
        may_renew: Option<i64>,
        now: Now,
    ) -> Result<Self, Refusal> {
        let asks = |option| body.kdc_options.bit(option);
        let from = body.from.as_ref().map(seconds).transpose()?;
        if asks(kdc::POSTDATED) || from.is_some_and(|from| from > now.seconds.saturating_add(limits.skew)) {
            return Err(Refusal::Postdate);
        }
        let start = now.seconds;
        let till = until(&body.till)?;
        let end = till.min(start.saturating_add(limits.life)).min(limits.end.unwrap_or(LAST));
        if end <= start {
            return Err(Refusal::NeverValid);
        }
        let wanted = if asks(kdc::RENEWABLE) {
            Some(body.rtime.as_ref().map_or(Ok(LAST), until)?)
        } else {
            Some(till).filter(|till| asks(kdc::RENEWABLE_OK) && *till > end)
        };
        let renew_till = wanted
            .zip(may_renew)
            .map(|(wanted, most)| wanted.min(most).min(start.saturating_add(limits.renew)))
            .filter(|renew_till| *renew_till > end);
        Ok(Self { start, end, renew_till })
    }

    /// The flags of a ticket that tell of its times.
    pub(super) fn flags(self) -> Option<u8> {
        self.renew_till.map(|_| ticket::RENEWABLE)
    }
}

/// A time of a message, in seconds since 1970.
pub(super) fn seconds(time: &KerberosTime) -> Result<i64, Refusal> {
    time.seconds().ok_or(Refusal::Malformed)
}

/// An end that a client asks for: 1970 asks for as long as possible.
fn until(time: &KerberosTime) -> Result<i64, Refusal> {
    Ok(match seconds(time)? {
        0 => LAST,
        end => end,
    })
}

#[cfg(test)]
mod tests {
    use krb::flags::Flags;

    use super::super::moment::stamp;
    use super::*;

    const NOW: Now = Now { seconds: 1_795_338_000, micros: 0 };
    const LIMITS: Limits = Limits { life: 1000, renew: 5000, end: None, skew: 300 };

    fn body(options: &[u8], till: i64, rtime: Option<i64>) -> KdcReqBody {
        KdcReqBody {
            kdc_options: Flags::with(options),
            cname: None,
            realm: "R.TEST".into(),
            sname: None,
            from: None,
            till: stamp(till),
            rtime: rtime.map(stamp),
            nonce: 1,
            etype: vec![18],
            addresses: None,
            enc_authorization_data: None,
            additional_tickets: None,
        }
    }

    fn terms(options: &[u8], till: i64, rtime: Option<i64>) -> (i64, Option<i64>) {
        let absolute = |time| if time == 0 { 0 } else { NOW.seconds + time };
        let body = body(options, absolute(till), rtime.map(absolute));
        let terms = Terms::of(&body, LIMITS, Some(LAST), NOW).unwrap();
        assert_eq!(terms.start, NOW.seconds);
        (terms.end - NOW.seconds, terms.renew_till.map(|time| time - NOW.seconds))
    }

    #[test]
    fn a_ticket_ends_when_asked_and_never_beyond_the_limit() {
        assert_eq!(terms(&[], 600, None), (600, None));
        assert_eq!(terms(&[], 6000, None), (1000, None));
        assert_eq!(terms(&[], 0, None), (1000, None));
    }

    #[test]
    fn a_ticket_is_renewable_when_asked_and_if_that_is_longer() {
        assert_eq!(terms(&[kdc::RENEWABLE], 600, Some(3000)), (600, Some(3000)));
        assert_eq!(terms(&[kdc::RENEWABLE], 600, Some(9000)), (600, Some(5000)));
        assert_eq!(terms(&[kdc::RENEWABLE], 600, Some(0)), (600, Some(5000)));
        assert_eq!(terms(&[kdc::RENEWABLE], 600, Some(500)), (600, None));
        assert_eq!(terms(&[kdc::RENEWABLE_OK], 3000, None), (1000, Some(3000)));
        assert_eq!(terms(&[kdc::RENEWABLE_OK], 900, None), (900, None));
    }

    #[test]
    fn a_ticket_outlives_no_ticket_that_it_was_granted_for() {
        let limits = Limits { end: Some(NOW.seconds + 50), ..LIMITS };
        let asked = body(&[], NOW.seconds + 600, None);
        assert_eq!(Terms::of(&asked, limits, None, NOW).unwrap().end, NOW.seconds + 50);
    }

    #[test]
    fn what_would_never_be_valid_and_what_starts_later_is_refused() {
        let over = body(&[], NOW.seconds, None);
        assert_eq!(Terms::of(&over, LIMITS, None, NOW), Err(Refusal::NeverValid));
        let mut later = body(&[], NOW.seconds + 600, None);
        later.from = Some(stamp(NOW.seconds + 300));
        assert!(Terms::of(&later, LIMITS, None, NOW).is_ok());
        later.from = Some(stamp(NOW.seconds + 301));
        assert_eq!(Terms::of(&later, LIMITS, None, NOW), Err(Refusal::Postdate));
        later.till = b"never".to_vec().into();
        later.from = None;
        assert_eq!(Terms::of(&later, LIMITS, None, NOW), Err(Refusal::Malformed));
    }
}
