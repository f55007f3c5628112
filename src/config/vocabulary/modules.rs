//! The words of a login module's `options`, by its type.

use super::{
    Entry, ModuleType,
    Syntax::{Count, File, List, Only, Text, Time, TimeOrNone, Truth, Words},
};

/// What stands in the options of a login module of this type.
pub(super) const fn of(module: ModuleType) -> &'static [&'static [Entry]] {
    match module {
        ModuleType::Exec => &[EXEC, CUSTOM, COMMON],
        ModuleType::File => &[FILE, PASSWORDS, COMMON],
        ModuleType::Gss => &[GSS, COMMON],
        ModuleType::Http => &[HTTP, CUSTOM, COMMON],
        ModuleType::Jwt => &[JWT, COMMON],
        ModuleType::Kerberos5 => &[KERBEROS5, COMMON],
        ModuleType::Keystore => &[KEYSTORE, COMMON],
        ModuleType::Ldap => &[LDAP, PASSWORDS, COMMON],
    }
}

const JNDI: &str = "it is a setting of Java's directory client; take it out";
const JNDI_PASSWORD: &str =
    "no password stands in the configuration; write it into a file, and name that in <bindPasswordFile>";
const JAVA_CACHE: &str = "what a module finds out is never kept for the next login; take it out";
const KEYTAB_ALONE: &str = "tickets are judged with a keytab, and the gateway has none of its own";

const COMMON: &[Entry] = &[
    Entry::leaf("debug", Truth, "true", "Whether the log always says how it judged").by_default("false"),
    Entry::leaf(
        "grant",
        Text,
        "AUTHORIZED=group:cn=staff,dc=example",
        "Who in the realm has a role: ROLE=principal:NAME, group:NAME, claim:PATH=VALUE, realm:REALM, sid:SID, \
         indicator:WORD or *",
    )
    .any(),
];

/// What modules that ask for a name and a password have in common.
const PASSWORDS: &[Entry] = &[
    Entry::leaf("tryFirstPass", Truth, "true", "Whether the password of a module before it is tried first")
        .by_default("false"),
    Entry::leaf(
        "useFirstPass",
        Truth,
        "true",
        "Whether the password of a module before it is the only one tried",
    )
    .by_default("false"),
    Entry::ignored("storePass", JAVA_CACHE),
    Entry::ignored("clearPass", JAVA_CACHE),
];

const FILE: &[Entry] =
    &[Entry::leaf("file", File, "jaas-config.xml", "Users, passwords and roles").alias(&["filename"]).once()];

const LDAP: &[Entry] = &[
    Entry::leaf(
        "userProvider",
        Text,
        "ldap://ldap.example.com/ou=people,dc=example",
        "Servers, and where users are",
    )
    .once(),
    Entry::leaf("userFilter", Text, "(uid={USERNAME})", "How a user is found"),
    Entry::leaf("authIdentity", Text, "uid={USERNAME},ou=people,dc=example", "As whom the server is asked"),
    Entry::leaf("authzIdentity", Text, "{EMPLOYEENUMBER}", "What becomes a role: an attribute, or a word"),
    Entry::leaf("bindDn", Text, "cn=gateway,dc=example", "As whom users are searched; without it, as nobody")
        .alias(&["java.naming.security.principal"]),
    Entry::leaf("bindPasswordFile", File, "ldap.pw", "The file whose first line is the password of bindDn"),
    Entry::leaf(
        "groupProvider",
        Text,
        "ou=groups,dc=example",
        "Where groups are; without it, none are searched",
    ),
    Entry::leaf("groupFilter", Text, "(memberUid={USERNAME})", "How the groups of a user are found")
        .by_default("(member={USERDN})"),
    Entry::leaf("groupAttribute", Text, "displayName", "What groups are called, beside their full names")
        .by_default("cn"),
    Entry::leaf("groupRoles", Truth, "true", "Whether what groups are called are roles").by_default("false"),
    // As in Java's module: the password passes in the clear without it.
    Entry::leaf("useSSL", Truth, "false", "Whether TLS is spoken from the start, also to ldap://")
        .by_default("true"),
    Entry::leaf("startTls", Truth, "true", "Whether TLS is asked for first; in place of useSSL")
        .by_default("false"),
    Entry::leaf("timeout", Time, "2 s", "Time until a server is given up").by_default("5 s"),
    Entry::refused("java.naming.security.credentials", JNDI_PASSWORD),
    Entry::ignored("java.naming.*", JNDI),
];

const KERBEROS5: &[Entry] = &[
    Entry::leaf("keyTab", File, "http.keytab", "Keys of the services whose tickets are accepted").once(),
    Entry::leaf("principal", Text, "HTTP/gw.example.com@EXAMPLE.COM", "Such a service; without any, HTTP/*")
        .any(),
    Entry::leaf(
        "kdc",
        Text,
        "EXAMPLE.COM=kdc1.example.com,kdc2.example.com:1088",
        "KDCs that judge passwords, in the order to ask them: REALM=HOST[:PORT][,HOST...]; those of other realms are \
         looked up in the DNS",
    )
    .any(),
    Entry::leaf(
        "defaultRealm",
        Text,
        "PARTNER.COM",
        "The realm of users who log in without one; the keytab's without",
    ),
    Entry::leaf(
        "acceptRealm",
        Text,
        "PARTNER.COM",
        "Realm beside the keytab's whose users may log in with their password",
    )
    .any(),
    Entry::leaf("timeout", Time, "10 s", "Time in which the KDC must have judged a password")
        .by_default("5 s"),
    Entry::leaf("useKeyTab", Only("true", KEYTAB_ALONE), "true", "Keys come from the keytab")
        .by_default("true"),
    Entry::leaf("isInitiator", Only("false", KEYTAB_ALONE), "false", "The gateway has no ticket of its own")
        .by_default("false"),
    Entry::leaf("doNotPrompt", Only("true", KEYTAB_ALONE), "true", "Nobody is asked for a password")
        .by_default("true"),
    Entry::leaf("storeKey", Only("true", "gss always has the keys"), "true", "Keys are passed on to gss")
        .by_default("true"),
    Entry::ignored("refreshKrb5Config", "a keytab that changes is read again without it; take it out"),
];

/// As `off`, `if_present`, `require` of the flags of `tpg`.
const DEMANDS: super::Syntax = Words(&["off", "if_present", "require"]);

const GSS: &[Entry] = &[
    Entry::leaf("tryFirstToken", Truth, "true", "Whether the token of a module before it is judged")
        .by_default("false"),
    Entry::leaf("clockSkew", Time, "60 s", "How far clocks of clients may be apart").by_default("300 s"),
    Entry::leaf("channelBinding", DEMANDS, "require", "Whether tokens must be bound to the TLS connection")
        .by_default("if_present"),
    Entry::leaf(
        "targetName",
        DEMANDS,
        "require",
        "Whether tokens must name the service that the client meant",
    )
    .by_default("if_present"),
    Entry::leaf("pac", DEMANDS, "require", "Whether tickets must have a PAC with a good signature")
        .by_default("if_present"),
    Entry::leaf("acceptDomainSid", Text, "S-1-5-21-1-2-3", "Domain whose SIDs count; without any, all").any(),
    Entry::leaf(
        "weakEnctype",
        Words(&["3des", "rc4"]),
        "rc4",
        "Weak enctype that is accepted: its tickets can be forged",
    )
    .any(),
    Entry::leaf("acceptRealm", Text, "PARTNER.COM", "Realm beside the keytab's whose clients are accepted")
        .any(),
    Entry::leaf(
        "capath",
        Text,
        "PARTNER.COM=HUB.COM",
        "Realms by which tickets of a realm may come: REALM=VIA[,VIA...]",
    )
    .any(),
    Entry::leaf("allowAnonymous", Truth, "true", "Whether anonymous tickets are accepted")
        .by_default("false"),
    Entry::leaf(
        "allowNoChecksum",
        Truth,
        "true",
        "Whether tokens without the checksum of GSS-API are accepted",
    )
    .by_default("false"),
    Entry::leaf("allowMsFraming", Truth, "true", "Whether tokens with Microsoft's misspelt OID are accepted")
        .by_default("false"),
    Entry::leaf("checkAddresses", Truth, "true", "Whether tickets with addresses must come from one of them")
        .by_default("false"),
    Entry::leaf("replayFile", File, "replay.db", "Where used authenticators are kept over a restart"),
    Entry::leaf(
        "replayCapacity",
        Count { least: 0, most: 100_000_000 },
        "5000",
        "Authenticators that are remembered; 0 takes each any number of times",
    )
    .by_default("1000000"),
    Entry::leaf(
        "sessionCookie",
        TimeOrNone,
        "10 minutes",
        "How long a cookie spares further tickets; 0 sets none",
    )
    .by_default("0"),
    Entry::leaf("outliveTicket", Truth, "true", "Whether sockets go on when their ticket ends")
        .by_default("false"),
    Entry::leaf(
        "bindingCert",
        File,
        "front.pem",
        "Certificate that a TLS proxy in front of the gateway shows",
    )
    .any(),
    Entry::leaf("authToLocal", Text, "DEFAULT", "Rule that gives principals a local name, as in krb5.conf")
        .any(),
    Entry::leaf("defaultRealm", Text, "EXAMPLE.COM", "The realm that the rule DEFAULT is about"),
];

const JWT: &[Entry] = &[
    Entry::leaf(
        "keys",
        Text,
        "https://login.example.com/jwks.json",
        "Keys of the issuer: URL or file of a JWK set",
    )
    .once(),
    Entry::leaf("issuer", Text, "https://login.example.com/", "Who must have made the token").once(),
    Entry::leaf("audience", Text, "https://gw.example.com/", "For whom it must be")
        .occurs(super::Occurs::AtLeastOnce),
    Entry::leaf("algorithms", List, "ES256", "Signatures that are accepted")
        .by_default("ES256,ES384,EdDSA,RS256"),
    Entry::leaf("userClaim", Text, "email", "The claim that names the user").by_default("sub"),
    Entry::leaf("roleClaim", Text, "groups", "The claim that lists roles").by_default("roles"),
    Entry::leaf("clockSkew", Time, "10 s", "How far clocks may be apart").by_default("60 s"),
];

/// What modules of the operator's own have in common.
const CUSTOM: &[Entry] = &[
    Entry::leaf("timeout", Time, "2 s", "Time until the answer must be there").by_default("5 s"),
    Entry::leaf(
        "askAlways",
        Truth,
        "false",
        "Whether it is asked where nothing is presented, for words of the challenge",
    )
    .by_default("true"),
    Entry::leaf("phases", Truth, "true", "Whether it is told of commit, abort and logout")
        .by_default("false"),
];

const HTTP: &[Entry] = &[
    Entry::leaf("url", Text, "https://login.example.com/judge", "Web service that is asked").once(),
    Entry::leaf(
        "allowCleartext",
        Truth,
        "true",
        "Whether another host is asked without TLS; others read along",
    )
    .by_default("false"),
    Entry::leaf("connections", Count { least: 1, most: 1024 }, "8", "Questions at the same time")
        .by_default("32"),
];

const EXEC: &[Entry] = &[
    Entry::leaf("command", File, "judge", "The program").once(),
    Entry::leaf("argument", Text, "--verbose", "What it is started with; one each").any(),
    Entry::leaf("processes", Count { least: 1, most: 256 }, "4", "How many of it run").by_default("2"),
];

const KEYSTORE: &[Entry] = &[
    Entry::leaf(
        "principal",
        Words(&["subject", "upn", "email", "dns", "uri", "cn"]),
        "upn",
        "What of a client's certificate names the user",
    )
    .by_default("subject"),
    Entry::leaf(
        "keyStoreURL",
        Text,
        "file:users.p12",
        "Keystore with the certificates that are let in, or with who signed them; without it all of the truststore's",
    ),
    Entry::leaf("keyStorePasswordURL", Text, "file:users.pw", "Its password"),
    Entry::leaf("keyStoreAlias", Text, "alice", "The one entry of it that counts"),
    Entry::leaf(
        "keyStoreType",
        Words(&["PKCS12", "JKS", "PEM"]),
        "PKCS12",
        "Its format; seen from the file without",
    ),
];
