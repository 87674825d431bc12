import type { SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import type { NumberFormat } from "./numbering.ts"

/** What can be chosen about this fake carrier on top of what every fake carrier has. */
export interface VobizOptions extends SimulatorOptions {
  /** How our numbers and the callers' are written on inbound webhooks. `mixed`, as in captured traffic: `9198…` calls `011…`. */
  readonly inboundNumbers?: NumberFormat
  /**
   * Which signatures webhooks carry. `all`, as seen on a main account: V3 and V2, each also as MA, and the old V1. The documents say that
   * they may be absent: `unsigned`.
   */
  readonly signatures?: "all" | "v3" | "v2" | "unsigned"
  /** `sub`: the account is a sub-account, the MA signatures are by its parent, and webhooks name the parent. `main` by default. */
  readonly account?: "main" | "sub"
  /** Callbacks carry the account's tokens in plain `auth-token` and `parent-auth-token` headers, as some were seen to. Off by default. */
  readonly tokensInHeaders?: boolean
  /** Each callback is followed by a forgery: the same URL and signature (which does not cover it) with another body. Off by default. */
  readonly replays?: boolean
  /**
   * After `DELETE` of a call whose stream was not told to `stop`, the stream's socket is opened once more, as was seen. On by default; the
   * outcome is in the call's notes.
   */
  readonly phantomReconnect?: boolean
  /** `overwrite` (as documented): attaching a number takes it from another application. `conflict`: 409. `cool-off`: 409 whatever it is. */
  readonly attaching?: "overwrite" | "conflict" | "cool-off"
  /** Whether calls can be placed: `no-balance` answers 402, `inactive` 403. */
  readonly standing?: "good" | "no-balance" | "inactive"
  /** How many calls may be up at once; more are refused with 429. Undefined: no limit. */
  readonly concurrentCalls?: number
  /** How long after a clear it is confirmed, ms. 50, the least that was seen. */
  readonly clearedAfterMs?: number
  /** The wait before the first of three repetitions of a callback; doubles each time, ms. 1000 (not documented). */
  readonly retryDelayMs?: number
}

/** The answer to an answer URL may take 10 s, to any other callback 3 s (Vobiz: callback configurations). */
const webhookTimeoutMs = 10_000
export const callbackTimeoutMs = 3_000

export const defaults = {
  port: 0,
  insecureLoopback: true,
  jitterMs: 60,
  priceAfterMs: 200,
  webhookTimeoutMs,
  inboundNumbers: "mixed",
  signatures: "all",
  account: "main",
  tokensInHeaders: false,
  replays: false,
  phantomReconnect: true,
  attaching: "overwrite",
  standing: "good",
  clearedAfterMs: 50,
  retryDelayMs: 1000
} as const satisfies VobizOptions

type Optional = "callsPerSecond" | "mediaUrl" | "concurrentCalls" | "clears"

/** All options, with defaults where nothing was chosen. */
export type Settings = Required<Omit<VobizOptions, Optional>> & Pick<VobizOptions, Optional>
