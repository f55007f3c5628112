//! The words of `accept-options` and `connect-options`: how services speak with clients and with back ends.

use super::{
    Entry,
    Syntax::{Bind, Count, List, Only, Rate, Size, Switch, Text, Time, TimeOrNone, Words},
};

const TRANSPORT: &str = "layers of transport are chosen by the scheme of <accept> and <connect>";
const PIPE: &str =
    "services do not call each other inside the process; connect them over the loopback address";
const UDP: &str =
    "no service but kerberos5.proxy is reached by datagrams, and that one needs no options for them";
const SOCKS: &str = "the gateway does not dial out to be reached; accept connections where clients can come";
/// Octets of the smallest buffer for a request's head: hyper takes no smaller one.
const HEAD: u64 = 8192;
/// For a number of connections or requests: more than any host has.
const MANY: u64 = 10_000_000;

pub(super) const ACCEPT: &[Entry] = &[
    Entry::leaf("ssl.ciphers", List, "TLS_AES_256_GCM_SHA384", "Cipher suites, by their names or in groups")
        .alias(&["tls.ciphers"])
        .by_default("DEFAULT")
        .shared(),
    Entry::leaf("ssl.protocols", List, "TLSv1.3", "Versions of TLS")
        .alias(&["tls.protocols"])
        .by_default("TLSv1.2,TLSv1.3")
        .shared(),
    Entry::leaf(
        "ssl.encryption",
        Switch,
        "disabled",
        "Whether TLS is spoken here; disabled behind a host that does",
    )
    .alias(&["tls.encryption"])
    .by_default("enabled")
    .shared(),
    Entry::leaf(
        "ssl.verify-client",
        Words(&["none", "optional", "required"]),
        "required",
        "Whether clients show a certificate that an authority of the truststore signed",
    )
    .alias(&["tls.verify-client"])
    .by_default("none")
    .shared(),
    Entry::leaf("ssl.maximum.handshakes", Count { least: 1, most: MANY }, "50", "TLS handshakes in progress")
        .alias(&["tls.maximum.handshakes"])
        .by_default("1000")
        .shared(),
    Entry::leaf("ws.bind", Bind, "127.0.0.1:8081", "Where to listen for ws:// if not where it is reached"),
    Entry::leaf("wss.bind", Bind, "127.0.0.1:8443", "Where to listen for wss:// if not where it is reached"),
    Entry::leaf(
        "http.bind",
        Bind,
        "127.0.0.1:8081",
        "Where to listen for http:// if not where it is reached",
    ),
    Entry::leaf(
        "https.bind",
        Bind,
        "127.0.0.1:8443",
        "Where to listen for https:// if not where it is reached",
    ),
    Entry::leaf("ssl.bind", Bind, "127.0.0.1:8443", "Where to listen for ssl:// if not where it is reached")
        .alias(&["tls.bind"]),
    Entry::leaf("tcp.bind", Bind, "8081", "Where to listen, whatever the scheme, if no other bind says so"),
    Entry::leaf(
        "ws.maximum.message.size",
        Size { least: 1 },
        "64k",
        "Octets of a message; a longer one closes the socket",
    )
    .by_default("128k"),
    Entry::leaf(
        "ws.inactivity.timeout",
        TimeOrNone,
        "90 s",
        "Silence after which a socket is given up; 0 for none",
    )
    .by_default("0"),
    Entry::leaf(
        "ws.handshake.timeout",
        Time,
        "2 minutes",
        "Time in which a client must be let in that logs in inside a socket (x-kaazing-handshake)",
    )
    .by_default("5 minutes"),
    Entry::leaf("http.keepalive.timeout", Time, "120 s", "Idle time of a connection between two requests")
        .by_default("30 s")
        .shared(),
    Entry::leaf("http.server.header", Switch, "disabled", "Whether answers say in Server what answers")
        .by_default("enabled"),
    Entry::leaf("http.maximum.header.size", Size { least: HEAD }, "16k", "Octets of a request's head")
        .by_default("200k")
        .shared(),
    Entry::leaf(
        "http.header.timeout",
        Time,
        "5 s",
        "Time from the first octet to the last of a head, a body, a frame or a TLS handshake",
    )
    .by_default("10 s")
    .shared(),
    Entry::leaf(
        "http.maximum.requests.per.peer",
        Count { least: 0, most: MANY },
        "50",
        "Requests of one peer in flight; 0 for no limit",
    )
    .by_default("500")
    .shared(),
    Entry::leaf(
        "http.maximum.request.rate.per.peer",
        Count { least: 0, most: MANY },
        "50",
        "Requests of one peer a second; 0 for no limit",
    )
    .by_default("500")
    .shared(),
    Entry::leaf(
        "http.forwarded",
        Switch,
        "enabled",
        "Whether trusted proxies say in Forwarded who the client is",
    )
    .by_default("disabled")
    .shared(),
    Entry::leaf("tcp.maximum.connections", Count { least: 1, most: MANY }, "50", "Connections in all")
        .by_default("20000")
        .shared(),
    Entry::leaf(
        "tcp.maximum.connections.per.peer",
        Count { least: 0, most: MANY },
        "50",
        "Connections of one peer; 0 for no limit",
    )
    .by_default("1000")
    .shared(),
    Entry::leaf(
        "tcp.maximum.outbound.rate",
        Rate,
        "1 MB/s",
        "Octets a second to one client; without it no limit",
    )
    .shared(),
    Entry::leaf(
        "tcp.proxy.protocol",
        Switch,
        "enabled",
        "Whether trusted proxies put a PROXY header in front",
    )
    .by_default("disabled")
    .shared(),
    Entry::leaf(
        "tcp.trusted.proxies",
        List,
        "10.0.0.0/8,2001:db8::1",
        "Addresses and networks of hosts that are believed who the client is",
    )
    .shared(),
    Entry::refused("http.realm", "a service has one realm; name it in <realm-name>"),
    Entry::refused(
        "http.maximum.redirects",
        "it is for <connect-options>: what accepts follows no redirects",
    ),
    Entry::refused("http.transport", TRANSPORT),
    Entry::refused("pipe.transport", TRANSPORT),
    Entry::refused("ssl.transport", TRANSPORT).alias(&["tls.transport"]),
    Entry::refused("tcp.transport", TRANSPORT),
    Entry::refused("udp.transport", TRANSPORT),
    Entry::refused("ws.transport", TRANSPORT),
    Entry::refused("pipe.*", PIPE),
    Entry::refused("udp.*", UDP),
    Entry::refused("socks.*", SOCKS),
];

pub(super) const CONNECT: &[Entry] = &[
    Entry::leaf("ssl.ciphers", List, "TLS_AES_256_GCM_SHA384", "Cipher suites, by their names or in groups")
        .alias(&["tls.ciphers"])
        .by_default("DEFAULT"),
    Entry::leaf("ssl.protocols", List, "TLSv1.3", "Versions of TLS")
        .alias(&["tls.protocols"])
        .by_default("TLSv1.2,TLSv1.3"),
    Entry::leaf(
        "ssl.encryption",
        Switch,
        "disabled",
        "Whether TLS is spoken to back ends of wss, https and ssl",
    )
    .alias(&["tls.encryption"])
    .by_default("enabled"),
    Entry::leaf("tcp.bind", Bind, "127.0.0.1:0", "Address to dial from"),
    Entry::leaf(
        "tcp.proxy.protocol",
        Words(&["disabled", "address", "identity"]),
        "identity",
        "What a PROXY header tells back ends of tcp and ssl: where a client is, and who",
    )
    .by_default("disabled"),
    Entry::leaf(
        "ws.version",
        Only("rfc6455", "nothing speaks the drafts before it"),
        "rfc6455",
        "Version of WebSocket",
    )
    .by_default("rfc6455"),
    Entry::leaf(
        "ws.inactivity.timeout",
        TimeOrNone,
        "90 s",
        "Silence after which a pair is given up; 0 for none",
    )
    .by_default("0"),
    Entry::leaf("http.keepalive", Switch, "disabled", "Whether connections are used for several requests")
        .by_default("enabled"),
    Entry::leaf(
        "http.keepalive.timeout",
        Time,
        "10 s",
        "Idle time after which a connection is not used again",
    )
    .by_default("4 s"),
    Entry::leaf(
        "http.keepalive.connections",
        Count { least: 1, most: 100_000 },
        "8",
        "Idle connections to keep",
    )
    .by_default("64"),
    Entry::leaf(
        "http.maximum.redirects",
        Count { least: 0, most: 20 },
        "3",
        "Redirects of a back end to follow",
    )
    .by_default("0"),
    Entry::leaf(
        "http.max.authentication.attempts",
        Only("0", "the gateway has no password to answer a back end with"),
        "0",
        "How often a 401 of a back end is answered",
    )
    .by_default("0"),
    Entry::leaf(
        "http.host",
        Text,
        "app.example.com",
        "What back ends are called in Host; without it as in <connect>",
    ),
    Entry::leaf("http.response.timeout", Time, "5 s", "Time until a response must have begun")
        .by_default("60 s"),
    Entry::leaf("connect.timeout", Time, "1 s", "Time until a connection must be open").by_default("5 s"),
    Entry::refused("ssl.verify-client", "it is for <accept-options>; back ends are always verified")
        .alias(&["tls.verify-client"]),
    Entry::refused("http.transport", TRANSPORT),
    Entry::refused("pipe.transport", TRANSPORT),
    Entry::refused("ssl.transport", TRANSPORT).alias(&["tls.transport"]),
    Entry::refused("tcp.transport", TRANSPORT),
    Entry::refused("udp.transport", TRANSPORT),
    Entry::refused("ws.transport", TRANSPORT),
    Entry::refused("pipe.*", PIPE),
    Entry::refused("udp.*", UDP),
    Entry::refused("socks.*", SOCKS),
];
