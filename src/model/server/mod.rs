//! Servers: what a command line starts, by itself or through scripts of the repository.

mod program;
mod start;

pub use program::{
    ArgumentValue, LimitOptions, Limits, ListenAddress, Mode, Server, configuration_files,
    host_variables, server, variables,
};
pub use start::{
    CommandServer, ScriptFolders, Via, command_servers, script_file, script_files, script_text,
    task,
};
