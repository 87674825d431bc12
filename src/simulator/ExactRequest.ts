import { request as httpRequest, type IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { Effect, Schema } from "effect"

/** An HTTP request whose target and headers go out byte for byte as given: what a signature was made over must arrive. */
export interface ExactRequest {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ExactReply {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** The server could not be asked, or did not answer as it must. */
export class RequestFailed extends Schema.TaggedError<RequestFailed>()("RequestFailed", {
  reason: Schema.Literals(["bad-url", "connect", "timeout", "too-large"]),
  message: Schema.String
}) {}

const urlParts = /^(https?):\/\/(?:([^/?#@]*)@)?(\[[^\]]+\]|[^/?#:@]+)(?::(\d+))?([^#]*)/
const sendable = /^[\x21-\x7e]*$/

/** Scheme, host, port and raw target of an absolute URL; undefined if it is none, or has characters that HTTP cannot carry. */
export const splitUrl = (url: string) => {
  const match = urlParts.exec(url)
  if (match === null || !sendable.test(url)) return undefined
  const [, scheme = "", userInfo, host = "", port, rest = ""] = match
  const target = rest.startsWith("/") ? rest : `/${rest}`
  return { secure: scheme === "https", userInfo, host: host.replace(/^\[|\]$/g, ""), port, target }
}

/** Sends one request on a connection of its own and reads the whole reply within the limits. */
export const exchange = Effect.fnUntraced(function* (
  request: ExactRequest,
  limits: { readonly timeoutMs: number; readonly maxBytes: number }
) {
  const parts = splitUrl(request.url)
  if (parts === undefined) {
    return yield* new RequestFailed({ reason: "bad-url", message: "The URL is not absolute http(s) in plain ASCII." })
  }
  const send = Effect.callback<ExactReply, RequestFailed>((resume) => {
    const fail = (reason: "connect" | "too-large", message: string) =>
      resume(Effect.fail(new RequestFailed({ reason, message })))
    const onReply = (reply: IncomingMessage) => {
      const chunks: Array<Uint8Array> = []
      let size = 0
      reply.on("data", (chunk: Uint8Array) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= limits.maxBytes) return
        outgoing.destroy()
        fail("too-large", `The reply is larger than ${limits.maxBytes} bytes.`)
      })
      reply.on("error", (error) => fail("connect", error.message))
      reply.on("end", () =>
        resume(
          Effect.succeed({
            status: reply.statusCode ?? 0,
            contentType: reply.headers["content-type"] ?? "",
            body: Buffer.concat(chunks).toString("utf8")
          })
        )
      )
    }
    const body = request.body ?? ""
    const outgoing = (parts.secure ? httpsRequest : httpRequest)(
      {
        host: parts.host,
        ...(parts.port === undefined ? {} : { port: Number(parts.port) }),
        ...(parts.userInfo === undefined ? {} : { auth: decodeURIComponent(parts.userInfo) }),
        path: parts.target,
        method: request.method,
        headers: {
          ...request.headers,
          ...(request.method === "POST" ? { "Content-Length": String(Buffer.byteLength(body)) } : {})
        },
        agent: false
      },
      onReply
    )
    outgoing.on("error", (error) => fail("connect", error.message))
    outgoing.end(body)
    return Effect.sync(() => outgoing.destroy())
  })
  return yield* Effect.timeoutOrElse(send, {
    duration: limits.timeoutMs,
    orElse: () =>
      Effect.fail(new RequestFailed({ reason: "timeout", message: `No reply within ${limits.timeoutMs} ms.` }))
  })
})
