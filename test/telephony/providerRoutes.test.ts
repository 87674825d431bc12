import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted } from "effect"
import type { ProviderSpec } from "../../src/ProviderSpec.ts"
import { Registry } from "../../src/Registry.ts"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"
import { Settings } from "../../src/Settings.ts"
import { fromKeys, Secrets } from "../../src/store/Secrets.ts"
import { CallReports } from "../../src/carrier/ProviderRoute.ts"
import { providerRoutes } from "../../src/telephony/providerRoutes.ts"
import { Verification } from "../../src/telephony/Verification.ts"
import { fakeSpec } from "./support/fakeCarrier.ts"

const mounted = (spec: ProviderSpec) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    yield* registry.register(spec)
    return yield* providerRoutes
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.mergeAll(
        Registry.layer,
        UrlTokens.layer.pipe(
          Layer.provide(Layer.succeed(Secrets, fromKeys([Redacted.make(Buffer.alloc(32, 1).toString("base64"))]))),
          Layer.provideMerge(Settings.test({}))
        ),
        Layer.mock(Verification, {}),
        Layer.mock(CallReports, {})
      )
    )
  )

const handle = () => Effect.succeed({ status: 204, body: "" })

const failure = (spec: ProviderSpec) => Effect.map(Effect.flip(mounted(spec)), ({ message }) => message)

describe("the routes of providers", () => {
  it.effect(
    "are mounted under the provider's name, a call's own with its token at the end, an account's with or without",
    () =>
      Effect.gen(function* () {
        const routes = yield* mounted(fakeSpec())
        assert.deepStrictEqual(
          routes.map(({ method, path }) => `${method} ${path}`),
          ["POST /fake/status/:token", "POST /fake/account-status", "POST /fake/account-status/:token"]
        )
      })
  )

  it.effect("may be none", () =>
    Effect.gen(function* () {
      const { routes: _, ...spec } = fakeSpec()
      assert.deepStrictEqual(yield* mounted(spec), [])
    })
  )

  it.effect("that fail to load stop the start with an error that names the provider", () =>
    Effect.gen(function* () {
      const message = yield* failure(fakeSpec(() => Promise.reject(new Error("Cannot find module './routes.ts'"))))
      assert.include(message, '"fake"')
      assert.include(message, "Cannot find module './routes.ts'")
    })
  )

  it.effect("are refused where their path or their provider's name cannot be mounted", () =>
    Effect.gen(function* () {
      const odd = fakeSpec(() =>
        Promise.resolve({ routes: [{ method: "POST" as const, path: "/:id/*", scope: "account" as const, handle }] })
      )
      assert.include(yield* failure(odd), '"/:id/*"')
      assert.include(yield* failure({ ...fakeSpec(), name: "calls" }), '"calls"')
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(mounted(fakeSpec()))))
    })
  )
})
