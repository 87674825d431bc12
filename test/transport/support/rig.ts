import { Effect, Layer } from "effect"
import type { Frame, MediaEvent, MediaSocket, TransportError } from "../../../src/Transport.ts"
import { openTransport, type TransportOptions } from "../../../src/transport/openTransport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { ManualClock } from "./clock.ts"
import { serializer, start } from "./protocol.ts"

type Listener = Parameters<MediaSocket["listen"]>[0]

/** A socket in memory: what was sent, and the carrier's side to speak from. */
export class FakeSocket implements MediaSocket {
  readonly sent: Array<string | Uint8Array> = []
  buffered = 0
  pings = 0
  answersPings = true
  closedWith: readonly [code: number, reason: string] | undefined
  terminated = false
  private early: Array<Frame> = []
  private on: Listener | undefined

  readonly send = (frame: string | Uint8Array) => void this.sent.push(frame)
  readonly bufferedAmount = () => this.buffered
  readonly isOpen = () => this.closedWith === undefined && !this.terminated
  readonly listen = (on: Listener) => {
    this.on = on
    for (const frame of this.early.splice(0)) on.frame(frame)
  }
  readonly ping = (alive: () => void) => {
    this.pings++
    if (this.answersPings) alive()
  }
  readonly close = (code: number, reason: string) => {
    this.closedWith ??= [code, reason]
  }
  readonly terminate = () => {
    this.terminated = true
  }

  text(data: string) {
    this.deliver({ data: new TextEncoder().encode(data), binary: false })
  }
  audio(data: Uint8Array) {
    this.deliver({ data, binary: true })
  }
  drop(code: number, reason = "") {
    this.on?.close(code, reason)
  }

  get frames(): ReadonlyArray<Uint8Array> {
    return this.sent.flatMap((each) => (typeof each === "string" ? [] : [each]))
  }
  get controls(): ReadonlyArray<string> {
    return this.sent.flatMap((each) => (typeof each === "string" ? [each] : []))
  }
  /** The first byte of each audio frame. */
  get values(): ReadonlyArray<number> {
    return this.frames.map((each) => each[0] ?? -1)
  }

  private deliver(frame: Frame) {
    if (this.on === undefined) this.early.push(frame)
    else this.on.frame(frame)
  }
}

/** 20 ms of audio whose bytes all are `value`. */
export const frame = (value = 1) => new Uint8Array(160).fill(value)

/** `count` frames in one piece; the frames' bytes count up from `from`. */
export const speech = (count: number, from = 0) => {
  const audio = new Uint8Array(160 * count)
  for (let i = 0; i < count; i++) audio.fill((from + i) & 0xff, i * 160, (i + 1) * 160)
  return audio
}

export const call = { callId: "ours-1", providerCallId: "call-1", accountId: "account-1" }

type RigOptions = Partial<TransportOptions> & { readonly marks?: boolean; readonly digits?: boolean }

/** An open transport over a fake socket, on a clock that the test moves. Closed with the scope. */
export const rig = Effect.fnUntraced(function* ({ marks = true, digits = false, ...options }: RigOptions = {}) {
  const clock = new ManualClock()
  const context = yield* Layer.build(Pacer.layerWith(clock))
  const pacer = yield* Effect.provideContext(Pacer, context)
  const socket = new FakeSocket()
  socket.text(start())
  const opening = openTransport(socket, call, {
    serializer: serializer({ marks, digits }),
    idleTimeout: "1 day",
    ...options
  })
  const transport = yield* Effect.provideContext(opening, context)
  return { clock, pacer, socket, transport }
})

/** Reads a transport into an array from now on; `ended` is how it ended. */
export const reading = Effect.fnUntraced(function* (
  receive: (on: (event: MediaEvent) => void) => Effect.Effect<void, TransportError>
) {
  const events: Array<MediaEvent> = []
  const ended = yield* Effect.forkScoped(
    receive((event) => void events.push(event)),
    { startImmediately: true }
  )
  return { events, ended }
})
