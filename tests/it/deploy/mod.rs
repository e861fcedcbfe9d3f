//! What is put on the hospital's machine, tried with the real programs.

mod browser;
mod init;
pub(crate) mod nginx;
mod shipped;
mod whole;
