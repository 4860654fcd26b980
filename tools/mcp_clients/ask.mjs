// Calls one tool with a client that shares no code with the official SDK, and prints what it answers.
// node ask.mjs stdio PROGRAM TOOL ARGUMENTS, or node ask.mjs http URL TOOL ARGUMENTS with the token in MASTERY_TOKEN.
import { createMCPClient, experimental_createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as Stdio } from "@ai-sdk/mcp/mcp-stdio";

const [way, where, tool, told] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.MASTERY_TOKEN}` };
const transport =
  way === "stdio"
    ? new Stdio({ command: where, args: ["mcp"], env: process.env })
    : { type: "http", url: where, headers };
const client = await (createMCPClient ?? experimental_createMCPClient)({ transport });
try {
  const tools = await client.tools();
  const answer = await tools[tool].execute(JSON.parse(told), { toolCallId: "one", messages: [] });
  console.log(JSON.stringify({ tools: Object.keys(tools), answer }));
} finally {
  await client.close();
}
