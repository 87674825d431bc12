import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { FakeCarrier } from "../../src/simulator/SimulatorModule.ts"

/** A field of the fake's credentials. */
export const credential = (carrier: FakeCarrier, name: "account_sid" | "auth_token") => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A REST request to the fake, with the account's own credentials unless told otherwise. */
export const rest = (
  carrier: FakeCarrier,
  method: "GET" | "POST",
  path: string,
  fields: ReadonlyArray<readonly [string, string]> = [],
  password?: string
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const user = credential(carrier, "account_sid")
    const secret = password ?? credential(carrier, "auth_token")
    const url = path.startsWith("/") ? carrier.baseUrl + path : `${carrier.baseUrl}/2010-04-01/Accounts/${user}/${path}`
    const form = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value]))
    const response = await fetch(url, {
      method,
      signal,
      headers: { Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` },
      ...(method === "POST" ? { body: form } : {})
    })
    const body: Readonly<Record<string, unknown>> = JSON.parse(await response.text())
    return { status: response.status, headers: response.headers, body }
  })

/** Puts a number into the account and gives the REST path of its resource. */
export const ownedNumber = Effect.fnUntraced(function* (carrier: FakeCarrier, number: string, webhook?: string) {
  yield* carrier.ownNumber(number, webhook === undefined ? {} : { webhook })
  const list = yield* rest(carrier, "GET", `IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(number)}`)
  const sid = /"sid":"(PN[0-9a-f]{32})"/.exec(JSON.stringify(list.body))?.[1]
  return `IncomingPhoneNumbers/${sid}.json`
})
