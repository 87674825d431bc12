import { request as httpRequest } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { webhooks } from "../../../src/telephony/webhooks.ts"
import { signature, signatureHeader, type WebhookBody } from "./fakeCarrier.ts"
import { publicUrl, type Tenant } from "./world.ts"

/** The webhooks on a real socket. */
export const webServer = HttpRouter.serve(webhooks, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layerTest)
)

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

/** Sends a request line and a body exactly as given. */
export const send = Effect.fnUntraced(function* (
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array
) {
  const { address } = yield* HttpServer.HttpServer
  const port = "port" in address ? address.port : 0
  return yield* Effect.callback<Reply>((resume) => {
    const request = httpRequest({ host: "127.0.0.1", port, method, path: target, headers }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () =>
        resume(
          Effect.succeed({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString()
          })
        )
      )
    })
    request.on("error", (cause) => resume(Effect.die(cause)))
    request.end(body)
  })
})

/** A webhook that the carrier signs with the tenant's secret. */
export const webhook = (tenant: Tenant, target: string, body: Omit<WebhookBody, "account">) => {
  const json = JSON.stringify({ account: tenant.accountId, ...body })
  return send("POST", target, { [signatureHeader]: signature(tenant.secret, "POST", publicUrl + target, json) }, json)
}

export const inboundPath = "/api/v1/telephony/inbound/fake"

/** A call that comes in for the tenant's number. */
export const inbound = (tenant: Tenant, call: string, target = inboundPath) =>
  webhook(tenant, target, { call, from: "+442071838750", to: tenant.number })

const Answer = Schema.Struct({
  connect: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.String),
  reject: Schema.optionalKey(Schema.String)
})
const readAnswer = Schema.decodeUnknownEffect(Schema.fromJsonString(Answer))

/** What the carrier was told to do. */
export const told = (reply: Reply) => Effect.orDie(readAnswer(reply.body))
