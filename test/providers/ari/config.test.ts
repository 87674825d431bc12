import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as fc from "fast-check"
import { callerId, dialString, uriParameters } from "../../../src/providers/ari/dialString.ts"
import { spec } from "../../../src/providers/ari/index.ts"
import { readRelease } from "../../../src/providers/ari/release.ts"
import { app, configurationId, stored } from "./pbx.ts"

const shown = (values: object) => spec.derivedValues?.({ ...stored, ...values }, configurationId)

const missing = (values: object) =>
  (spec.setupChecklist?.({ ...stored, ws_client_name: "", ...values }) ?? []).filter(({ done }) => !done)

const has = (version: string) => {
  const { hasMedia, hasTransportData } = readRelease(version)
  return [hasMedia, hasTransportData]
}

const saved = (values: object) => Effect.exit(Schema.decodeUnknownEffect(spec.configRequest)(values))
const isRefused = (values: object) => Effect.map(saved({ ...stored, ...values }), Exit.isFailure)

describe("an Asterisk's configuration", () => {
  it.effect("is complete with address, user, password and the media section", () =>
    Effect.gen(function* () {
      assert.isTrue(Exit.isSuccess(yield* saved(stored)))
      assert.isTrue(Exit.isSuccess(yield* saved({ ...stored, ari_endpoint: "http://10.0.0.7:8088" })))
      const { ws_client_name: _, ...without } = stored
      assert.isTrue(Exit.isFailure(yield* saved(without)))
      assert.isTrue(Exit.isSuccess(yield* saved({ ...without, media_mode: "server" })))
    })
  )

  it.effect("refuses an address with /ari, a slash at the end, a user, or a query", () =>
    Effect.gen(function* () {
      for (const ari_endpoint of [
        "https://pbx.example.com/ari",
        "https://pbx.example.com/",
        "https://user:pass@pbx.example.com",
        "https://pbx.example.com?x=1",
        "ws://pbx.example.com",
        "pbx.example.com"
      ])
        assert.isTrue(yield* isRefused({ ari_endpoint }), ari_endpoint)
    })
  )

  it.effect("refuses an application that would be two, and a template without the number", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* isRefused({ stasis_app_name: "one,two" }))
      for (const dial_template of ["PJSIP/trunk", "{number}", "PJSIP/{number}&PJSIP/other", "PJSIP/{number}{number}"])
        assert.isTrue(yield* isRefused({ dial_template }), dial_template)
      assert.isFalse(yield* isRefused({ dial_template: "Local/{number}@from-internal/n" }))
    })
  )

  it("shows what to put into the dialplan: the same application for ever, or the chosen one", () => {
    assert.deepStrictEqual(shown({}), { dialplan_application: `Stasis(${app},did=\${EXTEN})` })
    assert.deepStrictEqual(shown({ stasis_app_name: "mine" }), { dialplan_application: "Stasis(mine,did=${EXTEN})" })
  })

  it("has the media section on its list only where Asterisk opens the media", () => {
    assert.deepStrictEqual(
      missing({}).map(({ field }) => field),
      ["ws_client_name"]
    )
    assert.deepStrictEqual(missing({ media_mode: "server" }), [])
  })
})

describe("a dial string", () => {
  it("has the number in the template", () => {
    assert.deepInclude(dialString("PJSIP/{number}@trunk", "+442071838750"), { success: "PJSIP/+442071838750@trunk" })
  })

  it("takes no destination that means something to Asterisk", () => {
    for (const destination of ["a/b", "a@b", "1&2", "1,2", "f(x)", "1 2", "", "sip:a@b", "9".repeat(65), "$&"])
      assert.strictEqual(dialString("PJSIP/{number}", destination)._tag, "Failure", destination)
    assert.isUndefined(callerId("sip:me@example.com"))
  })

  it("keeps its shape whatever is dialled", () => {
    fc.assert(
      fc.property(fc.string(), (destination) => {
        const made = dialString("PJSIP/{number}@trunk", destination)
        if (made._tag === "Success") assert.match(made.success, /^PJSIP\/[0-9A-Za-z+*#._-]{1,64}@trunk$/)
      })
    )
  })

  it("encodes the parameters of a media connection as Asterisk wants them", () => {
    assert.strictEqual(uriParameters({ call: "a/b", token: "x+y=" }), "v(call=a%2Fb,token=x%2By%3D)")
    fc.assert(
      fc.property(fc.string(), (value) => {
        const written = uriParameters({ ticket: value })
        assert.match(written, /^v\(ticket=(?:[A-Za-z0-9_.+-]|%[0-9A-F]{2})*\)$/)
        const query = new URLSearchParams(written.slice(2, -1))
        assert.strictEqual(query.get("ticket"), value.toWellFormed())
      })
    )
  })
})

describe("a release", () => {
  it("is told from the first three numbers, whatever a distribution writes around them", () => {
    assert.deepStrictEqual(has("20.15.2"), [false, false])
    assert.deepStrictEqual(has("20.16.0"), [true, false])
    assert.deepStrictEqual(has("20.18.0"), [true, true])
    assert.deepStrictEqual(has("21.12.0"), [true, false])
    assert.deepStrictEqual(has("22.6.1"), [true, false])
    assert.deepStrictEqual(has("certified-22.8.0-cert1"), [true, true])
    assert.deepStrictEqual(has("1:23.1.0~dfsg-1"), [true, false])
    assert.deepStrictEqual(has("24.0.0"), [true, true])
    assert.deepStrictEqual(has("18.26.1"), [false, false])
    assert.deepStrictEqual(has("GIT-master-1a2b3c"), [true, true])
  })
})
