//! One binary for all tests of the service, against real servers where a server is needed.

mod homeserver;
