//! The shell of the gateway: sockets, clock, randomness and files exist only here.

pub mod alarm;
pub mod ambient;
pub mod answer;
pub mod body;
pub mod cli;
pub mod config;
pub mod connection;
pub mod explain;
pub mod forwarded;
pub mod gateway;
pub mod hall;
pub mod kdc;
pub mod limits;
pub mod listener;
pub mod notice;
pub mod observe;
pub mod pages;
pub mod realm;
pub mod record;
pub mod router;
pub mod service;
pub mod splice;
pub mod throttle;
pub mod tls;
pub mod ws;
