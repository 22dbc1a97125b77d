//! Servers: what a command line starts, by itself or through scripts of the repository.

mod program;
mod start;

pub use program::{ListenAddress, Mode, Server, configuration_files, host_variables, variables};
pub use start::{
    CommandServer, ScriptFolders, command_servers, script_file, script_files, script_text, task,
};
