//! A KDC that keeps what it is sent and answers as its test wants, over UDP and TCP on one port.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use krb::frame;
use socket2::{Domain, Socket, Type};
use tgg::{exchange::Transport, failure::krb_error, moment::Moment, probe::PRINCIPAL};
use ticketgate::ambient;

use crate::{
    initiator::framed,
    world::{PATIENCE, realm},
};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) over: Transport,
    pub(crate) message: Vec<u8>,
    pub(crate) at: Moment,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Nothing. A connection stays open.
    Nothing,
    /// Answers with a whole message.
    Says(Vec<u8>),
    /// Answers with several datagrams; over TCP with the first.
    Repeats(Vec<Vec<u8>>),
    /// Answers over TCP with just these octets and closes; over UDP with these.
    Writes(Vec<u8>),
    /// Answers over UDP from another port than it was asked at.
    SaysElsewhere(Vec<u8>),
}

type Behaviour = dyn Fn(&Heard) -> Does + Send + Sync;

/// A running forged KDC, stopped when dropped.
pub(crate) struct ForgedKdc {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    /// Requests over UDP that were answered, with all copies of the answer.
    answered: Mutex<usize>,
    changed: Condvar,
    sent: Condvar,
    stopped: AtomicBool,
}

impl ForgedKdc {
    /// Starts one. `behaviour` runs on a thread of its own for each request and may block.
    pub(crate) fn start(behaviour: impl Fn(&Heard) -> Does + Send + Sync + 'static) -> Self {
        let (tcp, udp) = (0..32).find_map(|_| both()).expect("a port that is free for UDP and TCP");
        let addr = tcp.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        {
            let (shared, behaviour) = (Arc::clone(&shared), Arc::clone(&behaviour));
            thread::spawn(move || datagrams(&shared, &behaviour, &udp));
        }
        {
            let shared = Arc::clone(&shared);
            thread::spawn(move || streams(&shared, &behaviour, &tcp));
        }
        Self { addr, shared }
    }

    /// One that answers nothing.
    pub(crate) fn silent() -> Self {
        Self::start(|_| Does::Nothing)
    }

    /// One that refuses every request of the shared realm as a true KDC does, with this code.
    pub(crate) fn refusing(code: i32) -> Self {
        Self::start(move |_| Does::Says(refusal(code)))
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it was sent so far, without the gateway's own probes.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let heard = self.shared.heard.lock().unwrap();
        heard.iter().filter(|heard| !is_probe(&heard.message)).cloned().collect()
    }

    /// Waits until it was sent so many requests.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Heard> {
        let heard = self.shared.heard.lock().unwrap();
        let too_few =
            |heard: &mut Vec<Heard>| heard.iter().filter(|heard| !is_probe(&heard.message)).count() < count;
        let (heard, ended) = self.shared.changed.wait_timeout_while(heard, PATIENCE, too_few).unwrap();
        assert!(!ended.timed_out(), "it heard only {heard:?}");
        drop(heard);
        self.heard()
    }

    /// Sees that it is sent no more than so many requests within this time.
    #[track_caller]
    pub(crate) fn stays_at(&self, count: usize, time: Duration) {
        let heard = self.shared.heard.lock().unwrap();
        let no_more =
            |heard: &mut Vec<Heard>| heard.iter().filter(|heard| !is_probe(&heard.message)).count() <= count;
        let (heard, ended) = self.shared.changed.wait_timeout_while(heard, time, no_more).unwrap();
        assert!(ended.timed_out(), "it heard {heard:?}");
    }

    /// Waits until it has answered so many requests over UDP, with all copies of the answers.
    #[track_caller]
    pub(crate) fn wait_until_answered(&self, count: usize) {
        let answered = self.shared.answered.lock().unwrap();
        let waited = self.shared.sent.wait_timeout_while(answered, PATIENCE, |answered| *answered < count);
        assert!(!waited.unwrap().1.timed_out(), "it did not answer {count} requests");
    }
}

impl Drop for ForgedKdc {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Both threads wait for something to arrive.
        let _ = TcpStream::connect(self.addr);
        let _ = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.send_to(&[], self.addr));
    }
}

/// A KRB-ERROR of the shared realm.
pub(crate) fn refusal(code: i32) -> Vec<u8> {
    refusal_of(realm().name(), code)
}

/// A KRB-ERROR of another realm.
pub(crate) fn refusal_of(krb_realm: &str, code: i32) -> Vec<u8> {
    krb_error(code, krb_realm.as_bytes(), ambient::time_of_day()).to_vec()
}

fn is_probe(message: &[u8]) -> bool {
    message.windows(PRINCIPAL.len()).any(|window| window == PRINCIPAL.as_bytes())
}

fn both() -> Option<(TcpListener, UdpSocket)> {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let udp = UdpSocket::bind(tcp.local_addr().unwrap()).ok()?;
    Some((tcp, udp))
}

impl Shared {
    fn hear(&self, over: Transport, message: Vec<u8>) -> Heard {
        let heard = Heard { over, message, at: ambient::now() };
        self.heard.lock().unwrap().push(heard.clone());
        self.changed.notify_all();
        heard
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

fn datagrams(shared: &Arc<Shared>, behaviour: &Arc<Behaviour>, socket: &UdpSocket) {
    let mut octets = vec![0; 65_536];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut octets) else { continue };
        if shared.is_stopped() {
            return;
        }
        let heard = shared.hear(Transport::Udp, octets[..length].to_vec());
        let (shared, behaviour) = (Arc::clone(shared), Arc::clone(behaviour));
        let socket = socket.try_clone().unwrap();
        thread::spawn(move || {
            let (socket, answers) = match behaviour(&heard) {
                Does::Nothing => return,
                Does::Says(answer) | Does::Writes(answer) => (socket, vec![answer]),
                Does::Repeats(answers) => (socket, answers),
                Does::SaysElsewhere(answer) => {
                    (UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), vec![answer])
                }
            };
            for answer in answers {
                let _ = socket.send_to(&answer, from);
            }
            *shared.answered.lock().unwrap() += 1;
            shared.sent.notify_all();
        });
    }
}

fn streams(shared: &Arc<Shared>, behaviour: &Arc<Behaviour>, listener: &TcpListener) {
    for stream in listener.incoming() {
        if shared.is_stopped() {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        let (shared, behaviour) = (Arc::clone(shared), Arc::clone(behaviour));
        thread::spawn(move || {
            // Reads to the end, so that what was said arrives before the connection is gone.
            if serve(&shared, &*behaviour, &mut stream).is_some() {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
    }
}

/// Serves one connection; `None` if it is to be closed at once.
fn serve(shared: &Shared, behaviour: &Behaviour, stream: &mut TcpStream) -> Option<()> {
    let mut length = [0; frame::PREFIX];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; frame::announced(&length).ok()??];
    stream.read_exact(&mut message).ok()?;
    let said = match behaviour(&shared.hear(Transport::Tcp, message)) {
        Does::Nothing => return Some(()),
        Does::Says(answer) | Does::SaysElsewhere(answer) => framed(&answer),
        Does::Repeats(answers) => framed(answers.first()?),
        Does::Writes(octets) => {
            let _ = stream.write_all(&octets);
            return None;
        }
    };
    stream.write_all(&said).ok()
}

/// A port of the loopback where nobody answers: TCP is refused, and so is UDP.
pub(crate) struct Refusing {
    addr: SocketAddr,
    _held: (Socket, UdpSocket),
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let held = (0..32).find_map(|_| {
            // Bound and not listening, so nobody else gets the port and nobody is let in.
            let tcp = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            tcp.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
            let addr = tcp.local_addr().unwrap().as_socket().unwrap();
            let udp = UdpSocket::bind(addr).ok()?;
            // Connected to itself, it takes nothing from others: they are told that the port is unreachable.
            udp.connect(addr).unwrap();
            Some((addr, (tcp, udp)))
        });
        let (addr, held) = held.expect("a port that is free for UDP and TCP");
        Self { addr, _held: held }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}
