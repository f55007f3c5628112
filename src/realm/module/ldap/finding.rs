//! What one server is asked in one login: is the password good, whose is it, and which groups is the user in.

use super::{
    Account, Groups, Mode, PasswordFileError, Role,
    connection::{Connection, Trouble},
    filter::Filter,
    identity::{NameError, known_as, plain},
    message::{Entry, Outcome, Search},
    password,
    pool::{Place, Use},
};
use crate::{
    ambient,
    realm::{
        module::{Brought, Facts, Failure, Name},
        roles::is_role,
    },
    record::RequestId,
};

/// The attribute in which many servers list the groups of a user.
const MEMBER_OF: &str = "memberOf";
/// Groups of one user, and entries of one search.
const MAX_GROUPS: usize = 1000;
/// Seconds that a server may search: it is given up before that.
const SEARCH_SECONDS: i32 = 15;
/// An entry that there is not, to try the passwords of unknown users for.
const NOBODY: &str = "cn=ticketgate-nobody";

/// What servers are asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) mode: Mode,
    pub(super) role: Option<Role>,
    pub(super) account: Option<Account>,
    pub(super) groups: Option<Groups>,
}

/// What a server said of a login, or that it says nothing.
type Judged<T> = Result<Result<T, Failure>, Trouble>;

/// Why a user is not let in, or cannot be judged.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0} refuses the search account: {1}; correct <bindDn> or what is in <bindPasswordFile>")]
    Account(String, Outcome),
    #[error("{0} wants TLS: {1}; say <startTls>true</startTls> or <useSSL>true</useSSL>")]
    Clear(String, Outcome),
    #[error("the entry that was found has no name; look at the directory")]
    NoDn,
    #[error("{0} has no folder {1:?}; correct <userProvider> or <groupProvider>")]
    NoFolder(String, String),
    #[error("{0} refers to another server, which is not followed; name that one in <userProvider>")]
    Referral(String),
    #[error("{0} does not let the entry be searched: {1}; name an account that may in <bindDn>")]
    Search(String, Outcome),
    #[error("several entries are found for the user; make <userFilter> narrower")]
    Several,
    #[error("the user is in more than {MAX_GROUPS} groups; make <groupFilter> narrower")]
    TooManyGroups,
    #[error(
        "the user is not in the directory, as <userFilter> looks for it; look at the name, or at <userProvider>"
    )]
    Unknown,
    #[error("the server refuses the user: {0}; look at the account")]
    User(Outcome),
    #[error("the password is wrong, or the directory has no such user: {0}; log in with the right one")]
    WrongPassword(Outcome),
}

/// What is known of a user who was let in.
#[derive(Default)]
struct Found {
    dn: String,
    name: String,
    entry: Entry,
}

/// Goes on with what is good, and returns what is not.
macro_rules! good {
    ($judged:expr) => {
        match $judged {
            Ok(good) => good,
            Err(failure) => return Ok(Err(failure)),
        }
    };
}

impl Asked {
    /// Judges a login at one server.
    pub(super) async fn judge(
        &self,
        place: &Place,
        id: RequestId,
        name: &str,
        password: &str,
    ) -> Judged<Brought> {
        let (to, mut connection, found) = match &self.mode {
            Mode::SearchFirst(filter) => {
                let (connection, found) = good!(self.search_first(place, filter, name, password).await?);
                (Use::Search, connection, found)
            }
            Mode::AuthenticationFirst(identity, filter) => {
                let mut connection = good!(let_in(place, &identity.of(name), password).await?);
                let found = good!(self.entry(place, &mut connection, filter, name).await?);
                let found = good!(found.ok_or_else(|| Failure::peer("unknown_user", Refusal::Unknown)));
                (Use::Passwords, connection, found)
            }
            Mode::AuthenticationOnly(identity) => {
                // Before it is sent: what it would be let in as is not known.
                let known = good!(plain(name).map_err(unclear));
                let dn = identity.of(name);
                let connection = good!(let_in(place, &dn, password).await?);
                (Use::Passwords, connection, Found { dn, name: known, entry: Entry::default() })
            }
        };
        let groups = good!(self.groups(place, &mut connection, &found).await?);
        place.keep(to, connection, ambient::now());
        Ok(Ok(self.brought(id, found, groups)))
    }

    /// Finds the entry and then tries the password for it, on another connection than the one that comes back.
    async fn search_first(
        &self,
        place: &Place,
        filter: &Filter,
        name: &str,
        password: &str,
    ) -> Judged<(Connection, Found)> {
        let (mut connection, was_kept) = good!(self.searching(place, true).await?);
        let found = match self.entry(place, &mut connection, filter, name).await {
            // The server may have closed what was kept, a moment before.
            Err(Trouble::Closed | Trouble::Io(_)) if was_kept => {
                (connection, _) = good!(self.searching(place, false).await?);
                self.entry(place, &mut connection, filter, name).await?
            }
            found => found?,
        };
        let Some(found) = good!(found) else {
            place.keep(Use::Search, connection, ambient::now());
            // One question more, as for users whom there are: else the time would tell which names are good. It does not
            // matter what the answer is.
            let (trying, _) = bind(place, &format!("{NOBODY},{}", place.server.base), password).await?;
            place.keep(Use::Passwords, trying, ambient::now());
            return Ok(Err(Failure::peer("unknown_user", Refusal::Unknown)));
        };
        match let_in(place, &found.dn, password).await? {
            Ok(trying) => {
                place.keep(Use::Passwords, trying, ambient::now());
                Ok(Ok((connection, found)))
            }
            Err(failure) => {
                place.keep(Use::Search, connection, ambient::now());
                Ok(Err(failure))
            }
        }
    }

    /// A connection of the search account, and whether it was kept.
    async fn searching(&self, place: &Place, may_be_kept: bool) -> Judged<(Connection, bool)> {
        if may_be_kept && let Some(kept) = place.take(Use::Search, ambient::now()) {
            return Ok(Ok((kept, true)));
        }
        let mut connection = place.open().await?;
        if let Some(account) = &self.account {
            let password = good!(read(account).await);
            let outcome = connection.bind(&account.dn, &password).await?;
            if is_busy(&outcome) {
                return Err(Trouble::Refused(outcome));
            }
            if outcome.code != 0 {
                let refusal = match outcome.code {
                    8 | 13 => Refusal::Clear(place.server.to_string(), outcome),
                    _ => Refusal::Account(place.server.to_string(), outcome),
                };
                return Ok(Err(Failure::unavailable("search_account", refusal)));
            }
        }
        Ok(Ok((connection, false)))
    }

    /// The one entry of a user; `None` if there is none.
    async fn entry(
        &self,
        place: &Place,
        connection: &mut Connection,
        filter: &Filter,
        name: &str,
    ) -> Judged<Option<Found>> {
        let compared = filter.compared();
        let mut attributes = compared.clone();
        attributes.push(MEMBER_OF);
        if let Some(Role::Attribute(attribute)) = &self.role {
            attributes.push(attribute);
        }
        let filter = filter.encode(name, "");
        let search = Search {
            base: &place.server.base,
            filter: &filter,
            attributes: &attributes,
            // One more than there may be.
            entries: 2,
            seconds: SEARCH_SECONDS,
        };
        let (mut entries, outcome) = connection.search(&search).await?;
        let is_too_many = outcome.code == 4 || entries.len() > 1;
        if is_too_many {
            return Ok(Err(Failure::peer("several_users", Refusal::Several)));
        }
        good!(searched(place, outcome, search.base)?);
        let Some(entry) = entries.pop() else { return Ok(Ok(None)) };
        // Many servers let in anybody by an empty name.
        if entry.dn.is_empty() {
            return Ok(Err(Failure::unavailable("no_dn", Refusal::NoDn)));
        }
        let held: Vec<&str> = compared.iter().flat_map(|attribute| entry.values(attribute)).collect();
        let name = good!(known_as(name, &held).map_err(unclear));
        Ok(Ok(Some(Found { dn: entry.dn.clone(), name, entry })))
    }

    /// The groups of a user: their distinguished names, and what they are called.
    async fn groups(
        &self,
        place: &Place,
        connection: &mut Connection,
        found: &Found,
    ) -> Judged<Vec<(String, Vec<String>)>> {
        let Some(Groups { base, filter, attribute, .. }) = &self.groups else { return Ok(Ok(Vec::new())) };
        let filter = filter.encode(&found.name, &found.dn);
        let search = Search {
            base,
            filter: &filter,
            attributes: &[attribute],
            entries: MAX_GROUPS + 1,
            seconds: SEARCH_SECONDS,
        };
        let (entries, outcome) = connection.search(&search).await?;
        if outcome.code == 4 || entries.len() > MAX_GROUPS {
            return Ok(Err(Failure::unavailable("too_many_groups", Refusal::TooManyGroups)));
        }
        good!(searched(place, outcome, base)?);
        let called = |entry: Entry| {
            let names = entry.values(attribute).map(str::to_owned).collect();
            (entry.dn, names)
        };
        Ok(Ok(entries.into_iter().map(called).collect()))
    }

    /// What a user brings who was let in.
    fn brought(&self, id: RequestId, found: Found, groups: Vec<(String, Vec<String>)>) -> Brought {
        let Found { dn, name, entry } = found;
        let mut brought = Brought::default();
        let role = |brought: &mut Brought, text: &str| {
            if is_role(text) {
                brought.roles.insert(text.to_owned());
            } else {
                tracing::warn!(
                    %id, user = name, role = text,
                    "What the directory says is no name of a role: those have no blanks, commas, quotes or equals signs, \
                     and ASCII alone; grant it with <grant>, or change it there"
                );
            }
        };
        match &self.role {
            Some(Role::Attribute(attribute)) => {
                entry.values(attribute).for_each(|value| role(&mut brought, value));
            }
            Some(Role::Word(word)) => role(&mut brought, word),
            None => {}
        }
        let mut facts = Facts::default();
        let member_of = entry.values(MEMBER_OF).take(MAX_GROUPS).map(str::to_owned);
        facts.groups.extend(member_of);
        for (dn, names) in groups {
            if self.groups.as_ref().is_some_and(|groups| groups.are_roles) {
                names.iter().for_each(|name| role(&mut brought, name));
            }
            facts.groups.push(dn);
            facts.groups.extend(names);
        }
        brought.facts = facts;
        brought.names = vec![Name { text: name, is_role: true }, Name { text: dn, is_role: true }];
        brought
    }
}

/// Tries a password on a connection that was kept, if there is one that is still good, or on a new one.
async fn bind(place: &Place, dn: &str, password: &str) -> Result<(Connection, Outcome), Trouble> {
    if let Some(mut kept) = place.take(Use::Passwords, ambient::now()) {
        match kept.bind(dn, password).await {
            Ok(outcome) => return Ok((kept, outcome)),
            // The server may have closed it a moment before.
            Err(Trouble::Closed | Trouble::Io(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let mut connection = place.open().await?;
    let outcome = connection.bind(dn, password).await?;
    Ok((connection, outcome))
}

/// Whether a user is let in with this password: a connection on which that is so.
async fn let_in(place: &Place, dn: &str, password: &str) -> Judged<Connection> {
    let (connection, outcome) = bind(place, dn, password).await?;
    match judged(place, outcome)? {
        Ok(()) => Ok(Ok(connection)),
        Err(failure) => {
            place.keep(Use::Passwords, connection, ambient::now());
            Ok(Err(failure))
        }
    }
}

/// What the outcome of a user's bind means.
fn judged(place: &Place, outcome: Outcome) -> Judged<()> {
    let server = place.server.to_string();
    Ok(Err(match outcome.code {
        0 => return Ok(Ok(())),
        _ if is_busy(&outcome) => return Err(Trouble::Refused(outcome)),
        8 | 13 => Failure::unavailable("wants_tls", Refusal::Clear(server, outcome)),
        10 => Failure::unavailable("referral", Refusal::Referral(server)),
        // There is no such entry, it has no password, its name is none: servers say it in many ways.
        32 | 34 | 48 | 49 => Failure::peer("wrong_password", Refusal::WrongPassword(outcome)),
        _ => Failure::peer("refused_user", Refusal::User(outcome)),
    }))
}

/// What the outcome of a search means.
fn searched(place: &Place, outcome: Outcome, base: &str) -> Judged<()> {
    let server = place.server.to_string();
    Ok(Err(match outcome.code {
        0 => return Ok(Ok(())),
        _ if is_busy(&outcome) => return Err(Trouble::Refused(outcome)),
        8 | 13 => Failure::unavailable("wants_tls", Refusal::Clear(server, outcome)),
        10 => Failure::unavailable("referral", Refusal::Referral(server)),
        32 => Failure::unavailable("no_folder", Refusal::NoFolder(server, base.to_owned())),
        _ => Failure::unavailable("no_search", Refusal::Search(server, outcome)),
    }))
}

/// Whether a server cannot answer now, or not at all, so that another may.
const fn is_busy(outcome: &Outcome) -> bool {
    // protocolError, timeLimitExceeded, adminLimitExceeded, busy, unavailable, other.
    matches!(outcome.code, 2 | 3 | 11 | 51 | 52 | 80)
}

fn unclear(error: NameError) -> Failure {
    Failure::peer("unclear_name", error)
}

/// The password of the search account. Files wait for disks.
async fn read(account: &Account) -> Result<zeroize::Zeroizing<String>, Failure> {
    let file = account.password_file.clone();
    match tokio::task::spawn_blocking(move || password(&file)).await {
        Ok(Ok(password)) => Ok(password),
        Ok(Err(error)) => Err(Failure::unavailable("search_account", error)),
        Err(_) => {
            let file = account.password_file.clone();
            let error = PasswordFileError::Read(file, std::io::ErrorKind::Interrupted.into());
            Err(Failure::unavailable("search_account", error))
        }
    }
}
