//! What `deploy/` ships, with the real programs.

mod backup;
mod rotation;
