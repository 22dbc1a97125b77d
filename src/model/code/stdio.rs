//! Servers of the Model Context Protocol that talk over standard input and output.

/// Words of which a source file of such a server has one.
const PROTOCOL: &[&str] = &["mcp", "MCP", "modelcontextprotocol"];

/// How the SDKs for Python, TypeScript, Go, Java, C# and Rust start a server on standard input.
/// <https://modelcontextprotocol.io/docs/sdk>, 2026-11
const STDIO: &[&str] = &[
    "transport=\"stdio\"",
    "transport='stdio'",
    "stdio_server(",
    "StdioServerTransport",
    "ServeStdio(",
    "StdioTransport",
    "transport::stdio",
];

/// The start of FastMCP without a transport, which is standard input.
const DEFAULT_START: &str = ".run()";

/// How they start one that listens.
const NETWORK: &[&str] = &[
    "streamable",
    "Streamable",
    "SSEServer",
    "SseServer",
    "sse_app",
    "http_app",
    "transport=\"sse\"",
    "transport='sse'",
    "transport=\"http\"",
    "transport='http'",
    "HttpServerTransport",
];

/// Whether the source starts a server on its standard input, and none that listens.
pub fn serves_stdio(text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_default = text.contains("FastMCP(") && text.contains(DEFAULT_START);

    (has(STDIO) || is_default) && has(PROTOCOL) && !has(NETWORK)
}

#[cfg(test)]
mod tests {
    use super::serves_stdio;

    #[test]
    fn the_transport_decides() {
        for (text, expected) in [
            ("mcp = FastMCP('a')\nmcp.run()", true),
            ("mcp = FastMCP('a')\nmcp.run(transport='stdio')", true),
            (
                "mcp = FastMCP('a')\nmcp.run(transport='streamable-http')",
                false,
            ),
            (
                "import '@modelcontextprotocol/sdk'; s.connect(new StdioServerTransport())",
                true,
            ),
            (
                "if a: mcp.run(transport='stdio')\nelse: mcp.run(transport='sse')",
                false,
            ),
            ("app.run()", false),
        ] {
            assert_eq!(serves_stdio(text), expected, "{text}");
        }
    }
}
