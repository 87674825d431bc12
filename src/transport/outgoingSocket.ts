import type { LookupFunction } from "node:net"
import { Duration, Effect, Schema, type Scope } from "effect"
import { WebSocket } from "ws"
import type { MediaSocket } from "../Transport.ts"
import { closeCodeOf, maxPayload, shut } from "./webSocket.ts"
import { WsMediaSocket } from "./wsMediaSocket.ts"

/** A WebSocket of ours did not open. `status` is the HTTP status of an answer that was no upgrade. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>()("ConnectFailed", {
  message: Schema.String,
  status: Schema.optionalKey(Schema.Int)
}) {}

/** Where to connect to, and what to send along. Headers may hold secrets: nothing of them gets into an error. */
export interface SocketAddress {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The subprotocol to ask for; none when it is empty. */
  readonly protocol: string
  /** Gives the checked addresses of a host that is not ours to trust. */
  readonly lookup?: LookupFunction
  /** Default 10 s. */
  readonly timeout?: Duration.Input
  /** Bytes of one message, 64 KiB unless given. */
  readonly maxMessageBytes?: number
}

const failureOf = (error: Error): ConnectFailed => {
  const status = /^Unexpected server response: (\d{3})$/.exec(error.message)?.[1]
  if (status !== undefined)
    return new ConnectFailed({ message: `It answered HTTP ${status} instead of opening a WebSocket.`, status: +status })
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined
  return new ConnectFailed({ message: code === undefined ? `It speaks no WebSocket: ${error.message}.` : `${code}.` })
}

const opened = (ws: WebSocket, timeout: Duration.Duration) =>
  Effect.callback<void, ConnectFailed>((resume) => {
    const open = () => resume(Effect.void)
    const failed = (error: Error) => resume(Effect.fail(failureOf(error)))
    ws.once("open", open).once("error", failed)
    return Effect.sync(() => ws.off("open", open).off("error", failed))
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => new ConnectFailed({ message: `There was no answer within ${Duration.format(timeout)}.` })
    })
  )

const create = ({ url, headers, protocol, lookup, maxMessageBytes = maxPayload }: SocketAddress) =>
  new WebSocket(url, protocol === "" ? [] : [protocol], {
    headers: { ...headers },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: maxMessageBytes,
    ...(lookup === undefined ? {} : { lookup })
  }).on("error", () => {})

/**
 * Opens a WebSocket for as long as the scope is open, without compression and redirects. It is closed with 1000, 1001
 * (interrupted) or 1011 (failed), and cut off after 2 s. `prepare` may add listeners before anything can come.
 */
export const connectSocket: <A>(
  address: SocketAddress,
  prepare: (ws: WebSocket) => A
) => Effect.Effect<A, ConnectFailed, Scope.Scope> = Effect.fnUntraced(function* (address, prepare) {
  const creation = Effect.try({
    try: () => create(address),
    catch: () => new ConnectFailed({ message: "The URL or a header of the WebSocket cannot be used." })
  })
  const ws = yield* Effect.acquireRelease(creation, (open, exit) =>
    open.readyState === WebSocket.CONNECTING ? Effect.sync(() => open.terminate()) : shut(open, closeCodeOf(exit))
  )
  const prepared = prepare(ws)
  yield* opened(ws, Duration.fromInputUnsafe(address.timeout ?? "10 seconds"))
  return prepared
})

/** A media socket that we opened: what a client sends is masked (RFC 6455, section 5.3), which is left to `ws`. */
class OutgoingMediaSocket extends WsMediaSocket {
  override send(message: string | Uint8Array, binary = typeof message !== "string") {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(message, { binary })
  }

  override bufferedAmount() {
    return this.ws.bufferedAmount
  }
}

/** Opens a call's media from our side, for as long as the scope is open. */
export const connectMedia = (address: SocketAddress): Effect.Effect<MediaSocket, ConnectFailed, Scope.Scope> =>
  connectSocket(address, (ws) => new OutgoingMediaSocket(ws))
