import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { credential, gateway, join, type Gateway } from "./gateway.ts"

const ring = Effect.fnUntraced(function* (ours: Gateway) {
  const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
  yield* ours.event("StasisStart", call.id)
  return call
})

const raw = (url: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { method, headers, signal })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` })

describe("the REST interface", () => {
  it.effect("takes Basic and api_key, and refuses everybody else", () =>
    Effect.gen(function* () {
      const { asterisk } = yield* gateway()
      const url = `${asterisk.baseUrl}/ari/asterisk/ping`
      const [name, password] = [credential(asterisk, "app_name"), credential(asterisk, "app_password")]
      const none = yield* raw(url)
      assert.strictEqual(none.status, 401)
      assert.strictEqual(none.headers.get("www-authenticate"), 'Basic realm="Asterisk REST Interface"')
      assert.strictEqual(none.text, '{"message":"Authentication required"}')
      assert.strictEqual((yield* raw(url, basic(`${name}:wrong`))).status, 401)
      assert.strictEqual((yield* raw(url, basic(`${name}:${password}`))).status, 200)
      assert.strictEqual((yield* raw(`${url}?api_key=${name}%3A${password}`)).status, 200)
      // The header is looked at first.
      assert.strictEqual((yield* raw(`${url}?api_key=${name}%3A${password}`, basic("a:b"))).status, 401)
      assert.match(credential(asterisk, "stasis_app_name"), /^gw_[0-9a-f]{12}$/)
      assert.deepInclude(asterisk.credentials, {
        ari_endpoint: asterisk.baseUrl,
        ws_client_name: "gateway_media",
        dial_template: "PJSIP/{number}@trunk",
        media_mode: "client",
        media_format: "ulaw"
      })
    }).pipe(Effect.scoped)
  )

  it.effect("knows its paths and methods", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ prefix: "/pbx", version: "22.8.2" })
      const outside = yield* raw(ours.asterisk.baseUrl.replace("/pbx", "/ari/asterisk/info"))
      assert.strictEqual(outside.status, 404)
      assert.match(outside.text, /<html>/)
      const cases = [
        ["GET", "dance", 404, "Resource not found"],
        ["GET", "channels/x/dance", 404, "Resource not found"],
        ["PATCH", "channels", 405, "Invalid method"],
        ["GET", "channels/x/answer", 405, "Invalid method"],
        ["GET", "channels/", 404, "ARI URLs do not end with a slash. Try /pbx/ari/channels"],
        ["GET", "channels/x", 404, "Channel not found"],
        ["DELETE", "bridges/x", 404, "Bridge not found"],
        ["GET", "events", 426, "Upgrade Required"],
        ["GET", "applications/x", 404, "Application not found"]
      ] as const
      for (const [method, path, status, message] of cases) {
        const refused = yield* ours.rest(method, path)
        assert.deepStrictEqual([refused.status, refused.body], [status, { message }], path)
      }
      const info = yield* ours.rest("GET", "asterisk/info", { only: "system" })
      assert.match(info.text, /^\{"system":\{"version":"22\.8\.2","entity_id":"([0-9a-f]{2}:){5}[0-9a-f]{2}"\}\}$/)
    }).pipe(Effect.scoped)
  )

  it.effect("lets a read-only user only look", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ readOnly: true })
      const refused = yield* ours.rest("POST", "bridges")
      assert.deepStrictEqual([refused.status, refused.body], [403, { message: "Write access denied" }])
      assert.strictEqual((yield* ours.rest("GET", "bridges")).text, "[]")
    }).pipe(Effect.scoped)
  )

  it.effect("refuses a call as its reason says, before the answer", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const refused = yield* ring(ours)
      const bad = [
        [{ reason_code: "normal" }, "Invalid reason for hangup reason code provided"],
        [{ reason: "sleepy" }, "Invalid reason for hangup reason provided"],
        [{ reason: "busy", reason_code: "17" }, "The reason and reason_code can't both be specified"]
      ] as const
      for (const [query, message] of bad) {
        const answer = yield* ours.rest("DELETE", `channels/${refused.id}`, { ...query })
        assert.deepStrictEqual([answer.status, answer.body], [400, { message }])
      }
      assert.strictEqual((yield* ours.rest("DELETE", `channels/${refused.id}`, { reason: "busy" })).status, 204)
      assert.strictEqual((yield* refused.settled).state, "busy")
      assert.deepInclude(yield* ours.event("ChannelDestroyed", refused.id), { cause: 17, cause_txt: "User busy" })

      const other = yield* ring(ours)
      yield* ours.rest("DELETE", `channels/${other.id}`, { reason_code: "34" })
      assert.strictEqual((yield* other.settled).state, "failed")
      assert.deepInclude(yield* ours.event("ChannelDestroyed", other.id), { cause: 34 })
    }).pipe(Effect.scoped)
  )

  it.effect("answers only in the application, and only what can be answered", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const call = yield* ring(ours)
      assert.strictEqual((yield* ours.rest("POST", `channels/${call.id}/answer`)).status, 204)
      assert.strictEqual((yield* ours.rest("POST", `channels/${call.id}/answer`)).status, 204)
      assert.strictEqual((yield* call.now).state, "in-progress")
      const dtmf = yield* ours.rest("POST", `channels/${call.id}/dtmf`)
      assert.deepStrictEqual([dtmf.status, dtmf.body], [400, { message: "DTMF is required" }])
      assert.strictEqual((yield* ours.rest("POST", `channels/${call.id}/dtmf`, { dtmf: "12#" })).status, 204)
      assert.deepInclude((yield* call.now).mediaMessages.at(-1), { kind: "digits", detail: "12#" })

      yield* ours.asterisk.whenDialed("*", { outcome: "no-answer" })
      yield* ours.rest("POST", "channels/gw-1", { endpoint: "PJSIP/1@trunk", app: ours.application })
      const outside = yield* ours.rest("POST", "channels/gw-1/answer")
      assert.deepStrictEqual([outside.status, outside.body], [409, { message: "Channel not in Stasis application" }])
      // At the next priority the dialplan hangs up.
      assert.strictEqual((yield* ours.rest("POST", `channels/${call.id}/continue`)).status, 204)
      assert.strictEqual((yield* call.settled).state, "completed")
      assert.strictEqual((yield* ours.rest("POST", `channels/${call.id}/answer`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("reads variables, functions and SIP headers", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const call = yield* ours.asterisk.placeInbound({
        from: "+442071838750",
        to: "8000",
        fields: { lang: "en" },
        variables: { CAMPAIGN: "spring" },
        sipHeaders: { "X-VICIDIAL-callerid": "V1" }
      })
      assert.deepStrictEqual((yield* ours.event("StasisStart", call.id))["args"], ["did=8000", "lang=en"])
      const read = (variable?: string) =>
        Effect.map(
          ours.rest("GET", `channels/${call.id}/variable`, variable === undefined ? {} : { variable }),
          ({ status, text }) => `${status} ${text}`
        )
      assert.strictEqual(yield* read("CAMPAIGN"), '200 {"value":"spring"}')
      assert.strictEqual(yield* read("PJSIP_HEADER(read,X-VICIDIAL-callerid)"), '200 {"value":"V1"}')
      assert.strictEqual(yield* read("PJSIP_HEADER(read,X-Other)"), '200 {"value":""}')
      assert.strictEqual(yield* read("OTHER"), '404 {"message":"Provided variable was not found"}')
      assert.strictEqual(yield* read("DANCE(1)"), '500 {"message":"Unable to read provided function"}')
      assert.strictEqual(yield* read(), '400 {"message":"Variable name is required"}')
      yield* ours.rest("POST", `channels/${call.id}/variable`, { variable: "SET", value: "1" })
      assert.strictEqual(yield* read("SET"), '200 {"value":"1"}')
      const gone = yield* ours.rest("GET", "channels/x/variable", { variable: "A" })
      assert.deepStrictEqual([gone.status, gone.body], [404, { message: "Provided channel was not found" }])
      const made = yield* ours.rest(
        "POST",
        "channels/gw-1",
        { endpoint: "PJSIP/1@trunk", app: ours.application },
        { variables: { RUN: "17" } }
      )
      assert.strictEqual(made.status, 200)
      assert.strictEqual((yield* ours.rest("GET", "channels/gw-1/variable", { variable: "RUN" })).body["value"], "17")
    }).pipe(Effect.scoped)
  )
})

describe("bridges", () => {
  it.effect("take only channels that are in the application, all or none", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      yield* ours.asterisk.whenDialed("*", { outcome: "no-answer" })
      const call = yield* ring(ours)
      const made = yield* ours.rest("POST", "bridges/b1", { type: "mixing", name: "one" })
      assert.deepInclude(made.body, { id: "b1", bridge_type: "mixing", channels: [], name: "one" })
      const again = yield* ours.rest("POST", "bridges/b1")
      assert.deepStrictEqual([again.status, again.body], [409, { message: "Bridge with id 'b1' already exists" }])
      assert.strictEqual((yield* ours.rest("POST", "bridges", { type: "dancing" })).status, 500)
      yield* ours.rest("POST", "channels/gw-1", { endpoint: "PJSIP/1@trunk", app: ours.application })
      const add = (bridge: string, channel: string, action = "addChannel") =>
        Effect.map(ours.rest("POST", `bridges/${bridge}/${action}`, { channel }), ({ body, status }) => [
          status,
          body["message"]
        ])
      assert.deepStrictEqual(yield* add("b1", "nobody"), [400, "Channel not found"])
      assert.deepStrictEqual(yield* add("nowhere", call.id), [404, "Bridge not found"])
      assert.deepStrictEqual(yield* add("b1", `${call.id},gw-1`), [422, "Channel not in Stasis application"])
      assert.deepStrictEqual(yield* add("b1", call.id, "removeChannel"), [422, "Channel not in this bridge"])
      assert.match((yield* call.now).errors.at(-1) ?? "", /422 .*not in this bridge/)
      assert.deepStrictEqual(yield* add("b1", call.id), [204, undefined])
      yield* ours.event("ChannelEnteredBridge", call.id)
      assert.deepStrictEqual((yield* ours.rest("GET", "bridges/b1")).body["channels"], [call.id])
      assert.strictEqual((yield* ours.rest("POST", "bridges/b1/moh")).status, 204)
      assert.include((yield* call.now).notes, "hears hold music")
      assert.strictEqual((yield* ours.rest("DELETE", "bridges/b1")).status, 204)
      yield* ours.event("ChannelLeftBridge", call.id)
      yield* ours.event("BridgeDestroyed")
      assert.strictEqual((yield* ours.rest("GET", `channels/${call.id}`)).status, 200)
    }).pipe(Effect.scoped)
  )
})

describe("external media", () => {
  it.effect("is refused in Asterisk's words", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const call = yield* ring(ours)
      const good = {
        app: ours.application,
        external_host: "gateway_media",
        transport: "websocket",
        encapsulation: "none",
        format: "ulaw"
      }
      const cases = [
        [{ app: "" }, 400, "app cannot be empty"],
        [{ encapsulation: "rtp" }, 400, "encapsulation must be 'none' for websocket transport"],
        [{ encapsulation: "" }, 400, "encapsulation must be 'none' for websocket transport"],
        [
          { transport: "udp", connection_type: "server" },
          400,
          "'server' connection_type can only be used with the websocket transport"
        ],
        [{ external_host: "" }, 400, "external_host is required for all but websocket server connections"],
        [{ external_host: "nobody" }, 400, "external_host must be a valid websocket_client connection id."],
        [{ format: "" }, 400, "format cannot be empty"],
        [{ direction: "up" }, 400, "Invalid direction specified"],
        [{ channelId: call.id }, 500, "An internal error prevented this request from being handled"],
        [{ transport_data: "v(a=/)" }, 500, "An internal error prevented this request from being handled"],
        [
          { connection_type: "server", external_host: "INCOMING", transport_data: "v(a=1)" },
          500,
          "An internal error prevented this request from being handled"
        ]
      ] as const
      for (const [change, status, message] of cases) {
        const refused = yield* ours.rest("POST", "channels/externalMedia", { ...good, ...change })
        assert.deepStrictEqual([refused.status, refused.body], [status, { message }], JSON.stringify(change))
      }
      assert.match((yield* call.now).errors.join("\n"), /externalMedia: 400 .*valid websocket_client/)
      assert.lengthOf(ours.media, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("cannot be bridged before it has entered the application", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const call = yield* ring(ours)
      yield* ours.asterisk.faults.on("media-never-opens")
      yield* ours.rest("POST", "bridges/b1")
      const query = {
        app: ours.application,
        external_host: "gateway_media",
        transport: "websocket",
        encapsulation: "none"
      }
      yield* ours.rest("POST", "channels/externalMedia", { ...query, format: "ulaw", channelId: "gw-m" })
      const early = yield* ours.rest("POST", "bridges/b1/addChannel", { channel: `${call.id},gw-m` })
      assert.strictEqual(early.status, 422)
      assert.match((yield* call.now).notes[0] ?? "", /not opened: ws:/)
      assert.strictEqual((yield* call.now).media, "opening")
      yield* ours.asterisk.faults.allOff
      yield* join(ours, call.id)
      assert.strictEqual((yield* call.now).media, "streaming")
    }).pipe(Effect.scoped)
  )
})
