//! Chains, held against the table of JAAS as a person would read it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::realm::{
    credentials::{Credentials, Presented},
    module::Doing,
    visitor::Visitor,
};

/// What a module of these tests does in one phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Does {
    Agrees,
    Ignores,
    Refuses,
    CannotSay,
    Hangs,
    Breaks,
}

impl Does {
    const fn said(self) -> Said {
        match self {
            Self::Agrees => Said::Success,
            Self::Ignores => Said::Ignored,
            _ => Said::Failure,
        }
    }

    async fn done(self) -> Option<Failure> {
        match self {
            Self::Agrees | Self::Ignores => None,
            Self::Refuses => Some(Failure::peer("refuses", "it refuses")),
            Self::CannotSay => Some(Failure::unavailable("cannot_say", "it cannot say")),
            Self::Hangs => std::future::pending().await,
            Self::Breaks => panic!("it breaks"),
        }
    }
}

/// A module that says what it is told to, and writes down what it is told.
#[derive(Debug)]
struct Told {
    name: usize,
    login: Does,
    commit: Does,
    log: Arc<Mutex<Vec<String>>>,
}

impl Told {
    fn heard(&self, what: &str) {
        self.log.lock().unwrap().push(format!("{what} {}", self.name));
    }
}

impl LoginModule for Told {
    fn kind(&self) -> &'static str {
        "told"
    }

    fn login<'a>(&'a self, _attempt: &'a Attempt<'a>, _shared: &'a mut Shared) -> Doing<'a, Verdict> {
        self.heard("login");
        Box::pin(async {
            match self.login.done().await {
                Some(failure) => failure.into(),
                None if self.login == Does::Ignores => Verdict::Ignored,
                None => Verdict::Success(Box::new(Brought::user(self.name.to_string()))),
            }
        })
    }

    fn commit<'a>(&'a self, _login: RequestId) -> Doing<'a, Result<(), Failure>> {
        self.heard("commit");
        Box::pin(async { self.commit.done().await.map_or(Ok(()), Err) })
    }

    fn abort(&self, _login: RequestId) {
        self.heard("abort");
    }

    fn logout(&self, _login: RequestId) {
        self.heard("logout");
    }
}

/// How long these modules are waited for.
const SOON: Duration = Duration::from_millis(50);

/// A chain of these modules, and what they heard.
fn chain(modules: &[(Success, Does, Does)]) -> (Chain, Arc<Mutex<Vec<String>>>) {
    let log = Arc::<Mutex<Vec<String>>>::default();
    let link = |(name, (success, login, commit)): (usize, &(Success, Does, Does))| {
        let module = Told { name, login: *login, commit: *commit, log: Arc::clone(&log) };
        Link { module: Arc::new(module), success: *success, debug: false }
    };
    let links = modules.iter().enumerate().map(link).collect();
    (Chain::new(links).with_patience(SOON), log)
}

/// Judges a login with a token.
async fn judged(chain: &Chain) -> Outcome {
    let credentials = Credentials { presented: Presented::Token("t".to_owned().into()), declared: vec![] };
    let visitor = Visitor::new("192.0.2.1:50000".parse().unwrap(), true, Vec::new());
    let (realm, service) = ("demo", "echo");
    let attempt =
        Attempt { id: RequestId::next(), realm, service, credentials: &credentials, visitor: &visitor };
    chain.judge(&attempt, &mut Shared::default()).await
}

/// The names that a login brought; none if it was refused.
fn names(outcome: &Outcome) -> Option<Vec<String>> {
    match outcome {
        Outcome::Agreed { brought, .. } => {
            Some(brought.iter().map(|one| one.names[0].text.clone()).collect())
        }
        Outcome::Refused { .. } => None,
    }
}

fn word(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Agreed { .. } => panic!("{outcome:?}"),
        Outcome::Refused { failure } => failure.map(|failure| failure.word),
    }
}

fn heard(log: &Mutex<Vec<String>>) -> String {
    log.lock().unwrap().join(", ")
}

/// The table, row by row: which modules are asked, and whether the user is let in.
fn by_the_table(modules: &[(Success, Said)]) -> (usize, bool) {
    let mut asked = 0;
    let mut evaluated = Vec::new();
    for (success, said) in modules {
        asked += 1;
        evaluated.push((*success, *said));
        match (success, said) {
            // "on success: stop now", "on failure: stop now"
            (Success::Sufficient, Said::Success) | (Success::Requisite, Said::Failure) => break,
            _ => {}
        }
    }
    let must = |success: Success| matches!(success, Success::Required | Success::Requisite);
    // "a required/requisite evaluated failed: fail"
    if evaluated.iter().any(|(success, said)| must(*success) && *said == Said::Failure) {
        return (asked, false);
    }
    // "every module returned false: fail"; where nobody failed who must not, one has to have succeeded.
    (asked, evaluated.iter().any(|(_, said)| *said == Said::Success))
}

fn successes() -> impl Strategy<Value = Success> {
    use Success::{Optional, Required, Requisite, Sufficient};
    prop::sample::select(vec![Optional, Required, Requisite, Sufficient])
}

fn doings() -> impl Strategy<Value = Does> {
    prop::sample::select(vec![Does::Agrees, Does::Ignores, Does::Refuses, Does::CannotSay, Does::Breaks])
}

proptest! {
    #[test]
    fn a_chain_asks_and_lets_in_by_the_table(modules in vec((successes(), doings()), 0..6)) {
        let told: Vec<_> = modules.iter().map(|(success, does)| (*success, *does, Does::Agrees)).collect();
        let (chain, log) = chain(&told);
        let said: Vec<_> = modules.iter().map(|(success, does)| (*success, does.said())).collect();
        let (asked, is_let_in) = by_the_table(&said);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcome = runtime.block_on(judged(&chain));
        prop_assert_eq!(names(&outcome).is_some(), is_let_in);
        let logins = log.lock().unwrap().iter().filter(|line| line.starts_with("login")).count();
        prop_assert_eq!(logins, asked);
        if is_let_in {
            let agreed = said.iter().take(asked).enumerate().filter(|(_, (_, said))| *said == Said::Success);
            let agreed: Vec<_> = agreed.map(|(name, _)| name.to_string()).collect();
            prop_assert_eq!(names(&outcome).unwrap(), agreed);
            prop_assert!(!heard(&log).contains("abort"));
        } else {
            let aborted = log.lock().unwrap().iter().filter(|line| line.starts_with("abort")).count();
            prop_assert_eq!(aborted, asked, "each that was asked is told");
        }
    }

    #[test]
    fn both_phases_follow_the_same_rules(
        modules in vec((successes(), doings(), doings()), 1..5)
    ) {
        let (chain, _) = chain(&modules);
        let first: Vec<_> = modules.iter().map(|(success, login, _)| (*success, login.said())).collect();
        let (asked, agrees) = by_the_table(&first);
        // A module that did not agree takes no part, and to ignore is no answer to a commit.
        let second: Vec<_> = modules.iter().take(asked).map(|(success, login, commit)| {
            let said = match (login.said(), commit.said()) {
                (Said::Success, Said::Ignored) => Said::Success,
                (Said::Success, said) => said,
                _ => Said::Ignored,
            };
            (*success, said)
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcome = runtime.block_on(judged(&chain));
        prop_assert_eq!(names(&outcome).is_some(), agrees && by_the_table(&second).1);
    }
}

/// The rows of the table of flags and of that of results, each told apart from its neighbours.
#[tokio::test]
async fn each_row_of_the_table_holds() {
    use Does::{Agrees, Ignores, Refuses};
    use Success::{Optional, Required, Requisite, Sufficient};
    for (modules, asked, let_in) in [
        (vec![(Required, Agrees), (Optional, Agrees)], 2, true),
        (vec![(Required, Refuses), (Required, Agrees)], 2, false),
        (vec![(Requisite, Agrees), (Required, Agrees)], 2, true),
        (vec![(Requisite, Refuses), (Required, Agrees)], 1, false),
        (vec![(Sufficient, Agrees), (Required, Refuses)], 1, true),
        (vec![(Sufficient, Refuses), (Required, Agrees)], 2, true),
        (vec![(Required, Refuses), (Sufficient, Agrees)], 2, false),
        (vec![(Required, Agrees), (Sufficient, Refuses)], 2, true),
        (vec![(Optional, Agrees), (Optional, Refuses)], 2, true),
        (vec![(Optional, Refuses), (Sufficient, Refuses)], 2, false),
        (vec![(Optional, Refuses), (Required, Agrees)], 2, true),
        (vec![(Required, Ignores), (Optional, Ignores)], 2, false),
        (vec![(Required, Ignores), (Required, Agrees)], 2, true),
        (vec![], 0, false),
    ] {
        let told: Vec<_> = modules.iter().map(|(success, does)| (*success, *does, Agrees)).collect();
        let (chain, log) = chain(&told);
        assert_eq!(names(&judged(&chain).await).is_some(), let_in, "{modules:?}");
        let logins = log.lock().unwrap().iter().filter(|line| line.starts_with("login")).count();
        assert_eq!(logins, asked, "{modules:?}");
    }
}

#[tokio::test]
async fn a_login_is_committed_in_order_and_its_modules_hear_when_the_user_goes() {
    use Success::{Optional, Required};
    let (chain, log) = chain(&[
        (Required, Does::Agrees, Does::Agrees),
        (Optional, Does::Refuses, Does::Agrees),
        (Optional, Does::Agrees, Does::Agrees),
    ]);
    let outcome = judged(&chain).await;
    assert_eq!(heard(&log), "login 0, login 1, login 2, commit 0, commit 2");
    drop(outcome);
    assert_eq!(heard(&log), "login 0, login 1, login 2, commit 0, commit 2, logout 0, logout 2");
}

#[tokio::test]
async fn a_commit_that_fails_ends_a_login_and_all_are_told() {
    use Success::Required;
    let (chain, log) =
        chain(&[(Required, Does::Agrees, Does::Agrees), (Required, Does::Agrees, Does::Refuses)]);
    assert_eq!(word(judged(&chain).await), Some("refuses"));
    assert_eq!(heard(&log), "login 0, login 1, commit 0, commit 1, abort 0, abort 1");
}

#[tokio::test]
async fn what_an_optional_module_cannot_commit_it_does_not_bring_and_is_told_that_it_was_given_up() {
    use Success::{Optional, Required};
    let (chain, log) =
        chain(&[(Optional, Does::Agrees, Does::Refuses), (Required, Does::Agrees, Does::Agrees)]);
    assert_eq!(names(&judged(&chain).await), Some(vec!["1".to_owned()]));
    assert_eq!(heard(&log), "login 0, login 1, commit 0, commit 1, abort 0, logout 1");
}

#[tokio::test]
async fn a_module_that_hangs_or_breaks_has_failed() {
    use Success::{Optional, Required};
    for (does, says) in [(Does::Hangs, "late"), (Does::Breaks, "panicked")] {
        let (chain, log) = chain(&[(Required, does, Does::Agrees)]);
        assert_eq!(word(judged(&chain).await), Some(says));
        assert_eq!(heard(&log), "login 0, abort 0");
        let (chain, _) = self::chain(&[(Required, Does::Agrees, does)]);
        assert_eq!(word(judged(&chain).await), Some(says));
        let (chain, _) = self::chain(&[(Required, Does::Agrees, Does::Agrees), (Optional, does, does)]);
        assert_eq!(names(&judged(&chain).await), Some(vec!["0".to_owned()]), "{does:?}");
    }
}

#[tokio::test]
async fn more_logins_than_may_be_judged_at_once_wait_and_then_are_told_that_nobody_can_say() {
    let (chain, _) = chain(&[(Success::Required, Does::Hangs, Does::Agrees)]);
    let taken = chain.places.try_acquire_many(u32::try_from(PLACES).unwrap()).unwrap();
    assert_eq!(word(judged(&chain).await), Some("crowded"));
    drop(taken);
    assert_eq!(word(judged(&chain).await), Some("late"));
}

#[tokio::test]
async fn a_login_whose_client_leaves_is_given_up() {
    let (chain, log) = chain(&[
        (Success::Required, Does::Agrees, Does::Agrees),
        (Success::Required, Does::Hangs, Does::Agrees),
    ]);
    {
        let judging = judged(&chain);
        tokio::pin!(judging);
        assert!(futures_util::poll!(judging.as_mut()).is_pending());
    }
    assert_eq!(heard(&log), "login 0, login 1, abort 0, abort 1");
}

#[tokio::test]
async fn who_cannot_say_is_told_apart_from_who_says_no() {
    use Success::{Optional, Required, Sufficient};
    for (modules, says) in [
        (vec![(Sufficient, Does::CannotSay), (Sufficient, Does::Refuses)], "cannot_say"),
        (vec![(Required, Does::Refuses), (Optional, Does::CannotSay)], "refuses"),
        (vec![(Required, Does::CannotSay), (Optional, Does::Refuses)], "cannot_say"),
        (vec![(Optional, Does::Breaks), (Optional, Does::Refuses)], "panicked"),
    ] {
        let told: Vec<_> = modules.iter().map(|(success, does)| (*success, *does, Does::Agrees)).collect();
        assert_eq!(word(judged(&chain(&told).0).await), Some(says), "{modules:?}");
    }
    let ignored = chain(&[(Required, Does::Ignores, Does::Agrees)]).0;
    assert_eq!(word(judged(&ignored).await), None);
}

#[tokio::test]
async fn where_nothing_is_presented_only_those_are_asked_who_have_words_for_it() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    #[derive(Debug)]
    struct Wordy(bool);
    impl LoginModule for Wordy {
        fn kind(&self) -> &'static str {
            "wordy"
        }
        fn judges_nothing(&self) -> bool {
            self.0
        }
        fn login<'a>(&'a self, _: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
            ASKED.fetch_add(1, Ordering::Relaxed);
            shared.challenge = Some(vec!["foo=\"bar\"".to_owned()]);
            Box::pin(async { Failure::peer("nothing", "nothing").into() })
        }
    }
    let link = |wordy| Link { module: Arc::new(Wordy(wordy)), success: Success::Optional, debug: false };
    let chain = Chain::new(vec![link(false), link(true)]);
    let visitor = Visitor::new("192.0.2.1:50000".parse().unwrap(), true, Vec::new());
    let credentials = Credentials::default();
    let attempt = Attempt {
        id: RequestId::next(),
        realm: "demo",
        service: "echo",
        credentials: &credentials,
        visitor: &visitor,
    };
    let mut shared = Shared::default();
    assert!(names(&chain.judge(&attempt, &mut shared).await).is_none());
    assert_eq!((ASKED.load(Ordering::Relaxed), shared.challenge.unwrap().len()), (1, 1));
}
