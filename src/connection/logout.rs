//! `POST …/;api/logout`: a user has all sessions of the realm ended, in all browsers, and all sockets closed.

use http::{Method, Request, Response, header};

use crate::{
    answer::{self, BadHead},
    body::Body,
    caller::Caller,
    cookies,
    realm::gss,
    record::admission,
    router::{Found, LOGOUT},
};

/// The answer, if this is asked for. The page that asks was judged before.
pub(super) fn answer<B>(found: &Found, request: &Request<B>, caller: &Caller) -> Option<Response<Body>> {
    let realm = found.hosted.gate.realm()?;
    let sessions = realm.sessions.as_ref()?;
    let below = request.uri().path().get(found.mount..)?;
    if below != LOGOUT {
        return None;
    }
    if *request.method() != Method::POST {
        return Some(answer::method("POST"));
    }
    let mut values = cookies::values(request.headers(), sessions.name());
    let now = gss::utc().seconds();
    let Some(session) = values.next().and_then(|value| sessions.find(value, now)) else {
        return Some(answer::bad_head(BadHead::NoSession));
    };
    let principal = &session.subject.principal;
    sessions.end_all_of(principal, now);
    let count = caller.sessions.close_user(&realm.name, principal);
    admission::logged_out(&caller.visitor, principal, count);
    let mut response = answer::logged_out();
    answer::store_nowhere(response.headers_mut());
    response.headers_mut().append(header::SET_COOKIE, sessions.forget());
    Some(response)
}
