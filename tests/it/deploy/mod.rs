//! What is put on the hospital's machine, tried with the real programs.

mod backup;
mod browser;
mod init;
pub(crate) mod nginx;
mod policy;
mod rotation;
mod shipped;
mod whole;
