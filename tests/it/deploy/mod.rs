//! What is put on the hospital's machine, tried with the real programs.

mod init;
pub(crate) mod nginx;
mod shipped;
