import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { rules } from "../../../scripts/agent-testkit/rules.ts"
import { standardTiming } from "../../../scripts/agent-testkit/calling.ts"
import { revision } from "../../../src/agents/websocket/messages.ts"
import { root } from "../../support/imports.ts"

const guide = readFileSync(join(root, "docs/agent-testkit.md"), "utf8")

describe("the testkit's guide", () => {
  it("names every rule as the report does", () => {
    const rows = Array.from(guide.matchAll(/^\| `([a-z]+)` \| (.+?) \| .+ \|$/gm), ([, id = "", rule = ""]) => [
      id,
      rule
    ])
    assert.deepStrictEqual(rows, Object.entries(rules))
  })

  it("tells the times and the revision that are in force", () => {
    assert.include(guide, `a tone is played for ${standardTiming.talkMs / 1000} s`)
    assert.include(guide, `${standardTiming.pongMs / 1000} s for the first answer`)
    assert.include(guide, `never stops for ${standardTiming.stallMs / 1000} s`)
    assert.include(guide, `within ${standardTiming.limits.closeMs / 1000} s after call.end`)
    assert.include(guide, `Agent protocol ${revision}:`)
    assert.include(guide, `"protocol": "${revision}"`)
  })
})
