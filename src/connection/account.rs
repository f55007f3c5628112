//! What users ask of the gateway itself, below the path of any service of theirs: who am I and until when
//! (`GET …/;api/session`), let my sockets last (`POST` to the same), and log me out everywhere (`POST …/;api/logout`).

use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::json;

use crate::{
    answer::{self, BadHead},
    body::{self, Body},
    caller::Caller,
    cookies,
    realm::{gss, pass::Pass},
    record::admission,
    router::{Found, LOGOUT, SESSION},
};

/// The answer to a request to log out, if it is one. The page that asks was judged before.
///
/// No credentials are needed for it but the session itself, which may have no role that the service asks for.
pub(super) fn log_out<B>(found: &Found, request: &Request<B>, caller: &Caller) -> Option<Response<Body>> {
    let realm = found.hosted.gate.realm()?;
    let sessions = realm.sessions.as_ref()?;
    if request.uri().path().get(found.mount..)? != LOGOUT {
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
    let count = caller.sessions.log_out(&realm.name, principal);
    admission::logged_out(&caller.visitor, principal, count);
    let mut response = answer::login::logged_out();
    answer::store_nowhere(response.headers_mut());
    response.headers_mut().append(header::SET_COOKIE, sessions.forget());
    Some(response)
}

/// The answer to whoever was let in and asks for that, if it is asked for.
///
/// A page cannot see why its socket was closed before it closes: here it learns when that will be. A request that shows
/// again who its user is has the user's sockets from the same network last as long as if they were opened now.
pub(super) fn session<B>(
    found: &Found,
    request: &Request<B>,
    pass: &Pass,
    caller: &Caller,
) -> Option<Response<Body>> {
    let (realm, subject) = (pass.realm.as_ref()?, pass.subject.as_ref()?);
    if request.uri().path().get(found.mount..)? != SESSION {
        return None;
    }
    let authorization = pass.term.authorization.as_ref().map(|until| until.utc());
    let mut told = json!({
        "realm": &**realm,
        "principal": subject.principal,
        "roles": subject.roles,
        "ends": pass.last,
        "authorizationEnds": authorization,
    });
    match *request.method() {
        Method::GET | Method::HEAD => {}
        Method::POST => {
            let peer = caller.visitor.address.ip();
            let extended = |until| caller.sessions.extend(realm, &subject.principal, peer, until);
            if let Some(told) = told.as_object_mut() {
                told.insert("sockets".to_owned(), authorization.map_or(0, extended).into());
            }
        }
        _ => return Some(answer::method("GET, HEAD, POST")),
    }
    let mut response = Response::new(body::whole(Bytes::from(told.to_string())));
    answer::json(response.headers_mut());
    answer::store_nowhere(response.headers_mut());
    Some(response)
}
