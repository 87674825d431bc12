import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsOf, createdId } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"

const path = "/phone?tab=simulator"
const shows = (page: Page, text: string | RegExp) => Effect.promise(() => page.getByText(text).first().waitFor())
const makeAgent = Effect.gen(function* () {
  const app = yield* App
  createdId(yield* app.request("POST", "/api/v1/organizations/agents", { name: "Echo", kind: "echo", settings: {} }))
})

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "120 seconds" })(
  "simulated carriers",
  (it) => {
    it.effect(
      "ring an agent with a fault that was chosen in the page, and the list of calls has what came of it",
      () =>
        Effect.gen(function* () {
          yield* makeAgent
          const opened = yield* openConsole({ path })
          const { page } = opened
          yield* Effect.promise(async () => {
            await page.getByLabel("Carrier", { exact: true }).selectOption("twilio")
            await page.getByLabel("What goes wrong").selectOption("media-drops")
          })
          yield* isAccessible(page)
          yield* picture(page, "simulator")
          yield* Effect.promise(() => page.getByRole("button", { name: "Simulate" }).click())
          yield* Effect.promise(() =>
            page.getByText("The simulated call is over: media lost").waitFor({ timeout: 45_000 })
          )
          const [call] = yield* callsOf(yield* App)
          assert.deepStrictEqual([call?.mode, call?.end_reason], ["twilio", "media_lost"])
          yield* Effect.promise(() => page.getByRole("link", { name: "Watch its timeline" }).click())
          assert.include(page.url(), `/calls/${call?.id}`)
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      60_000
    )
  }
)

layer(withConsole(simulator, "twilio", { SWITCHBOARD_SIMULATOR: "off" }), {
  excludeTestServices: true,
  timeout: "120 seconds"
})("simulated carriers that are switched off", (it) => {
  it.effect("say why", () =>
    Effect.gen(function* () {
      yield* makeAgent
      const { page } = yield* openConsole({ path, width: 390 })
      yield* shows(page, "Carriers are not simulated here")
      yield* shows(page, "SWITCHBOARD_SIMULATOR")
    }).pipe(Effect.scoped)
  )
})
