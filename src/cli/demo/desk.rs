//! The desk of the demo, behind the gateway: it hands out codes that are good once, and is the login module that judges
//! them.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::TcpListener as StdListener,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tgg::moment::Moment;
use tokio::net::TcpListener;

use crate::{ambient, answer};

/// Where codes are handed out.
pub(super) const CODES: &str = "/public/code";

/// Where the login module is asked.
pub(super) const JUDGE: &str = "/judge";

/// How long a code is good.
const LIFE: Duration = Duration::from_secs(60);

/// Most codes that wait to be used; the oldest is forgotten for a new one.
const MAX_CODES: usize = 64;

/// Octets of the longest question.
const MAX_QUESTION: usize = 64 * 1024;

/// Codes that are good, and until when.
#[derive(Debug, Default)]
struct Codes(Mutex<HashMap<String, Moment>>);

impl Codes {
    /// A new code.
    fn hand_out(&self, now: Moment) -> String {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, until| now < *until);
        if codes.len() >= MAX_CODES
            && let Some(oldest) = codes.iter().min_by_key(|(_, until)| **until).map(|(code, _)| code.clone())
        {
            codes.remove(&oldest);
        }
        let code = format!("{:06}", u64::from_be_bytes(ambient::random()) % 1_000_000);
        codes.insert(code.clone(), now + LIFE);
        code
    }

    /// Whether a code is good. It is not good again.
    fn take(&self, code: &str, now: Moment) -> bool {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.remove(code).is_some_and(|until| now < until)
    }
}

/// Serves the desk.
pub(super) async fn serve(listener: StdListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let codes = Arc::new(Codes::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let codes = Arc::clone(&codes);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let codes = Arc::clone(&codes);
                async move { Ok::<_, Infallible>(answer(&codes, request).await) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(codes: &Codes, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let told = match (request.method(), request.uri().path()) {
        (&Method::GET, CODES) => {
            json!({ "code": codes.hand_out(ambient::now()), "seconds": LIFE.as_secs() })
        }
        (&Method::POST, JUDGE) => {
            let body = Limited::new(request.into_body(), MAX_QUESTION).collect().await;
            let question = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
            judge(codes, &question.unwrap_or_default())
        }
        _ => return answer::bad_head(answer::BadHead::NotFound).map(|_| Full::default()),
    };
    let mut response = Response::new(Full::from(told.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer::store_nowhere(response.headers_mut());
    response
}

/// The answer of the login module, as docs/login-modules.md has it.
fn judge(codes: &Codes, question: &Value) -> Value {
    let text = |name: &str| question.get(name).and_then(Value::as_str);
    match text("token") {
        _ if text("phase") != Some("login") => json!({ "result": "success" }),
        None => {
            json!({ "result": "challenge", "data": ["code=\"6 digits\""], "why": "no code was presented" })
        }
        Some(code) if codes.take(code, ambient::now()) => {
            json!({ "result": "success", "principals": ["whoever has the code"], "roles": ["AUTHORIZED"] })
        }
        Some(_) => json!({ "result": "failure", "why": "the code is not good, or not any more" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_and_for_a_time() {
        let codes = Codes::default();
        let now = ambient::now();
        let [used, late] = [(); 2].map(|()| codes.hand_out(now));
        assert_eq!(used.len(), 6);
        assert!(codes.take(&used, now) && !codes.take(&used, now));
        assert!(!codes.take(&late, now + LIFE));
        assert!(!codes.take("", now));
    }

    #[test]
    fn codes_that_nobody_uses_are_forgotten() {
        let codes = Codes::default();
        let now = ambient::now();
        for _ in 0..10 * MAX_CODES {
            codes.hand_out(now);
        }
        assert!(codes.0.lock().unwrap().len() <= MAX_CODES);
    }

    #[test]
    fn the_module_asks_for_a_code_and_judges_it() {
        let codes = Codes::default();
        let code = codes.hand_out(ambient::now());
        let said = |question: Value| judge(&codes, &question)["result"].clone();
        assert_eq!(said(json!({ "phase": "login" })), "challenge");
        assert_eq!(said(json!({ "phase": "login", "token": code })), "success");
        assert_eq!(said(json!({ "phase": "login", "token": code })), "failure");
        assert_eq!(said(json!({ "phase": "logout" })), "success");
    }
}
