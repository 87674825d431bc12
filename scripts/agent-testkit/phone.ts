import { Effect, Fiber, Schedule } from "effect"
import type { AudioFormat } from "../../src/Audio.ts"
import { converter } from "../../src/audio/converter.ts"
import type { CallLine } from "../../src/agents/AgentSpec.ts"
import type { Frame, MediaSocket, Serializer, Transport } from "../../src/Transport.ts"
import { openTransport } from "../../src/transport/openTransport.ts"

/** What the phone speaks, as most carriers do. */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const frameMs = 20

/** A carrier that nobody sees: audio as it is, and three words. */
const serializer: Serializer = {
  decode: ({ binary, data }) => {
    if (binary) return { _tag: "Audio", chunk: data }
    const word = Buffer.from(data).toString()
    if (word === "start") {
      return {
        _tag: "Started",
        info: {
          providerCallId: "testkit",
          streamId: "testkit",
          incomingFormat: format,
          outgoingFormat: format,
          parameters: {}
        }
      }
    }
    return word === "stop" ? { _tag: "Stopped" } : { _tag: "Digit", digit: word, durationMs: 100 }
  },
  encode: () => (command) => (command._tag === "Audio" ? command.chunk : command._tag === "Clear" ? "clear" : undefined)
}

/** A tone of 0.6 s in each second, which is what a speech detector takes for somebody who talks. */
const speech = () => {
  const pcm = Int16Array.from({ length: 8000 }, (_, i) =>
    i < 4800 ? 6000 * Math.sin((2 * Math.PI * 220 * i) / 8000) + 3000 * Math.sin((2 * Math.PI * 660 * i) / 8000) : 0
  )
  const bytes = converter({ encoding: "pcm_s16le", sampleRate: 8000 }, format).convert(new Uint8Array(pcm.buffer))
  return Array.from({ length: 50 }, (_, n) => bytes.slice(n * 160, (n + 1) * 160))
}

/** The caller, whose phone is in memory behind Switchboard's own transport: its pace, its bounds, its count of what was heard. */
export interface Phone {
  readonly transport: Transport
  /** Speaks in real time for as long as the scope is open. */
  readonly speak: Effect.Effect<void>
  readonly press: (digit: string) => void
  readonly hangUp: Effect.Effect<void>
  /** Whether more audio came than may wait. */
  readonly wasFull: () => boolean
}

export const makePhone = Effect.gen(function* () {
  let deliver: ((frame: Frame) => void) | undefined
  let isOpen = true
  const close = () => {
    isOpen = false
  }
  const socket: MediaSocket = {
    send: () => {},
    bufferedAmount: () => 0,
    isOpen: () => isOpen,
    listen: (on) => {
      deliver = (frame) => on.frame(frame)
    },
    ping: (alive) => alive(),
    close,
    terminate: close
  }
  const say = (word: string): void => deliver?.({ data: Buffer.from(word), binary: false })

  const opening = yield* Effect.forkScoped(
    openTransport(socket, { callId: "testkit", providerCallId: undefined, accountId: undefined }, { serializer }),
    { startImmediately: true }
  )
  say("start")
  const transport = yield* Effect.orDie(Fiber.join(opening))
  let full = false
  const frames = speech()
  let spoken = 0
  const phone: Phone = {
    transport: {
      ...transport,
      playUnsafe: (chunk) => {
        const taken = transport.playUnsafe(chunk)
        full ||= !taken
        return taken
      }
    },
    speak: Effect.sync(() => {
      const frame = frames[spoken++ % frames.length]
      if (frame !== undefined) deliver?.({ data: frame, binary: true })
    }).pipe(Effect.repeat(Schedule.fixed(frameMs)), Effect.asVoid),
    press: say,
    hangUp: Effect.sync(() => say("stop")),
    wasFull: () => full
  }
  return phone
})

/** What the test's call does for an agent that asks: it notes events, and neither presses keys nor transfers nor records. */
export const line: CallLine = {
  record: () => Effect.void,
  transfer: () => Effect.succeed({ reason: "not_supported", message: "The testkit transfers nobody." }),
  press: () => Effect.succeed({ reason: "digits_not_supported", message: "The testkit presses no keys." }),
  recording: () => Effect.succeed({ reason: "not_recording", message: "The testkit records no calls." })
}
