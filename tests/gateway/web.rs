//! The client for pages, against real gateways in front of a real realm.

mod browser;
mod demo;
mod node;
