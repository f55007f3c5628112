//! What is said of realms and their login modules.

use super::*;

#[test]
fn a_realm_is_told_why_nobody_could_log_in_as_meant() {
    all_said(&[
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>dmeo</realm-name></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &["error: there is no realm `dmeo`; did you mean `demo`?"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>demo</realm-name></service>",
            &["error: there is no realm `demo`; add a <realm> to <security>"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><authorization-constraint><require-role>A</require-role></authorization-constraint></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: the service says which users may use it, and not of which realm; write <realm-name>demo</realm-name>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>demo</realm-name><authorization-constraint><require-role>*</require-role><require-role>A</require-role></authorization-constraint></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: the role `*` is any user, and other roles are required beside it; leave either it or the others",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>demo</realm-name><authorization-constraint/></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "warning: the constraint names no role, so whoever can log in may use the service; say so with <require-valid-user/>, or add <require-role>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>a</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm><realm><name>a</name><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &["error: the realm `a` is there twice; give one of them another name (first here)"],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><description>Tür</description><authentication><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: <description> is `Tür`, and browsers are sent it in US-ASCII; write it without other letters",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name></realm></security>",
            &[
                "warning: nobody can log in to the realm `demo`: it has no <login-modules>; add them to its <authentication>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>ldap</type><success>required</success><options><userProvider>ldap.example.com</userProvider><userFilter>(uid={USERNAME})</userFilter></options></login-module><login-module><type>jndi</type><success>required</success><options></options></login-module><login-module><type>class:com.example.Token</type><success>required</success><options></options></login-module><login-module><type>flie</type><success>required</success><options><file>a</file></options></login-module><login-module><type>gss</type><success>required</success><options></options></login-module><login-module><type>file</type><success>required</success><options></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: <userProvider> is `ldap.example.com`; write it as ldap:// or ldaps://HOST[:PORT]/BASE",
                "error: login modules of type `jndi` are not supported; use ldap",
                "error: login modules of type `class:com.example.Token` are not supported; a class of Java cannot run here; use jwt, or http or exec to ask a judge of your own",
                "error: <type> is `flie`, which is no type of login module; did you mean `file`?",
                "error: a login module of type gss needs one of type kerberos5 before it; add it, with <keyTab> in its <options>",
                "error: <options> has no <file>; add one, such as <file>jaas-config.xml</file>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab></options></login-module><login-module><type>gss</type><success>required</success><options><grant>A</grant><authToLocal>DEFAULT</authToLocal><capath>A</capath><acceptDomainSid>x</acceptDomainSid><weakEnctype>des</weakEnctype><clockSkew>0</clockSkew></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: <authToLocal> is `DEFAULT`, and there is no <defaultRealm>; add <defaultRealm>EXAMPLE.COM</defaultRealm>",
                "error: <grant> is `A`; write it as ROLE=principal:alice@REALM, ROLE=realm:REALM, ROLE=sid:S-1-5-…, ROLE=indicator:WORD, ROLE=group:NAME, ROLE=claim:PATH=VALUE or ROLE=*",
                "error: <capath> is `A`; write it as REALM=VIA[,VIA...]",
                "error: <acceptDomainSid> is `x`; write it as S-1-5-21-1-2-3",
                "error: <weakEnctype> is `des`; did you mean `3des`? use 3des or rc4",
                "error: <clockSkew> is `0`, which is no time at all; write a longer one, such as 60 s",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type><realm-name>demo</realm-name><authorization-constraint><require-role>A</require-role></authorization-constraint></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab></options></login-module><login-module><type>gss</type><success>required</success><options><grant>B=*</grant></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: nobody in the realm `demo` has the role `A`; say who, in the <options> of gss: <grant>A=realm:EXAMPLE.COM</grant>",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><http-challenge-scheme>Negotiate</http-challenge-scheme><http-header>a b</http-header><http-cookie>a;b</http-cookie><authorization-mode>validate</authorization-mode><login-modules><login-module><type>file</type><success>required</success><options><file>a</file></options></login-module></login-modules></authentication></realm></security>",
            &[
                "warning: the authorization-mode `validate` does what `challenge` does; use challenge",
                "warning: clients are asked for Kerberos tickets, and no login module judges them; add one of type kerberos5 and behind it one of type gss",
                "error: <http-header> is `a b`, which is no field of HTTP; write its name alone, such as X-Token",
                "error: <http-cookie> is `a;b`, which is no name of a cookie; write its name alone, such as sso",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><http-challenge-scheme>Negotiate</http-challenge-scheme><login-modules><login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab><acceptRealm>A</acceptRealm></options></login-module><login-module><type>gss</type><success>required</success><options></options></login-module></login-modules></authentication></realm></security>",
            &[
                "warning: <kdc>, <defaultRealm> and <acceptRealm> of kerberos5 are for passwords, and clients are asked for tickets; take them out; realms whose tickets are accepted are named in <acceptRealm> of gss",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>kerberos5</type><success>required</success><options><keyTab>k</keyTab><kdc>kdc.example.com</kdc><isInitiator>true</isInitiator><principal>HTTP</principal></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: <kdc> is `kdc.example.com`; write it as REALM=HOST[:PORT][,HOST...], with IPv6 addresses in brackets",
                "error: <isInitiator> is `true`; use false: tickets are judged with a keytab, and the gateway has none of its own",
            ],
        ),
        (
            "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name><authentication><login-modules><login-module><type>http</type><success>required</success><options><url>http://judge.test/</url></options></login-module><login-module><type>http</type><success>required</success><options><url>https://joe:secret@judge.test/</url></options></login-module><login-module><type>http</type><success>required</success><options><url>judge.test</url></options></login-module><login-module><type>keystore</type><success>required</success><options><keyStoreAlias>ann</keyStoreAlias></options></login-module><login-module><type>keystore</type><success>required</success><options><keyStoreURL>https://judge.test/a.p12</keyStoreURL></options></login-module></login-modules></authentication></realm></security>",
            &[
                "error: the <url> cannot be asked; http://judge.test/ would be asked in clear; write https://, or ask a service on this host",
                "error: the <url> cannot be asked; https://judge.test… has a name, a password or a # in it; take them out",
                "error: the <url> cannot be asked; judge.test is no URL of a web service; write it as https://HOST[:PORT]/PATH",
                "error: <keyStoreAlias> is of a keystore, and there is no <keyStoreURL>; add it, or take this out",
                "error: <keyStoreURL> is `https://judge.test/a.p12`; write it as file:PATH, or as a path",
            ],
        ),
    ]);
}

/// What is said of a login module `ldap` with these options.
fn said_of_directory(options: &str) -> Vec<String> {
    said(&format!(
        "<service><accept>ws://localhost:1/</accept><type>echo</type></service><security><realm><name>demo</name>\
         <authentication><login-modules><login-module><type>ldap</type><success>required</success><options>{options}\
         </options></login-module></login-modules></authentication></realm></security>"
    ))
}

#[test]
fn what_a_directory_server_cannot_be_asked_is_told() {
    let user = "<userProvider>ldap://a/ou=x</userProvider><userFilter>(uid={USERNAME})</userFilter>";
    let nobody = "<userProvider>ldap://a/ou=x</userProvider>";
    for (before, options, expected) in [
        (user, "", &[][..]),
        (
            "",
            "<userProvider>ldap:///ou=x ldaps://b/</userProvider><userFilter>(uid={USERNAME})</userFilter>",
            &[
                "error: <userProvider> is `ldap:///ou=x`; it names no host; write it as ldap://HOST[:PORT]/BASE",
            ],
        ),
        (
            nobody,
            "",
            &[
                "error: nothing says how users are found; add <userFilter>(uid={USERNAME})</userFilter>, or <authIdentity>",
            ],
        ),
        (
            nobody,
            "<userFilter>(uid={USERNAME}</userFilter>",
            &[
                "error: <userFilter> is `(uid={USERNAME}`; its parentheses do not match; write it as (uid={USERNAME}) or (&(uid={USERNAME})(…))",
            ],
        ),
        (
            nobody,
            "<userFilter>(uid=joe)</userFilter>",
            &[
                "error: <userFilter> is `(uid=joe)`; write it with {USERNAME}, and without {USERDN}, as in (uid={USERNAME})",
            ],
        ),
        (
            nobody,
            "<userFilter>(uid={USER})</userFilter>",
            &[
                "error: <userFilter> is `(uid={USER})`; nothing is put in for `{USER}`; only {USERNAME} is, and {USERDN} in <groupFilter>",
            ],
        ),
        (
            nobody,
            "<authIdentity>cn=admin</authIdentity>",
            &[
                "error: <authIdentity> is `cn=admin`; write it with {USERNAME} once, as in uid={USERNAME},ou=people,dc=example or {USERNAME}@example.com",
            ],
        ),
        (
            nobody,
            "<authIdentity>{USERNAME}@a</authIdentity><authzIdentity>{title}</authzIdentity>",
            &[
                "error: <authzIdentity> is `{title}`; no entry is searched that could have the attribute; add <userFilter>, or write a word",
            ],
        ),
        (
            user,
            "<authzIdentity>{title</authzIdentity>",
            &["error: <authzIdentity> is `{title`; write it as {ATTRIBUTE} alone, or as the name of a role"],
        ),
        (
            user,
            "<useSSL>true</useSSL><startTls>true</startTls>",
            &[
                "error: TLS is spoken from the start by <useSSL>, and asked for by <startTls>; leave one of them: <startTls> is for port 389, <useSSL> for port 636",
            ],
        ),
        (
            "<userProvider>ldaps://a/</userProvider><userFilter>(uid={USERNAME})</userFilter>",
            "<startTls>true</startTls>",
            &[
                "error: TLS is asked for by <startTls>, and a URL in <userProvider> begins with ldaps://; leave <startTls> out, or write ldap://",
            ],
        ),
        (
            user,
            "<useSSL>false</useSSL>",
            &[
                "error: passwords would be sent in the clear; say <startTls>true</startTls>; or, where nobody else is on the way, <startTls>false</startTls> too",
            ],
        ),
        (
            user,
            "<useSSL>false</useSSL><startTls>false</startTls>",
            &[
                "warning: passwords are sent in the clear, for all on the way to read; say <startTls>true</startTls> or <useSSL>true</useSSL>",
            ],
        ),
        (user, "<useSSL>false</useSSL><startTls>true</startTls>", &[]),
        (
            user,
            "<bindDn>cn=a</bindDn>",
            &["error: <bindDn> has no password; write it into a file, and name that in <bindPasswordFile>"],
        ),
        (
            user,
            "<bindPasswordFile>a</bindPasswordFile>",
            &[
                "error: <bindPasswordFile> has the password of nobody; say whose it is in <bindDn>, or leave it out",
            ],
        ),
        (
            user,
            "<authIdentity>{USERNAME}@a</authIdentity><bindDn>cn=a</bindDn><bindPasswordFile>a</bindPasswordFile>",
            &[
                "error: <bindDn> is not used where there is an <authIdentity>: entries are searched as the user; leave one of them out",
            ],
        ),
        (
            user,
            "<java.naming.security.principal>cn=a</java.naming.security.principal>\
             <java.naming.security.credentials>s3cr3t</java.naming.security.credentials>",
            &[
                "error: <bindDn> has no password; write it into a file, and name that in <bindPasswordFile>",
                "error: <java.naming.security.credentials> is not supported: no password stands in the configuration; write it into a file, and name that in <bindPasswordFile>",
            ],
        ),
        (
            user,
            "<groupProvider>ldap://a/ou=groups</groupProvider>",
            &[
                "error: <groupProvider> is `ldap://a/ou=groups`; write the name of a folder on the servers of <userProvider>, as in ou=groups,dc=example",
            ],
        ),
        (
            user,
            "<groupProvider>o=a</groupProvider><groupFilter>(cn=staff)</groupFilter>",
            &[
                "error: <groupFilter> is `(cn=staff)`; it finds the same groups for all; write it with {USERDN} or {USERNAME}",
            ],
        ),
        (
            user,
            "<groupProvider>o=a</groupProvider><groupAttribute>c n</groupAttribute>",
            &["error: <groupAttribute> is `c n`; write the name of an attribute, such as cn"],
        ),
        (
            user,
            "<groupRoles>true</groupRoles>",
            &[
                "error: <groupRoles> does nothing without <groupProvider>; say where groups are, as in <groupProvider>ou=groups,dc=example</groupProvider>",
            ],
        ),
    ] {
        assert_eq!(said_of_directory(&format!("{before}{options}")), expected, "{options}");
    }
}
