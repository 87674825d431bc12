import type { Effect } from "effect"
import type { FakeCarrier, PlaceInbound, SimulatedCall, SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import { formatNamed, type MediaFormat } from "./formats.ts"
import { type Release, releaseOf } from "./release.ts"

/** More that a fake Asterisk can be told. */
export interface AsteriskOptions extends SimulatorOptions {
  /** Its release; 22.9.1 unless given. 20.16.0 is the oldest with media over WebSocket, and ignores `transport_data`. */
  readonly version?: string
  /** What the configuration in `credentials` says. `client`: Asterisk dials our media URL; `server`: we dial it. */
  readonly mediaMode?: "client" | "server"
  readonly mediaFormat?: "ulaw" | "alaw" | "slin16"
  /** The codec of the phones; the media format unless given. When they differ, Asterisk transcodes. */
  readonly trunkFormat?: "ulaw" | "alaw" | "slin16"
  /** How much of the caller's speech comes in one message: 20 ms unless given. */
  readonly packetMs?: 10 | 20 | 30 | 40
  /** The far end sends nothing while nobody speaks. Off unless given. */
  readonly silenceSuppression?: boolean
  /** `control_message_format` of chan_websocket.conf, for calls without `f()`. Plain text unless given. */
  readonly controlFormat?: "json" | "plain-text"
  /** `http.conf prefix=`, such as `/asterisk`. */
  readonly prefix?: string
  /** `read_only=yes` of our user. */
  readonly readOnly?: boolean
  /** Endpoints of pjsip.conf; `trunk` unless given. */
  readonly endpoints?: ReadonlyArray<string>
  /** `username` and `password` of websocket_client.conf, sent as HTTP Basic. */
  readonly mediaLogin?: { readonly username: string; readonly password: string }
  /** `reconnect_attempts` and `reconnect_interval` of websocket_client.conf: 4 and 500 ms. */
  readonly mediaAttempts?: number
  readonly mediaRetryMs?: number
  /** How long our side may take for the upgrade: twice `connection_timeout`, 1000 ms. */
  readonly mediaUpgradeMs?: number
  /** How long a media channel may stay unconnected: 30 s. */
  readonly mediaDialMs?: number
  /** How long after the connection MEDIA_START comes; old releases have been seen to send audio before it. 0 unless given. */
  readonly mediaStartAfterMs?: number
}

/** A call from outside, with what only a PBX knows of it. */
export interface AsteriskInbound extends PlaceInbound {
  /** `Up` when the dialplan ran `Answer()` before `Stasis()`. `Ring` unless given. */
  readonly channelState?: "Ring" | "Up"
  /** The arguments of `Stasis()` after the application; `did=<to>` unless given. */
  readonly args?: ReadonlyArray<string>
  readonly variables?: Readonly<Record<string, string>>
  /** Headers of the INVITE, for `PJSIP_HEADER(read,...)`. */
  readonly sipHeaders?: Readonly<Record<string, string>>
}

/** A fake carrier, and what can be done to a PBX besides. */
export interface FakeAsterisk extends FakeCarrier {
  readonly setMediaUrl: (url: string) => Effect.Effect<void>
  readonly placeInbound: (call: AsteriskInbound) => Effect.Effect<SimulatedCall>
  /** Cuts every events socket without a word. */
  readonly dropEvents: Effect.Effect<void>
  /** Asterisk is restarted: every channel, bridge and application is lost, every socket is cut, nothing is told. */
  readonly restart: Effect.Effect<void>
  /** What there is now: the ids of channels and bridges, and the applications that have a live events socket. */
  readonly state: Effect.Effect<AsteriskState>
}

export interface AsteriskState {
  readonly channels: ReadonlyArray<string>
  readonly bridges: ReadonlyArray<string>
  readonly applications: ReadonlyArray<string>
  /** Frames of our audio that were played while nobody was bridged with the media channel. */
  readonly lostFrames: number
}

/** The options with everything filled in. */
export interface Settings {
  readonly port: number
  readonly jitterMs: number
  readonly release: Release
  readonly media: MediaFormat
  readonly trunk: MediaFormat
  readonly packetMs: number
  readonly silenceSuppression: boolean
  readonly controlFormat: "json" | "plain-text"
  readonly prefix: string
  readonly readOnly: boolean
  readonly endpoints: ReadonlySet<string>
  readonly mediaLogin: { readonly username: string; readonly password: string } | undefined
  readonly mediaAttempts: number
  readonly mediaRetryMs: number
  readonly mediaUpgradeMs: number
  readonly mediaDialMs: number
  readonly mediaStartAfterMs: number
}

const ulaw: MediaFormat = { name: "ulaw", frameBytes: 160, audio: { encoding: "mulaw", sampleRate: 8000 } }

export const settingsOf = (options: AsteriskOptions): Settings => {
  const media = formatNamed(options.mediaFormat ?? "ulaw") ?? ulaw
  return {
    port: options.port ?? 0,
    jitterMs: options.jitterMs ?? 60,
    release: releaseOf(options.version ?? "22.9.1"),
    media,
    trunk: options.trunkFormat === undefined ? media : (formatNamed(options.trunkFormat) ?? ulaw),
    packetMs: options.packetMs ?? 20,
    silenceSuppression: options.silenceSuppression ?? false,
    controlFormat: options.controlFormat ?? "plain-text",
    prefix: options.prefix ?? "",
    readOnly: options.readOnly ?? false,
    endpoints: new Set(options.endpoints ?? ["trunk"]),
    mediaLogin: options.mediaLogin,
    mediaAttempts: options.mediaAttempts ?? 4,
    mediaRetryMs: options.mediaRetryMs ?? 500,
    mediaUpgradeMs: options.mediaUpgradeMs ?? 1000,
    mediaDialMs: options.mediaDialMs ?? 30_000,
    mediaStartAfterMs: options.mediaStartAfterMs ?? 0
  }
}
