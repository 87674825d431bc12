import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, setUp } from "../support/app.ts"
import { isContent, openConsole, withConsole } from "./support/console.ts"

const pages = ["Calls", "Phone", "Agents", "Configurations", "Numbers", "Doctor", "Dashboard"]

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })("the console", (it) => {
  it.effect("goes from each page to each other without a reload: they share what they asked for", () =>
    Effect.gen(function* () {
      yield* setUp(yield* App)
      const opened = yield* openConsole()
      const { page } = opened
      yield* Effect.promise(async () => {
        const visit = async (name: string) => {
          await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click()
          await page.getByRole("heading", { level: 1, name }).waitFor()
          await page.getByRole("status").filter({ hasText: "Loading" }).waitFor({ state: "detached" })
        }
        for (const first of pages) {
          for (const second of pages) {
            await visit(first)
            await visit(second)
          }
        }
        await visit("Configurations")
        await page.getByRole("cell", { name: "Twilio" }).waitFor()
        assert.strictEqual(await page.evaluate("performance.getEntriesByType('navigation').length"), 1)
      })
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )
})
