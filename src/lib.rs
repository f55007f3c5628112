//! The shell of the gateway: sockets, clock, randomness and files exist only here.
