import { writeFileSync } from "node:fs"
import { protocolSchema } from "../src/agents/websocket/jsonSchema.ts"

/** Writes the JSON Schema of the agent protocol; a test fails when the committed file is not what this writes. */
const target = new URL("../docs/agent-protocol.schema.json", import.meta.url)
writeFileSync(target, `${JSON.stringify(protocolSchema(), null, 2)}\n`)
process.stdout.write(`wrote ${target.pathname}\n`)
