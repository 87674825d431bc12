import { Effect } from "effect"
import { bytesForMs } from "../Audio.ts"
import { converter } from "../audio/converter.ts"
import type { Sound } from "../organizations/AudioClips.ts"
import type { Transport } from "../Transport.ts"

/** How far a sound that may have to stop at any moment is played ahead, and in which pieces, ms. */
const aheadMs = 500
/** The least time from one piece to the next, ms: also when the media is over and takes everything. */
const leastMs = 20

/** The sound as the carrier takes it. */
const forCarrier = ({ data, format }: Sound, transport: Transport): Uint8Array => {
  const { convert, flush } = converter(format, transport.info.outgoingFormat)
  return Buffer.concat([convert(data), flush()])
}

const caughtUp = (transport: Transport) =>
  Effect.flatMap(transport.playout, ({ heardMs, queuedMs }) =>
    Effect.sleep(Math.max(leastMs, queuedMs - heardMs - aheadMs))
  )

/** Plays a sound again and again, no more than a second ahead of what is heard. It ends by interruption. */
export const loopSound = (transport: Transport, sound: Sound): Effect.Effect<never> =>
  Effect.suspend(() => {
    const audio = forCarrier(sound, transport)
    const step = bytesForMs(transport.info.outgoingFormat, aheadMs)
    let at = 0
    const piece = Effect.suspend(() => {
      const chunk = audio.subarray(at, at + step)
      at = at + step < audio.length ? at + step : 0
      return Effect.andThen(transport.play(chunk), caughtUp(transport))
    })
    return Effect.forever(piece)
  })

/** Plays a sound once and waits until it was heard. */
export const playSound = (transport: Transport, sound: Sound): Effect.Effect<void> =>
  Effect.andThen(transport.play(forCarrier(sound, transport)), transport.drained)
