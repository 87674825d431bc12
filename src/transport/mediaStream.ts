import { type Context, Effect, type Metric } from "effect"
import { type AudioChunk, bytesForMs } from "../Audio.ts"
import {
  type Frame,
  type MediaCall,
  type MediaEvent,
  type MediaSocket,
  type MediaTap,
  type Serializer,
  TransportError,
  type TransportInfo,
  type WireEvent
} from "../Transport.ts"
import { EventBuffer } from "./eventBuffer.ts"
import { framesDropped, framesIn, framesMalformed, framesOut, openStreams, underruns } from "./metrics.ts"
import type { Pacer, Registration } from "./pacer.ts"
import { Playout } from "./playout.ts"
import { Taps } from "./taps.ts"
import { type Complaint, Watch, type WatchOptions } from "./watch.ts"
import { Wire } from "./wire.ts"

export interface StreamOptions extends WatchOptions {
  readonly serializer: Serializer
  readonly frameMs: number
  readonly leadFrames: number
}

/** The media once the carrier has said what it is. */
export interface OpenMedia {
  readonly info: TransportInfo
  readonly wire: Wire
  readonly playout: Playout
  readonly unread: EventBuffer
}

type Outcome = Effect.Effect<void, TransportError>
type Handshake = (result: Effect.Effect<OpenMedia, TransportError>) => void

const wrongCall = (what: string, code: number) =>
  new TransportError({
    reason: "wrong-call",
    message: `The handshake names another ${what} than the call that this socket was opened for.`,
    code
  })

/** Whether the handshake names the call that the socket was opened for. */
const mismatch = (call: MediaCall, event: Extract<WireEvent, { _tag: "Started" }>): TransportError | undefined => {
  if (call.accountId !== undefined && event.accountId !== undefined && call.accountId !== event.accountId)
    return wrongCall("account", 4401)
  if (call.providerCallId !== undefined && call.providerCallId !== event.info.providerCallId)
    return wrongCall("call", 4404)
  return undefined
}

/**
 * One media socket from its handshake to its end: decodes what comes, gives it to the one listener, plays what is to be
 * heard, and ends exactly once. All of it runs in the callbacks of the socket and of the pacer.
 */
export class MediaStream {
  readonly pacer: Pacer["Service"]
  media: OpenMedia | undefined
  /** How the stream ended, once it has. */
  outcome: Outcome | undefined
  /** Called when something unread is there, or the end. */
  onUnread: (() => void) | undefined

  private readonly socket: MediaSocket
  private readonly call: MediaCall
  private readonly options: StreamOptions
  private readonly decode: Serializer["decode"]
  private readonly context: Context.Context<never>
  private readonly watch: Watch
  private readonly registration: Registration
  private readonly onOpen: Handshake
  private listener: ((event: MediaEvent) => void) | undefined
  private readonly onEnd = new Set<(outcome: Outcome) => void>()
  private playout: Playout | undefined
  private readonly taps = new Taps()
  private early = 0
  private readonly counted = new Map<Metric.Counter<number>, number>()

  constructor(
    socket: MediaSocket,
    call: MediaCall,
    options: StreamOptions,
    pacer: Pacer["Service"],
    context: Context.Context<never>,
    onOpen: Handshake
  ) {
    this.socket = socket
    this.call = call
    this.options = options
    this.decode = options.serializer.decode
    this.pacer = pacer
    this.context = context
    this.onOpen = onOpen
    this.watch = new Watch(socket, options, pacer.now())
    this.registration = pacer.register(this)
    openStreams.modifyUnsafe(1, context)
    socket.listen(this)
  }

  get isOver() {
    return this.outcome !== undefined
  }

  play(chunk: AudioChunk): boolean {
    return this.outcome !== undefined || this.playout === undefined || this.playout.push(chunk, this.pacer.now())
  }

  /** Gives everything unread and all that follows to `listener`; `done` hears of the end. Gives the way back. */
  listen(listener: (event: MediaEvent) => void, done: (outcome: Outcome) => void): () => void {
    for (const event of this.media?.unread.takeAll() ?? []) listener(event)
    if (this.outcome !== undefined) {
      done(this.outcome)
      return () => {}
    }
    this.listener = listener
    const forget = this.whenEnded(done)
    return () => {
      if (this.listener === listener) this.listener = undefined
      forget()
    }
  }

  /** `done` hears of the end, now if it has come. Gives the way back. */
  whenEnded(done: (outcome: Outcome) => void): () => void {
    if (this.outcome === undefined) this.onEnd.add(done)
    else done(this.outcome)
    return () => void this.onEnd.delete(done)
  }

  /** Lets `tap` listen in; gives the way to stop it. */
  listenIn(tap: MediaTap): () => void {
    if (this.outcome !== undefined) return () => {}
    this.taps.add(tap)
    const unread = this.media?.unread.audio() ?? []
    if (unread.length > 0) tap.missed(unread)
    return () => this.taps.remove(tap)
  }

  /** Ends the stream from our side. */
  stop(code: number, reason: string, outcome: Outcome = Effect.void) {
    this.socket.close(code, reason)
    this.end(outcome)
  }

  tick(now: number): boolean {
    return this.playout?.tick(now) ?? false
  }

  check(now: number) {
    this.report()
    this.complain(this.watch.check(now))
  }

  /** A defect in this stream, or in who listens to it, ends this stream alone. */
  broken(defect: unknown) {
    this.stop(1011, "internal error", Effect.die(defect))
  }

  /** A message came: the socket calls this. */
  frame(frame: Frame) {
    if (this.outcome !== undefined) return
    try {
      const event = this.decode(frame)
      this.complain(this.watch.frame() ?? (event === undefined ? this.watch.garbage() : this.handle(event)))
    } catch (defect) {
      this.broken(defect)
    }
  }

  /** The socket is closed: it calls this. */
  close(code: number, reason: string) {
    const orderly = this.media !== undefined && (code === 1000 || code === 1005)
    const refused = code === 1007 || code === 1008 || code === 1009 || code === 1002
    const message = `The media socket was closed with ${code}${reason === "" ? "" : `: ${reason}`}.`
    this.end(
      orderly
        ? Effect.void
        : Effect.fail(new TransportError({ reason: refused ? "protocol-abuse" : "closed", message, code }))
    )
  }

  private handle(event: WireEvent): Complaint | undefined {
    switch (event._tag) {
      case "Audio":
        return this.heard(event)
      case "Started":
        return this.media === undefined ? this.start(event) : this.watch.garbage()
      case "MarkReached":
        this.playout?.reached(event.name, this.pacer.now())
        return undefined
      case "FlowControl":
        this.media?.wire.hold(event.hold)
        return undefined
      case "Digit":
        this.emit(event)
        return undefined
      case "Stopped":
        this.emit(event)
        this.end(Effect.void)
        return undefined
      case "Ignored":
        return undefined
    }
  }

  private heard(event: Extract<MediaEvent, { _tag: "Audio" }>): Complaint | undefined {
    const complaint = this.watch.audio(event.chunk.length)
    if (complaint !== undefined) return complaint
    if (!this.taps.isEmpty) this.taps.heard(event.chunk, this.pacer.now())
    this.emit(event)
    return undefined
  }

  private emit(event: MediaEvent) {
    if (this.listener !== undefined) this.listener(event)
    else if (this.media === undefined) this.early++
    else {
      this.media.unread.push(event)
      this.onUnread?.()
    }
  }

  private start(event: Extract<WireEvent, { _tag: "Started" }>): undefined {
    const { info } = event
    const wrong = mismatch(this.call, event)
    if (wrong !== undefined) {
      this.stop(wrong.code, "wrong call", Effect.fail(wrong))
      return undefined
    }
    const { frameMs, leadFrames, serializer } = this.options
    const wire = new Wire(this.socket, serializer.encode(info), frameMs, () =>
      this.fail({ reason: "stalled", message: "The peer does not take the audio that we send.", code: 1008 })
    )
    this.playout = new Playout(
      wire,
      { format: info.outgoingFormat, frameMs, leadFrames },
      {
        mark: (name, heardMs, cleared) => this.emit({ _tag: "Mark", name, heardMs, cleared }),
        wake: this.registration.wake
      },
      this.taps
    )
    this.watch.expectAudio(bytesForMs(info.incomingFormat, 1000))
    this.media = { info, wire, playout: this.playout, unread: new EventBuffer(info.incomingFormat) }
    this.onOpen(Effect.succeed(this.media))
    return undefined
  }

  private complain(complaint: Complaint | undefined) {
    if (complaint !== undefined) this.fail(complaint)
  }

  private fail(complaint: Complaint) {
    if (this.outcome !== undefined) return
    if (complaint.reason === "silent-peer") this.socket.terminate()
    this.stop(complaint.code, complaint.reason, Effect.fail(new TransportError(complaint)))
  }

  private end(outcome: Outcome) {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.registration.remove()
    this.playout?.end(this.pacer.now())
    this.taps.clear()
    this.report()
    openStreams.modifyUnsafe(-1, this.context)
    this.listener = undefined
    const waiting = Array.from(this.onEnd)
    this.onEnd.clear()
    if (this.media === undefined) {
      const closed = new TransportError({ reason: "closed", message: "The media socket was closed.", code: 1000 })
      this.onOpen(Effect.andThen(outcome, Effect.fail(closed)))
    }
    this.onUnread?.()
    for (const done of waiting) done(outcome)
  }

  /** Brings the metrics up to date with the plain numbers that the hot path counts. */
  private report() {
    this.count(framesIn, this.watch.framesIn)
    this.count(framesMalformed, this.watch.malformed)
    this.count(framesDropped, this.early + (this.media?.unread.dropped ?? 0))
    this.count(framesOut, this.media?.wire.framesOut ?? 0)
    this.count(underruns, this.playout?.underruns ?? 0)
  }

  private count(metric: Metric.Counter<number>, total: number) {
    const delta = total - (this.counted.get(metric) ?? 0)
    if (delta === 0) return
    this.counted.set(metric, total)
    metric.updateUnsafe(delta, this.context)
  }
}
