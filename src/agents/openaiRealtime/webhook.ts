import { createHmac } from "node:crypto"
import { request as requestHttp, type IncomingMessage } from "node:http"
import { request as requestHttps } from "node:https"
import { Clock, Effect, Redacted, Schema } from "effect"
import { pinnedLookup } from "../../network/hostGuard.ts"
import type { AgentEnvironment, GuardedAddress } from "../AgentEnvironment.ts"
import type { Limits } from "./limits.ts"

/** A tool's webhook did not give what the model can use. The message names the host at the most. */
export class ToolFailed extends Schema.TaggedError<ToolFailed>()("ToolFailed", { message: Schema.String }) {}

/** Where tools are called, and how. */
export interface WebhookPorts {
  readonly guard: AgentEnvironment["Service"]["guardHttp"]
  readonly secret: Redacted.Redacted<string> | undefined
  readonly limits: Pick<Limits, "maxToolAnswerBytes" | "toolMs">
}

/**
 * The value of `X-Switchboard-Signature`: `t=<seconds since 1970>,v1=<hex>`, where `v1` is HMAC-SHA-256 with the secret over
 * the time, a full stop, and the body.
 */
export const signatureOf = (secret: Redacted.Redacted<string>, seconds: number, body: string): string =>
  `t=${seconds},v1=${createHmac("sha256", Redacted.value(secret)).update(`${seconds}.${body}`).digest("hex")}`

const statusFailed = (status: number) =>
  new ToolFailed({
    message: `The tool answered HTTP ${status}.${status >= 300 && status < 400 ? " Redirects are not followed." : ""}`
  })

const codeOf = (error: Error) => ("code" in error && typeof error.code === "string" ? ` (${error.code})` : "")

/** One POST to the checked address; the connection is cut when the effect is interrupted. */
const post = (
  { addresses, url }: GuardedAddress,
  headers: Readonly<Record<string, string>>,
  body: string,
  maxBytes: number
) =>
  Effect.callback<string, ToolFailed>((resume) => {
    const fail = (message: string) => resume(Effect.fail(new ToolFailed({ message })))
    const read = (response: IncomingMessage) => {
      const parts: Array<Buffer> = []
      let size = 0
      response
        .on("data", (part: Buffer) => {
          size += part.length
          parts.push(part)
          if (size <= maxBytes) return
          fail(`The tool's answer is longer than ${maxBytes} bytes.`)
          request.destroy()
        })
        .on("error", (error) => fail(`The connection to the tool broke${codeOf(error)}.`))
        .on("end", () => {
          const status = response.statusCode ?? 0
          const isGood = status >= 200 && status < 300
          resume(isGood ? Effect.succeed(Buffer.concat(parts).toString("utf8")) : Effect.fail(statusFailed(status)))
        })
    }
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(
      url,
      { method: "POST", headers: { ...headers }, lookup: pinnedLookup(addresses), agent: false },
      read
    ).on("error", (error) => fail(`The tool at ${url.host} cannot be reached${codeOf(error)}.`))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/**
 * Calls a tool's URL and gives the text of its answer, within `toolMs` for all of it. Nothing is tried twice: a tool may do
 * something.
 */
export const callTool = Effect.fn("RealtimeAgent.callTool")(
  function* ({ guard, limits, secret }: WebhookPorts, toolUrl: string, message: Schema.Json) {
    const target = yield* Effect.mapError(guard(toolUrl), ({ message: why }) => new ToolFailed({ message: why }))
    const body = JSON.stringify(message)
    const now = yield* Clock.currentTimeMillis
    const headers = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      accept: "application/json, text/plain",
      "user-agent": "switchboard",
      ...(secret === undefined ? {} : { "x-switchboard-signature": signatureOf(secret, Math.floor(now / 1000), body) })
    }
    return yield* post(target, headers, body, limits.maxToolAnswerBytes)
  },
  (effect, { limits: { toolMs } }) =>
    Effect.timeoutOrElse(effect, {
      duration: toolMs,
      orElse: () => new ToolFailed({ message: `The tool did not answer within ${toolMs} ms.` })
    })
)
