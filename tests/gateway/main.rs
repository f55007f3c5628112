//! The gateway's real binary between real clients and real KDCs, on loopback.
//!
//! Each file is named for what it tries; [`world`] starts what they need.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod authority;
mod backend;
mod by_hand;
mod check;
mod clients;
mod discovery;
mod door;
mod failover;
mod forged_kdc;
mod front;
mod heimdal_client;
mod hostile;
mod http;
mod http_refused;
mod identity;
mod initiator;
mod keystores;
mod management;
mod mit_clients;
mod mit_raw;
mod passwd;
mod proxy;
mod proxy_header;
mod record;
mod reload;
mod samples;
mod services;
mod slapd;
mod started;
mod ticket;
mod web;
mod websocket;
mod world;
mod ws_client;
