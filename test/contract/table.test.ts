import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { root } from "../support/imports.ts"
import { featureTable } from "./table.ts"

/** Prettier lines the columns up. */
const squeezed = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---")

describe("the README's table of carriers", () => {
  it.live("says what the providers can do, which the contract proves", () =>
    Effect.gen(function* () {
      const readme = squeezed(readFileSync(join(root, "README.md"), "utf8"))
      for (const line of (yield* featureTable).split("\n")) assert.include(readme, squeezed(line))
    })
  )
})
