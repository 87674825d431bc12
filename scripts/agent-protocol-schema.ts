import { writeFileSync } from "node:fs"
import { format } from "prettier"
import { protocolAsyncApi } from "../src/agents/websocket/asyncApi.ts"
import { protocolSchema } from "../src/agents/websocket/jsonSchema.ts"

/**
 * Writes what describes the agent protocol to machines: its JSON Schema and its AsyncAPI document. A test fails when a
 * committed file is not what this writes.
 */
const files = [
  ["agent-protocol.schema.json", protocolSchema()],
  ["agent-protocol.asyncapi.json", protocolAsyncApi()]
] as const

for (const [name, content] of files) {
  const target = new URL(`../docs/${name}`, import.meta.url)
  writeFileSync(target, await format(JSON.stringify(content), { parser: "json", printWidth: 120 }))
  process.stdout.write(`wrote ${target.pathname}\n`)
}
