//! Servers: what a command line starts, by itself or through scripts of the repository.

mod program;
mod start;

pub use program::{
    ListenAddress, Mode, Server, configuration_files, host_variables, is_host_variable,
    is_loopback, server, variables,
};
pub use start::{
    CommandServer, ScriptFolders, command_servers, followed_scripts, script_file, script_files,
};
