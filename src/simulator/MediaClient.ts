import { Clock, Deferred, Effect, Exit } from "effect"
import { WebSocket } from "ws"
import { type CallRecord, openStream, type StreamRecord } from "./CallRecord.ts"
import type { FaultPanel } from "./Faults.ts"
import { garbage, type MediaDialect, type Wire } from "./MediaDialect.ts"
import type { MediaMessage } from "./SimulatorModule.ts"

/** How a media stream ended while the call was still wanting it. */
export type MediaEnd =
  /** Our side closed the socket. */
  | { readonly _tag: "Closed"; readonly code: number }
  /** Our side asked the carrier to end the stream. */
  | { readonly _tag: "Stopped" }
  /** The upgrade was refused: the HTTP status, if there was one. */
  | { readonly _tag: "Refused"; readonly status: number | undefined; readonly detail: string }
  /** The connection was cut by a fault. */
  | { readonly _tag: "Dropped" }
  /** The carrier cut the connection over a message that it does not take. */
  | { readonly _tag: "Violated" }

export interface MediaConnection {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly dialect: MediaDialect
  readonly record: CallRecord
  readonly panel: FaultPanel
  readonly jitterMs: number
  /** Once the stream has started. */
  readonly onStarted: Effect.Effect<void>
  /**
   * What is waited for between the greeting and the start, where the carrier connects before the call is answered. A socket that
   * never gets that far is cut without a word.
   */
  readonly startWhen?: Effect.Effect<void>
}

type Opened = { readonly _tag: "Open" } | Extract<MediaEnd, { readonly _tag: "Refused" }>

/** A socket's events, kept for whoever asks later. */
interface Line {
  readonly socket: WebSocket
  readonly opened: Effect.Effect<Opened>
  readonly closed: Effect.Effect<number>
}

/** Above this the peer is not reading and audio is dropped, bytes. */
const maxBuffered = 1024 * 1024
const handshakeTimeoutMs = 10_000

const connect = (url: string, headers: MediaConnection["headers"]): Line => {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: handshakeTimeoutMs })
  let outcome: Opened | undefined
  let code: number | undefined
  const waiting: Array<() => void> = []
  const settle = () => {
    for (const wake of waiting.splice(0)) wake()
  }
  const refuse = (status: number | undefined, detail: string) => {
    outcome ??= { _tag: "Refused", status, detail }
    settle()
  }
  socket.on("open", () => {
    outcome ??= { _tag: "Open" }
    settle()
  })
  socket.on("unexpected-response", (request, response) => {
    refuse(response.statusCode, `HTTP ${response.statusCode}`)
    response.resume()
    request.destroy()
    socket.terminate()
  })
  socket.on("error", (error) => refuse(undefined, error.message))
  socket.on("close", (closeCode) => {
    code = closeCode
    refuse(undefined, `closed with ${closeCode}`)
    settle()
  })
  const wait = <A>(read: () => A | undefined) =>
    Effect.callback<A>((resume) => {
      const wake = () => {
        const value = read()
        if (value === undefined) waiting.push(wake)
        else resume(Effect.succeed(value))
      }
      wake()
    })
  return { socket, opened: wait(() => outcome), closed: wait(() => code) }
}

/** A paused socket would never notice that it was closed. */
const cut = (socket: WebSocket) => {
  socket.resume()
  socket.terminate()
}

const connectScoped = (connection: MediaConnection, bye: (socket: WebSocket) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => connect(connection.url, connection.headers)),
    ({ closed, socket }) =>
      Effect.suspend(() => {
        if (socket.readyState === socket.OPEN && !socket.isPaused) bye(socket)
        else cut(socket)
        return Effect.interruptible(closed)
      }).pipe(Effect.timeoutOrElse({ duration: 2000, orElse: () => Effect.sync(() => cut(socket)) }))
  )

/**
 * Runs one media stream as the carrier: opens the socket, greets, starts, sends a frame of the person's speech every
 * `frameMs` with absolute deadlines, plays what comes back, returns marks, until our side closes. Interruption is the
 * carrier's own end of the stream: it says so and closes.
 */
export const runMedia = Effect.fnUntraced(function* (connection: MediaConnection) {
  const { dialect, panel, record } = connection
  const clock = yield* Clock.Clock
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const strike = (fault: Parameters<FaultPanel["strike"]>[0]) => panel.strike(fault, "media")
  const complain = (error: string) => {
    if (!record.errors.includes(error)) record.errors.push(error)
  }
  record.media = "opening"
  record.changed()
  if (strike("media-never-opens") !== undefined) return yield* Effect.never

  let stream: StreamRecord | undefined
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      stream?.end()
      record.media = "ended"
      record.changed()
    })
  )
  const { closed, opened, socket } = yield* connectScoped(connection, (socket) => {
    stream?.end()
    if (stream === undefined && connection.startWhen !== undefined) return cut(socket)
    const stop = stream === undefined ? undefined : dialect.stop()
    if (stop !== undefined) socket.send(stop)
    socket.close(1000)
  })
  const outcome = yield* opened
  if (outcome._tag === "Refused") {
    complain(dialect.errors.refused(outcome.detail))
    return outcome
  }
  const send = (wire: Wire) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > maxBuffered) complain(dialect.errors.slowReader)
    else socket.send(wire)
  }
  for (const wire of dialect.greeting()) send(wire)
  let violated = false
  const ended = Effect.map(closed, (code): MediaEnd => {
    if (violated) return { _tag: "Violated" }
    if (code !== 1000 && code !== 1001 && code !== 1005) complain(dialect.errors.broken(code))
    return { _tag: "Closed", code }
  })
  if (strike("media-never-starts") !== undefined) return yield* ended
  if (connection.startWhen !== undefined) {
    const early = yield* Effect.raceFirst(ended, Effect.as(connection.startWhen, undefined))
    if (early !== undefined) return early
  }

  const running = openStream({ ...dialect, jitterMs: connection.jitterMs, nowMs })
  stream = running
  record.stream = running
  record.media = "streaming"
  const stopped = Deferred.makeUnsafe<MediaEnd>()
  /** What is still to be said about clears, and when, ms since the start. */
  const confirming: Array<{ readonly dueMs: number; readonly wires: ReadonlyArray<Wire> }> = []
  socket.on("message", (data, binary) => {
    if (Buffer.isBuffer(data)) listen(data, binary)
  })
  const listen = (data: Uint8Array, binary: boolean) => {
    const atMs = running.elapsedMs()
    const note = (kind: MediaMessage["kind"], detail: string) => record.mediaMessages.push({ atMs, kind, detail })
    const command = dialect.read(data, binary)
    switch (command._tag) {
      case "Audio":
        note("audio", String(command.bytes.length))
        if (dialect.clearing !== undefined && confirming.length > 0) complain(dialect.clearing.early)
        else if (!running.playout.play(command.bytes, atMs)) complain(dialect.errors.playoutFull)
        break
      case "Mark":
        note("mark", command.name)
        running.playout.mark(command.name, atMs)
        returnMarks(running.playout.due(atMs))
        break
      case "Clear":
        note("clear", "")
        confirming.push({ dueMs: atMs + (dialect.clearing?.afterMs ?? 0), wires: cleared(running.playout.clear(atMs)) })
        confirmClears(atMs)
        break
      case "Digits":
        note("digits", command.digits)
        break
      case "Stop":
        note("stop", "")
        Deferred.doneUnsafe(stopped, Exit.succeed({ _tag: "Stopped" }))
        break
      case "Ignored":
        note(command.kind, command.detail)
        break
      case "Invalid":
        note("invalid", command.error)
        complain(command.error)
        if (command.reply !== undefined) send(command.reply)
        if (command.cuts === true) {
          violated = true
          socket.terminate()
        }
    }
    record.changed()
  }
  const cleared = dialect.cleared ?? ((names) => names.map(dialect.mark))
  const confirmClears = (nowMs: number) => {
    for (let next = confirming[0]; next !== undefined && next.dueMs <= nowMs; next = confirming[0]) {
      confirming.shift()
      for (const wire of next.wires) send(wire)
    }
  }
  const returnMarks = (names: ReadonlyArray<string>) => {
    for (const name of names) send(dialect.mark(name))
  }
  send(dialect.start({ wrongCall: strike("media-wrong-call") !== undefined }))
  record.changed()
  yield* connection.onStarted
  if (strike("media-twice") !== undefined) {
    yield* Effect.forkScoped(probeAgain(connection))
  }

  const halfOpen = strike("media-half-open")
  const drops = strike("media-drops")
  const flood = strike("media-flood") !== undefined
  const littered = strike("media-garbage") !== undefined
  const reordered = strike("media-reordered") !== undefined
  let overtaken: Wire | undefined
  const sendAudio = (wire: Wire) => {
    if (reordered && overtaken === undefined && frames % 4 === 3) {
      overtaken = wire
      return
    }
    send(wire)
    if (overtaken !== undefined) send(overtaken)
    overtaken = undefined
  }
  let frames = 0
  const tick = () => {
    const copies = flood ? 100 : 1
    for (let copy = 0; copy < copies; copy++) sendAudio(dialect.audio(record.mouth.next(), frames * dialect.frameMs))
    if (littered && frames % 5 === 0) send(garbage[(frames / 5) % garbage.length] ?? "")
    frames += 1
    const digit = record.digits.shift()
    if (digit !== undefined) send(dialect.digit(digit))
    returnMarks(running.playout.due(running.elapsedMs()))
    confirmClears(running.elapsedMs())
    record.changed()
  }
  const pump = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep((frames + 1) * dialect.frameMs - running.elapsedMs())
      const sinceStart = running.elapsedMs()
      if (halfOpen !== undefined && sinceStart >= (halfOpen.afterMs ?? 500)) {
        socket.pause()
        record.notes.push("the media socket is half-open from now on")
        record.changed()
        return yield* Effect.never
      }
      if (drops !== undefined && sinceStart >= (drops.afterMs ?? 500)) {
        socket.terminate()
        complain(dialect.errors.broken(1006))
        return { _tag: "Dropped" } satisfies MediaEnd
      }
      if (socket.readyState !== socket.OPEN) return yield* Effect.never
      tick()
    }
  })
  return yield* Effect.raceAllFirst([ended, Deferred.await(stopped), pump])
}, Effect.scoped)

/** Opens the same URL a second time and notes what came of it. */
const probeAgain = (connection: MediaConnection) =>
  Effect.gen(function* () {
    const { opened } = yield* connectScoped(connection, (socket) => socket.close(1000))
    const outcome = yield* opened
    connection.record.notes.push(`second socket: ${outcome._tag === "Open" ? "opened" : outcome.detail}`)
    connection.record.changed()
  }).pipe(Effect.scoped)
