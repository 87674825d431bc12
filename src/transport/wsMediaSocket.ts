import type { Duplex } from "node:stream"
import { WebSocket } from "ws"
import type { Frame, MediaSocket } from "../Transport.ts"
import { longestWhole, wholeFrame } from "./wholeFrame.ts"

/** Messages kept for a listener that is not there yet. */
const maxEarly = 256

/** What ws says about a message that it refused: its error carries the code with which it closes. */
const refusals: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_INVALID_UTF8: 1007
}

const refusalOf = (error: Error): number | undefined => {
  const code = "code" in error && typeof error.code === "string" ? error.code : ""
  return code.startsWith("WS_ERR_") ? (refusals[code] ?? 1002) : undefined
}

/** Whether a close frame may carry this code (RFC 6455, section 7.4). */
const isSendable = (code: number) =>
  (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) || (code >= 3000 && code <= 4999)

/** Cuts a close reason to the 123 bytes that a close frame has room for. */
const fitting = (reason: string) =>
  Buffer.from(reason)
    .subarray(0, 120)
    .toString()
    .replace(/\ufffd$/, "")

type Listener = Parameters<MediaSocket["listen"]>[0]

/** A server's `ws` WebSocket over `stream`, open already, as a media socket. It must be the only user of both. */
export class WsMediaSocket implements MediaSocket {
  protected readonly ws: WebSocket
  private readonly stream: Duplex | undefined
  private listener: Listener | undefined
  private early: Array<Frame> = []
  private alive: (() => void) | undefined
  private closed: readonly [code: number, reason: string] | undefined

  constructor(ws: WebSocket, stream?: Duplex) {
    this.ws = ws
    this.stream = stream
    ws.on("message", (data, binary) => {
      if (data instanceof Uint8Array) this.receive({ data, binary })
    })
    ws.on("close", (code, reason) => this.finish(code, reason.toString()))
    ws.on("error", (error) => {
      const code = refusalOf(error)
      if (code !== undefined) this.finish(code, error.message)
    })
    ws.on("pong", () => this.alive?.())
  }

  /**
   * `ws` writes the head and the payload of a message apart, which costs more than all that we do to a media frame; so
   * bytes go past it to the stream, as one write. Both ways go together: without compression `ws` too writes a frame at
   * once and whole. Strings and long messages are rare and left to `ws`.
   */
  send(message: string | Uint8Array, binary = typeof message !== "string") {
    if (this.ws.readyState !== WebSocket.OPEN) return
    if (typeof message === "string" || message.length > longestWhole) this.ws.send(message, { binary })
    else this.stream?.write(wholeFrame(message, binary))
  }

  bufferedAmount() {
    return this.stream?.writableLength ?? 0
  }

  isOpen() {
    return this.ws.readyState === WebSocket.OPEN
  }

  listen(on: Listener) {
    this.listener = on
    for (const frame of this.early.splice(0)) on.frame(frame)
    if (this.closed !== undefined) on.close(...this.closed)
  }

  ping(alive: () => void) {
    if (!this.isOpen()) return
    this.alive = alive
    this.ws.ping()
  }

  close(code: number, reason: string) {
    if (this.isOpen()) this.ws.close(isSendable(code) ? code : 1000, fitting(reason))
  }

  terminate() {
    this.ws.terminate()
  }

  private receive(frame: Frame) {
    if (this.closed !== undefined) return
    if (this.listener !== undefined) this.listener.frame(frame)
    else if (this.early.length < maxEarly) this.early.push(frame)
    else this.ws.close(1008, "too much before the handshake")
  }

  private finish(code: number, reason: string) {
    if (this.closed !== undefined) return
    this.closed = [code, reason]
    this.listener?.close(code, reason)
  }
}
