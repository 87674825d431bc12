import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { FakeCarrier } from "../../src/simulator/SimulatorModule.ts"

/** The last part of every URL below these paths is a secret: a call token, or a ticket. */
const secretUrls = /\/api\/v1\/telephony\/(?:ws|answer|[a-z0-9-]+\/[a-z-]+)\/([A-Za-z0-9._~-]{20,})/g

/**
 * What a service must never tell anybody after it worked with this carrier: the account's credentials, and the tickets and
 * call tokens of every URL that it gave to the carrier in a dial or an answer.
 */
export const secretsOf = Effect.fnUntraced(function* (carrier: FakeCarrier) {
  const calls = yield* Effect.flatMap(
    carrier.calls,
    Effect.forEach((call) => call.now)
  )
  const given = [
    ...(yield* carrier.restExchanges).flatMap(({ fields }) => fields.map(([, value]) => value)),
    ...calls.flatMap(({ answers, callbacks }) => [...answers, ...callbacks.map(({ url }) => url)])
  ]
  const credentials = Object.values(carrier.credentials).filter((value) => typeof value === "string")
  const inUrls = Array.from(given.join("\n").matchAll(secretUrls), ([, secret = ""]) => secret)
  // A call token begins with the call's id, which is no secret; its signature is.
  const signatures = inUrls.map((secret) => secret.split(".").at(-1) ?? secret)
  return {
    credentials,
    tickets: Array.from(new Set(signatures.filter((_, index) => !(inUrls[index] ?? "").includes(".")))),
    callTokens: Array.from(new Set(signatures.filter((_, index) => (inUrls[index] ?? "").includes("."))))
  }
})
export type RunSecrets = Effect.Success<ReturnType<typeof secretsOf>>

/** Nothing of it is in the text, in any of the ways in which text is written down. The message does not tell it either. */
export const assertHoldsNone = (text: string, none: RunSecrets, others: ReadonlyArray<string> = []) => {
  const kinds = { ...none, others }
  for (const [kind, values] of Object.entries(kinds)) {
    for (const [index, value] of values.entries()) {
      const written = [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]
      const found = written.find((each) => text.includes(each))
      const at = found === undefined ? -1 : text.indexOf(found)
      assert.strictEqual(at, -1, `${kind}[${index}] is in the text: …${text.slice(Math.max(0, at - 200), at)}`)
    }
  }
}
