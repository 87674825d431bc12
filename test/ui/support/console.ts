import { mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import chromium from "@sparticuz/chromium"
import { assert } from "@effect/vitest"
import { Config, Context, Effect, Layer, Option, Schema } from "effect"
import { chromium as playwright, type Browser, type Page } from "playwright-core"
import type { CarrierSimulator } from "../../../src/simulator/SimulatorModule.ts"
import { App } from "../../support/app.ts"
import { root } from "../../support/imports.ts"

/** The machine's own browser where `CHROME_PATH` names one, else the one of the npm package. */
const executable = Effect.gen(function* () {
  const own = yield* Effect.orDie(Config.option(Config.String("CHROME_PATH")))
  return Option.isSome(own) ? own.value : yield* Effect.promise(() => chromium.executablePath())
})

/** The package's arguments without those that switch off what a user has: isolation of sites stays, and no web security is lost. */
const standard = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--mute-audio"]
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]

/** A running Chromium, closed with the scope. `args` are further arguments of its command line. */
export const launch = (args: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.flatMap(executable, (executablePath) =>
      Effect.promise(() =>
        playwright.launch({ executablePath, headless: true, args: [...standard, ...quiet, ...args] })
      )
    ),
    (browser) => Effect.promise(() => browser.close())
  )

/** A browser for all tests of a file. */
export class Chromium extends Context.Service<Chromium, Browser>()("test/Chromium") {}

/** The service joined to a fake carrier, and a browser, for a file: `layer(withConsole(...), { excludeTestServices: true })`. */
export const withConsole = (
  simulator: CarrierSimulator,
  provider: string,
  environment: Readonly<Record<string, string>> = {},
  args: ReadonlyArray<string> = []
) => Layer.mergeAll(App.layer(simulator, provider, environment), Layer.effect(Chromium, launch(args)))

export interface View {
  /** CSS pixels. */
  readonly width?: number
  readonly dark?: boolean
  /** Where the page begins. */
  readonly path?: string
  /** Permissions that the person gave to the page, such as `microphone`. */
  readonly permissions?: ReadonlyArray<string>
  /** With whose API key the person signs in; null: not yet. Default: the admin of the service. */
  readonly apiKey?: string | null
}

/** Everything the page complained about: errors of scripts, what the policy forbade, failed loads. */
export interface Opened {
  readonly page: Page
  readonly complaints: ReadonlyArray<string>
}

// A request that the API refuses is told by the browser too; that is how a refusal is tested.
const isRefusal = (text: string) => /Failed to load resource: the server responded with a status of 4\d\d/.test(text)

/** Opens the console of a file's service: see `openConsoleOf`. */
export const openConsole = Effect.fnUntraced(function* (view: View = {}) {
  return yield* openConsoleOf(yield* App, yield* Chromium, view)
})

/** Opens a service's console in a context of its own (cookies, storage), signed in. Closed with the scope. */
export const openConsoleOf = Effect.fnUntraced(function* (
  app: { readonly url: string; readonly apiKey: string },
  browser: Browser,
  view: View = {}
) {
  const { width = 1440, dark = false, path = "/", permissions = [], apiKey = app.apiKey } = view
  const context = yield* Effect.acquireRelease(
    Effect.promise(() =>
      browser.newContext({
        baseURL: app.url,
        viewport: { width, height: width < 600 ? 844 : 900 },
        colorScheme: dark ? "dark" : "light",
        locale: "en-GB",
        permissions: [...permissions],
        reducedMotion: "reduce"
      })
    ),
    (opened) => Effect.promise(() => opened.close())
  )
  const complaints: Array<string> = []
  const page = yield* Effect.promise(() => context.newPage())
  page.setDefaultTimeout(15_000)
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("console", (message) => {
    if (message.type() === "error" && !isRefusal(message.text())) complaints.push(message.text())
  })
  yield* Effect.promise(() => page.goto(path))
  if (apiKey !== null) yield* signIn(page, apiKey)
  return { page, complaints } satisfies Opened
})

/** Signs in on the page that asks for a key. */
export const signIn = (page: Page, apiKey: string) =>
  Effect.promise(async () => {
    await page.getByLabel("API key").fill(apiKey)
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.getByRole("link", { name: "Switchboard" }).waitFor()
  })

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const Violations = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    impact: Schema.NullOr(Schema.String),
    help: Schema.String,
    nodes: Schema.Array(Schema.Struct({ html: Schema.String, failureSummary: Schema.optionalKey(Schema.String) }))
  })
)
const decodeViolations = Schema.decodeUnknownSync(Violations)

/** Fails where axe finds something serious or critical on the page as it is now. */
export const isAccessible = (page: Page) =>
  Effect.promise(async () => {
    await page.evaluate(axeSource)
    const found = decodeViolations(await page.evaluate("axe.run(document).then(({ violations }) => violations)"))
    assert.deepStrictEqual(
      found.filter(({ impact }) => impact === "serious" || impact === "critical"),
      []
    )
  })

/** Keeps a picture of the whole page in `screenshots/` (not in git), to be looked at. */
export const picture = (page: Page, name: string) =>
  Effect.promise(async () => {
    const folder = join(root, "screenshots")
    mkdirSync(folder, { recursive: true })
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  })

/** Nothing was complained about: no script failed, and the policy forbade nothing. */
export const isContent = ({ complaints }: Opened) => Effect.sync(() => assert.deepStrictEqual(complaints, []))
