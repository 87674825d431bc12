import { silence } from "../../../Audio.ts"
import { reader, writer } from "../../../audio/samples.ts"
import type { Bridge, Channel, Leg } from "./channel.ts"
import { type MediaLeg, sendAudio, sendText, strikeStream } from "./mediaLeg.ts"
import { complain, ownerOf, type Pbx, publishChannel } from "./pbx.ts"

const tickMs = 20

/** A process that stood still for longer does not make up for it, ms. */
const maxLagMs = 1000

/**
 * Does the ticks that are due. Asterisk's clock is punctual where this process may be late: a frame is played at the time of its
 * tick, and whatever comes over a media socket finds the queue as it is by then.
 */
export const catchUp = (pbx: Pbx) => {
  if (pbx.monotonicMs() - pbx.nextTickMs > maxLagMs) pbx.nextTickMs = pbx.monotonicMs()
  while (pbx.nextTickMs <= pbx.monotonicMs()) {
    const dueMs = pbx.nextTickMs
    pbx.nextTickMs += tickMs
    tick(pbx, dueMs)
  }
}

/** One tick of 20 ms of the whole PBX: keys, then each media channel's frame, then the people's speech. */
const tick = (pbx: Pbx, dueMs: number) => {
  const people = new Set<Leg>()
  for (const channel of pbx.channels.values()) {
    if (channel.leg !== undefined) pressNext(pbx, channel, channel.leg)
  }
  for (const { media } of Array.from(pbx.channels.values())) {
    if (media?.isStreaming === true && media.socket !== undefined) play(pbx, media, people, dueMs)
  }
  for (const bridge of pbx.bridges.values()) hear(pbx, bridge, people)
  for (const { record } of people) record.changed()
}

/** A key press reaches the application, and the media channels in the same bridge. */
const pressNext = (pbx: Pbx, channel: Channel, leg: Leg) => {
  if (channel.state !== "Up" || channel.application === undefined) return
  const digit = leg.record.digits.shift()
  if (digit === undefined) return
  publishChannel(pbx, channel, "ChannelDtmfReceived", { digit, duration_ms: 120 })
  if (channel.absorbsDigits) return
  for (const { media } of channel.bridge?.channels ?? []) {
    if (media?.isStreaming === true) sendText(media, media.speaker.digit(digit))
  }
}

/** Takes one frame from a media channel's queue; it is lost unless the channel shares a bridge with somebody. */
const play = (pbx: Pbx, media: MediaLeg, people: Set<Leg>, dueMs: number) => {
  if (strikeStream(pbx, media) || media.options.passthrough) return
  const frame = media.queue.tick()
  const listeners = media.channel.bridge?.channels.flatMap(({ leg }) => leg ?? []) ?? []
  for (const leg of listeners) people.add(leg)
  if (listeners.length > 0) media.wasHeard = true
  if (frame === undefined) return
  if (listeners.length === 0) {
    pbx.lostFrames += 1
    if (!media.wasHeard) complain(ownerOf(media), "audio was lost: the media channel is not in a bridge with anybody")
    return
  }
  const audio = media.toTrunk.convert(frame)
  for (const { record } of listeners) record.stream?.playout.play(audio, record.stream.elapsedMs(dueMs))
}

/** Sends what the people in a bridge say to its media channels, packet by packet. */
const hear = (pbx: Pbx, bridge: Bridge, people: Set<Leg>) => {
  const listening = bridge.channels.flatMap(({ media }) => (media?.isStreaming === true ? [media] : []))
  const speakers = bridge.channels.flatMap(({ leg }) => leg ?? [])
  const [first] = speakers
  if (listening.length === 0 || first === undefined) return
  const { packetMs, silenceSuppression } = pbx.settings
  first.packetMs += tickMs
  while (first.packetMs >= packetMs) {
    first.packetMs -= packetMs
    const isSpeech = speakers.some(({ record }) => record.mouth.speaking())
    const packet = mix(pbx, speakers)
    for (const leg of speakers) people.add(leg)
    if (silenceSuppression && !isSpeech) continue
    for (const media of listening) if (media.socket?.isPaused === false) sendAudio(media, packet)
  }
}

/** One voice goes through as it is; several are added up. */
const mix = (pbx: Pbx, speakers: ReadonlyArray<Leg>): Uint8Array => {
  const { audio } = pbx.settings.trunk
  const voices = speakers.flatMap(({ record }) => (record.mouth.speaking() ? [record.mouth.next()] : []))
  const [only = speakers[0]?.record.mouth.next()] = voices
  if (only === undefined) return silence(audio, 0)
  if (voices.length < 2) return only
  const bytesPerSample = audio.encoding === "pcm_s16le" ? 2 : 1
  const count = only.length / bytesPerSample
  const sum = new Int32Array(count)
  const samples = new Int16Array(count)
  for (const voice of voices) {
    reader[audio.encoding](voice, 0, count, samples)
    for (let i = 0; i < count; i++) sum[i] = (sum[i] ?? 0) + (samples[i] ?? 0)
  }
  for (let i = 0; i < count; i++) samples[i] = Math.max(-32_768, Math.min(32_767, sum[i] ?? 0))
  const mixed = new Uint8Array(only.length)
  writer[audio.encoding](samples, count, mixed, 0)
  return mixed
}
