//! A part of the open sockets: those that are wanted, the newest first, and no more than fit.

use std::{cmp::Reverse, collections::BTreeMap, ops::Bound, sync::Arc};

use super::{Kept, Session, Sessions};
use crate::record::RequestId;

/// Which sockets are wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// Of this service alone.
    pub service: Option<String>,
    /// Of this principal alone.
    pub principal: Option<String>,
    /// With this in the principal, the peer or the service, in any case of ASCII letters.
    pub text: Option<String>,
    /// Older than this one, with which the last page ended.
    pub before: Option<RequestId>,
    /// Most that are returned.
    pub most: usize,
}

/// Some of the open sockets, the newest first.
#[derive(Debug)]
pub struct Page {
    /// They.
    pub sessions: Vec<Arc<Session>>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

impl Sessions {
    /// The sockets that are wanted.
    #[must_use]
    pub fn list(&self, wanted: &Wanted) -> Page {
        let most = wanted.most.saturating_add(1);
        let mut found: Vec<_> = self.all_shards().flat_map(|shard| wanted.of(&shard, most)).collect();
        found.sort_unstable_by_key(|session| Reverse(session.entry.id));
        let has_more = found.len() > wanted.most;
        found.truncate(wanted.most);
        Page { sessions: found, has_more }
    }
}

impl Wanted {
    fn of(&self, shard: &BTreeMap<RequestId, Kept>, most: usize) -> Vec<Arc<Session>> {
        let before = self.before.map_or(Bound::Unbounded, Bound::Excluded);
        shard
            .range((Bound::Unbounded, before))
            .rev()
            .map(|(_, kept)| &kept.session)
            .filter(|session| self.takes(session))
            .take(most)
            .cloned()
            .collect()
    }

    fn takes(&self, session: &Session) -> bool {
        let entry = &session.entry;
        self.service.as_deref().is_none_or(|service| *service == **entry.service.name())
            && self.principal.as_deref().is_none_or(|principal| entry.principal.as_deref() == Some(principal))
            && self.text.as_deref().is_none_or(|text| {
                contains(entry.principal.as_deref().unwrap_or_default(), text)
                    || contains(entry.service.name(), text)
                    || contains(&entry.peer.to_string(), text)
            })
    }
}

/// Whether `text` stands in `all`, in any case of ASCII letters.
fn contains(all: &str, text: &str) -> bool {
    text.is_empty()
        || all.as_bytes().windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
}
