import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, endOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })("the dashboard", (it) => {
  it.effect("says what to do first, ticks off what is done, and shows the first call", () =>
    Effect.gen(function* () {
      const app = yield* App
      const opened = yield* openConsole({ width: 390 })
      const { page } = opened
      const steps = page.getByRole("region", { name: "First steps" })
      yield* Effect.promise(async () => {
        await steps.getByRole("link", { name: "Make an agent" }).waitFor()
        await steps.getByRole("link", { name: "Open the phone" }).waitFor()
        await page.getByText("No calls in this time").waitFor()
        await page.getByText("No call ended in this time.").waitFor()
        assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390)
      })
      yield* isAccessible(page)
      yield* picture(page, "dashboard-empty")

      yield* setUp(app)
      yield* Effect.promise(async () => {
        await steps.getByRole("link", { name: "Make an agent" }).waitFor({ state: "detached" })
        await steps.getByRole("listitem").filter({ hasText: "Set up a carrier" }).getByText(": done").waitFor()
      })

      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* call.until(({ media }) => media === "streaming")
      yield* Effect.promise(async () => {
        await steps.waitFor({ state: "detached" })
        await page.getByRole("definition").getByText("1", { exact: true }).first().waitFor()
        await page.getByRole("img", { name: /1 inbound, 0 outbound/ }).waitFor()
      })
      yield* call.hangUp
      yield* endOf(app, call.id)
      yield* Effect.promise(async () => {
        await page.getByRole("rowheader", { name: "Caller hung up" }).waitFor()
        await page.getByText("100 %").waitFor()
      })
      yield* isAccessible(page)
      yield* picture(page, "dashboard-390")
      yield* Effect.promise(async () => {
        await page.getByRole("link", { name: "Caller hung up" }).click()
        await page.getByRole("row").filter({ hasText: theirs }).waitFor()
        assert.match(page.url(), /\/calls\?reason=caller_hung_up$/)
      })
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("looks back as far as is asked, and tells of signatures that were refused", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, faults: ["signature-wrong"] })
      yield* call.ended
      const opened = yield* openConsole({ dark: true, path: "/?minutes=360" })
      const { page } = opened
      yield* Effect.promise(async () => {
        const refused = page.getByRole("region", { name: "Refused signatures" })
        await refused.getByRole("row").filter({ hasText: "Twilio" }).waitFor()
        await refused.getByRole("link", { name: "Run the doctor" }).waitFor()
        assert.strictEqual(await page.getByRole("button", { name: "6 h" }).getAttribute("aria-pressed"), "true")
        await page.getByRole("img", { name: /Calls over the last 360 minutes/ }).waitFor()
        await page.getByRole("button", { name: "24 h" }).click()
        await page.getByRole("img", { name: /Calls over the last 1440 minutes/ }).waitFor()
        assert.match(page.url(), /minutes=1440/)
      })
      yield* isAccessible(page)
      yield* picture(page, "dashboard-dark")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )
})
