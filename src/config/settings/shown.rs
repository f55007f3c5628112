//! The configuration in force as operators are shown it: what is served where, for whom, under which limits. Nothing of it
//! is a secret: files are named, and what stands in them is not.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::config::model::{
    Config,
    listener::Listener,
    module::{Judge, LoginModule},
    realm::{Realm, Scheme},
    service::{Required, Service},
};

/// The configuration as JSON.
pub(super) fn shown(config: &Config) -> Bytes {
    let all = json!({
        "file": config.file.display().to_string(),
        "listeners": config.listeners.iter().map(|each| listener(config, each)).collect::<Vec<_>>(),
        "services": config.services.iter().map(|each| service(config, each)).collect::<Vec<_>>(),
        "realms": config.realms.iter().map(realm).collect::<Vec<_>>(),
        "keystore": config.keystore.as_ref().map(|store| store.file.display().to_string()),
        "truststore": config.truststore.as_ref().map(|store| store.file.display().to_string()),
    });
    all.to_string().into()
}

fn listener(config: &Config, listener: &Listener) -> Value {
    let options = &listener.options;
    let services = listener.accepts.iter().filter_map(|accepted| config.services.get(accepted.service));
    json!({
        "host": listener.bind.host,
        "port": listener.bind.port,
        "transport": if listener.datagrams { "udp" } else { "tcp" },
        "tls": listener.secure,
        "services": services.map(|service| service.name.as_str()).collect::<Vec<_>>(),
        "ssl.protocols": options.tls.protocols.value,
        "ssl.ciphers": options.tls.ciphers.value,
        "ssl.verify-client": format!("{:?}", options.verify_client).to_lowercase(),
        "ssl.maximum.handshakes": options.handshakes,
        "tcp.maximum.connections": options.connections,
        "tcp.maximum.connections.per.peer": options.connections_per_peer,
        "tcp.maximum.outbound.rate": options.outbound_rate,
        "tcp.proxy.protocol": options.proxy_protocol,
        "tcp.trusted.proxies": options.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "http.forwarded": options.forwarded,
        "http.keepalive.timeout": options.keepalive.as_secs_f64(),
        "http.maximum.header.size": options.header_size,
        "http.header.timeout": options.header_timeout.as_secs_f64(),
        "http.maximum.requests.per.peer": options.requests_per_peer,
        "http.maximum.request.rate.per.peer": options.request_rate_per_peer,
    })
}

fn service(config: &Config, service: &Service) -> Value {
    let realm = service.realm.and_then(|realm| config.realms.get(realm));
    let required = match &service.required {
        Required::AnyUser => json!("any user"),
        Required::Open => json!("everybody"),
        Required::Roles(roles) => json!(roles),
    };
    json!({
        "name": service.name.value,
        "description": service.description,
        "type": service.kind.service_type().word(),
        "accept": service.accepts.iter().map(|uri| uri.to_string()).collect::<Vec<_>>(),
        "connect": service.connects.iter().map(|uri| uri.to_string()).collect::<Vec<_>>(),
        "realm": realm.map(|realm| realm.name.as_str()),
        "requires": required,
        "pages": service.cross_site.iter().map(|site| site.allow_origin.to_string()).collect::<Vec<_>>(),
        "ws.maximum.message.size": service.accept_options.maximum_message,
        "ws.handshake.timeout": service.accept_options.handshake.as_secs_f64(),
        "ws.inactivity.timeout": service.accept_options.inactivity.map(|time| time.as_secs_f64()),
    })
}

fn realm(realm: &Realm) -> Value {
    let authentication = &realm.authentication;
    json!({
        "name": realm.name.value,
        "description": realm.description,
        "scheme": authentication.scheme.map(scheme),
        "modules": authentication.modules.iter().map(module).collect::<Vec<_>>(),
    })
}

const fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::ApplicationBasic => "Application Basic",
        Scheme::ApplicationNegotiate => "Application Negotiate",
        Scheme::ApplicationToken => "Application Token",
        Scheme::Basic => "Basic",
        Scheme::Negotiate => "Negotiate",
    }
}

fn module(module: &LoginModule) -> Value {
    let judge = match &module.judge {
        Judge::Exec(_) => "exec",
        Judge::File(_) => "file",
        Judge::Gss(_) => "gss",
        Judge::Http(_) => "http",
        Judge::Jwt(_) => "jwt",
        Judge::Kerberos5(_) => "kerberos5",
        Judge::Keystore(_) => "keystore",
        Judge::Ldap(_) => "ldap",
    };
    json!({ "type": judge, "success": module.success.word() })
}
