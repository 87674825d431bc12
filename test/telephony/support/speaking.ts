import { Effect } from "effect"
import type { OpenMedia } from "../../../src/telephony/live/LiveMedia.ts"
import type { MediaTap } from "../../../src/Transport.ts"

const format = { encoding: "pcm_s16le", sampleRate: 8000 } as const
const loud = new Uint8Array(Int16Array.from({ length: 160 }, () => 3277).buffer)

/** The media of a call whose caller never stops to speak, and who taps it. */
export const speaking = (callId: string, organizationId: string) => {
  const taps = new Set<MediaTap>()
  const media: OpenMedia = {
    callId,
    organizationId,
    transport: {
      info: { providerCallId: "p", streamId: "s", incomingFormat: format, outgoingFormat: format, parameters: {} },
      tap: (tap) => {
        taps.add(tap)
        return () => taps.delete(tap)
      },
      ended: Effect.never
    }
  }
  const speak = Effect.sync(() => {
    for (const tap of taps) tap.heard(loud, 0)
  }).pipe(Effect.delay("10 millis"), Effect.forever)
  return { media, speak, taps }
}
