import { Clock, Deferred, Effect, FiberSet } from "effect"
import type { WebSocket } from "ws"
import { type AudioChunk, type AudioFormat, bytesForMs, msOf } from "../../Audio.ts"
import { framer } from "../../audio/framer.ts"
import type { MediaEvent, Transport } from "../../Transport.ts"
import { type AgentEnd, type AgentLeg, AgentLost, type CallLine } from "../AgentSpec.ts"
import { recording } from "../recording.ts"
import type { Arrival } from "../socket/arrivals.ts"
import { sendText, shut } from "../socket/connection.ts"
import { makeHearing } from "../socket/hearing.ts"
import type { HeldSocket } from "../socket/hold.ts"
import { makeInbox } from "../socket/inbox.ts"
import { joined } from "../socket/joined.ts"
import { budget, controls, mistakes } from "../socket/limits.ts"
import { makePlayer } from "../socket/player.ts"
import { waiting } from "../socket/waiting.ts"
import { costOf, type Limits } from "./limits.ts"
import { mediaClock } from "./mediaClock.ts"
import type { StreamMessages } from "./messages.ts"
import { readArrival } from "./reading.ts"

/** What a bot hears and says, whatever the carrier: mu-law at 8 kHz, in frames of 20 ms from us. */
const botFormat: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const frameMs = 20
/** A message of 160 bytes of audio has about 400. */
const expansion = 2.5

/** A stream that its bot closes is over at once, and so is what was not heard yet. */
const hungUp: AgentEnd = { _tag: "HangUp", drain: false }

/** A stream that was opened to a bot. */
export interface OpenStream {
  readonly socket: WebSocket
  readonly held: HeldSocket
  readonly streamSid: string
  readonly messages: StreamMessages
  /** Sends the bot its `start`, unless it has got it. */
  readonly announce: () => void
  /** Whether it has got it. */
  readonly isAnnounced: () => boolean
}

/** The marks of this stream: an earlier one of the same call, whose bot was lost, may have left some of its own to be answered. */
const outstandingMarks = () => {
  const asked = new Map<string, number>()
  return {
    ask: (name: string) => void asked.set(name, (asked.get(name) ?? 0) + 1),
    /** Whether it is one of ours. */
    answer: (name: string): boolean => {
      const times = asked.get(name) ?? 0
      if (times > 1) asked.set(name, times - 1)
      else asked.delete(name)
      return times > 0
    }
  }
}

/** The bot's part of one call, over a stream. */
export const makeLeg = (
  { announce, held, isAnnounced, messages, socket, streamSid }: OpenStream,
  limits: Limits
): AgentLeg => {
  let closing = { code: 1000, reason: "the call is over" }
  let isStopped = false
  /** The bot's last message, and the close behind it. Safe to call again. */
  const stop = () => {
    if (!isStopped && isAnnounced()) sendText(socket, messages.stop())
    isStopped = true
    socket.close(closing.code, closing.reason)
  }

  const run = Effect.fnUntraced(function* (transport: Transport, line: CallLine) {
    const clock = yield* Clock.Clock
    const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const record = yield* recording(line)
    const start = yield* FiberSet.makeRuntime<never, void, never>()
    const end = yield* Deferred.make<AgentEnd, AgentLost>()
    const { incomingFormat, outgoingFormat } = transport.info
    const player = makePlayer(transport.playUnsafe, { from: botFormat, to: outgoingFormat })
    const inbox = makeInbox({
      play: player.play,
      onRoom: transport.onRoom,
      start: (act) => start(act.pipe(Effect.onError((cause) => Deferred.failCause(end, cause)))),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      readAhead: bytesForMs(botFormat, limits.aheadMs)
    })
    const frames = framer(botFormat, frameMs)
    const timestamps = mediaClock(now)
    const sendFrame = (frame: AudioChunk) => sendText(socket, messages.media(frame, timestamps.stamp(frameMs)))
    const hearing = makeHearing(
      {
        socket,
        formats: { from: incomingFormat, to: botFormat },
        send: (audio) => {
          timestamps.arrive(msOf(botFormat, audio.length))
          for (const frame of frames.push(audio)) sendFrame(frame)
        },
        expansion,
        now
      },
      limits
    )

    const lose = (reason: AgentLost["reason"], message: string) => {
      if (reason === "protocol-abuse") closing = { code: 1008, reason: message }
      Deferred.doneUnsafe(end, new AgentLost({ reason, message }))
    }
    /** A bot that goes on asking but does not read the answers must not fill our memory. */
    const tell = (text: string) => {
      if (socket.bufferedAmount <= limits.maxUnreadBytes) sendText(socket, text)
      else lose("stalled", "The bot does not read what it is told.")
    }

    const second = bytesForMs(botFormat, 1_000)
    const speak = (chunk: AudioChunk) => {
      for (let at = 0; at < chunk.length; at += second) inbox.audio(chunk.subarray(at, at + second))
    }
    const clear = Effect.asVoid(transport.clear)
    const marks = outstandingMarks()

    const mistakesLeft = budget(mistakes, now)
    const messagesLeft = budget(controls, now)
    const noted = new Set<string>()
    let unusable = 0
    /** Once per stream and reason, for people: the bot itself would not be told by Twilio either. */
    const note = (reason: string, why: string) => {
      unusable += 1
      if (noted.has(reason)) return
      noted.add(reason)
      record("agent.message_ignored", { reason, message: `A message of the bot did nothing: ${why}.` })
    }
    const onArrival = (arrival: Arrival) => {
      const read = readArrival(arrival, streamSid)
      const audioMs = read._tag === "Media" ? msOf(botFormat, read.chunk.length) : 0
      if (!messagesLeft.take(costOf(arrival.data.length, audioMs))) {
        return lose("protocol-abuse", "too many messages")
      }
      switch (read._tag) {
        case "Media":
          return speak(read.chunk)
        case "Mark":
          marks.ask(read.name)
          return inbox.control(transport.mark(read.name))
        case "Clear":
          player.forget()
          return inbox.clear(clear)
        case "Ignored":
          return note(read.reason, read.why)
        case "Unreadable":
          note("unreadable", read.why)
          if (!mistakesLeft.take()) lose("protocol-abuse", "too many messages that cannot be read")
      }
    }
    const onMedia = (event: MediaEvent) => {
      if (event._tag === "Audio") {
        if (!hearing.hear(event.chunk)) lose("stalled", "The bot stopped reading its audio.")
      } else if (event._tag === "Digit") tell(messages.dtmf(event.digit))
      else if (event._tag === "Mark" && marks.answer(event.name)) tell(messages.mark(event.name))
    }
    const finishHearing = Effect.sync(() => {
      const rest = frames.flush()
      if (rest !== undefined) sendFrame(rest)
    })
    const onClose = (code: number) => {
      if (code === 1000 || code === 1005) Deferred.doneUnsafe(end, Effect.succeed(hungUp))
      else lose("closed", `The bot closed the connection with code ${code}.`)
    }

    yield* Effect.addFinalizer(() => Effect.sync(stop))
    return yield* joined({
      socket,
      limits,
      inbox,
      hearing,
      end,
      receive: Effect.andThen(transport.receive(onMedia), finishHearing),
      closedWith: () => (socket.readyState === socket.CLOSED ? (held.closedWith() ?? 1006) : undefined),
      begin: (listener) => {
        announce()
        return held.begin(listener)
      },
      onArrival,
      onClose,
      mistakes: () => unusable
    })
  }, Effect.scoped)

  return {
    run,
    // A bot that closes its stream in good order wants the call over, as soon as there is one.
    waiting: waiting({ socket, held, limits, isLost: (code) => code !== 1000 && code !== 1005 }),
    ended: () =>
      Effect.suspend(() => {
        stop()
        return shut(socket, closing.code, closing.reason, limits)
      })
  }
}
