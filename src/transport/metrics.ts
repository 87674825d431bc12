import { Effect, Metric } from "effect"

/** Messages that carriers sent us over media sockets. */
export const framesIn = Metric.counter("switchboard_media_frames_in_total", {
  description: "Messages received over media sockets",
  incremental: true
})

/** Audio frames that we sent to carriers. */
export const framesOut = Metric.counter("switchboard_media_frames_out_total", {
  description: "Audio frames sent over media sockets",
  incremental: true
})

/** Audio frames that nobody heard: the reader was late, or the stream was over. */
export const framesDropped = Metric.counter("switchboard_media_frames_dropped_total", {
  description: "Audio frames dropped because their reader was late or the stream not open",
  incremental: true
})

/** Messages that the carrier's protocol does not allow. */
export const framesMalformed = Metric.counter("switchboard_media_frames_malformed_total", {
  description: "Messages over media sockets that could not be read",
  incremental: true
})

/** Times that speech stopped in the middle of an utterance because the next audio came too late. */
export const underruns = Metric.counter("switchboard_media_underruns_total", {
  description: "Gaps in the middle of an utterance because its next audio came too late",
  incremental: true
})

/** Wakes of the shared ticker that came a whole period late. */
export const lateTicks = Metric.counter("switchboard_media_late_ticks_total", {
  description: "Ticks of the media pacer that came a whole period late",
  incremental: true
})

/** Transports open now. */
export const openStreams = Metric.gauge("switchboard_media_streams", {
  description: "Media streams open now"
})

/** Makes every counter show at zero from the start on: else its first increase cannot be seen as one. */
export const showCounters = Effect.forEach(
  [framesIn, framesOut, framesDropped, framesMalformed, underruns, lateTicks],
  (counter) => Metric.update(counter, 0),
  { discard: true }
)
