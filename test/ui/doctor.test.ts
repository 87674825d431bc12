import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, ours, setUp, speech, theirs } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"

const patient = 120_000

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })(
  "the console's doctor",
  (it) => {
    it.effect(
      "shows its checks with what to do next, and what was signed beside what was rebuilt",
      () =>
        Effect.gen(function* () {
          const app = yield* App
          const opened = yield* openConsole({ path: "/doctor" })
          const { page } = opened
          yield* Effect.promise(() => page.getByText("Nothing to examine yet").waitFor())
          const { configurationId } = yield* setUp(app)
          // Twilio calls the same machine by another name than PUBLIC_URL has, and signs that one.
          const webhook = `${app.url.replace("127.0.0.1", "localhost")}/api/v1/telephony/inbound/twilio`
          yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech, webhook })
          yield* Effect.promise(async () => {
            await page.goto(`/configurations/${configurationId}`)
            await page.getByRole("main").getByRole("link", { name: "Doctor" }).click()
            await page.getByRole("button", { name: "Examine" }).click()
            await page.getByRole("heading", { name: /^Checks: / }).waitFor()
            assert.strictEqual(await page.getByLabel("Configuration").inputValue(), configurationId)
          })
          const failed = page.getByRole("region", { name: "Refused signatures" })
          yield* Effect.promise(async () => {
            const checks = page.getByRole("region", { name: "Checks" }).getByRole("listitem")
            await checks.filter({ hasText: "credentials" }).filter({ hasText: "ok" }).first().waitFor()
            const url = checks.filter({ hasText: "no carrier reaches this service" })
            assert.match(await url.innerText(), /warning[\s\S]*Next: Set PUBLIC_URL/)
            const host = failed.getByRole("row").filter({ hasText: "Host" })
            assert.deepStrictEqual(await host.locator("mark").allInnerTexts(), ["localhost", "127.0.0.1"])
            assert.match(await host.innerText(), /differs/)
            const path = failed.getByRole("row").filter({ hasText: "Path" })
            assert.strictEqual(await path.locator("mark").count(), 0)
            await failed.getByText("Next:").first().waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "doctor")
          yield* isContent(opened)
          const small = yield* openConsole({ path: `/doctor?configuration=${configurationId}`, width: 390, dark: true })
          yield* Effect.promise(async () => {
            await small.page.getByRole("button", { name: "Examine" }).click()
            await small.page.getByRole("heading", { name: /^Checks: / }).waitFor()
            assert.isAtMost(Number(await small.page.evaluate("document.documentElement.scrollWidth")), 390)
          })
          yield* isAccessible(small.page)
          yield* picture(small.page, "doctor-390-dark")
          yield* isContent(small)
        }).pipe(Effect.scoped),
      patient
    )
  }
)
