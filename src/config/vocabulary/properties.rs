//! The words of a service's `properties`, by its type.

use super::{
    Entry, Place, ServiceType,
    Syntax::{Count, File, Size, Switch, Text, Time, TimeOrNone, Truth, Words},
};

/// What stands in the properties of a service of this type.
pub(super) const fn of(service: ServiceType) -> &'static [&'static [Entry]] {
    match service {
        ServiceType::Broadcast => &[BROADCAST, COMMON],
        ServiceType::Directory => &[DIRECTORY, COMMON],
        ServiceType::Echo => &[ECHO, COMMON],
        ServiceType::HttpProxy => &[HTTP_PROXY, COMMON],
        ServiceType::HttpRedirect => &[HTTP_REDIRECT, COMMON],
        ServiceType::Kerberos5Proxy => &[KERBEROS5_PROXY, COMMON],
        ServiceType::Management => &[COMMON],
        ServiceType::Proxy => &[PROXY, COMMON],
    }
}

const RECYCLED: &str = "no cookie carries an identity from one gateway to another; take it out";

const COMMON: &[Entry] = &[
    Entry::leaf(
        "authentication.connect",
        Text,
        "wss://tgg.example.com/",
        "Where clients that are challenged with Application Negotiate reach a KDC",
    ),
    Entry::leaf(
        "authentication.identifier",
        Text,
        "EXAMPLE.COM",
        "What such clients are told to choose their credentials by",
    ),
    Entry::ignored("service.domain", RECYCLED),
    Entry::ignored("encryption.key.alias", RECYCLED),
];

const BROADCAST: &[Entry] = &[
    Entry::leaf("accept", Text, "tcp://localhost:6100", "Where publishers reach it"),
    Entry::leaf("connect", Text, "tcp://localhost:6101", "The publisher that it dials"),
    Entry::leaf(
        "maximum.pending.bytes",
        Size { least: 1 },
        "16k",
        "Octets that a client may be behind; beyond it is closed",
    )
    .by_default("64000"),
];

const DIRECTORY: &[Entry] = &[
    Entry::leaf("directory", File, "web", "The folder that it serves").once(),
    Entry::leaf("welcome-file", Text, "index.html", "The file that stands for its folder"),
    Entry::leaf("options", Words(&["indexes"]), "indexes", "Whether folders without that file are listed"),
    Entry::leaf("error-pages-directory", File, "web", "The folder of pages for errors, such as 404.html"),
    Entry::leaf(
        "symbolic-links",
        Words(&["restricted", "unrestricted"]),
        "unrestricted",
        "Whether links may lead out of the folder",
    )
    .by_default("restricted"),
    Entry::nest("location", Place::Location, "How long some of its files may be kept").any(),
];

pub(super) const LOCATION: &[Entry] = &[
    Entry::leaf(
        "patterns",
        Text,
        "**/*.html",
        "Which files: ** for any folders, * for any name; blanks between",
    )
    .once(),
    Entry::leaf(
        "cache-control",
        Text,
        "max-age=1 hour",
        "What clients are told; m+TIME counts from the last change",
    )
    .once(),
];

const ECHO: &[Entry] =
    &[Entry::leaf("repeat", Count { least: 1, most: 1_000 }, "2", "How often each message is sent back")
        .by_default("1")];

const HTTP_PROXY: &[Entry] = &[
    Entry::leaf("rewrite-cookie-domain", Switch, "enabled", "Whether domains of cookies are mapped")
        .by_default("disabled"),
    Entry::nest("cookie-domain-mapping", Place::Mapping, "A domain of cookies and what clients are told")
        .any(),
    Entry::leaf("rewrite-cookie-path", Switch, "enabled", "Whether paths of cookies are mapped")
        .by_default("disabled"),
    Entry::nest("cookie-path-mapping", Place::Mapping, "A path of cookies and what clients are told").any(),
    Entry::leaf(
        "rewrite-location",
        Switch,
        "disabled",
        "Whether Location is mapped to what clients can reach",
    )
    .by_default("enabled"),
    Entry::nest("location-mapping", Place::Mapping, "A start of URLs and what clients are told").any(),
    Entry::leaf(
        "use-forwarded",
        Words(&["inject", "exclude", "ignore"]),
        "inject",
        "Whether the client is added to Forwarded, the field taken out, or passed on as it came",
    )
    .by_default("ignore"),
    IDENTITY,
    IDENTITY_ROLES,
    IDENTITY_REALM,
    IDENTITY_ENDS,
    IDENTITY_TOKEN,
    IDENTITY_TOKEN_KEYS,
    IDENTITY_TOKEN_ISSUER,
    IDENTITY_TOKEN_AUDIENCE,
    LIFETIME,
];

const IDENTITY: Entry =
    Entry::leaf("identity-header", Text, "x-user", "Field that tells the back end who asks")
        .by_default("x-remote-user");

const IDENTITY_ROLES: Entry =
    Entry::leaf("identity-roles-header", Text, "x-remote-roles", "Field that tells it the roles of the user");

const IDENTITY_REALM: Entry =
    Entry::leaf("identity-realm-header", Text, "x-remote-realm", "Field that tells it the realm of the user");

const IDENTITY_ENDS: Entry = Entry::leaf(
    "identity-ends-header",
    Text,
    "x-remote-ends",
    "Field that tells it when the session ends, in seconds since 1970",
);

const IDENTITY_TOKEN: Entry = Entry::leaf(
    "identity-token-header",
    Text,
    "x-remote-token",
    "Field that tells it all of this as a signed JWT",
);

const IDENTITY_TOKEN_KEYS: Entry = Entry::leaf(
    "identity-token-keys",
    File,
    "tokens.pem",
    "Keys of P-256: the first signs, all are published; without it the gateway has its own",
);

const IDENTITY_TOKEN_ISSUER: Entry = Entry::leaf(
    "identity-token-issuer",
    Text,
    "https://gw.example.com",
    "What the JWT says in iss; without it the host of the first <accept>",
);

const IDENTITY_TOKEN_AUDIENCE: Entry = Entry::leaf(
    "identity-token-audience",
    Text,
    "shop",
    "What the JWT says in aud; without it the name of the service",
);

const LIFETIME: Entry = Entry::leaf(
    "socket-lifetime",
    Time,
    "8 hours",
    "After which a socket is closed, however long its user may stay",
);

pub(super) const MAPPING: &[Entry] = &[
    Entry::leaf("from", Text, "http://10.0.0.5:8080/", "What the back end says").once(),
    Entry::leaf("to", Text, "https://www.example.com/", "What clients are told").once(),
];

const HTTP_REDIRECT: &[Entry] = &[
    Entry::leaf("location", Text, "https://www.example.com/", "Where clients are sent").once(),
    Entry::leaf("status-code", Words(&["301", "302", "303", "307", "308"]), "308", "How they are told")
        .by_default("302"),
];

const KERBEROS5_PROXY: &[Entry] = &[
    Entry::nest(
        "krb-realm",
        Place::KrbRealm,
        "A Kerberos realm that is served; without any all, by <connect>",
    )
    .any(),
    Entry::leaf(
        "kdc-network",
        Text,
        "10.0.0.0/8",
        "Network where servers may be that were looked up in the DNS",
    )
    .any(),
    Entry::leaf(
        "kdc-port",
        Count { least: 1, most: 65_535 },
        "1088",
        "Port that such servers may have beside 88 and 464",
    )
    .any(),
    Entry::leaf("dns-server", Text, "10.0.0.2:53", "DNS server to ask instead of the system's"),
    Entry::leaf(
        "deadline",
        Time,
        "5 s",
        "Time until an exchange is given up; MIT's clients go elsewhere after 10 s",
    )
    .by_default("9 s"),
    Entry::leaf(
        "principal-rate",
        Count { least: 0, most: 1_000_000 },
        "10",
        "AS requests for one principal a second; 0 for no limit",
    )
    .by_default("5"),
];

pub(super) const KRB_REALM: &[Entry] = &[
    Entry::leaf("name", Text, "EXAMPLE.COM", "Its name").once(),
    Entry::leaf("kdc", Text, "kdc1.example.com:88", "A KDC; they are asked in this order").any(),
    Entry::leaf("kpasswd", Text, "kdc1.example.com:464", "A password server").any(),
    Entry::leaf("discover", Truth, "true", "Whether servers are looked up in the DNS as well")
        .by_default("false"),
];

const PROXY: &[Entry] = &[
    Entry::leaf(
        "maximum.pending.bytes",
        Size { least: 1 },
        "16k",
        "Octets that wait for one side before the other is not read",
    )
    .by_default("64000"),
    Entry::leaf(
        "maximum.recovery.interval",
        TimeOrNone,
        "30 s",
        "Longest time between two tries to reach a back end that is down; 0 asks it for every client",
    )
    .by_default("0"),
    Entry::leaf(
        "prepared.connection.count",
        Count { least: 0, most: 10_000 },
        "4",
        "Connections to the back end that are open before a client needs them",
    )
    .by_default("0"),
    Entry::leaf(
        "connect.strategy",
        Words(&["immediate", "prepared", "deferred"]),
        "deferred",
        "Whether the back end is dialled at once, ahead, or when the client sends",
    )
    .by_default("immediate"),
    IDENTITY,
    IDENTITY_ROLES,
    IDENTITY_REALM,
    IDENTITY_ENDS,
    IDENTITY_TOKEN,
    IDENTITY_TOKEN_KEYS,
    IDENTITY_TOKEN_ISSUER,
    IDENTITY_TOKEN_AUDIENCE,
    LIFETIME,
    Entry::refused("internal.maximum.transferred.bytes", "it was for tests of another product; take it out"),
];
