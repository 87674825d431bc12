import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, createdId } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, signIn, withConsole } from "./support/console.ts"

const keyOf = Effect.fnUntraced(function* (role: string) {
  const app = yield* App
  const answer = yield* app.request("POST", "/api/v1/organizations/api-keys", { name: role, role })
  createdId(answer)
  return String(Object(answer.body).key)
})

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })("the console", (it) => {
  it.effect("asks for a key, tells a wrong one, signs in, stays signed in, and signs out", () =>
    Effect.gen(function* () {
      const app = yield* App
      const opened = yield* openConsole({ apiKey: null, path: "/agents" })
      const { page } = opened
      yield* isAccessible(page)
      yield* Effect.promise(async () => {
        await page.getByLabel("API key").fill("sb_wrong_0123456789")
        await page.getByRole("button", { name: "Sign in" }).click()
        await page.getByRole("alert").filter({ hasText: "API key" }).waitFor()
      })
      yield* signIn(page, app.apiKey)
      yield* Effect.promise(async () => {
        await page.getByRole("heading", { level: 1, name: "Agents" }).waitFor()
        assert.match(page.url(), /\/agents$/)
        await page.reload()
        await page.getByRole("heading", { level: 1, name: "Agents" }).waitFor()
        const cookies = await page.context().cookies()
        assert.deepStrictEqual(
          cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]),
          [[true, "Strict"]]
        )
        assert.strictEqual(await page.evaluate("JSON.stringify(localStorage)"), "{}")
        await page.getByRole("button", { name: "Sign out" }).click()
        await page.getByLabel("API key").waitFor()
      })
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("asks for a key again when its session's key is deleted", () =>
    Effect.gen(function* () {
      const app = yield* App
      const apiKey = yield* keyOf("viewer")
      const { page } = yield* openConsole({ apiKey })
      const { body } = yield* app.request("GET", "/api/v1/organizations/api-keys")
      const keys: ReadonlyArray<{ readonly id: string; readonly role: string }> = Object(body).api_keys
      for (const { id, role } of keys) {
        if (role === "viewer") yield* app.request("DELETE", `/api/v1/organizations/api-keys/${id}`)
      }
      yield* Effect.promise(async () => {
        // The dashboard asks again every few seconds.
        await page.getByLabel("API key").waitFor()
      })
    }).pipe(Effect.scoped)
  )

  it.effect("is dark where the system is, or where a person wants it, and remembers that", () =>
    Effect.gen(function* () {
      const background = "getComputedStyle(document.body).backgroundColor"
      const system = yield* openConsole({ dark: true })
      const dark = yield* Effect.promise(() => system.page.evaluate(background))
      yield* isAccessible(system.page)
      const { page } = yield* openConsole()
      const light = yield* Effect.promise(() => page.evaluate(background))
      assert.notStrictEqual(light, dark)
      yield* Effect.promise(async () => {
        await page.getByRole("radio", { name: "Dark" }).click()
        await page.getByRole("radio", { name: "Dark", checked: true }).waitFor()
        assert.strictEqual(await page.evaluate(background), dark)
        await page.reload()
        await page.getByRole("radio", { name: "Dark", checked: true }).waitFor()
        assert.strictEqual(await page.evaluate(background), dark)
      })
    }).pipe(Effect.scoped)
  )

  it.effect("is readable on a phone, with its pages in a menu", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ width: 390 })
      const { page } = opened
      yield* Effect.promise(async () => {
        await page.getByRole("button", { name: "Open the menu" }).click()
        await page.getByRole("link", { name: "Agents" }).click()
        await page.getByRole("heading", { level: 1, name: "Agents" }).waitFor()
        assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390)
      })
      yield* isAccessible(page)
      yield* picture(page, "shell-390")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("loads its first page, compressed, with less than 250 KB", () =>
    Effect.gen(function* () {
      const { page } = yield* openConsole()
      yield* Effect.promise(() => page.getByRole("heading", { level: 1, name: "Dashboard" }).waitFor())
      const transferred = "performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)"
      const bytes = Number(yield* Effect.promise(() => page.evaluate(transferred)))
      assert.isAbove(bytes, 50_000)
      assert.isBelow(bytes, 250_000)
    }).pipe(Effect.scoped)
  )
})
